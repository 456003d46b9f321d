"""The gallery of committed reports: make them and their index, and list those that are stale.

`make reports`, which is `python -m tools.gallery`, makes every entry of `ENTRIES` below in a folder of `reports/` and
writes the index around them: `README.md`, `index.html`, and `index.json` for `make check-reports`, which is `python -m
tools.gallery --check`. The HTML pages are made and not committed.

Real traffic is not part of the repository, so its entries are made only if `--traces` names the folder with the files;
otherwise their former reports stay. Finished pieces of work are kept in `out/reports`, so that an interrupted gallery goes
on where it was; a piece that was made from other sources is made again. If an entry fails, its former report stays and the
other entries are made. `run.json`, which has the times of this machine, is not committed.

The index has a fingerprint of what each entry was made from. A report is stale if a scenario, a design's promises, a
metric, a property, a claim or the results' schema has changed since, or if a repeated run gives other numbers. A change of
the pages' appearance alone is not detected.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import click

from syncproof import designs
from syncproof.designs.forms import all_names
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError
from syncproof.inputs.bounds import within
from syncproof.inputs.durations import seconds
from syncproof.inputs.scenario import load, ready
from syncproof.properties import PROPERTIES
from syncproof.report import figures, markdown, template, writer
from syncproof.report.sentences import compare as compare_sentences
from syncproof.report.sentences import kill_matrix as kill_matrix_sentences
from syncproof.report.sentences import size as size_sentences
from syncproof.report.sentences import sweep as sweep_sentences
from syncproof.report.sentences import verify as verify_sentences
from syncproof.seeded_bugs import BUGS
from syncproof.studies import claims, intervals, kill_matrix
from syncproof.studies import compare as comparison
from syncproof.studies import size as sizes
from syncproof.studies import sweep as sweeps
from syncproof.studies import verify as verification
from syncproof.studies.jobs import Job
from syncproof.studies.results.common import plain

SCHEMA = 1
COMMITTED = ("report.md", "results.json", "counterexamples", "figure.svg")
"""The parts of a written report that are committed."""
KEPT = ("report.html", *COMMITTED)
"""The parts of a written report that stay in the folder."""
WORK = Path("out/reports")
REMEDY = "run `make reports` (TRACES=DIR for real traffic), look at the changes, and commit them"
PLACE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|Users|var|mnt|opt)/")
"""The beginning of a path on a particular machine."""
Kind = Literal["compare", "verify", "kill-matrix", "sweep", "size"]


BESIDE = {"drive": "real servers, and what a search predicts of them, made by `make drive`"}
"""Folder of `reports/` that another command makes -> what is in it."""


@dataclass(frozen=True)
class Entry:
    """A report to be committed.

    `subject`: a scenario, or bounds. `take`: how much of a trace is used; empty: all. `designs`: of a verification or a sweep, of
    which ones; empty: all. Of a sweep, `key` and `values`: what is varied; `metrics`, `runs`: what is shown and how often it is
    run, empty and 0 for the usual ones; `picture`: the metrics of the figure that the README shows, if it does.
    """

    name: str
    kind: Kind
    subject: str = ""
    trace: str = ""
    take: str = ""
    key: str = ""
    values: tuple[object, ...] = ()
    designs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    runs: int = 0
    picture: tuple[str, ...] = ()


ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("default", "compare", "default"),
        Entry("many-endpoints", "compare", "many-endpoints"),
        Entry("big-group", "compare", "big-group"),
        Entry("commute", "compare", "commute"),
        Entry("push-outage", "compare", "push-outage"),
        Entry("server-crash", "compare", "server-crash"),
        Entry("rush-hour", "compare", "rush-hour"),
        Entry("overload", "compare", "overload"),
        Entry("abandoned-devices", "compare", "abandoned-devices"),
        Entry("reconnect-storm", "compare", "reconnect-storm"),
        Entry("campus", "compare", "campus", "CollegeMsg.txt"),
        Entry("irc-group", "compare", "irc-group", "group_presence.csv", "14d"),
        Entry(
            "sweep-endpoints",
            "sweep",
            "many-endpoints",
            key="population.devices_per_user",
            values=(1, 2, 3, 4, 5, 6),
            picture=(
                "server_writes_per_message",
                "server_deletes_per_message",
                "packets_per_delivery",
                "bytes_per_delivery",
            ),
        ),
        # Few designs and runs: without back-off a run takes half a minute of processor time, because it does not come to rest.
        Entry(
            "sweep-overload",
            "sweep",
            "overload",
            key="model.request_backoff",
            values=(True, False),
            designs=(
                "inbox-store-first",
                "inbox-sync-first",
                "timeline-notify",
                "timeline-dense-push",
                "timeline-read-fanout",
            ),
            metrics=(
                "recovery_s",
                "late_10s",
                "late_60s",
                "accept_latency_p99_s",
                "storage_utilisation",
                "storage_ms_per_message",
            ),
            runs=2,
        ),
        Entry("size-wechat-2017", "size", "wechat-2017"),
        Entry("size-team-chat", "size", "team-chat"),
        Entry("size-sdk-platform", "size", "sdk-platform"),
        Entry("verify", "verify", "standard"),
        Entry("kill-matrix", "kill-matrix"),
    )
}


@dataclass
class Row:
    """An entry of the index: the question, the answer, and what the report was made from."""

    name: str
    kind: str
    question: str
    answer: list[str]
    command: str
    taken: str
    files: list[str] = field(default_factory=list)
    fingerprint: dict[str, str] = field(default_factory=dict)


class Written(Protocol):
    """A report that can be written."""

    def write(self, out: Path) -> list[Path]:
        """Write the report into a folder, and return the paths of its files."""
        ...


# ---- making


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


def files(folder: Path) -> list[str]:
    """Return the files below a folder, as sorted paths relative to it."""
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


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


# ---- staleness


def fingerprint(entry: Entry) -> dict[str, str]:
    """Return what a report of this entry would be made from now, part -> digest, without running anything."""
    parts: dict[str, object] = {
        "designs": [(d.name, sorted((p, *f) for p, f in d.promises.items())) for d in designs.DESIGNS.values()],
        "properties": [(p.name, p.says) for p in PROPERTIES.values()],
        "schema": 1,
    }
    if entry.kind in ("compare", "sweep", "size"):
        parts["scenario"] = load(entry.subject).text
        parts["metrics"] = [(name, metric.unit, metric.sentence) for name, metric in METRICS.items()]
        parts["taken"] = (entry.trace, entry.take, entry.key, entry.values, entry.designs, entry.metrics, entry.runs)
    if entry.kind in ("compare", "verify"):
        parts["claims"] = [(name, claim.says) for name, claim in claims.CLAIMS.items()]
    if entry.kind == "verify":
        worlds = [str(world) for name in entry.designs or all_names() for world in within(entry.subject, name)]
        parts["worlds"] = list(dict.fromkeys(worlds))
    if entry.kind == "kill-matrix":
        parts["bugs"] = [(name, bug.failure, bug.violates, bug.world) for name, bug in BUGS.items()]
    return {name: hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for name, part in sorted(parts.items())}


def stale(row: Row, out: Path) -> list[str]:
    """Return why a committed report differs from what would be made now; empty if it does not. Takes a second or two."""
    entry = ENTRIES.get(row.name)
    if entry is None:
        return [f"{row.name}: no such entry any more"]
    missing = [f"{row.name}/{file} is missing" for file in row.files if not (out / row.name / file).is_file()]
    now = fingerprint(entry)
    other = [part for part in sorted({*now, *row.fingerprint}) if now.get(part) != row.fingerprint.get(part)]
    if missing or other:
        return missing + [f"{row.name}: its {part} changed since" for part in other]
    results = json.loads((out / row.name / "results.json").read_text(encoding="utf-8"))
    return [f"{row.name}: {says}" for says in AGAIN[entry.kind](entry, results)]


def _run_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Repeat one run of one design, another design for each scenario. Traces are not repeated: their files may be absent."""
    if entry.trace:
        return
    scenario = load(entry.subject)
    names = list(results["designs"])
    name = names[list(ENTRIES).index(entry.name) % len(names)]
    run = Job(scenario, name, 0, results["seed"] * 1000).work()
    for metric, recorded in results["designs"][name]["metrics"].items():
        value = intervals.digits(run.metrics[metric])
        if value != recorded["runs"][0]:
            yield f"{metric} of {name} in the first run is {value}, not {recorded['runs'][0]}"


