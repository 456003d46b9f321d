"""What the searches of a verification found: each search, a verdict for each design and property, and the results.

A verdict is *holds* only if every world that the bounds name was searched to its end, and the property met its evidence in one of
them (`properties/evidence.py`).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from syncproof._version import __version__
from syncproof.designs import Design
from syncproof.engines.explore import Counterexample, Ending
from syncproof.engines.memory import peak_memory
from syncproof.inputs import lookup
from syncproof.inputs.bounds import BOUNDS
from syncproof.inputs.small_worlds import SmallWorld, given
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import lacking, meets, unmet
from syncproof.studies import claims
from syncproof.studies.asked import NOTHING, Asked
from syncproof.studies.failures import Failure
from syncproof.studies.presentation import Drawing, Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone
from syncproof.studies.results.verification import (
    ClaimSearch,
    CounterexampleText,
    DesignProof,
    MoveCoverage,
    PropertyProof,
    VerificationResults,
    VerificationRun,
    WorldSearched,
)


@dataclass(frozen=True)
class Explored:
    """Hold the outcome of one search. `findings`: property -> (verdict, counterexample, why it is unknown).

    `unmet`: the properties that are unknown because they never met their evidence. `witnesses`: what the search had to reach,
    in words, and whether it did; `some`: those of them that one of the searches must reach, not each.
    """

    design: str
    world: SmallWorld
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
    """The most memory that the process had needed by then, in bytes; 0 where the platform does not report it."""
    unmet: tuple[str, ...] = ()
    some: tuple[str, ...] = ()


Promise = Literal["none", "kept", "broken", "unknown", "not judged"]


@dataclass(frozen=True)
class Cell:
    """Hold a design's verdict on a property over all its worlds, and the world with the shortest counterexample found.

    Of a broken promise it is the shortest one in the worlds that the promise covers: others say nothing about the promise.

    `promise` is judged only in worlds whose faults the promise covers: a property may be violated and its promise kept. A
    promise that covers none of the worlds is not judged. `exercised`: false if no world had what the property's evidence
    takes; its promise is not judged then.
    """

    verdict: str
    promise: Promise
    counterexample: Counterexample | None = None
    world: SmallWorld | None = None
    why: str = ""
    exercised: bool = True

    @property
    def promised(self) -> bool:
        """Return whether the design promises the property under some faults."""
        return self.promise != "none"

    @property
    def marked_promised(self) -> bool:
        """Return whether tables mark the verdict as promised: not if it holds only in worlds that the promise does not cover."""
        return self.promised and not (self.verdict == "holds" and self.promise == "not judged")

    @property
    def broken(self) -> bool:
        """Return whether the property is violated in a world that the promise covers."""
        return self.promise == "broken"

    @property
    def length(self) -> int:
        """Return the moves of the counterexample; 0 without one. For safety none is shorter; for liveness one may be."""
        return 0 if self.counterexample is None else self.counterexample.length


def cell_of(entry: Design, row: Sequence[Explored], name: str, missing: str = "") -> Cell:
    """Return a design's verdict on a property over these searches. `missing`: why others are missing."""
    if name in entry.inapplicable:
        return Cell("not-applicable", "none", why=entry.inapplicable[name])
    worst: tuple[tuple[bool, int], Explored, Counterexample] | None = None
    why = missing
    promise: Promise = (
        "none" if name not in entry.promised(entry.parameters) else "unknown" if missing else "not judged"
    )
    lacks: dict[str, None] = {}
    met = missed = owed = False
    for explored in row:
        verdict, counterexample, reason = explored.findings[name]
        speaks = PROPERTIES[name].is_about(explored.world.faults)
        promises = entry.promised(explored.world.parameters_of(entry))
        covered = (
            name in promises and promise != "none" and speaks and set(explored.world.faults) <= set(promises[name])
        )
        gives = given(entry, explored.world)
        if name in explored.unmet or (verdict == "holds" and not meets(PROPERTIES[name], gives, True)):
            lack = lacking(PROPERTIES[name], gives)
            lacks |= {lack: None} if lack else {}
            missed = missed or not lack
            owed = owed or (covered and not lack)
            continue
        met = met or verdict == "holds"
        promise = "kept" if covered and promise == "not judged" else promise
        if counterexample is not None:
            promise = "broken" if covered else promise
            rank = (not covered, counterexample.length)
            if worst is None or rank < worst[0]:
                worst = (rank, explored, counterexample)
        elif verdict == "unknown":
            why = why or f"{explored.world}: {reason}"
            promise = "unknown" if covered and promise == "kept" else promise
    never = unmet(PROPERTIES[name], "" if missed else " and ".join(lacks))
    if owed and promise == "not judged":
        promise, why = "unknown", why or never
    if worst is not None:
        return Cell("violated", promise, worst[2], worst[1].world, why)
    if why or met:
        return Cell("unknown" if why else "holds", promise, why=why)
    return Cell("unknown", promise, why=never, exercised=missed)


