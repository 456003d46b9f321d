"""Define the command that drives real servers."""

from __future__ import annotations

import click

from syncproof.cli import options
from syncproof.cli.exit_status import complain, exits


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--script",
    "scripts",
    metavar="NAME",
    multiple=True,
    help="Only this script; may be repeated. Default: all of them.",
)
@click.option("--as", "held_against", metavar="DESIGN", help="Hold the target against this design instead of its own.")
@click.option(
    "--repeat", "repeats", type=options.Whole(1, 1000), help="Runs of each script; default: 1, and several of races."
)
@click.option(
    "--slow", "slow_ms", type=click.FloatRange(0, 1000), metavar="MS",
    help="model: only. The most milliseconds that a store takes for an operation, drawn for each; default: 20.",
)  # fmt: skip
@click.option(
    "--jobs",
    type=options.Whole(1),
    help="Runs at once, each in a process of its own; default: one after the other, since a busy machine changes races.",
)
@options.executor
@options.resume
@options.out("drive", "Where the reports and the histories go.")
@options.form
@options.quiet
@exits
@options.own_properties
def drive(
    targets: tuple[str, ...],
    scripts: tuple[str, ...],
    held_against: str | None,
    repeats: int | None,
    slow_ms: float | None,
    jobs: int | None,
    executor: str,
    resume: bool,
    out: str,
    form: str,
    quiet: bool,
) -> int:
    """Run scripts against a real server, and hold what it does against what a search of its design predicts.

    TARGET: sqlite, another target's name, `model:DESIGN` (the design's own actors, each a process), FILE.py:NAME (a target of
    your own; `syncproof new target NAME` writes a template), or all. Everything runs on the loopback interface, in directories of
    its own that are removed.

    Exit status: 0 every promised property that the target can witness holds, 1 one is violated, 3 one is unknown.
    """
    from pathlib import Path

    from syncproof.report import progress as line
    from syncproof.studies import drive as study

    options.check_out_folder(out)
    with line.counted("driving") as progress:
        found = study.drive(
            targets, scripts=scripts, held_against=held_against, repeats=repeats, slow_ms=slow_ms,
            histories=Path(out) / "histories", jobs=jobs, executor=executor, out=out, resume=resume, progress=progress,
        )  # fmt: skip
    page = options.written(found, out, whole=not found.stopped)
    after = f"{found.elapsed:.0f} s{options.told(found.work)}. Report: {page}, histories beside it"
    options.printed(found, "drive", form, quiet, found.show, after)
    if found.stopped:
        complain(f"{found.stopped}; {options.CONTINUES}")
    return found.status()
