"""A design by whatever names it: ours, a seeded bug, an object, or somebody's file."""

from __future__ import annotations

from syncproof.designs.load import load
from syncproof.designs.registry import DESIGNS, Design
from syncproof.errors import InputError, nearest

OWN: dict[str, Design] = {}
"""The designs that were given as objects, by name: what is computed of them is told by name."""


def get(name: str | Design) -> Design:
    """The design of this name, the seeded bug of this id, or a design of one's own as `FILE.py:NAME`.

    Raises `InputError` naming the nearest one, or saying what is wrong with the file.
    """
    if isinstance(name, Design):
        return name
    if not isinstance(name, str):
        raise InputError(f"{name!r:.60} is no design; allowed: a Design, {', '.join(DESIGNS)}, FILE.py:NAME")
    if name in DESIGNS:
        return DESIGNS[name]
    if name in OWN:
        return OWN[name]
    if ".py:" in name:
        return load(name)
    from syncproof.seeded_bugs import BUGS  # a thousand lines that only few need

    if name in BUGS:
        return BUGS[name].design
    raise InputError(f"unknown design {name!r}{nearest(name, [*DESIGNS, *BUGS, 'FILE.py:NAME'])}")


def known(design: str | Design) -> str:
    """The name by which `get` finds a design from now on. A later object of the same name takes its place.

    Raises `InputError` for an unknown name, and for an object that has the name of a ready design without being it.
    """
    entry = get(design)
    if isinstance(design, str) or DESIGNS.get(design.name) == design:
        return design if isinstance(design, str) else design.name
    if design.name in DESIGNS:
        raise InputError(f"a design of one's own is called {design.name!r}; give it a name: variant(..., name=...)")
    OWN[entry.name] = entry
    return entry.name
