"""Designs in every interleaving of small worlds: which promises hold there, and a way to what does not.

The worlds are in `worlds.py`. Searching many small ones completely says more than searching one large world in part: a
verdict is *holds* only if every world that the bounds name was searched to its end.
"""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from syncproof import designs as registry
from syncproof._version import __version__
from syncproof.designs import Design, witnesses
from syncproof.engines.explore import CAUGHT_UP, Counterexample, Ending, Exploration, Limits, Status, explore
from syncproof.errors import InputError
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import BOUNDS, SmallWorld, build, within
from syncproof.properties import PROPERTIES
from syncproof.properties.no_loss import NoLoss
from syncproof.studies import executors

LIMITS = Limits(states=10_000_000, memory=8 << 30)
"""Of one search, so of each worker process: `verify` with two of them may need twice the memory."""

ONE_WORLD = "one world"
"""The name of the bounds where somebody chose a single world."""
INTERRUPTED = "the run was interrupted"
LOST = "a worker process was lost, as happens when memory runs out; fewer --jobs leave more for each"


@dataclass(frozen=True)
class Explored:
    """One exploration's outcome. `findings`: property -> (verdict, counterexample, why it is unknown)."""

    design: str
    shape: SmallWorld
    findings: dict[str, tuple[str, Counterexample | None, str]]
    states: int
    transitions: int
    depth: int
    complete: bool
    coverage: dict[str, tuple[int, int]]
    witnesses: dict[str, bool]
    elapsed: float
    bytes: int
    ending: Ending = "complete"
    peak: int = 0
    """Memory that the process had needed at most by then, in bytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a verification is: what the searches that are done add up to. `memory` of the largest process, in bytes."""

    done: int
    total: int
    states: int
    transitions: int
    depth: int
    memory: int
    elapsed: float


def search(
    design: str | Design, shape: SmallWorld, limits: Limits = LIMITS, progress: Callable[[Status], None] | None = None
) -> Exploration:
    """Searches one world of one design, for whoever wants its graph. Raises `InputError` for an unknown design."""
    system, _, environment = build(design, shape)
    not_applicable = lookup.get(design).not_applicable
    wanted = [automaton for name, automaton in PROPERTIES.items() if name not in not_applicable]
    return explore(system, environment, wanted, limits=limits, progress=progress)


def explore_one(design: str, shape: SmallWorld, limits: Limits = LIMITS) -> Explored:
    """Searches one world of one design, and keeps what verdicts and reports need."""
    return kept(design, shape, search(design, shape, limits))


def kept(design: str, shape: SmallWorld, found: Exploration) -> Explored:
    """What verdicts and reports need of a search."""
    return Explored(
        design,
        shape,
        {name: (f.verdict, f.counterexample, f.why) for name, f in found.findings.items()},
        len(found.graph.states),
        len(found.graph.targets),
        found.graph.depth,
        found.complete,
        found.coverage,
        _witnesses(design, found, shape),
        found.elapsed,
        found.graph.bytes,
        found.graph.ending,
        _peak(),
    )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def judged(design: str, shape: SmallWorld, found: Exploration) -> Verification:
    """One search as a verification of its own."""
    return gathered(ONE_WORLD, design, [kept(design, shape, found)])


def gathered(bounds: str, design: str, row: list[Explored], missing: int = 0) -> Verification:
    """Searches of one design as a verification. `missing`: how many of the bounds' worlds it has not."""
    stopped = INTERRUPTED if any(e.ending == "interrupted" for e in row) else ""
    left_out = {design: missing} if missing else {}
    return Verification(bounds, {design: row}, left_out, sum(e.elapsed for e in row), 1, _vacuous(row), stopped)


def _vacuous(explored: Iterable[Explored]) -> list[tuple[str, SmallWorld, str]]:
    return [
        (e.design, e.shape, what)
        for e in explored
        for what, reached in e.witnesses.items()
        if not reached and e.complete
    ]


def _witnesses(design: str, found: Exploration, shape: SmallWorld) -> dict[str, bool]:
    """The situations without which "holds" would say nothing, and whether each was reached."""
    entry = lookup.get(design)
    asked = set(shape.faults) - set(entry.untouched)
    reached = {f"{fault} happened": count > 0 for fault, (count, _) in found.coverage.items() if fault in asked}
    automata = [cast(NoLoss, automaton) for automaton in found.tables.judging.met("no-loss")]
    reached["every message was shown everywhere"] = any(len(a.settled) == shape.messages for a in automata)
    if {"disconnect", "half-open"} & set(shape.faults):
        reached["a device reconnected and caught up"] = CAUGHT_UP in found.situations
    for situation in witnesses.required(entry.meets, shape.kinds, shape.messages):
        reached[witnesses.SAYS[situation]] = situation in found.situations
    return reached


