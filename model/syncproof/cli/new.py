"""Define the command that writes templates of what a user adds."""

from __future__ import annotations

from pathlib import Path

import click

from syncproof.cli.exit_status import exits


@click.command()
@click.argument("what", metavar="target")
@click.argument("name")
@click.option("--out", metavar="DIR", default=".", show_default=True, help="The folder that the files go to.")
@exits
def new(what: str, name: str, out: str) -> int:
    """Write a commented template that works, and a test of it that passes at once.

    `new target NAME` writes NAME.py, a target for `drive` with a small server, and test_NAME.py.
    """
    from syncproof.engines.drive import new_target
    from syncproof.errors import InputError

    if what != "target":
        raise InputError(f"new {what}: there is no such template; allowed: target")
    file, test = new_target.write(name, Path(out))
    print(f"{file}: the target. Try: syncproof drive {file}:{''.join(part.capitalize() for part in name.split('_'))}")
    print(f"{test}: its test. Try: python -m pytest {test}")
    return 0
