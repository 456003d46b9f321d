"""Symmetry reduction: of all states that differ only by exchanging interchangeable ids, one is kept.

A system says which ids are interchangeable; every permutation of a group renames them wherever they occur, in local
states, packets, connections, mail and properties' automata (that is why ids are typed). Which state is kept is found by
sorting the ids (`representatives.py`). The reduction is sound only if everything that can happen treats the ids alike, and
this is checked at the end of a search. Each of these that was met is done again with two neighbours of a group exchanged,
and must give the exchanged result:

- every handler call, also those of writes that land in a crash, and the steps that an actor offers;
- every guard on receiving that was asked, and a state constraint;
- every reaction of an automaton to the observations of a handler call or of writes that land in a crash, in the order in
  which the renamed ones make them, and its judgement at quiescence: as many complaints (whose texts may name other ids).

What is done with ids exchanged is checked in the same way itself, until nothing new is met. So each of these is compared
under every permutation, because exchanges of neighbours make all of them, but each is done only once.
What the environment may do, and the first state, must be the same under every renaming.

**Normal form.** A tuple of only interchangeable ids of one class is treated as a set (a user's devices, an audience): renaming
sorts it. This is checked too: a tuple that was ever met out of order raises `NotSymmetric`, and so does a handler whose result
depends on which id comes first.

Fairness is about each actor separately ("device 2's timer fires"), and in a reduced graph a cycle may return with the
actors exchanged, so that a move of one actor would count as a move of another. So liveness is not judged on a reduced
graph; see Emerson and Sistla, "Utilizing symmetry when model-checking under fairness assumptions", 1997, for what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

from syncproof.core.actor import Actor, freeze, thaw
from syncproof.core.enabled import landings
from syncproof.core.links import CLOSINGS
from syncproof.core.moves import Move
from syncproof.core.observations import Crashed, Disconnected
from syncproof.core.same import same
from syncproof.core.values import DeviceId, Id
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import ABSENT, SHIFT, local_slot, pending_slot, writes
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.graph import Complaint, Graph
from syncproof.engines.explore.handlers import Effects
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.engines.explore.renaming import NotSymmetric, Renaming, StateRenaming, renamed, renaming
from syncproof.engines.explore.representatives import Representatives
from syncproof.engines.explore.tables import Tables
from syncproof.properties import Property

__all__ = ["NotSymmetric", "Symmetry", "renamed"]

LOW = (1 << SHIFT) - 1

HandlerCall = tuple[int, int, int]
"""An actor, its local state and an event, by number."""
Landing = tuple[int, int, tuple[int, ...]]
"""An actor, its local state and the events of the writes that land in a crash of it, by number."""


class Symmetry:
    """The states that are kept of those that differ by a permutation of the ids of each group of `groups` (`canonical`).

    `NotSymmetric` if the ids begin differently; `verify`, called at the end of a search, raises it if they were ever
    treated differently.
    """

    def __init__(self, tables: Tables, groups: Sequence[Sequence[Id]]) -> None:
        self.tables = tables
        self.encoding = tables.encoding
        self.judging = tables.judging
        self.kinds = frozenset(type(i) for group in groups for i in group)
        if tables.faults.replaceable:
            raise NotSymmetric("backups and reinstalls single actors out; search without symmetry")
        self.exchanges = [
            StateRenaming(tables, renaming([(one, other), (other, one)]), self.kinds)
            for group in groups
            for one, other in pairwise(group)
        ]
        """The exchanges of two neighbours of a group: all permutations are made of these."""
        self.canonical = Representatives(tables, groups, self.kinds)
        self._calls: dict[HandlerCall, tuple[Any, Effects]] = {}
        self._observed: list[dict[int, dict[int, None]]] = [{} for _ in self.exchanges]
        """For each exchange: bundle -> the bundles that exchanged handler calls and landing writes observed instead."""
        self._check_environment()
        for exchange in self.exchanges:
            if exchange.state(tables.initial) != tables.initial:
                ids = ", ".join(repr(i) for group in groups for i in group)
                raise NotSymmetric(f"{ids} are not interchangeable: they begin differently")

    def _check_environment(self) -> None:
        """Check that interventions are the same for every id, and that a newcomer is not interchangeable with any device."""
        environment = self.tables.environment
        interventions = sorted([repr(renamed(each, {}, self.kinds)) for each in environment.interventions])
        for exchange in self.exchanges:
            if sorted([repr(exchange.of(each)) for each in environment.interventions]) != interventions:
                raise NotSymmetric("the interventions are not the same for the ids that are declared interchangeable")
            for spawn in environment.newcomers:
                if exchange.of(spawn) != spawn:
                    raise NotSymmetric(f"{spawn!r} singles an interchangeable id out; search without symmetry")

    # ---- counterexamples

    def path(self, graph: Graph, complaint: Complaint) -> tuple[Move, ...]:
        """Return the moves to a complaint, in the names that ids have from the beginning.

        From each state of the graph to the next one the ids may be renamed, so what has been renamed until then is undone
        in each move.
        """
        expand, values = expander(self.tables), self.tables.moves.values
        back = _inverse(self.canonical.renaming(self.tables.initial).names)
        moves = []
        here = 0
        for arc in graph.path(complaint.source):
            moves.append(renamed(values[graph.moves[arc]], back, self.kinds))
            out: list[Successor] = []
            expand(graph.states[here], out)
            here = graph.targets[arc]
            reached = next(s for move, s, _ in out if move == graph.moves[arc])  # a move of a state has one successor
            undo = _inverse(self.canonical.renaming(reached).names)
            back = renaming(
                [(new, renamed(old, back, self.kinds)) for ids in undo.values() for new, old in ids.items()]
            )
        return (*moves, renamed(values[complaint.move], back, self.kinds))

    # ---- the check

    def verify(self, within: Within | None = None) -> None:
        """Raise `NotSymmetric` unless all that was met, done again with everything renamed, gives the renamed result."""
        self._check_normal_form()
        met = [
            (actor, key >> SHIFT, key & LOW) for actor, table in enumerate(self.tables.handlers.react) for key in table
        ]
        self._compare_calls(met, observing=True)
        landed = self._landings()
        self._compare_calls([call for landing in landed for call in self._landing_calls(landing)], observing=False)
        self._note_landings(landed)
        for actor, thing in enumerate(self.encoding.actors):
            if thing.offers_steps:
                self._compare_locals(actor, lambda thing: list(thing.steps()), "offering steps")
        for actor, _ in self.tables.faults.crashable:
            self._compare_locals(actor, _crashed, "crashing")
        self._compare_links()
        self._compare_guards()
        for automaton in range(len(self.judging.automata)):
            self._compare_reactions(automaton)
            self._compare_judgements(automaton)
        if within is not None:
            self._compare_constraint(within)

    def _check_normal_form(self) -> None:
        """Check that every value is in its normal form; otherwise renaming it and back would give another value."""
        encoding = self.encoding
        values = [v for slot in range(0, encoding.judge_slot, 3) for v in encoding.slots[slot].values]
        values += encoding.packets.values
        values += [v for states in self.judging.states for v in states.values]
        for value in values:
            if value is not None and not same(renamed(value, {}, self.kinds), value):
                raise NotSymmetric(
                    "interchangeable ids are kept in an order that is not always the same, so who comes first may "
                    f"matter: {value!r}; keep them in a set or in order, or search without symmetry"
                )

    # ---- handlers

    def _compare_calls(self, calls: Sequence[HandlerCall], *, observing: bool) -> None:
        """Compare handler calls with their exchanged calls, and those with theirs.

        `observing`: note what they observe, for comparing the automata later.
        """
        encoding, bundle = self.encoding, self.judging.bundle
        queue = list(dict.fromkeys(calls))
        known = set(queue)
        plain: dict[HandlerCall, tuple[Any, ...]] = {}
        for call in queue:
            actor, local, event = call
            after, out = self._call(call)
            for number, exchange in enumerate(self.exchanges):
                image = exchange.actor(actor), exchange.slot(local_slot(actor), local), exchange.event(event)
                if image not in known:
                    known.add(image)
                    queue.append(image)
                after_too, out_too = self._call(image)
                if image not in plain:
                    plain[image] = _effects(out_too, {}, self.kinds)
                expected = _effects(out, exchange.names, self.kinds)
                if not same(exchange.of(after), after_too) or expected != plain[image]:
                    self._refuse(self._who(actor), f"handling {encoding.events[event][1]!r}")
                if observing:
                    images = self._observed[number].setdefault(bundle(out.observations), {})
                    images[bundle(out_too.observations)] = None

    def _call(self, call: HandlerCall) -> tuple[Any, Effects]:
        found = self._calls.get(call)
        if found is None:
            actor, local, event = call
            value = self.encoding.slots[local_slot(actor)].values[local]
            found = self._calls[call] = self.tables.handlers.run(actor, value, *self.encoding.events[event])
        return found

    def _landings(self) -> list[Landing]:
        """Return the writes that land in a crash, in every order."""
        encoding = self.encoding
        found: dict[Landing, None] = {}
        for actor, crashes in enumerate(self.tables.faults.crashes):
            for key in list(crashes):
                local, pending = self.tables.faults.crashed(key)
                if pending > ABSENT:
                    for landed in landings(writes(encoding, encoding.slots[pending_slot(actor)].values[pending])):
                        events = tuple([encoding.event(encoding.names[actor], packet) for packet in landed])
                        found[actor, local, events] = None
        return list(found)

    def _landing_calls(self, landing: Landing) -> Iterator[HandlerCall]:
        """Yield the handler calls of writes that land one after the other."""
        actor, local, events = landing
        for event in events:
            yield actor, local, event
            local = self.encoding.slots[local_slot(actor)].intern(self._call((actor, local, event))[0])

    def _note_landings(self, met: Sequence[Landing]) -> None:
        """Note what writes that land in a crash observe, and what the exchanged ones do, for comparing the automata later."""
        queue = list(met)
        known = set(queue)
        for landing in queue:
            actor, local, events = landing
            for number, exchange in enumerate(self.exchanges):
                image = (
                    exchange.actor(actor),
                    exchange.slot(local_slot(actor), local),
                    tuple([exchange.event(event) for event in events]),
                )
                if image not in known:
                    known.add(image)
                    queue.append(image)
                for one, other in zip(self._crash_bundles(landing), self._crash_bundles(image), strict=True):
                    self._observed[number].setdefault(one, {})[other] = None

    def _crash_bundles(self, landing: Landing) -> list[int]:
        """Return the bundles of a crash in which writes land: of an actor without and with a connection."""
        name = self.encoding.names[landing[0]]
        observed = [o for call in self._landing_calls(landing) for o in self._call(call)[1].observations if o.durable]
        observed.append(Crashed(name))
        cut = Disconnected(cast(DeviceId, name), CLOSINGS["client-down"].clean)
        return [self.judging.bundle(observed), self.judging.bundle([*observed, cut])]

    def _compare_locals(self, actor: int, ask: Callable[[Actor], Any], doing: str) -> None:
        """Compare what an actor answers in every local state that was met, and in the images of these.

        `ask`: its answer, as something that can be renamed; the order of a list does not count.
        """
        queue = [(actor, local) for local in range(len(self.encoding.slots[local_slot(actor)].values))]
        known = set(queue)
        answers: dict[tuple[int, int], Any] = {}

        def answer(who: int, local: int) -> Any:
            if (who, local) not in answers:
                answers[who, local] = ask(self.encoding.actor_in(who, local))
            return answers[who, local]

        for who, local in queue:
            said = answer(who, local)
            for exchange in self.exchanges:
                image = (exchange.actor(who), exchange.slot(local_slot(who), local))
                if image not in known:
                    known.add(image)
                    queue.append(image)
                if not _same_answer(said, answer(*image), exchange):
                    self._refuse(self._who(who), doing)

    def _compare_guards(self) -> None:
        """Compare what guards say to each packet that was asked about, and to the images of these."""
        encoding, handlers = self.encoding, self.tables.handlers
        queue = [(actor, key >> SHIFT, key & LOW) for actor, table in enumerate(handlers.accepted) for key in table]
        known = set(queue)
        for actor, local, event in queue:
            for exchange in self.exchanges:
                image = (exchange.actor(actor), exchange.slot(local_slot(actor), local), exchange.event(event))
                if handlers.accepts(*image) != handlers.accepts(actor, local, event):
                    self._refuse(self._who(actor), f"asked whether it receives {encoding.events[event][1]!r}")
                if image not in known:
                    known.add(image)
                    queue.append(image)

    def _compare_links(self) -> None:
        """Compare the links over which packets that were met travel."""
        packets = self.encoding.packets
        for number in _growing(packets.values):
            packet = packets.values[number]
            for exchange in self.exchanges:
                image = packets.values[packets.intern(exchange.of(packet))]
                if self.encoding.system.link(image) != self.encoding.system.link(packet):
                    self._refuse(f"the link of {type(packet).__name__}", f"sending {packet!r}")

    def _compare_constraint(self, within: Within) -> None:
        """Compare a constraint on every combination of local states that it was evaluated on, and on their images."""
        queue = list(within.known)
        known = set(queue)
        for key in queue:
            for exchange in self.exchanges:
                other = list(key)
                for actor in range(len(self.encoding.names)):
                    other[exchange.actor(actor)] = exchange.slot(local_slot(actor), key[actor])
                image = tuple(other)
                if within.at(image) != within.at(key):
                    self._refuse("the constraint", "asked about a state")
                if image not in known:
                    known.add(image)
                    queue.append(image)

    def _who(self, actor: int) -> str:
        return f"{self.encoding.names[actor]!r} ({type(self.encoding.actors[actor]).__name__})"

    def _refuse(self, who: str, doing: str) -> None:
        raise NotSymmetric(
            f"{who} treats the ids that are declared interchangeable differently, {doing}; declare fewer ids, or "
            "search without symmetry"
        )

    # ---- automata

    def _compare_reactions(self, number: int) -> None:
        """Compare every reaction of one property's automaton that was met, and those of its images."""
        judging = self.judging
        bundles = judging.bundles.values
        reactions = judging.automata[number].reactions
        queue = sorted({(judging.slot.values[key >> SHIFT][number], key & LOW) for key in judging.judged})
        queue = [
            (before, bundle)
            for before, bundle in queue
            if before != COMPLAINED and any(type(o) in reactions for o in bundles[bundle])
        ]
        known = set(queue)
        after = self._reaction(number)
        for before, bundle in queue:
            expected = after(before, bundle)
            for exchange, observed in zip(self.exchanges, self._observed, strict=True):
                image = exchange.automaton(number, before)
                # Connections are observed without a handler, always in the order of the move.
                for other in {exchange.bundle(bundle): None, **observed.get(bundle, {})}:
                    if after(image, other) != exchange.automaton(number, expected):
                        self._refuse(f"the property {judging.automata[number].name}", f"observing {bundles[bundle]!r}")
                    if (image, other) not in known:
                        known.add((image, other))
                        queue.append((image, other))

    def _reaction(self, number: int) -> Callable[[int, int], int]:
        """Return the function from an automaton's state and a bundle to its state afterwards; `COMPLAINED` if it complains."""
        states = self.judging.states[number]
        known: dict[tuple[int, int], int] = {}

        def after(state: int, bundle: int) -> int:
            key = (state, bundle)
            if key not in known:
                automaton: Property = thaw(states.values[state])
                reactions = automaton.reactions
                observed = [o for o in self.judging.bundles.values[bundle] if type(o) in reactions]
                complains = any(automaton.react(observation) is not None for observation in observed)
                known[key] = COMPLAINED if complains else states.intern(freeze(automaton))
            return known[key]

        return after

    def _compare_judgements(self, number: int) -> None:
        """Compare what an automaton reports at quiescence, in every state that was met and in their images."""
        states = self.judging.states[number]
        lines: list[int] = []
        for state in _growing(states.values):
            lines.append(_lines(states.values[state]))
            for exchange in self.exchanges:
                image = exchange.automaton(number, state)
                if (lines[image] if image < len(lines) else _lines(states.values[image])) != lines[state]:
                    self._refuse(f"the property {self.judging.automata[number].name}", "at quiescence")