Promise = Literal["none", "kept", "broken", "unknown", "not judged"]


@dataclass(frozen=True)
class Cell:
    """A design's verdict on a property over all its worlds, and the world with the shortest counterexample found.

    `promise` is about the worlds alone whose faults the promise covers: a property may be violated, and its promise kept.
    Where it covers none of the worlds, it is not judged.
    """

    verdict: str
    promise: Promise
    counterexample: Counterexample | None = None
    shape: SmallWorld | None = None
    why: str = ""

    @property
    def promised(self) -> bool:
        """Whether the design promises the property under some faults."""
        return self.promise != "none"

    @property
    def broken(self) -> bool:
        """Whether the property is violated in a world that the promise covers."""
        return self.promise == "broken"

    @property
    def length(self) -> int:
        """Moves of the counterexample; 0 without one. No shorter one exists for safety; for liveness one might."""
        return 0 if self.counterexample is None else self.counterexample.length


def retrace(design: str, name: str, shape: SmallWorld) -> Cell:
    """Searches one world again for a property's verdict, for whoever wants to look at its counterexample."""
    return judged(design, shape, search(design, shape)).cell(design, name)


@dataclass(frozen=True)
class Verification:
    """Every design in every world of the bounds.

    `missing`: how many searches of a design were not made, where that is more than none; `stopped` says why.
    """

    bounds: str
    explored: dict[str, list[Explored]]
    missing: dict[str, int]
    elapsed: float
    jobs: int
    vacuous: list[tuple[str, SmallWorld, str]] = field(default_factory=list)
    stopped: str = ""

    @property
    def worlds(self) -> tuple[SmallWorld, ...]:
        """What the bounds name; without bounds what was searched."""
        searched = dict.fromkeys(e.shape for row in self.explored.values() for e in row)
        return BOUNDS.get(self.bounds, tuple(searched))

    def cell(self, design: str, name: str) -> Cell:
        """The verdict: violated if some world violates it; a promise is broken if it covers that world's faults."""
        entry = lookup.get(design)
        if name in entry.not_applicable:
            return Cell("not-applicable", "none", why=entry.not_applicable[name])
        worst: tuple[Explored, Counterexample] | None = None
        missing = f"{self.missing[design]} searches are missing: {self.stopped}" if design in self.missing else ""
        why = missing
        promise: Promise = "none" if name not in entry.promises else "unknown" if missing else "not judged"
        for explored in self.explored[design]:
            verdict, counterexample, reason = explored.findings[name]
            about = PROPERTIES[name].about
            speaks = not about or bool(set(about) & set(explored.shape.faults))
            covered = promise != "none" and speaks and set(explored.shape.faults) <= set(entry.promises[name])
            promise = "kept" if covered and promise == "not judged" else promise
            if counterexample is not None:
                promise = "broken" if covered else promise
                if worst is None or counterexample.length < worst[1].length:
                    worst = (explored, counterexample)
            elif verdict == "unknown":
                why = why or f"{explored.shape}: {reason}"
                promise = "unknown" if covered and promise == "kept" else promise
        if worst is not None:
            return Cell("violated", promise, worst[1], worst[0].shape, why)
        return Cell("unknown" if why else "holds", promise, why=why)

    def matrix(self) -> dict[str, dict[str, Cell]]:
        """Design -> property -> verdict."""
        return {design: {name: self.cell(design, name) for name in PROPERTIES} for design in self.explored}

    def status(self) -> int:
        """0: every promise holds; 1: one is broken, or holds only because nothing happened; 3: one is unknown."""
        cells = [cell for row in self.matrix().values() for cell in row.values()]
        if any(cell.broken for cell in cells) or self.vacuous:
            return 1
        return 3 if any(cell.promise == "unknown" for cell in cells) else 0

    def results(self) -> dict[str, Any]:
        """What other programs may rely on; the same for the same version and bounds."""
        from syncproof.studies import claims

        found: dict[str, Any] = {"schema": 1, "command": "verify", "bounds": self.bounds, "designs": {}}
        for design, row in self.matrix().items():
            worlds = self.explored[design]
            found["designs"][design] = {
                "properties": {name: _plain(cell) for name, cell in row.items()},
                "states": sum(e.states for e in worlds),
                "transitions": sum(e.transitions for e in worlds),
                "depth": max((e.depth for e in worlds), default=0),
                "complete": design not in self.missing and all(e.complete for e in worlds),
                "coverage": _summed(worlds),
                "witnesses": _reached(worlds),
                "worlds": [
                    {
                        "world": str(e.shape),
                        "states": e.states,
                        "transitions": e.transitions,
                        "depth": e.depth,
                        "complete": e.complete,
                    }
                    for e in worlds
                ],
            }
        found["vacuous"] = [f"{design}, {shape}: never {what}" for design, shape, what in self.vacuous]
        found["claims"] = claims.proved(found)
        return found

    def _largest(self) -> int:
        """What the largest process needed, in bytes."""
        return max([_peak(), *[e.peak for row in self.explored.values() for e in row]])

    def run_facts(self) -> dict[str, Any]:
        """Times, rates and memory of this run (of its largest process): what may differ the next time."""
        states = sum(e.states for row in self.explored.values() for e in row)
        busy = sum(e.elapsed for row in self.explored.values() for e in row)
        weight = sum(e.bytes for row in self.explored.values() for e in row)
        return {
            "version": __version__,
            "python": platform.python_version(),
            "elapsed_s": round(self.elapsed, 3),
            "jobs": self.jobs,
            "states": states,
            "states_per_worker_second": round(states / busy) if busy else None,
            "bytes_per_state": round(weight / states) if states else None,
            "peak_memory_mib": self._largest() >> 20,
        }


