"""Drive targets: run scripts against real servers, and hold what is observed against what a search predicts.

A target is held against a design. The histories of its runs are judged by the properties, as `check` judges a file. Beside
that stands the prediction: a search of the script itself on that design (`script_search.py`) says which properties its ends
violate. `script_agreement.py` says how the two compare. Only properties are compared that the histories of the target can
witness.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from syncproof._version import __version__
from syncproof.core.observations import Observation
from syncproof.designs import Population, blaming
from syncproof.engines.drive import adapter
from syncproof.engines.drive.play import ScriptRun, play
from syncproof.engines.drive.processes import DriveError
from syncproof.engines.drive.scripts import NEEDS, SCRIPTS, DriveScript, Need
from syncproof.engines.drive.targets import GROUPS, TARGETS
from syncproof.engines.drive.targets import MODEL as MODEL_TARGET
from syncproof.engines.drive.targets.model import ModelTarget
from syncproof.errors import InputError, Interrupted, nearest
from syncproof.formats.header import SCHEMA, Header
from syncproof.formats.history import write_history
from syncproof.inputs import arguments, lookup
from syncproof.properties import PROPERTIES
from syncproof.properties.references import NAMED
from syncproof.studies import executors, pieces, recordings
from syncproof.studies.executors import Progress
from syncproof.studies.intervals import wilson
from syncproof.studies.pieces import INTERRUPTED, Piece, piece
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone
from syncproof.studies.results.drive import DriveCell, DriveResults, DriveRun, DriveRuns, DriveSearch
from syncproof.studies.script_agreement import Agreement, Chance, Seen, agreement, chances, projected
from syncproof.studies.script_search import FURTHER, STATES, Predicted, script_ends

SLOW_MS = 20.0
"""The most milliseconds that a store of `model:` takes for an operation."""
LACKED_BY_MODEL: tuple[Need, ...] = ("own devices", "steps", "replica")
MODEL = "model:"
"""Before the name of a design: the design's own actors are the target."""


@dataclass(frozen=True)
class Subject:
    """A target as the study sees it. `where`: its class; `options`: what every process of it is given."""

    name: str
    where: str
    says: str
    design: str
    confirmed_first: str
    sees: frozenset[str]
    lacks: Mapping[str, str]
    complete: bool
    """Whether its histories say everything: a recorder inside of the server writes them."""
    blind: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def pushes(self) -> bool:
        """Return whether the server tells devices of what is new."""
        return "pushes" not in self.lacks


@dataclass
class ScriptOutcome:
    """What came of one script on one target.

    `seen`: what each run says; `verdicts`: the worst verdict of each property; `examples`: the first violation of each.
    `predicted`: what the search of the script says. `why`: why it was not driven.
    """

    target: str
    script: str
    design: str
    seen: list[Seen] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    promised: tuple[str, ...] = ()
    examples: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    predicted: Predicted | None = None
    unwitnessed: tuple[str, ...] = ()
    why: str = ""
    pushes: bool = True
    """Whether the server tells devices of what is new; else they look at any moment."""
    deliberate: bool = False
    """The script itself makes the devices wrong: nothing is promised then."""
    elapsed: float = 0.0
    observations: int = 0

    @property
    def runs(self) -> int:
        """Return how often the script ran."""
        return len(self.seen)

    @property
    def observed(self) -> dict[str, int]:
        """Return in how many runs each property was violated; those of none left out."""
        counted = {name: sum(name in seen.violated for seen in self.seen) for name in PROPERTIES}
        return {name: count for name, count in counted.items() if count}

    @property
    def broken(self) -> list[str]:
        """Return the properties that the runs violated."""
        return list(self.observed)

    @property
    def chances(self) -> dict[str, Chance]:
        """Return of each property that is compared whether every end of the search violates it, some do, or none."""
        found = {} if self.predicted is None else chances(self.seen, self.predicted)
        return {name: found[name] for name in PROPERTIES if name in found}

    @property
    def expected(self) -> list[str]:
        """Return the properties that some end of the search violates, of those that are compared."""
        return [name for name, chance in self.chances.items() if chance != "never"]

    @property
    def outcomes(self) -> list[list[str]]:
        """Return the sets of properties that the ends of the search violate, of those that are compared."""
        if self.predicted is None:
            return []
        sets = projected(self.predicted.outcomes, frozenset(self.chances))
        return sorted([[name for name in PROPERTIES if name in each] for each in sets], key=lambda s: (len(s), s))

    @property
    def agreement(self) -> Agreement:
        """Return how the runs and the search compare."""
        if self.why or self.predicted is None:
            return "not driven"
        return agreement(self.seen, self.predicted)

    @property
    def broken_promises(self) -> list[str]:
        """Return the promised properties that the runs violated."""
        return [name for name in self.broken if name in self.promised]

    @property
    def unknown_promises(self) -> list[str]:
        """Return the promised properties that the histories should decide and do not."""
        return [name for name in self.promised if self.verdicts.get(name) == "unknown" and name in self.reasons]

    def rate(self, name: str) -> tuple[float, float]:
        """Return the interval of the share of runs that violate a property."""
        return wilson(self.observed.get(name, 0), self.runs)

    def result(self) -> DriveCell:
        """Return the cell as results.json has it."""
        rates = {name: [round(end, 3) for end in self.rate(name)] for name in self.broken}
        alike = Counter(self.seen)
        sets = [DriveRuns(named(s.violated), named(s.judged), count) for s, count in alike.items()]
        searched = DriveSearch(
            self.outcomes,
            0 if self.predicted is None else self.predicted.messages,
            self.predicted is not None and self.predicted.complete,
        )
        return DriveCell(
            self.target, self.script, self.design, self.agreement, self.runs, self.observed, rates, self.expected,
            self.broken_promises, self.unknown_promises, list(self.unwitnessed), self.verdicts, dict(self.chances),
            self.examples, self.why, sets, searched,
        )  # fmt: skip


