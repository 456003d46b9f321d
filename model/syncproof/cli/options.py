"""Define options that several commands share, and check their values before the work begins."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syncproof.cli import process
from syncproof.errors import InputError

if TYPE_CHECKING:
    from syncproof.studies.presentation import Presentable
    from syncproof.studies.results.common import WorkDone


class Whole(click.IntRange):
    """Accept a whole number in ASCII digits; `int` takes any digits, and underscores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if isinstance(value, str) and not re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
            self.fail(f"{value!r} is not a whole number.", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """Accept a number, by default above 0 and at most a billion. `nan` is refused, since it would limit nothing."""

    def __init__(self, least: float = 0, most: float = 1e9, *, min_open: bool = True, max_open: bool = False) -> None:
        super().__init__(least, most, min_open=min_open, max_open=max_open)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = float(value) if not isinstance(value, str) or (value.isascii() and "_" not in value) else None
        except ValueError:
            number = None
        if number is None:
            self.fail(f"{value!r} is not a number.", param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return super().convert(value, param, ctx)


designs = click.option("--design", "names", metavar="NAME", multiple=True, help="Only this design; may be repeated.")
seed = click.option("--seed", type=Whole(0), help="Default: the scenario's.")
jobs = click.option("--jobs", type=Whole(1), help="Worker processes; default: one per processor.")
executor = click.option(
    "--executor",
    metavar="WHICH",
    default="processes",
    show_default=True,
    help="processes, or the address of a Dask scheduler, such as tcp://10.0.0.1:8786.",
)
resume = click.option(
    "--resume",
    is_flag=True,
    help="Continue what was interrupted: read the finished pieces in DIR/pieces, and do only the others.",
)
trace = click.option("--trace", metavar="FILE", help="Real traffic: SNAP (SRC DST UNIXTIME) or presence rows.")
take = click.option("--take", metavar="DURATION", help="Use the first part of the trace only, such as 14d.")
every_call = click.option(
    "--check-every-call",
    is_flag=True,
    help="Make every handler call twice more, to see that it depends on fields and packet alone; default: a sample of them.",
)
every_call_of_a_search = click.option(
    "--check-every-call",
    is_flag=True,
    help="Make every handler call a second time, to see that it depends on fields and packet alone; default: a sample of "
    "20,000 calls of each search.",
)
FORMS = ("text", "github", "junit", "json")
"""What `--format` takes; see `syncproof.report.ci`."""
form = click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="What is printed: tables, GitHub's annotations, JUnit's XML, or JSON.",
)
quiet = click.option("--quiet", is_flag=True, help="Print what fails, and the result in one line.")


def own_properties(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options `--property` and `--refines`. Stands below `exits`, which tells the errors of the files."""

    @wraps(command)
    def run(*arguments: Any, own: tuple[str, ...], refines: tuple[str, ...], **values: Any) -> int:
        from syncproof.inputs.own_properties import judged

        with judged(own, refines):
            return command(*arguments, **values)

    machines = click.option(
        "--refines",
        metavar="MACHINE",
        multiple=True,
        help="Judge too whether each step is a step of this abstract machine: device-log, or FILE.py:NAME. May be repeated.",
    )
    return click.option(
        "--property",
        "own",
        metavar="FILE.py:NAME",
        multiple=True,
        help="Judge this property of your own too; every design is asked to keep it. May be repeated.",
    )(machines(run))


CONTINUES = "the same command with --resume continues from here"
INTERRUPTED = "interrupted"
"""The folder, below that of the reports, where the report of an interrupted command goes."""


def out(command: str, what: str = "Where the reports go.") -> Callable[[Any], Any]:
    """Return the option `--out` of a command. Each has a default of its own, so that none replaces another's reports."""
    return click.option("--out", metavar="DIR", default=f"out/{command}", show_default=True, help=what)


def printed(found: Any, command: str, form: str, quiet: bool, whole: Callable[[], None], after: str = "") -> None:
    """Print a result in a form. `whole` prints it as text; `after`: what follows, which is no part of other forms."""
    from syncproof.report import ci

    ci.shown(found, command, form, quiet, whole)
    if after and not quiet:
        print(f"\n{after}" if form == "text" else after, file=sys.stdout if form == "text" else sys.stderr)


def written(found: Presentable, out: str, whole: bool) -> Path:
    """Write a report and return the path of its page.

    The report of a command that did not come to its end goes into a folder of its own: the former report stays.
    """
    process.report_results()
    whole = whole and not process.interruption.met
    return found.write(Path(out) if whole else Path(out) / INTERRUPTED)[0]


def told(work: WorkDone) -> str:
    """Return what the last line of a command says of its pieces: how many were read, and why there were few workers."""
    read = f", {work.pieces_read} of {work.pieces} pieces read" if work.pieces_read else ""
    read += f", {work.pieces_spoilt} damaged ones done again" if work.pieces_spoilt else ""
    return f"{read}; {work.workers_why}" if work.workers_why else read


def take_seconds(trace: str | None, take: str | None) -> float | None:
    """Return `--take` in seconds. Raises `InputError` without a trace, and for what is not a duration."""
    from syncproof.inputs.durations import seconds

    if take is not None and trace is None:
        raise InputError("--take goes with --trace FILE")
    try:
        return None if take is None else seconds(take)
    except ValueError:
        raise InputError(f"--take {take}: allowed: a number and its unit (ms, s, m, h or d), such as 14d") from None


def check_out_folder(folder: str) -> None:
    """Create the folder for reports. Raises `InputError` if it cannot be written to."""
    if not folder.strip():
        raise InputError(f"--out {folder!r}: allowed: a folder")
    out = Path(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None


def check_history_file(path: Path) -> None:
    """Raise `InputError` if a history cannot be written to this path."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise InputError(f"--history {path}: allowed: a file ending in .jsonl or .parquet")
    if not path.parent.is_dir():
        raise InputError(f"--history {path}: the folder {path.parent} does not exist")


def check_moves_file(path: Path, recording: Path) -> None:
    """Raise `InputError` if moves cannot be written to this path, or if it is the recording that is read."""
    if path.suffix != ".jsonl" or path.is_dir():
        raise InputError(f"--out {path}: allowed: a file ending in .jsonl")
    if not path.parent.is_dir():
        raise InputError(f"--out {path}: the folder {path.parent} does not exist")
    if path.resolve() == recording.resolve():
        raise InputError(f"--out {path}: that is the recording; allowed: another file")