def _plain(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = {"verdict": cell.verdict, "promise": cell.promise}
    if cell.counterexample is not None:
        found["length"] = cell.counterexample.length
        found["world"] = str(cell.shape)
        found["counterexample"] = {
            "says": cell.counterexample.says,
            "prelude": [repr(move) for move in cell.counterexample.prelude],
            "moves": [repr(move) for move in cell.counterexample.moves],
            "cycle": [repr(move) for move in cell.counterexample.cycle],
        }
    elif cell.why:
        found["why"] = cell.why
    return found


def _summed(worlds: Iterable[Explored]) -> dict[str, dict[str, int]]:
    total: dict[str, dict[str, int]] = {}
    for explored in worlds:
        for kind, (transitions, states) in explored.coverage.items():
            entry = total.setdefault(kind, {"transitions": 0, "states": 0})
            entry["transitions"] += transitions
            entry["states"] += states
    return dict(sorted(total.items()))


def _reached(worlds: Iterable[Explored]) -> dict[str, str]:
    """Each witness, and in how many of the worlds that ask for it it was reached."""
    asked: dict[str, list[bool]] = {}
    for explored in worlds:
        for what, reached in explored.witnesses.items():
            asked.setdefault(what, []).append(reached)
    return {what: f"{sum(found)} of {len(found)} worlds" for what, found in sorted(asked.items())}


def verify(
    designs: Sequence[str | Design] = (),
    bounds: str = "standard",
    *,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Verification:
    """Explores the designs (default: all) in every world of `bounds`.

    Ctrl-C, or a search that its worker process does not survive (out of memory), returns what was found until then; what
    is missing makes verdicts of its design unknown. Raises `InputError` for an unknown design or bounds.
    """
    if bounds not in BOUNDS:
        raise InputError(f"unknown bounds {bounds!r}; allowed: {', '.join(BOUNDS)}")
    names = list(dict.fromkeys(lookup.known(design) for design in designs or registry.DESIGNS))
    workers = executors.workers(jobs, inherit=any(name in lookup.OWN for name in names))
    work = [(name, shape) for name in names for shape in within(bounds, name)]
    work.sort(key=lambda job: (-job[1].messages, -len(job[1].kinds)))  # the large ones first, so that none is last
    began = time.perf_counter()
    done: dict[tuple[str, SmallWorld], Explored] = {}
    stopped = ""
    states = transitions = depth = memory = 0
    try:
        for index, found in executors.perform(_work, work, workers):
            done[work[index]] = found
            if found.ending == "interrupted":  # in this process, where the search itself takes the Ctrl-C
                raise KeyboardInterrupt
            if progress is not None:
                states, transitions = states + found.states, transitions + found.transitions
                depth, memory = max(depth, found.depth), max(memory, found.peak)
                elapsed = time.perf_counter() - began
                progress(Progress(len(done), len(work), states, transitions, depth, memory, elapsed))
    except KeyboardInterrupt:
        stopped = INTERRUPTED
    except BrokenExecutor:
        stopped = LOST
    explored = {n: [done[n, s] for s in within(bounds, n) if (n, s) in done] for n in names}
    left_out = {n: len(within(bounds, n)) - len(explored[n]) for n in names}
    missing = {n: count for n, count in left_out.items() if count}
    vacuous = _vacuous(e for row in explored.values() for e in row)
    return Verification(bounds, explored, missing, time.perf_counter() - began, workers, vacuous, stopped)


def _work(job: tuple[str, SmallWorld]) -> Explored:
    return explore_one(*job)
