"""Verdicts on a searched graph: safety from complaints, liveness and endless repetition from fair cycles.

A search that was cut short has the violations that it met and leaves everything else unknown. `liveness.py` finds the
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
from syncproof.engines.explore.graph import Complaint, Ending, Graph
from syncproof.engines.explore.liveness import Arcs, Bools, Ints, fair_components, lasso
from syncproof.engines.explore.moves import NEVER, STRONG
from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.withheld import Withheld, withheld
from syncproof.properties import Property
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
    findings = _Cycles(tables, graph, held_back).judged(names)
    holding = [name for name in names if findings[name].verdict == "holds"]
    if not len(held_back.moves) or not holding:
        return findings
    bounded = _Cycles(tables, graph).judged(holding)
    doubtful = [name for name in holding if bounded[name].verdict == "violated"]
    return findings | {name: Finding("unknown", why=_bounded(tables)) for name in doubtful}


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
    numbers = [*[graph.moves[arc] for arc in graph.path(complaint.source)], complaint.move]
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


class _Cycles:
    """The fair cycles of a complete graph. `owed`: the numbers of the arcs that fairness owes and that change the state.

    `loops`: the numbers of the owed arcs that lead back to the same state and have a mark, `looping`: their states. They
    are no steps, but they can be repeated in every fair run that passes the state indefinitely. Firings that are held back
    are arcs to a state of their own: so they are owed, and no cycle contains them.
    """

    def __init__(self, tables: Tables, graph: Graph, held_back: Withheld | None = None) -> None:
        self.tables = tables
        self.graph = graph
        fairness = numpy.asarray(tables.moves.fair, dtype=numpy.int64)
        source, target = graph.sources(), numpy.asarray(graph.targets, dtype=numpy.int64)
        moves = numpy.asarray(graph.moves, dtype=numpy.int64)
        self.owed: Ints = numpy.flatnonzero((fairness[moves] != NEVER) & (source != target)).astype(numpy.int64)
        strong = fairness == STRONG
        self.arcs = Arcs(len(graph.states), source[self.owed], target[self.owed], moves[self.owed], strong)
        marks = numpy.asarray(graph.marks)
        self.marks = marks[self.owed]
        if held_back is not None and len(held_back.moves):
            self._add(held_back)
        self.loops: Ints = numpy.flatnonzero((fairness[moves] != NEVER) & (source == target) & (marks != 0))
        self.looping: Ints = source[self.loops]

    def _add(self, held_back: Withheld) -> None:
        beyond = numpy.full(len(held_back.moves), self.arcs.count, dtype=numpy.int64)
        self.owed = numpy.concatenate([self.owed, beyond])  # any numbers: no cycle contains these arcs
        self.marks = numpy.concatenate([self.marks, numpy.zeros(len(beyond), dtype=self.marks.dtype)])
        self.arcs = Arcs(
            self.arcs.count + 1,
            numpy.concatenate([self.arcs.source, held_back.states]),
            numpy.concatenate([self.arcs.target, beyond]),
            numpy.concatenate([self.arcs.move, held_back.moves]),
            self.arcs.strong,
        )

    def judged(self, names: Sequence[str]) -> dict[str, Finding]:
        """Return the findings on the liveness properties of these names."""
        judging = self.tables.judging
        slot = self.tables.encoding.judge_slot
        joint = numpy.asarray([state[slot] for state in self.graph.states])
        components = list(fair_components(self.arcs))
        findings: dict[str, Finding] = {}
        for number, automaton in enumerate(judging.automata):
            if automaton.name in names:
                unsettled = [judging.unsettled(number, j) for j in range(len(judging.slot.values))]
                bad: Bools = numpy.zeros(self.arcs.count, dtype=bool)
                bad[: len(joint)] = numpy.asarray([bool(lines) for lines in unsettled])[joint]
                first = [lines[0] if lines else "" for lines in unsettled]
                says = [first[j] for j in joint.tolist()]
                findings[automaton.name] = self._nearest(self.arcs, self.owed, components, bad, says)
        for automaton in [automaton for automaton in judging.endless if automaton.name in names]:
            findings[automaton.name] = self._endless(automaton)
        return findings

    def _nearest(
        self, arcs: Arcs, numbers: Ints, components: Sequence[Ints], bad: Bools, says: Sequence[str]
    ) -> Finding:
        """Return a violation in the fair component whose first bad state is nearest; `holds` if there is none.

        `numbers`: the graph's number of each of `arcs`. States in which only polls are left are preferred, because there
        a reader sees that nothing more will happen.
        """
        resting = numpy.ones(arcs.count, dtype=bool)
        resting[arcs.source[~arcs.strong[arcs.move]]] = False
        if any((bad & resting)[component].any() for component in components):
            bad = bad & resting
        nearest = None
        for component in components:
            here = component[bad[component]]
            if len(here) and (nearest is None or here[0] < nearest[0]):
                nearest = (int(here[0]), component)
        if nearest is None:
            return Finding("holds")
        found = lasso(arcs, nearest[1], bad)
        assert found is not None
        values = self.tables.moves.values
        path = tuple([values[self.graph.moves[a]] for a in self.graph.path(found.state)])
        cycle = tuple([values[self.graph.moves[int(numbers[a])]] for a in found.cycle])
        return Finding("violated", Counterexample(self.tables.environment.prelude, path, cycle, says[found.state]))

    def _endless(self, automaton: type[Property]) -> Finding:
        """Return a violation by a fair cycle that repeats the forbidden observation without its excuse."""
        assert automaton.endless is not None
        repeated, excuse = automaton.endless
        arcs, bits = self.arcs, self.tables.judging.endless_marks
        marks = self.marks
        loop_marks = numpy.asarray(self.graph.marks)[self.loops]
        for key in bits.keys(repeated):
            says = f"{automaton.endless_key} {key:d}: {repeated.__name__} indefinitely, without {excuse.__name__}"
            asking = ((loop_marks & bits.bit(repeated, key)) != 0) & ((loop_marks & bits.bit(excuse, key)) == 0)
            free = (marks & bits.bit(excuse, key)) == 0
            part = Arcs(arcs.count, arcs.source[free], arcs.target[free], arcs.move[free], arcs.strong)
            repeats = (marks[free] & bits.bit(repeated, key)) != 0
            bad = numpy.zeros(arcs.count, dtype=bool)
            for component in fair_components(part):
                member = numpy.zeros(arcs.count, dtype=bool)
                member[component] = True
                inside = repeats & member[part.source] & member[part.target]
                if inside.any():
                    bad[part.source[inside]] = True
                    return self._nearest(part, self.owed[free], [component], bad, [says] * arcs.count)
                loops = self.loops[asking & member[self.looping]]
                if len(loops):
                    return self._looping(part, self.owed[free], component, int(loops[0]), says)
        return Finding("holds")

    def _looping(self, arcs: Arcs, numbers: Ints, component: Ints, loop: int, says: str) -> Finding:
        """Return the violation by an arc back to its own state, which is repeated in a fair run through its component."""
        state = self.graph.targets[loop]
        bad = numpy.zeros(arcs.count, dtype=bool)
        bad[state] = True
        found = lasso(arcs, component, bad)
        assert found is not None
        values = self.tables.moves.values
        path = tuple([values[self.graph.moves[a]] for a in self.graph.path(state)])
        cycle = tuple([values[self.graph.moves[a]] for a in (loop, *[int(numbers[a]) for a in found.cycle])])
        return Finding("violated", Counterexample(self.tables.environment.prelude, path, cycle, says))
