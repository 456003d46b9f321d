"""Find a design by its name: a ready design, a seeded bug, an object that was given before, or `FILE.py:NAME`."""

from __future__ import annotations

from syncproof.designs.forms import FORMS, all_names, ready
from syncproof.designs.load import load, run_file
from syncproof.designs.registry import DESIGNS, Design
from syncproof.errors import InputError, nearest

OWN: dict[str, Design] = {}
"""Name -> design, for designs that were given as objects; jobs and results refer to a design by its name."""


def loaded(name: str) -> Design | None:
    """Return the ready design, form or design of one's own with this name; None if no such design is loaded."""
    return DESIGNS.get(name) or FORMS.get(name) or OWN.get(name)


def get(name: str | Design) -> Design:
    """Return the design of this name, the seeded bug of this id, or the design of `FILE.py:NAME`; return a `Design` as it is.

    Besides the ready designs these are the released servers of `designs/servers.py`.

    Raises `InputError` with the nearest name for an unknown one, and for a file that has no such design.
    """
    if isinstance(name, Design):
        return name
    if not isinstance(name, str):
        raise InputError(f"{name!r:.60} is no design; allowed: a Design, {', '.join(DESIGNS)}, FILE.py:NAME")
    entry = loaded(name)
    if entry is not None:
        return entry
    if ".py:" in name:
        return load(name)
    from syncproof.designs.servers import SERVERS  # seldom needed
    from syncproof.seeded_bugs import BUGS  # large, and seldom needed

    if name in BUGS:
        return BUGS[name].design
    if name in SERVERS:
        return SERVERS[name]
    if name.endswith(".py"):
        found = [f"{name}:{each}" for each, value in vars(run_file(name)).items() if isinstance(value, Design)]
        allowed = (
            ", ".join(found) or f"{name}:NAME, where NAME is a Design, such as DESIGNS['timeline-notify'].variant(...)"
        )
        raise InputError(f"{name}: say which design of the file; allowed: {allowed}")
    seeded = f"a seeded bug ({min(BUGS)} to {max(BUGS)})"
    allowed = nearest(
        name, [*all_names(), seeded, *SERVERS, "FILE.py:NAME"], among=[*all_names(), *BUGS, *SERVERS, "FILE.py:NAME"]
    )
    raise InputError(f"unknown design {name!r}{allowed}")


def known(design: str | Design) -> str:
    """Return the name by which `get` finds a design from now on. A later object of the same name takes its place.

    Raises `InputError` for an unknown name, and for another object that has the name of a ready design.
    """
    entry = get(design)
    if isinstance(design, str) or ready(design.name) == design:
        return design if isinstance(design, str) else design.name
    if design.name in DESIGNS or design.name in FORMS:
        raise InputError(f"{design.name!r} is the name of a ready design; give yours another: variant(..., name=...)")
    OWN[entry.name] = entry
    return entry.name


def attribute(where: str) -> object:
    """Return what has this name in a user's file, `FILE.py:NAME`; None if nothing has. `InputError` if there is no such file."""
    file, _, name = where.rpartition(":")
    return getattr(run_file(file), name, None)
