"""Define the command that writes templates of what a user adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from syncproof.cli.exit_status import exits


def _target(name: str, folder: Path) -> list[str]:
    from syncproof.engines.drive import new_target
    from syncproof.inputs.new_files import class_name

    file, test = new_target.write(name, folder)
    return [
        f"{file}: the target. Try: syncproof drive {file}:{class_name(name)}",
        f"{test}: its test. Try: python -m pytest {test}",
    ]


def _design(name: str, folder: Path, base: str | None = None) -> list[str]:
    from syncproof.inputs import new_design, new_variant
    from syncproof.inputs.new_files import class_name

    file, test = new_design.write(name, folder) if base is None else new_variant.write(name, folder, base)
    return [
        f"{file}: the design. Try: syncproof verify {file}:{class_name(name)} --bounds small",
        f"{test}: its test. Try: python -m pytest {test}",
    ]


def _scenario(name: str, folder: Path) -> list[str]:
    from syncproof.inputs import new_scenario

    (file,) = new_scenario.write(name, folder)
    return [f"{file}: the scenario. Try: syncproof compare {file} --design timeline-notify --design inbox-store-first"]


def _property(name: str, folder: Path) -> list[str]:
    from syncproof.inputs import new_property
    from syncproof.inputs.new_files import class_name

    file, test = new_property.write(name, folder)
    return [
        f"{file}: the property. Try: syncproof explore timeline-notify --messages 2 --property {file}:{class_name(name)}",
        f"{test}: its test. Try: python -m pytest {test}",
    ]


TEMPLATES: dict[str, Callable[[str, Path], list[str]]] = {
    "design": _design,
    "property": _property,
    "scenario": _scenario,
    "target": _target,
}
"""What there are templates of -> a function of the name and the folder that writes one and returns the lines to print."""


@click.command()
@click.argument("what", metavar="|".join(TEMPLATES))
@click.argument("name")
@click.option("--out", metavar="DIR", default=".", show_default=True, help="The folder that the files go to.")
@click.option("--base", metavar="DESIGN", help="new design: the ready design that it is based on.")
@exits
def new(what: str, name: str, out: str, base: str | None) -> int:
    """Write a commented template that works, and a test of it that passes at once.

    `new design NAME` writes NAME.py, a variant of a ready design with a hook of the device and one of the server, and
    test_NAME.py; with --base a variant of that design, with the hooks that are overridden most. `new property NAME` writes
    NAME.py, an automaton, and test_NAME.py. `new scenario NAME` writes NAME.toml, with every key that a scenario may have.
    `new target NAME` writes NAME.py, a target for `drive` with a small server, and test_NAME.py.
    """
    from syncproof.errors import InputError, nearest

    if what not in TEMPLATES:
        raise InputError(f"new {what}: there is no such template{nearest(what, TEMPLATES)}")
    if base is not None and what != "design":
        raise InputError(f"--base {base}: only a design has a base; allowed: new design NAME --base DESIGN")
    for line in TEMPLATES[what](name, Path(out)) if base is None else _design(name, Path(out), base):
        print(line)
    return 0
