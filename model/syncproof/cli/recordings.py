"""Define the commands for recorded files: check or convert a history, replay moves, minimise moves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from syncproof.cli import options
from syncproof.cli.exit_status import exits
from syncproof.cli.options import check_moves_file
from syncproof.errors import InputError

MOST_DIAGRAM_MOVES = 2000
"""The longest recording, in moves, that `replay --diagram` draws: a longer diagram is of no use to a reader."""


@click.command()
@click.argument("history")
@click.option(
    "--promise",
    "promises",
    metavar="NAME",
    multiple=True,
    help="Count this property as promised, whatever the design; may be repeated; `all`: every property that applies.",
)
@click.option(
    "--order",
    type=click.Choice(["as-written", "causal"]),
    default="as-written",
    show_default=True,
    help="causal: move causes before their first effect, in a history merged from logs whose clocks differ.",
)
@options.form
@options.quiet
@exits
@options.own_properties
def check(
    history: str, promises: tuple[str, ...], order: Literal["as-written", "causal"], form: str, quiet: bool
) -> int:
    """Check a recorded history against the properties.

    Exit status: 0 all promised properties hold, 1 a promised one is violated, 3 a promised one is unknown, also because the
    history says nothing about it or is in a wrong order, or nothing was accepted. If syncproof does not know the design, only
    what --promise names is promised.
    """
    from syncproof.studies import recordings

    found = recordings.check(history, promises=promises, order=order)
    options.printed(found, "check", form, quiet, lambda: print(repr(found)))
    return found.status()


@click.command()
@click.argument("history")
@click.argument("out")
@exits
def convert(history: str, out: str) -> int:
    """Write a history in another form: JSON lines (.jsonl, .jsonl.gz) or Parquet with typed columns (.parquet).

    OUT: the file to write; the end of its name says the form. A history of an earlier schema is written in the present one.
    """
    from syncproof.studies import recordings

    count = recordings.convert(history, out)
    print(f"Written: {out}, {count:,} observations")
    return 0


@click.command()
@click.argument("moves")
@click.option("--diagram", is_flag=True, help="Also print the moves as a sequence diagram (at most 2000 moves).")
@exits
@options.own_properties
def replay(moves: str, diagram: bool) -> int:
    """Repeat the recorded moves of a run, and compare the violations with the recorded ones.

    Exit status: 0 the violations are those that were recorded, also if one breaks a promise; 1 they are not. `check`
    judges promises.
    """
    from syncproof.formats.history import count_moves
    from syncproof.studies import recordings

    if diagram and (count := count_moves(Path(moves))) > MOST_DIAGRAM_MOVES:
        raise InputError(f"{moves}: {count:,} moves; allowed for --diagram: at most {MOST_DIAGRAM_MOVES:,}")
    found = recordings.replay(moves)
    if diagram:
        from syncproof.report import sequence

        print(sequence.text(recordings.narrate_moves(moves)))
    print(repr(found))
    if found.violations != found.recorded:
        from syncproof.properties.verdicts import times

        recorded, met = (
            ", ".join(f"{name} {times(count)}" for name, count in counts.items()) or "nothing"
            for counts in (found.recorded, found.violations)
        )
        print(f"not the same: recorded {recorded}; met {met}", file=sys.stderr, flush=True)
        return 1
    print("the same violations as recorded")
    return 0


@click.command()
@click.argument("moves")
@click.argument("name", metavar="[PROPERTY]", required=False)
@click.option("--out", metavar="FILE", help="Write the remaining moves to this file, for `syncproof replay`.")
@exits
@options.own_properties
def minimise(moves: str, name: str | None, out: str | None) -> int:
    """Reduce the recorded moves of a run to those that one violation takes, and print a sequence diagram.

    PROPERTY: the violated property; default: the first violated one, promised ones before others.
    """
    from syncproof.report import progress as line
    from syncproof.report import sequence
    from syncproof.studies import recordings

    if out is not None:
        check_moves_file(Path(out), Path(moves))
    with line.minimising() as progress:
        found = recordings.minimise(moves, name, progress=progress)
    print(sequence.text(found.narration()))
    print(repr(found))
    if out is not None:
        try:
            found.write(out)
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}") from None
        print(f"Written: {out}")
    return 0
