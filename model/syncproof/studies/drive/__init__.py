"""Drive targets: run scripts against real servers, and hold what is observed against what a search predicts.

A target is held against a design. The histories of its runs are judged by the properties, as `check` judges a file. Beside
that stands the prediction: a search of the script itself on that design (`script_search.py`) says which properties its ends
violate. `script_agreement.py` says how the two compare. Only properties are compared that the histories of the target can
witness.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from syncproof.core.observations import Observation
from syncproof.designs import Population, blaming
from syncproof.engines.drive.play import ScriptRun, play
from syncproof.engines.drive.scripts import NEEDS, SCRIPTS, DriveScript
from syncproof.errors import InputError, Interrupted, nearest
from syncproof.formats.header import SCHEMA, Header
from syncproof.formats.history import write_history
from syncproof.inputs import arguments
from syncproof.properties import PROPERTIES
from syncproof.properties.references import NAMED
from syncproof.studies import executors, pieces, recordings
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.drive.subjects import MODEL, Subject, subjects
from syncproof.studies.executors import Progress
from syncproof.studies.pieces import INTERRUPTED, Piece, piece
from syncproof.studies.results.common import NO_WORK
from syncproof.studies.script_agreement import Seen
from syncproof.studies.script_search import FURTHER, STATES, Predicted, script_ends


def drive(
    targets: str | Sequence[str],
    *,
    scripts: Sequence[str] = (),
    held_against: str | None = None,
    repeats: int | None = None,
    slow_ms: float | None = None,
    histories: str | Path | None = None,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Driven:
    """Run scripts against targets, and hold what is observed against the prediction.

    Arguments:
        targets: the name of a target or of a group of them, "model:DESIGN", "FILE.py:NAME", or "all"; or a list of such.
        scripts: names of scripts; by default all.
        held_against: the design that the target is held against, instead of its own.
        repeats: how often each script runs; by default once, and races several times.
        slow_ms: milliseconds that a store of `model:` takes at most for an operation, drawn for each operation; default 20.
        histories: a folder in which the history of the last run of each script is written, as TARGET-SCRIPT.jsonl.
        jobs: how many runs at once, each in a process of its own; by default one after the other in this process, since a
            busy machine changes what races do.
        executor: "processes" (the default), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", whose workers
            need the targets, or a `concurrent.futures.Executor`, which stays open.
        out: keep finished runs in the folder `out`/pieces.
        resume: True or False: whether to count the finished runs that are there, and make only the others; without it they
            are removed.
        progress: a function, called with the number of runs done and of all.

    Returns a `Driven`: `cells`, `status()`, `write(folder)`; printed, it shows the table.

    Raises `InputError`, in one sentence that says what is allowed, for an unknown target, script or design.
    """
    started = time.perf_counter()
    chosen = _scripts(scripts)
    if repeats is not None:
        arguments.whole("repeats", repeats, least=1)
    asked = (targets,) if isinstance(targets, str) else tuple(targets)
    found: list[Subject] = []
    missing: dict[str, str] = {}
    for target in asked:
        more, lacking = subjects(target, held_against, slow_ms)
        found += [subject for subject in more if subject not in found]
        missing |= lacking
    where = pieces.setting(executor, jobs or 1, out, resume)
    pairs = [(subject, script) for subject in found for script in chosen]
    cells = [new_cell(*pair, held_against) for pair in pairs]
    counts = [0 if cell.why else repeats or script.repeats for (_, script), cell in zip(pairs, cells, strict=True)]
    work = [_piece(*pair, number) for pair, count in zip(pairs, counts, strict=True) for number in range(count)]
    stopped, worked = "", NO_WORK
    try:
        with searches([cell for cell in cells if not cell.why]) as fill_in:
            done = pieces.perform(work, where, progress)
            stopped, worked = done.stopped, done.work
            made = iter(done.results)
            for (subject, script), cell, count in zip(pairs, cells, counts, strict=True):
                _count_runs(cell, subject, script, [next(made) for _ in range(count)], histories)
            if stopped:
                raise Interrupted  # the searches end as well
            fill_in()
    except Interrupted:
        stopped = stopped or INTERRUPTED
        for cell in cells:
            cell.why = cell.why or INTERRUPTED * (cell.predicted is None)
    return Driven(asked, found, cells, time.perf_counter() - started, missing, stopped, worked)


def _piece(subject: Subject, script: DriveScript, number: int) -> Piece[ScriptRun]:
    """Return one run of a script on a target as a piece."""
    facts = {
        "target": subject.where,
        "options": subject.options,
        "version": subject.version,
        "script": repr(script),
        "number": number,
    }
    names = (subject.where, subject.name.removeprefix(MODEL))
    files = [name.rpartition(":")[0] for name in names if ".py:" in name]
    options = subject.options
    return piece(_play, subject.name, subject.where, script, options, facts=facts, files=files, repeatable=False)


def _play(name: str, where: str, script: DriveScript, options: Mapping[str, Any]) -> ScriptRun:
    with blaming(name):
        return play(where, script, options)


def _scripts(names: Sequence[str]) -> list[DriveScript]:
    for name in names:
        if name != "all" and name not in SCRIPTS:
            raise InputError(f"unknown script {name!r}{nearest(name, ['all', *SCRIPTS])}")
    return [script for name, script in SCRIPTS.items() if not names or "all" in names or name in names]


def new_cell(subject: Subject, script: DriveScript, held_against: str | None) -> ScriptOutcome:
    """Return a cell of which nothing was run yet."""
    design = subject.design
    if script.order == "confirm-apply" and held_against is None:
        design = subject.confirmed_first
    first = script.order == "confirm-apply"
    cell = ScriptOutcome(subject.name, script.name, design, pushes=subject.pushes, deliberate=first)
    cell.why = _not_driven(subject, script)
    return cell


@contextmanager
def searches(cells: Sequence[ScriptOutcome], processes: int = 1) -> Iterator[Callable[[], None]]:
    """Search the scripts of cells in processes beside this one, which mostly waits; yield what fills in the predictions."""
    asked = dict.fromkeys((cell.design, cell.script, cell.pushes) for cell in cells)
    if executors.workers(None, inherit=True) == 1 or len(asked) < 2:
        yield lambda: predict(cells)
        return
    with executors.processes(processes) as pool:
        found = {key: pool.submit(_ends, *key) for key in asked}

        def fill() -> None:
            for cell in cells:
                cell.predicted = found[cell.design, cell.script, cell.pushes].result()
            predict(cells)

        yield fill


def _ends(design: str, script: str, pushes: bool) -> Predicted:
    return script_ends(design, SCRIPTS[script], pushes)


def predict(cells: Iterable[ScriptOutcome]) -> None:
    """Fill in what searches say of the scripts of cells. One that does not explain the runs, and is incomplete, goes further."""
    for cell in cells:
        script = SCRIPTS[cell.script]
        if cell.predicted is None:
            cell.predicted = script_ends(cell.design, script, cell.pushes)
        if not cell.predicted.complete and cell.agreement not in ("agrees", "possible, not seen"):
            cell.predicted = script_ends(cell.design, script, cell.pushes, FURTHER * STATES)


def _count_runs(
    cell: ScriptOutcome,
    subject: Subject,
    script: DriveScript,
    runs: Sequence[ScriptRun | None],
    histories: str | Path | None,
) -> None:
    """Add what the runs of a script say to its cell. None stands for a run that was not made."""
    for played in runs:
        if played is None:
            continue
        cell.elapsed += played.elapsed
        population = Population(script.cast.owners, script.cast.members)
        header = Header(schema=SCHEMA, kind="history", design=cell.design, faults=script.faults, population=population)
        if subject.complete:
            header.complete = True
        run = recordings.judged(f"{subject.name} {script.name}", header, played.history)
        _count(cell, run, subject)
        cell.observations += run.observations
        if histories is not None:
            _write(Path(histories), header, cell, run, played.history)


def _not_driven(subject: Subject, script: DriveScript) -> str:
    """Return why a script makes no sense with a target; empty if it does."""
    for need in script.needs:
        if need in subject.lacks:
            return subject.lacks[need] or NEEDS[need]
        if need == "confirmed first" and not subject.confirmed_first:
            return NEEDS[need]
    return ""


def _count(cell: ScriptOutcome, run: recordings.CheckedRun, subject: Subject) -> None:
    """Add the verdicts of one run to a cell; the worst counts."""
    order = ("violated", "unknown", "holds")
    verdicts = run.verdicts()
    if not cell.deliberate:
        cell.promised = tuple([name for name, found in verdicts.items() if found.promised])
    unseen, here = [], {}
    for name, found in verdicts.items():
        if found.verdict == "not-applicable":
            continue
        if not found.violations and _unwitnessed(name, found.why, subject):
            unseen.append(name)
            continue
        here[name] = found.verdict
        before = cell.verdicts.get(name)
        cell.verdicts[name] = found.verdict if before is None else min(before, found.verdict, key=order.index)
        if found.violations:
            cell.examples.setdefault(name, found.examples[0])
        if found.verdict == "unknown" and found.met:  # a script need not exercise every property
            cell.reasons.setdefault(name, found.why)
    violated = frozenset(name for name, verdict in here.items() if verdict == "violated")
    cell.seen.append(Seen(violated, frozenset(name for name, verdict in here.items() if verdict != "unknown")))
    cell.unwitnessed = tuple(unseen)


def _unwitnessed(name: str, why: str, subject: Subject) -> bool:
    """Return whether a property needs what the histories of a target do not have. `why`: why it is unknown, if it is."""
    asked = {kind.__name__ for kind in PROPERTIES[name].asked()}
    unseen = [kind.__name__ for kind in NAMED if kind.__name__ not in subject.sees]
    lacking = any(f"lacks {kind}" in why for kind in unseen)
    return name in subject.blind or lacking or (bool(asked) and not asked & subject.sees)


def _write(
    folder: Path, header: Header, cell: ScriptOutcome, run: recordings.CheckedRun, history: list[Observation]
) -> None:
    name = f"{cell.target}-{cell.script}".replace(":", "-").replace("/", "-")
    header = msgspec.structs.replace(header, violations=run.violations, lines=len(history))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_history(folder / f"{name}.jsonl", header, [history])
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}; allowed: a folder") from None
