"""Drive targets: run scripts against real servers, and hold what is observed against what a search predicts.

A target is held against a design. The histories of its runs are judged by the properties, as `check` judges a file. Beside
that stands the prediction: the properties that a search finds violated in small worlds of that design with the same faults.
The search says what may happen, in every order of events; a run is one order. So the two can differ without contradiction:

| agreement | the runs | the search |
|---|---|---|
| agrees | violate exactly what | the search finds violated (mostly: nothing) |
| same loss, another set | violate something that the search finds | and more, or less |
| not seen | violate nothing | finds something that needs an order which these runs did not have |
| disagrees | violate something | excludes it |

Only properties are compared that the histories of the target can witness and that the worlds exercise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from syncproof._version import __version__
from syncproof.core.observations import Observation
from syncproof.designs import Design, Population, blaming
from syncproof.engines.drive import adapter
from syncproof.engines.drive.play import ScriptRun, play
from syncproof.engines.drive.processes import DriveError
from syncproof.engines.drive.scripts import NEEDS, SCRIPTS, DriveScript, Send, SendHalf
from syncproof.engines.drive.targets import GROUPS, TARGETS
from syncproof.engines.drive.targets import MODEL as MODEL_TARGET
from syncproof.engines.drive.targets.model import ModelTarget
from syncproof.engines.explore import Limits
from syncproof.errors import InputError, nearest
from syncproof.formats.header import SCHEMA, Header
from syncproof.formats.history import write_history
from syncproof.inputs import arguments, lookup
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.properties.references import NAMED
from syncproof.studies import pieces, recordings, verify
from syncproof.studies.executors import Progress
from syncproof.studies.intervals import wilson
from syncproof.studies.pieces import INTERRUPTED, Piece, piece
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone
from syncproof.studies.results.drive import DriveCell, DriveResults, DriveRun

Agreement = Literal["agrees", "same loss, another set", "not seen", "disagrees", "not driven"]
LIMITS = Limits(states=400_000)
"""Limits of the search of one world: what a search this small does not find is not predicted."""
SLOW_MS = 20.0
"""The most milliseconds that a store of `model:` takes for an operation."""
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


@dataclass
class ScriptOutcome:
    """What came of one script on one target.

    `observed`: property -> in how many of the `runs` it was violated; `verdicts`: the worst verdict of each property;
    `examples`: the first violation of each. `predicted`: property -> the search's verdict. `why`: why it was not driven.
    """

    target: str
    script: str
    design: str
    runs: int = 0
    observed: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    promised: tuple[str, ...] = ()
    examples: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    predicted: dict[str, str] = field(default_factory=dict)
    unwitnessed: tuple[str, ...] = ()
    why: str = ""
    deliberate: bool = False
    """The script itself makes the devices wrong: nothing is promised then."""
    elapsed: float = 0.0
    observations: int = 0

    @property
    def compared(self) -> list[str]:
        """Return the properties that both the runs and the search say something about."""
        said = ("holds", "violated")
        return [n for n in PROPERTIES if self.verdicts.get(n) in said and self.predicted.get(n) in said]

    @property
    def broken(self) -> list[str]:
        """Return the properties that the runs violated."""
        return [name for name in PROPERTIES if self.observed.get(name)]

    @property
    def expected(self) -> list[str]:
        """Return the properties that the search finds violated, of those that are compared."""
        return [name for name in self.compared if self.predicted[name] == "violated"]

    @property
    def agreement(self) -> Agreement:
        """Return how the runs and the search compare."""
        if self.why:
            return "not driven"
        seen, expected = {name for name in self.broken if name in self.compared}, set(self.expected)
        if seen == expected:
            return "agrees"
        if not seen:
            return "not seen"
        return "same loss, another set" if seen & expected else "disagrees"

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
        rates = {name: [round(end, 3) for end in self.rate(name)] for name in self.broken} if self.runs else {}
        return DriveCell(
            self.target, self.script, self.design, self.agreement, self.runs, {n: self.observed[n] for n in self.broken},
            rates, self.expected, self.broken_promises, self.unknown_promises, list(self.unwitnessed), self.verdicts,
            self.predicted, self.examples, self.why,
        )  # fmt: skip


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
        return DriveResults(1, "drive", [cell.result() for cell in self.cells], self.missing, self.versions)

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
        slow_ms: milliseconds that a store of `model:` takes at most for an operation, drawn anew for each; default 20.
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
    counts = [0 if _not_driven(*pair) else repeats or pair[1].repeats for pair in pairs]
    work = [_piece(*pair, number) for pair, count in zip(pairs, counts, strict=True) for number in range(count)]
    done = pieces.perform(work, where, progress)
    made = iter(done.results)
    cells = [
        _cell(*pair, [next(made) for _ in range(count)], held_against, histories)
        for pair, count in zip(pairs, counts, strict=True)
    ]
    return Driven(asked, found, cells, time.perf_counter() - started, missing, done.stopped, done.work)


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
        lacks = {**kind.lacks, **({} if kind.sends_in_steps else {"steps": NEEDS["steps"]})}
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
        {need: NEEDS[need] for need in ("own devices", "steps")},
        ModelTarget.notes_registry,
        options=options,
    )


def _cell(
    subject: Subject,
    script: DriveScript,
    runs: Sequence[ScriptRun | None],
    held_against: str | None,
    histories: str | Path | None,
) -> ScriptOutcome:
    design = subject.design
    if script.order == "confirm-apply" and held_against is None:
        design = subject.confirmed_first
    cell = ScriptOutcome(subject.name, script.name, design, deliberate=script.order == "confirm-apply")
    made = [played for played in runs if played is not None]
    cell.why = _not_driven(subject, script) or INTERRUPTED * (not made)
    if cell.why:
        return cell
    entry = lookup.get(design)
    cell.predicted = predicted(design, script)
    for played in made:
        cell.runs += 1
        cell.elapsed += played.elapsed
        population = Population(script.cast.owners, script.cast.members)
        header = Header(schema=SCHEMA, kind="history", design=design, faults=script.faults, population=population)
        if subject.complete:
            header.complete = True
        run = recordings.judged(f"{subject.name} {script.name}", header, played.history)
        _count(cell, entry, run, subject)
        cell.observations = run.observations
        if histories is not None:
            _write(Path(histories), header, cell, run, played.history)
    return cell


def _not_driven(subject: Subject, script: DriveScript) -> str:
    """Return why a script makes no sense with a target; empty if it does."""
    for need in script.needs:
        if need in subject.lacks:
            return subject.lacks[need] or NEEDS[need]
        if need == "confirmed first" and not subject.confirmed_first:
            return NEEDS[need]
    return ""


def _count(cell: ScriptOutcome, entry: Design, run: recordings.CheckedRun, subject: Subject) -> None:
    """Add the verdicts of one run to a cell; the worst counts."""
    order = ("violated", "unknown", "holds")
    verdicts = run.verdicts()
    if not cell.deliberate:
        cell.promised = tuple([name for name, found in verdicts.items() if found.promised])
    unseen = []
    for name, found in verdicts.items():
        if found.verdict == "not-applicable":
            continue
        if not found.violations and _unwitnessed(name, found.why, subject):
            unseen.append(name)
            continue
        before = cell.verdicts.get(name)
        cell.verdicts[name] = found.verdict if before is None else min(before, found.verdict, key=order.index)
        if found.violations:
            cell.observed[name] = cell.observed.get(name, 0) + 1
            cell.examples.setdefault(name, found.examples[0])
        if found.verdict == "unknown" and found.met:  # a script need not exercise every property
            cell.reasons.setdefault(name, found.why)
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


def predicted(design: str, script: DriveScript) -> dict[str, str]:
    """Return what searches of small worlds with the script's faults say of each property of a design.

    One message with the faults, and two messages without faults: from one sender, or from two where the script has several.
    Where two messages break something only under the faults (`DriveScript.pairs`), that too, as far as the limits allow.
    """
    several = len({step.device for step in script.steps if isinstance(step, (Send, SendHalf))}) > 1
    worlds = {("two-devices", 1, script.world): None, ("two-devices" if several else "two-people", 2, ()): None}
    if script.pairs:
        worlds["two-people", 2, script.world] = None
    found: dict[str, str] = {}
    order = ("violated", "holds", "unknown")
    for world in worlds:
        for name, verdict in _searched(design, *world).items():
            found[name] = min(found.get(name, "unknown"), verdict, key=order.index)
    return found


@cache
def _searched(design: str, population: str, messages: int, kinds: tuple[str, ...]) -> dict[str, str]:
    explored = verify.search(design, SmallWorld(population, messages, kinds), LIMITS)
    return {
        name: "unknown" if not finding.met and finding.verdict == "holds" else finding.verdict
        for name, finding in explored.findings.items()
        if name in PROPERTIES
    }
