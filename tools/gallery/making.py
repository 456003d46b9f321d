"""Make the reports that are committed, and their index."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from syncproof import designs
from syncproof.errors import InputError
from syncproof.inputs.durations import seconds
from syncproof.report import figures, writer
from syncproof.report.sentences import compare as compare_sentences
from syncproof.report.sentences import kill_matrix as kill_matrix_sentences
from syncproof.report.sentences import size as size_sentences
from syncproof.report.sentences import sweep as sweep_sentences
from syncproof.report.sentences import verify as verify_sentences
from syncproof.studies import compare as comparison
from syncproof.studies import kill_matrix
from syncproof.studies import size as sizes
from syncproof.studies import sweep as sweeps
from syncproof.studies import verify as verification
from tools.gallery import entries
from tools.gallery.entries import Entry
from tools.gallery.index import Row, index, read
from tools.gallery.staleness import files, fingerprint

COMMITTED = ("report.md", "results.json", "counterexamples", "figure.svg")
"""The parts of a written report that are committed."""
KEPT = ("report.html", *COMMITTED)
"""The parts of a written report that stay in the folder."""
WORK = Path("out/reports")


class Written(Protocol):
    """A report that can be written."""

    def write(self, out: Path) -> list[Path]:
        """Write the report into a folder, and return the paths of its files."""
        ...


def make(entry: Entry, traces: Path | None, out: Path, jobs: int | None = None) -> Row:
    """Make one report in `out`/name. `InputError`, and the former report stays, if that is not possible."""
    found, row = MAKERS[entry.kind](entry, traces, jobs)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as temporary:
        fresh = Path(temporary) / entry.name
        found.write(fresh)
        if isinstance(found, sweeps.Sweep) and entry.picture:
            picture = figures.svg(found.figure(entry.picture), "endpoints", ground="white")
            (fresh / "figure.svg").write_text(picture, encoding="utf-8")
        for path in list(fresh.iterdir()):
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for mark in fresh.rglob(writer.WRITTEN):  # it is for a folder that a later command writes into
            mark.unlink()
        row.files = [file for file in files(fresh) if file != "report.html"]
        places = [str(place.resolve()) for place in (Path.cwd(), Path.home(), out, *([traces] if traces else []))]
        for file in files(fresh):
            leaked = [p for p in places if p != "/" and f"{p}/" in (fresh / file).read_text(encoding="utf-8")]
            if leaked:
                raise InputError(f"{entry.name}/{file} names {leaked[0]}, a place on this machine")
        shutil.rmtree(out / entry.name, ignore_errors=True)
        fresh.rename(out / entry.name)
    row.fingerprint = fingerprint(entry)
    return row


def _pieces(entry: Entry) -> Path:
    """Return where the finished pieces of work of a report are kept, so that making it can be interrupted."""
    return WORK / entry.name


def _compare(entry: Entry, traces: Path | None, jobs: int | None) -> tuple[Written, Row]:
    trace = None if traces is None or not entry.trace else traces / entry.trace
    if entry.trace and trace is None:
        raise InputError(f"{entry.name} needs {entry.trace}: --traces DIR (make reports TRACES=DIR)")
    take = seconds(entry.take) if entry.take else None
    found = comparison.compare(entry.subject, jobs=jobs, trace=trace, take=take, out=_pieces(entry), resume=True)
    _whole(found.stopped)
    found.trace_file = None  # a committed report names no folder of this machine
    messages = sum(found.results().messages)
    taken = f"the first {entry.take} of {entry.trace}" if entry.take else f"all of {entry.trace}" if entry.trace else ""
    runs = f"{found.runs} run{'s' if found.runs > 1 else ''}, {messages:,} messages"
    row = _row(
        entry, compare_sentences.question(found), compare_sentences.answer(found), compare_sentences.command(found)
    )
    row.taken = f"{taken}; {runs}" if taken else runs
    return found, row


def _verify(entry: Entry, traces: Path | None, jobs: int | None) -> tuple[Written, Row]:
    found = verification.verify(entry.designs, entry.subject, jobs=jobs, out=_pieces(entry), resume=True)
    _whole(found.missing)
    question = "Which designs keep their promises in every interleaving of small worlds, whichever faults happen?"
    row = _row(entry, question, verify_sentences.answer(found), verify_sentences.command(found))
    row.taken = f"{len(found.worlds)} worlds, bounds {entry.subject}"
    return found, row


def _kill_matrix(entry: Entry, traces: Path | None, jobs: int | None) -> tuple[Written, Row]:
    found = kill_matrix.kill_matrix(jobs=jobs, out=_pieces(entry), resume=True)
    _whole(found.missing)
    question = "Would the harness notice the failures of real systems?"
    row = _row(entry, question, kill_matrix_sentences.answer(found), kill_matrix_sentences.command(found))
    row.taken = f"{len(found.bugs)} seeded bugs, {len(designs.DESIGNS)} sound designs"
    return found, row


def _sweep(entry: Entry, traces: Path | None, jobs: int | None) -> tuple[Written, Row]:
    found = sweeps.sweep(
        entry.subject,
        vary={entry.key: entry.values},
        designs=entry.designs or None,
        metrics=entry.metrics or None,
        runs=entry.runs or None,
        jobs=jobs,
        out=_pieces(entry),
        resume=True,
    )
    _whole(found.results().missing)
    row = _row(entry, sweep_sentences.question(found), sweep_sentences.answer(found), sweep_sentences.command(found))
    row.taken = f"{entry.key} {', '.join(found.varied[0].texts)}; {found.runs} runs"
    return found, row


def _size(entry: Entry, traces: Path | None, jobs: int | None) -> tuple[Written, Row]:
    found = sizes.size(entry.subject, check=True, jobs=jobs, out=_pieces(entry), resume=True)
    _whole(found.stopped)
    row = _row(entry, size_sentences.question(found), size_sentences.answer(found), size_sentences.command(found))
    row.taken = f"formulas, {size_sentences.checked(found)[0].lower()}{size_sentences.checked(found)[1:]}".rstrip(".")
    return found, row


def _whole(missing: object) -> None:
    """Raise `KeyboardInterrupt` if a study was interrupted: an incomplete report must not be committed."""
    if missing:
        raise KeyboardInterrupt


MAKERS: dict[str, Callable[[Entry, Path | None, int | None], tuple[Written, Row]]] = {
    "compare": _compare,
    "verify": _verify,
    "kill-matrix": _kill_matrix,
    "sweep": _sweep,
    "size": _size,
}


def _row(entry: Entry, question: str, answer: list[str], command: str) -> Row:
    return Row(entry.name, entry.kind, question, answer, command, "")


def remake(
    names: Sequence[str], traces: Path | None, out: Path, jobs: int | None, say: Callable[[str], None]
) -> list[str]:
    """Make the named entries (default: all) and the index. Return a line for each that failed.

    `InputError` for an unknown name or a folder that cannot be written.
    """
    for name in names:
        if name not in entries.ENTRIES:
            raise InputError(f"unknown report {name!r}; allowed: {', '.join(entries.ENTRIES)}")
    failures = []
    for entry in entries.ENTRIES.values():
        if names and entry.name not in names:
            continue
        if entry.trace and traces is None and not names:
            say(f"{entry.name}: left as it is; it needs {entry.trace} (TRACES=DIR)")
            continue
        try:
            row = make(entry, traces, out, jobs)
        except (InputError, ImportError) as error:
            failures.append(f"{entry.name}: {error}")
            say(f"{entry.name}: failed: {error}")
            continue
        say(f"{entry.name}: {row.answer[0]}")
        rows = {name: old for name, old in read(out).items() if (out / name).is_dir()} | {entry.name: row}
        for file, text in index(rows).items():
            (out / file).write_text(text, encoding="utf-8")
    return failures
