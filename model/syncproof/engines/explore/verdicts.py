"""Verdicts on a searched graph: safety from complaints, liveness and endless repetition from fair cycles.

A search that was cut short has the violations that it met and leaves everything else unknown. `cycles.py` judges on the
fair cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.world import World
from syncproof.engines.explore.core import core_of
from syncproof.engines.explore.cycles import Cycles
from syncproof.engines.explore.graph import Complaint, Ending, Graph
from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.withheld import withheld
from syncproof.properties.evidence import unmet

WORDS: dict[Ending, str] = {
    "complete": "complete",
    "states": "the limit of states was reached",
    "memory": "the limit of memory was reached",
    "time": "the limit of time was reached",
    "depth": "the limit of depth was reached",
    "decided": "every property is decided",
    "interrupted": "it was interrupted",
}
"""How a search ended, as a clause."""
TRY = "liveness needs a complete search; try fewer messages, the pytest fixture `keeps_promises`, or a simulation"
"""What to do about liveness that is unknown because a search was cut short."""
REDUCED = "symmetry exchanges actors along a cycle, so fairness to each cannot be judged; search without it"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A violating run: the environment's prelude, a sequence of moves, then `cycle` repeated indefinitely.

    Without a cycle, a safety property is violated by the last move (without moves: while the world was set up), a
    liveness property because nothing more happens. For
    a safety property no sequence of moves is shorter. For a liveness property the moves are a shortest path to the first
    state of the cycle, but the moves and cycle of another violation may be shorter together.
    """

    prelude: tuple[Move, ...]
    moves: tuple[Move, ...]
    cycle: tuple[Move, ...]
    says: str

    @property
    def length(self) -> int:
        """Return the number of moves after the prelude, the cycle counted once."""
        return len(self.moves) + len(self.cycle)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one property.

    `why`: the reason of `unknown`; the search was cut short, or could not decide it, or the property never met its evidence
    (then it is not `met`). Of one that `holds`: within what, if a constraint left states out.
    """

    verdict: Literal["holds", "violated", "unknown"]
    counterexample: Counterexample | None = None
    why: str = ""
    met: bool = True


def judged(
    tables: Tables, graph: Graph, growing: str, unjudged: str = "", symmetry: Symmetry | None = None
) -> dict[str, Finding]:
    """Return the finding on each property; one that no run of the search could violate is unknown if it met no evidence.

    `growing`: what was still growing when the search was cut short (see `growth.py`). `unjudged`: why cycles cannot be
    judged on this graph, because something was left out of it. `symmetry`: how the graph was reduced.
    """
    watch = tables.judging.watch
    findings = _by_graph(tables, graph, growing, unjudged, symmetry)
    for each in tables.judging.properties:
        if each.kind == "sometimes" and each.name in watch.met:
            findings[each.name] = Finding("holds")
        elif findings[each.name].verdict == "holds" and each.name not in watch.met:
            findings[each.name] = Finding("unknown", why=unmet(each), met=False)
    return findings


def _by_graph(
    tables: Tables, graph: Graph, growing: str, unjudged: str, symmetry: Symmetry | None
) -> dict[str, Finding]:
    automata = tables.judging.automata
    cut = "" if graph.ending == "complete" else f"the search was cut short: {WORDS[graph.ending]}"
    if graph.ending == "depth":
        cut += f"; nothing was met within {graph.depth} moves"
    within = f"within the constraint, which {graph.outside:,} moves leave" if graph.outside else ""
    unjudged = unjudged or (
        f"cycles may pass outside the constraint, which {graph.outside:,} moves leave" if within else ""
    )
    if growing:
        cut += f"; {growing}"
    findings = {p.name: Finding("unknown", why=cut) if cut else Finding("holds") for p in tables.judging.sometimes}
    for number, automaton in enumerate(automata):
        complaint = graph.violations.get(number)
        if number in tables.complaints:
            way = Counterexample(tables.environment.prelude, (), (), tables.complaints[number])
            findings[automaton.name] = Finding("violated", way)
        elif complaint is not None:
            findings[automaton.name] = Finding("violated", _counterexample(tables, graph, number, complaint, symmetry))
        elif cut and automaton.kind == "safety":
            findings[automaton.name] = Finding("unknown", why=cut)
        elif automaton.kind == "safety":
            findings[automaton.name] = Finding("holds", why=within)
    undecided = [p.name for p in (*automata, *tables.judging.endless) if p.name not in findings]
    if unjudged or cut:
        why = f"{cut}; {TRY}" if cut else unjudged
        return findings | {name: Finding("unknown", why=why) for name in undecided}
    return findings | (_judged_by_cycles(tables, graph, undecided) if undecided else {})


def _judged_by_cycles(tables: Tables, graph: Graph, names: Sequence[str]) -> dict[str, Finding]:
    """Return the findings on liveness properties. What only the bound on early firings decides is unknown.

    A run is fair only if a timer that is pending all the time fires, also where its bound is spent. Which run is a
    violation only if such a timer need not fire is therefore none; but what the timer would change is not searched.
    """
    held_back = withheld(tables, graph)
    core = core_of(graph, numpy.asarray(tables.moves.fair, dtype=numpy.int64))
    findings = _found(tables, Cycles(tables, graph, core, held_back), names)
    holding = [name for name in names if findings[name].verdict == "holds"]
    if not len(held_back.moves) or not holding:
        return findings
    bounded = _found(tables, Cycles(tables, graph, core), holding)
    doubtful = [name for name in holding if bounded[name].verdict == "violated"]
    return findings | {name: Finding("unknown", why=_bounded(tables)) for name in doubtful}


def _found(tables: Tables, cycles: Cycles, names: Sequence[str]) -> dict[str, Finding]:
    prelude = tables.environment.prelude
    return {
        name: Finding("holds")
        if way is None
        else Finding("violated", Counterexample(prelude, way.moves, way.cycle, way.says))
        for name, way in cycles.judged(names).items()
    }


def _bounded(tables: Tables) -> str:
    bounds = [f"{kind.__name__} {times}" for kind, times in tables.environment.early.items()]
    return (
        "the bound on early firings decides: a run in which a retransmission timer is pending all the time, and fires no more "
        f"because its bound is spent, is not fair; search with more early firings than {', '.join(bounds)}"
    )


def _counterexample(
    tables: Tables, graph: Graph, number: int, complaint: Complaint, symmetry: Symmetry | None
) -> Counterexample:
    prelude = tables.environment.prelude
    if symmetry is not None:
        moves = symmetry.path(graph, complaint)
        return Counterexample(prelude, moves, (), _says(tables, number, (*prelude, *moves)) or complaint.says)
    numbers = [*graph.way(complaint.source), complaint.move]
    return Counterexample(prelude, tuple([tables.moves.values[number] for number in numbers]), (), complaint.says)


def _says(tables: Tables, number: int, moves: Sequence[Move]) -> str:
    """Return what a property complains of when the moves are made from the beginning."""
    automaton = tables.judging.automata[number]()
    complaints: list[str] = []

    def observe(observation: Observation) -> None:
        says = automaton.react(observation)
        if says is not None:
            complaints.append(says)

    world = World(tables.encoding.system, observe)
    for move in moves:
        world.apply(move)
    return complaints[0] if complaints else ""