def named(names: Iterable[str]) -> list[str]:
    """Return names of properties in the order of the properties."""
    return [name for name in PROPERTIES if name in set(names)]


@dataclass(repr=False)
class Driven(Presentable):
    """Hold what driving found. `results()` is results.json; `run_facts()` is run.json (times, never repeatable)."""

    page = "drive"

    asked: tuple[str, ...]
    subjects: list[Subject]
    cells: list[ScriptOutcome]
    elapsed: float = 0.0
    missing: dict[str, str] = field(default_factory=dict)
    """Targets that cannot run here, and why."""
    stopped: str = ""
    """Why runs are missing; empty if none are."""
    work: WorkDone = NO_WORK

    def results(self) -> DriveResults:
        """Return the part that other programs may rely on."""
        return DriveResults(2, "drive", [cell.result() for cell in self.cells], self.missing, self.versions)

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of each server that says one."""
        return {subject.name: subject.version for subject in self.subjects if subject.version}

    def run_facts(self) -> DriveRun:
        """Return the times of this run and its machine: what may differ the next time."""
        times = {f"{cell.target} {cell.script}": round(cell.elapsed, 3) for cell in self.cells if cell.runs}
        return DriveRun(__version__, round(self.elapsed, 3), self.work, os.cpu_count(), times)

    def status(self) -> int:
        """Return the exit status.

        0: every promised property that a target can witness holds; 1: one is violated; 3: one is unknown, or nothing was
        driven, or not all was.
        """
        if any(cell.broken_promises for cell in self.cells):
            return 1
        driven = [cell for cell in self.cells if cell.runs]
        return 3 if self.stopped or not driven or any(cell.unknown_promises for cell in driven) else 0


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


def subjects(target: str, held_against: str | None, slow_ms: float | None) -> tuple[list[Subject], dict[str, str]]:
    """Return the targets that a name stands for, and those of them that cannot run here, with the reason."""
    names = list(TARGETS) if target == "all" else list(GROUPS.get(target, (target,)))
    found, missing = [], {}
    for name in names:
        if name.startswith(MODEL):
            found.append(_model(name, held_against, slow_ms))
            continue
        where = name if ".py:" in name else TARGETS.get(name)
        if where is None:
            raise adapter.unknown(name, ["all", *GROUPS, *TARGETS])
        kind = adapter.load(where)
        lacking = kind.missing()
        if lacking and len(names) > 1:
            missing[name] = lacking
            continue
        if lacking:
            raise DriveError(f"{name}: {lacking}")
        design = lookup.get(held_against or kind.design).name
        sees = frozenset({*kind.sees, *adapter.NOTED_BY_ALL})
        has: dict[Need, bool] = {"steps": kind.sends_in_steps, "replica": kind.has_replica}
        lacks = dict(kind.lacks)
        lacks.update((need, NEEDS[need]) for need, there in has.items() if not there)
        found.append(
            Subject(
                name,
                where,
                kind.says,
                design,
                kind.confirmed_first,
                sees,
                lacks,
                kind.notes_registry,
                kind.blind,
                kind.version(),
            )
        )
    if missing and not found:
        raise DriveError(f"{target}: {'; '.join(dict.fromkeys(missing.values()))}")
    return found, missing


def _model(name: str, held_against: str | None, slow_ms: float | None) -> Subject:
    """Return the target that is the model itself."""
    design = lookup.known(name.removeprefix(MODEL))
    milliseconds = SLOW_MS if slow_ms is None else slow_ms
    options = {"system": "syncproof.studies.driven:system", "arguments": [design], "slow_s": milliseconds / 1000}
    return Subject(
        name,
        MODEL_TARGET,
        f"the actors of {design}, each a process over TCP with SQLite under it",
        lookup.get(held_against or design).name if held_against else design,
        "",
        ModelTarget.sees,
        {need: NEEDS[need] for need in LACKED_BY_MODEL},
        ModelTarget.notes_registry,
        options=options,
    )


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