@dataclass(frozen=True, repr=False)
class Verification(Presentable):
    """Hold what the search of every design in every world of the bounds found.

    `missing`: design -> number of searches that were not made; `stopped` says why, or `failed` for a design whose own code
    fails. `searches`: the searches that only claims need (`syncproof.studies.claim_searches`).
    """

    page = "verify"

    bounds: str
    explored: dict[str, list[Explored]]
    missing: dict[str, int]
    elapsed: float
    vacuous: list[tuple[str, SmallWorld, str]] = field(default_factory=list)
    stopped: str = ""
    searches: dict[str, ClaimSearch] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    asked: Asked = NOTHING
    work: WorkDone = NO_WORK

    @property
    def worlds(self) -> tuple[SmallWorld, ...]:
        """Return the worlds that the bounds name for every design, then the others that were searched."""
        searched = [e.world for row in self.explored.values() for e in row]
        return tuple(dict.fromkeys((*BOUNDS.get(self.bounds, ()), *searched)))

    def cell(self, design: str, name: str) -> Cell:
        """Return the verdict: `violated` if a world violates the property; the promise is broken if it covers that world.

        It `holds` only if a world met the property's evidence; the promise is kept only if a world did that it covers.
        """
        stopped = self.failed[design].says if design in self.failed else self.stopped
        missing = f"{self.missing[design]} searches are missing: {stopped}" if design in self.missing else ""
        return cell_of(lookup.get(design), self.explored[design], name, missing)

    def unasked(self) -> list[tuple[str, str, str]]:
        """Return (design, situation, what it needs) for each situation that a design declares and no world asks for."""
        return [
            (design, situation.says, meets.needs())
            for design, row in self.explored.items()
            for meets in lookup.get(design).meets
            for situation in meets.situations
            if not isinstance(situation, str) and not any(situation.says in each.witnesses for each in row)
        ]

    def matrix(self) -> dict[str, dict[str, Cell]]:
        """Return design -> property -> verdict."""
        return {design: {name: self.cell(design, name) for name in PROPERTIES} for design in self.explored}

    def status(self) -> int:
        """Return the exit status.

        0: every promise holds; 1: one is broken; 4: the code of a design fails; 3: a promise is unknown, or a search did
        not reach what it had to (nothing was accepted, a fault never happened).
        """
        cells = [cell for row in self.matrix().values() for cell in row.values()]
        if any(cell.broken for cell in cells):
            return 1
        if self.failed:
            return 4
        return 3 if self.vacuous or any(cell.promise == "unknown" for cell in cells) else 0

    def results(self) -> VerificationResults:
        """Return the part that other programs may rely on; the same for the same version and bounds."""
        return self._results

    @cached_property
    def _results(self) -> VerificationResults:
        found = VerificationResults(
            schema=1,
            command="verify",
            bounds=self.bounds,
            designs={design: self._design(design, row) for design, row in self.matrix().items()},
            vacuous=[f"{design}, {world}: never {what}" for design, world, what in self.vacuous],
            claims={},
            searches=self.searches,
        )
        found.claims = claims.proved(found)
        return found

    def _design(self, design: str, row: dict[str, Cell]) -> DesignProof:
        worlds = self.explored[design]
        return DesignProof(
            properties={name: _proof(cell) for name, cell in row.items()},
            states=sum(e.states for e in worlds),
            transitions=sum(e.transitions for e in worlds),
            depth=max((e.depth for e in worlds), default=0),
            complete=design not in self.missing and all(e.complete for e in worlds),
            coverage=_summed(worlds),
            witnesses=_reached(worlds),
            worlds=[WorldSearched(str(e.world), e.states, e.transitions, e.depth, e.complete) for e in worlds],
        )

    def run_facts(self) -> VerificationRun:
        """Return times, rates and memory (of the largest process) of this run. They differ each time."""
        explored = [e for row in self.explored.values() for e in row]
        states = sum(e.states for e in explored)
        busy = sum(e.elapsed for e in explored)
        memory = max([peak_memory() or 0, *[e.peak for e in explored]])
        return VerificationRun(
            version=__version__,
            python=platform.python_version(),
            elapsed_s=round(self.elapsed, 3),
            work=self.work,
            states=states,
            states_per_worker_second=round(states / busy) if busy else None,
            bytes_per_state=round(sum(e.bytes for e in explored) / states) if states else None,
            peak_memory_mib=memory >> 20 if memory else None,
        )

    def diagram(self, name: str = "", design: str = "") -> Drawing:
        """Draw the shortest counterexample to the property `name`; by default to any property, broken promises first.

        `design`: only counterexamples of this design. Raises `InputError` if no such counterexample was found.
        """
        diagram: Drawing = self._page().diagram(self, name, design)
        return diagram


def _proof(cell: Cell) -> PropertyProof:
    found = cell.counterexample
    if found is None:
        return PropertyProof(cell.verdict, cell.promise, why=cell.why or None, exercised=cell.exercised)
    return PropertyProof(
        verdict=cell.verdict,
        promise=cell.promise,
        length=found.length,
        world=str(cell.world),
        counterexample=CounterexampleText(
            says=found.says,
            prelude=[repr(move) for move in found.prelude],
            moves=[repr(move) for move in found.moves],
            cycle=[repr(move) for move in found.cycle],
        ),
    )


def _summed(worlds: Iterable[Explored]) -> dict[str, MoveCoverage]:
    total: dict[str, MoveCoverage] = {}
    for explored in worlds:
        for kind, (transitions, states) in explored.coverage.items():
            entry = total.setdefault(kind, MoveCoverage(0, 0))
            entry.transitions += transitions
            entry.states += states
    return dict(sorted(total.items()))


def _reached(worlds: Iterable[Explored]) -> dict[str, str]:
    """Return each witness, and in how many of the worlds that require it it was reached."""
    asked: dict[str, list[bool]] = {}
    for explored in worlds:
        for what, reached in explored.witnesses.items():
            asked.setdefault(what, []).append(reached)
    return {what: f"{sum(found)} of {len(found)} worlds" for what, found in sorted(asked.items())}
