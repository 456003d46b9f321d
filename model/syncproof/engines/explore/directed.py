"""A search that is led by acts: what the environment does is one list, each act at its place, everything else at any moment.

`explore` lets every fault happen at any moment. Here the faults are those of a script, in the script's order: an act waits
until its condition holds, and then its move is made at any later moment. In between everything that happens by itself may
happen, in every order, unless the stage hinders it (a device that is kept away does not connect). So the graph has the script's
own runs alone, and the ends of the graph are what the script can come to. `ends_of` returns, for each of them, which
properties it violates.

The moves, what they do and what fairness owes are those of `explore`: this module only leaves moves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Any

import attrs
import numpy

from syncproof.core.actor import state
from syncproof.core.environment import Environment
from syncproof.core.moves import Move
from syncproof.core.observations import (
    Accepted,
    Checkpointed,
    Connected,
    Deleted,
    Disconnected,
    Joined,
    Placed,
    Refused,
    Shown,
)
from syncproof.core.values import DeviceId, MessageId
from syncproof.core.world import System
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.exploration import compiled
from syncproof.engines.explore.liveness import Arcs, fair_components
from syncproof.engines.explore.moves import NEVER, STRONG
from syncproof.engines.explore.search import no_collection
from syncproof.engines.explore.tables import Tables
from syncproof.properties import Property, observes


@state
class Progress(Property):
    """Know what conditions of acts ask for: who is connected, what was accepted and what is shown. It complains of nothing."""

    name = "progress"
    says = "what happened so far, for the conditions of acts"

    connected: set[DeviceId] = attrs.field(factory=set)
    joined: set[DeviceId] = attrs.field(factory=set)
    placed: set[MessageId] = attrs.field(factory=set)
    answered: set[MessageId] = attrs.field(factory=set)
    shown: set[tuple[DeviceId, MessageId]] = attrs.field(factory=set)
    confirmed: set[DeviceId] = attrs.field(factory=set)

    @observes(Connected)
    def on_connected(self, o: Connected) -> str | None:
        self.connected.add(o.device)
        return None

    @observes(Disconnected)
    def on_disconnected(self, o: Disconnected) -> str | None:
        self.connected.discard(o.device)
        return None

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.joined.add(o.device)
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        self.placed.add(o.message)
        return None

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        self.answered.add(o.message)
        return None

    @observes(Refused)
    def on_refused(self, o: Refused) -> str | None:
        self.answered.add(o.message)
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        if not o.start:
            self.confirmed.add(o.device)
        return None

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        if o.device is not None:
            self.confirmed.add(o.device)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        self.shown.add((o.device, o.message))
        return None


Condition = Callable[[Progress], bool]


def always(progress: Progress) -> bool:
    """Return True: an act that waits for nothing."""
    return True


@dataclass(frozen=True, slots=True)
class Act:
    """What the environment does next.

    `makes`: whether a move is the act's; None: the act makes no move, it only waits. `when`: what it waits for. `patient`: it
    goes on without that once nothing moves any more. `void`: it goes on if it has no possible move, which then would change
    nothing. `hinders`: whether a move cannot happen from this act's being next until it was made. `allows`: whether a fault may
    happen in that time, beside the act. `withheld`: messages that take no place in that time: their writer is stopped.
    """

    makes: Callable[[Move], bool] | None = None
    when: Condition = always
    patient: bool = False
    void: bool = False
    hinders: Callable[[Move], bool] = lambda move: False
    allows: Callable[[Move, Progress], bool] = lambda move, progress: False
    withheld: frozenset[MessageId] = frozenset()


Outcome = frozenset[str]
"""The names of the properties that one end violates."""


@dataclass(frozen=True, slots=True)
class ReachedEnds:
    """The ends that a directed search reached. `outcomes`: the sets of properties that an end violates, each once.

    `complete`: whether every run was followed to its end; else there may be more outcomes. `judged`: the properties that the
    outcomes say something about. `states`: how many states were visited.
    """

    outcomes: frozenset[Outcome]
    complete: bool
    judged: frozenset[str]
    states: int


class _Graph:
    """The visited states, each with the number of acts made by then, and the arcs of those that were expanded."""

    def __init__(self, start: State) -> None:
        self.nodes: list[tuple[int, State]] = [(0, start)]
        self.known: dict[tuple[int, State], int] = {(0, start): 0}
        self.targets: dict[int, list[int]] = {}
        self.moves: dict[int, list[int]] = {}


DRAWN_AT_MOST = 1_000
"""How many runs are drawn at most."""
LONGEST = 2_000
"""After how many moves a drawn run is given up: it may wait for an act that never comes."""
SETTLED_WITHIN = 200
"""How many moves a poll and what it causes may take, to see whether it brings anything."""
CLOSED_AT_MOST = 2_000
"""How many states after rest are looked at in a run whose moves are drawn."""
ACT = -1
"""Instead of a move's number: an act that makes no move. Fairness owes no act."""