def _crashed(thing: Actor) -> Any:
    """Return the local state of an actor after a crash."""
    thing.crash()
    return thing.snapshot()


def _same_answer(said: Any, image: Any, exchange: StateRenaming) -> bool:
    """Return whether the answer of an actor's image is the renamed answer of the actor."""
    if isinstance(said, list):
        plain = [renamed(item, {}, exchange.kinds) for item in image]
        return sorted([repr(exchange.of(item)) for item in said]) == sorted(map(repr, plain))
    return same(exchange.of(said), image)


def _growing(values: Sequence[Any]) -> Iterator[int]:
    """Yield the positions in a sequence to which values are added meanwhile."""
    position = 0
    while position < len(values):
        yield position
        position += 1


def _inverse(names: Renaming) -> Renaming:
    return renaming([(new, old) for ids in names.values() for old, new in ids.items()])


def _lines(image: Any) -> int:
    """Return how many complaints an automaton has at quiescence."""
    automaton: Property = thaw(image)
    return len(list(automaton.at_quiescence()))


def _effects(out: Effects, names: Renaming, kinds: frozenset[type]) -> tuple[Any, ...]:
    """Return the effects of a call, renamed, in an order that distinguishes only what engines distinguish.

    What is sent to one receiver keeps its order, and so do the changes of one timer and of the poll; observations are sorted,
    because the automata are compared for each order that occurs.
    """
    sends = [
        (repr(renamed(receiver, names, kinds)), repr(renamed(packet, names, kinds))) for receiver, packet in out.sends
    ]
    pending = [(what, repr(renamed(packet, names, kinds))) for what, packet in out.pending]
    polled = {packet for what, packet in out.pending if what == "poll"}
    changed = [packet for what, packet in out.pending if what in ("poll", "cancel") and packet in polled]
    polls = [repr(renamed(packet, names, kinds)) for packet in changed]
    return (
        sorted(sends, key=lambda send: send[0]),
        sorted(pending, key=lambda change: change[1]),
        polls,
        sorted([repr(renamed(observation, names, kinds)) for observation in out.observations]),
    )