def _search_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Search the first world of every design again, which is the smallest."""
    for name, found in results["designs"].items():
        world = within(entry.subject, name)[0]
        again = verification.explore_one(name, world)
        recorded = next(each for each in found["worlds"] if each["world"] == str(world))
        for what, value in (("states", again.states), ("transitions", again.transitions), ("depth", again.depth)):
            if value != recorded[what]:
                yield f"{name}, {world}: {value} {what}, not {recorded[what]}"


def _kill_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    name = "F25"
    if plain(kill_matrix.kill_matrix([name], jobs=1).bugs[name]) != results["bugs"][name]:
        yield f"{name} is not met as it was"


def _size_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Compute the rates again, without the check."""
    again = plain(sizes.size(entry.subject).results())
    for name, found in again["designs"].items():
        if found != results["designs"][name]:
            yield f"{name} takes something else"


def _nothing(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    yield from ()


AGAIN: dict[str, Callable[[Entry, dict[str, Any]], Iterable[str]]] = {
    "compare": _run_again,
    "verify": _search_again,
    "kill-matrix": _kill_again,
    "sweep": _nothing,
    "size": _size_again,
}


def complaints(out: Path) -> Iterator[str]:
    """Yield what is wrong with the committed reports: stale, missing, left over, or naming a place on a machine."""
    rows = read(out)
    for row in rows.values():
        yield from stale(row, out)
    written = {file: text for file, text in index(rows).items() if not file.endswith(".html")}
    for file, text in written.items():
        if not (out / file).is_file() or (out / file).read_text(encoding="utf-8") != text:
            yield f"{file} is not the index that index.json gives"
    there = [f for f in files(out) if not f.endswith(".html") and f.partition("/")[0] not in BESIDE]
    named = {*written, *(f"{row.name}/{file}" for row in rows.values() for file in row.files)}
    yield from (f"{file} is in no entry of the index" for file in there if file not in named)
    yield from (f"{file} names a place on a machine" for file in there if PLACE.search((out / file).read_text("utf-8")))
    shown = {entry.subject for entry in ENTRIES.values() if entry.kind in ("compare", "size")}
    yield from (f"the ready scenario {name} has no entry" for name in ready() if name not in shown)


# ---- the index


def read(out: Path) -> dict[str, Row]:
    """Return the rows of the committed index; empty without one. `InputError` for one that cannot be read."""
    path = out / "index.json"
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {row["name"]: Row(**row) for row in found["entries"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not an index: {error}; remove it and make the reports again") from None


def index(rows: dict[str, Row]) -> dict[str, str]:
    """Return the index's files, name -> text, with rows in the order of `ENTRIES`."""
    ordered = [rows[name] for name in ENTRIES if name in rows]
    page = template.render("index.html.j2", rows=ordered)
    data = {"schema": SCHEMA, "entries": [asdict(row) for row in ordered]}
    return {
        "index.html": page,
        "README.md": "\n".join(_markdown(ordered)),
        "index.json": json.dumps(data, indent=1, ensure_ascii=False) + "\n",
    }


def _markdown(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("# Reports of the ready scenarios", "")
    yield "Made by `make reports` (`make reports TRACES=DIR` with the traces); `make check-reports` says which one is stale."
    yield "The same command writes what is not committed: `index.html`, which is this page for a browser, and beside each"
    yield "`report.md` a `report.html`, one file that needs nothing else."
    yield ""
    yield from ("| report | question | answer | taken | |", "|---|---|---|---|---|")
    for row in rows:
        question, answer, taken = (markdown.cell(text) for text in (row.question, " ".join(row.answer[:2]), row.taken))
        links = f"[report]({row.name}/report.md), [data]({row.name}/results.json)"
        yield f"| [{row.name}]({row.name}/report.md) | {question} | {answer} | {taken} | {links} |"
    yield ""
    for name, what in BESIDE.items():
        yield from (f"Beside them: [{name}]({name}/report.md), {what}.", "")


def remake(
    names: Sequence[str], traces: Path | None, out: Path, jobs: int | None, say: Callable[[str], None]
) -> list[str]:
    """Make the named entries (default: all) and the index. Return a line for each that failed.

    `InputError` for an unknown name or a folder that cannot be written.
    """
    for name in names:
        if name not in ENTRIES:
            raise InputError(f"unknown report {name!r}; allowed: {', '.join(ENTRIES)}")
    failures = []
    for entry in ENTRIES.values():
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