def directed(
    system: System,
    environment: Environment,
    acts: Sequence[Act],
    properties: Sequence[type[Property]],
    *,
    states: int,
) -> ReachedEnds:
    """Follow every run in which the environment makes exactly these acts, in this order; return the ends.

    `states`: after so many visited states the search goes no further, and as many again are visited in runs in which every
    move is drawn (with a generator of its own, so the same every time), to reach ends that differ. Endless properties are not
    judged.
    """
    judged = [each for each in properties if each.endless is None and each.kind != "sometimes"]
    tables = compiled(system, environment, [*judged, Progress])
    search = _Directed(tables, acts)
    with no_collection():
        complete = search.visit(states)
        if not complete:
            search.draw(2 * states)
        outcomes = search.outcomes()
    return ReachedEnds(outcomes, complete, frozenset(each.name for each in judged), len(search.graph.nodes))


class _Directed:
    """One directed search: the graph, and what was looked up of moves and automata."""

    def __init__(self, tables: Tables, acts: Sequence[Act]) -> None:
        self.tables = tables
        self.acts = [*acts, Act()]
        self.graph = _Graph(tables.initial)
        self.stage = 0
        self._expand = expander(tables, self._hindered)
        self._slot = tables.encoding.judge_slot
        self._progress: dict[int, Progress] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._idle: dict[tuple[int, State], bool] = {}
        self._kinds: list[dict[int, tuple[bool, bool, bool]]] = [{} for _ in self.acts]

    def visit(self, limit: int) -> bool:
        """Visit all states, depth first; return whether the limit sufficed."""
        stack = [0]
        while stack:
            if len(self.graph.nodes) > limit:
                return False
            stack += self.expand(stack.pop())
        return True

    def draw(self, limit: int) -> None:
        """Follow runs in which every move is drawn, each until it comes round again, while fewer than so many states are known."""
        random = Random(0)
        graph, last = self.graph, len(self.acts) - 1
        for _ in range(DRAWN_AT_MOST):
            number, met = 0, set[int]()
            for _ in range(LONGEST):
                self.expand(number)
                onward = graph.targets[number]
                if graph.nodes[number][0] == last:
                    if not onward or number in met:
                        self._close(number)
                        break
                    met.add(number)
                if not onward or len(graph.nodes) > limit:
                    break
                number = onward[random.randrange(len(onward))]
            if len(graph.nodes) > limit:
                return

    def _close(self, number: int) -> None:
        """Expand everything that can be reached from a state at rest: a round of polls, mostly."""
        stack, seen = [number], {number}
        while stack and len(seen) < CLOSED_AT_MOST:
            at = stack.pop()
            self.expand(at)
            more = [target for target in self.graph.targets[at] if target not in seen]
            seen.update(more)
            stack += more

    def expand(self, number: int) -> list[int]:
        """Find the successors of a visited state, once; return those that are new."""
        graph = self.graph
        if number in graph.targets:
            return []
        new, targets, moves = [], [], []
        for move, node in self.successors(*graph.nodes[number]):
            target = graph.known.get(node)
            if target is None:
                target = graph.known[node] = len(graph.nodes)
                graph.nodes.append(node)
                new.append(target)
            targets.append(target)
            moves.append(move)
        graph.targets[number], graph.moves[number] = targets, moves
        return new

    def successors(self, stage: int, before: State) -> list[tuple[int, tuple[int, State]]]:
        """Return (move, (acts made, state)) for everything that may happen now."""
        self.stage = stage
        found: list[Successor] = []
        self._expand(before, found)
        act = self.acts[stage]
        here = self.progress(before)
        ready = act.when(here)
        out: list[tuple[int, tuple[int, State]]] = []
        made, resting = False, True
        for move, after, _ in found:
            own, acts, hinders = self.kind(stage, move)
            if ready and acts:
                out.append((move, (stage + 1, after)))
                made = True
            if not own:
                if act.allows(self.tables.moves.values[move], here):
                    out.append((move, (stage, after)))
            elif not hinders and not self._withheld(after) and after != before:
                out.append((move, (stage, after)))
                resting = resting and not self._stirs(move, before, after)
        if stage + 1 < len(self.acts):
            waited = ready or (act.patient and resting and self.idle(stage, before))
            if waited and (act.makes is None or (act.void and not made)):
                out.append((ACT, (stage + 1, before)))
        return out

    def idle(self, stage: int, at: State) -> bool:
        """Return whether no poll brings anything, in a state in which nothing else is under way: each leads back to the state."""
        found = self._idle.get((stage, at))
        if found is None:
            polls = [after for move, after in self._own(stage, at) if not self._stirs(move, at, after)]
            found = self._idle[stage, at] = all(
                self._settled(stage, after)[: self._slot] == at[: self._slot] for after in polls
            )
        return found

    def _settled(self, stage: int, at: State) -> State:
        """Return the state after everything that is under way, polls apart, one move after the other."""
        for _ in range(SETTLED_WITHIN):
            onward = next((after for move, after in self._own(stage, at) if self._stirs(move, at, after)), None)
            if onward is None:
                break
            at = onward
        return at

    def _own(self, stage: int, at: State) -> list[tuple[int, State]]:
        """Return (move, state) for what may happen by itself now and changes something."""
        self.stage = stage
        found: list[Successor] = []
        self._expand(at, found)
        kinds = [(self.kind(stage, move), move, after) for move, after, _ in found]
        return [
            (move, after)
            for (own, _, hinders), move, after in kinds
            if own and not hinders and after != at and not self._withheld(after)
        ]

    def kind(self, stage: int, move: int) -> tuple[bool, bool, bool]:
        """Return whether a move happens by itself, whether it is the act's, and whether the act hinders it."""
        found = self._kinds[stage].get(move)
        if found is None:
            act, value = self.acts[stage], self.tables.moves.values[move]
            own = self.tables.moves.fair[move] != NEVER
            found = (own, act.makes is not None and act.makes(value), act.hinders(value))
            self._kinds[stage][move] = found
        return found

    def progress(self, at: State) -> Progress:
        """Return what happened on the way to a state."""
        joint = at[self._slot]
        found = self._progress.get(joint)
        if found is None:
            last: Any = self.tables.judging.automaton(len(self.tables.judging.automata) - 1, joint)
            found = self._progress[joint] = last
        return found

    def _hindered(self, move: int, after: State) -> bool:
        return self.kind(self.stage, move)[2] or self._withheld(after)

    def _withheld(self, after: State) -> bool:
        withheld = self.acts[self.stage].withheld
        return bool(withheld) and bool(withheld & self.progress(after).placed)

    def _stirs(self, move: int, before: State, after: State) -> bool:
        """Return whether a move keeps the world from rest. Polls do not; timers that are bounded do: they are due."""
        if self.tables.moves.stirs[move]:
            return before[: self._slot] != after[: self._slot]
        return type(getattr(self.tables.moves.values[move], "packet", None)) in self.tables.environment.early

    # ---- the ends

    def outcomes(self) -> frozenset[Outcome]:
        """Return the sets of properties that the fair ends of complete runs violate."""
        graph, last = self.graph, len(self.acts) - 1
        fair = numpy.asarray([NEVER, *self.tables.moves.fair], dtype=numpy.int64)
        expanded = sorted(graph.targets)
        degrees = numpy.asarray([len(graph.targets[number]) for number in expanded], dtype=numpy.int64)
        source = numpy.repeat(numpy.asarray(expanded, dtype=numpy.int64), degrees)
        target = numpy.fromiter(
            chain.from_iterable(graph.targets[n] for n in expanded), numpy.int64, int(degrees.sum())
        )
        moves = numpy.fromiter(chain.from_iterable(graph.moves[n] for n in expanded), numpy.int64, len(target)) + 1
        kept = fair[moves] != NEVER
        arcs = Arcs(len(graph.nodes), source[kept], target[kept], moves[kept], fair == STRONG)
        outcomes = set()
        for component in fair_components(arcs):
            nodes = component.tolist()
            if graph.nodes[nodes[0]][0] == last and all(number in graph.targets for number in nodes):
                outcomes.add(self._outcome([graph.nodes[number][1] for number in nodes]))
        return frozenset(outcomes)

    def _outcome(self, states: Sequence[State]) -> Outcome:
        return frozenset().union(*[self._violated(joint) for joint in {each[self._slot] for each in states}])

    def _violated(self, joint: int) -> Outcome:
        """Return the properties that complained on the way to a state of the automata, or would if nothing more happened."""
        found = self._outcomes.get(joint)
        if found is None:
            judging = self.tables.judging
            found = self._outcomes[joint] = frozenset(
                automaton.name
                for number, automaton in enumerate(judging.automata[:-1])
                if judging.automaton(number, joint) is None or judging.unsettled(number, joint)
            )
        return found
