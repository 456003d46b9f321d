"""`python -m tools.gallery`: make the committed reports and their index, or list those that are stale."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from syncproof.errors import InputError
from tools.gallery.making import remake
from tools.gallery.staleness import complaints

REMEDY = "run `make reports` (TRACES=DIR for real traffic), look at the changes, and commit them"


@click.command()
@click.argument("names", metavar="[REPORT]...", nargs=-1)
@click.option("--traces", metavar="DIR", help="Where CollegeMsg.txt and group_presence.csv are.")
@click.option("--out", metavar="DIR", default="reports", show_default=True)
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default: one per processor.")
@click.option("--check", is_flag=True, help="Make nothing; list the committed reports that are stale.")
def main(names: tuple[str, ...], traces: str | None, out: str, jobs: int | None, check: bool) -> None:
    """Make the committed reports (default: all) and their index."""
    try:
        if check:
            found = list(complaints(Path(out)))
            click.echo("\n".join([*found, REMEDY] if found else ["the committed reports are what would be made now"]))
            sys.exit(1 if found else 0)
        failures = remake(names, Path(traces) if traces else None, Path(out), jobs, click.echo)
    except (InputError, OSError) as error:
        click.echo(f"syncproof: {error}", err=True)
        sys.exit(2)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
