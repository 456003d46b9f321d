"""Representatives of symmetric states: as many as there are orbits, and no planted asymmetry gets through."""

from __future__ import annotations

from itertools import permutations

import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import UNORDERED
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.core.world import System, World
from syncproof.engines.explore import NotSymmetric, explore, representatives
from syncproof.engines.explore.renaming import StateRenaming, renaming
from syncproof.properties import Property, observes
from tests.helpers.random_protocols import HUB, Entered, NotAllAtTheEnd, Peer, plant, random_protocol

NOTHING = Environment()
SEEDS = [seed for seed in range(60) if seed not in (14, 17, 23, 31)]
"""Without the protocols that have more than 10,000 states, of which every renaming would be made."""


def orbits(found, members):
    """Return how many of a search's states differ by more than a renaming, by trying every renaming of every state."""
    kinds = frozenset(map(type, members))
    renamings = [
        StateRenaming(found.tables, renaming(zip(members, order, strict=True)), kinds)
        for order in permutations(members)
    ]
    return len({min(renaming.state(state) for renaming in renamings) for state in found.graph.states})


@pytest.mark.parametrize("managers", [2, 3, 4])
def test_two_phase_commit_has_as_many_representatives_as_orbits(managers):
    members = [two_phase.Resource(n) for n in range(managers)]
    whole = explore(two_phase.two_phase(managers), NOTHING, [two_phase.Consistent])
    part = explore(two_phase.two_phase(managers), NOTHING, [two_phase.Consistent], symmetric=[members])
    assert len(part.graph.states) == orbits(whole, members)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_protocol_has_as_many_representatives_as_orbits_and_the_same_verdict(seed):
    system = random_protocol(seed).system()
    members = [Peer(n) for n in range(3)]
    part = explore(system, NOTHING, [NotAllAtTheEnd], symmetric=[members])
    whole = explore(system, NOTHING, [NotAllAtTheEnd])
    assert part.findings["not-all-at-the-end"].verdict == whole.findings["not-all-at-the-end"].verdict
    assert len(part.graph.states) == orbits(whole, members)
    replay(system, part.findings["not-all-at-the-end"].counterexample)


def replay(system, counterexample):
    """Make the moves of a counterexample in a world: its last move must violate the property, in the same words."""
    if counterexample is None:
        return
    automaton, says = NotAllAtTheEnd(), []
    world = World(system, lambda o: says.append(automaton.react(o)) if type(o) in automaton.reactions else None)
    for move in counterexample.moves:
        assert not any(says)
        world.apply(move)
    assert [line for line in says if line] == [counterexample.says]


def test_random_protocols_violate_the_property_and_keep_it():
    verdicts = [
        explore(random_protocol(seed).system(), NOTHING, [NotAllAtTheEnd]).findings["not-all-at-the-end"].verdict
        for seed in SEEDS
    ]
    assert min(verdicts.count("holds"), verdicts.count("violated")) >= len(SEEDS) // 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_asymmetry_that_the_whole_search_meets_is_refused(seed):
    protocol = plant(random_protocol(seed), seed)
    explore(protocol.system(), NOTHING)
    met = bool(protocol.met)
    try:
        explore(protocol.system(), NOTHING, symmetric=[[Peer(n) for n in range(3)]])
        refused = False
    except NotSymmetric:
        refused = True
    assert refused == met


def test_asymmetries_are_planted_where_they_are_met_and_where_they_are_not():
    met = []
    for seed in SEEDS:
        protocol = plant(random_protocol(seed), seed)
        explore(protocol.system(), NOTHING)
        met.append(bool(protocol.met))
    assert min(met.count(True), met.count(False)) >= len(SEEDS) // 10


@pytest.mark.parametrize("seed", range(10))
def test_any_order_of_ids_with_equal_views_is_sound(seed, monkeypatch):
    """Without trying the orders of ties there may be more states, but none is missing."""
    system = random_protocol(seed).system()
    members = [Peer(n) for n in range(3)]
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    part = explore(system, NOTHING, [NotAllAtTheEnd], symmetric=[members])
    whole = explore(system, NOTHING, [NotAllAtTheEnd])
    assert part.findings["not-all-at-the-end"].verdict == whole.findings["not-all-at-the-end"].verdict
    assert orbits(whole, members) <= len(part.graph.states) <= len(whole.graph.states)
    assert orbits(part, members) == orbits(whole, members)


@state
class OnlyOneEnters(Property):
    """Complains of the second peer that enters a stage; until then it knows the first."""

    name = "only-one-enters"
    first: Peer | None = None

    @observes(Entered)
    def on_entered(self, o: Entered) -> str | None:
        if self.first is None:
            self.first = o.peer
        return None if o.peer == self.first else "another peer enters"


@pytest.mark.parametrize("seed", [0, 3, 4, 5, 6])
def test_the_ids_that_a_property_knew_before_it_complained_do_not_count(seed):
    system = random_protocol(seed).system()
    members = [Peer(n) for n in range(3)]
    part = explore(system, NOTHING, [OnlyOneEnters], symmetric=[members])
    whole = explore(system, NOTHING, [OnlyOneEnters])
    assert whole.findings["only-one-enters"].verdict == "violated"
    assert len(part.graph.states) == orbits(whole, members)


class Ask(Packet, frozen=True, gc=False):
    """Step of a peer."""


class Asked(Packet, frozen=True, gc=False):
    """A peer asks the hub."""

    link = UNORDERED


class Granted(Packet, frozen=True, gc=False):
    """The hub lets one peer work."""

    link = UNORDERED


class Worked(Observation, frozen=True, gc=False):
    """The chosen peer works."""


@actor
class Chooser(Actor):
    """Chooses the first peer that asks, and no other."""

    chosen: bool = durable(bool)

    @on(Asked)
    def asked(self, source: Id, packet: Asked, out: Out) -> None:
        if not self.chosen:
            self.chosen = True
            out.send(source, Granted())


@actor
class Worker(Actor):
    """Asks and works. The peer `lazy` does not."""

    lazy: int
    stage: int = durable(int)

    def steps(self):
        return [Ask()] if self.stage == 0 else []

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        self.stage = 1
        out.send(HUB, Asked())

    @on(Granted)
    def granted(self, source: Id, packet: Granted, out: Out) -> None:
        self.stage = 2
        if self.id != self.lazy:
            out.observe(Worked())


@pytest.mark.parametrize("lazy", range(4))
def test_a_peer_that_is_never_in_a_state_that_was_kept_is_compared_too(lazy):
    """The chosen peer has one place in every state that is kept, so the handler of the others is never called in one."""
    names = [Peer(n) for n in range(4)]
    cast = lambda: {HUB: Chooser(id=HUB)} | {name: Worker(id=name, lazy=lazy) for name in names}  # noqa: E731
    with pytest.raises(NotSymmetric, match="handling Granted"):
        explore(System("one works", cast), NOTHING, symmetric=[names])


class Box(Id):
    """One of the boxes of a hub."""

    __slots__ = ()


class Open(Packet, frozen=True, gc=False):
    """Step of the hub: it opens a box."""

    box: Box


@actor
class Opener(Actor):
    """Opens boxes, in any order."""

    boxes: tuple[Box, ...]
    opened: set[Box] = durable(set)

    def steps(self):
        return [Open(box) for box in self.boxes if box not in self.opened]

    @on(Open)
    def open(self, source: Id, packet: Open, out: Out) -> None:
        self.opened.add(packet.box)


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_every_group_of_ids_is_exchanged_by_itself(groups):
    """Of the two boxes of a group none, one or both are open."""
    boxes = [[Box(2 * n), Box(2 * n + 1)] for n in range(groups)]
    every = tuple([box for pair in boxes for box in pair])
    system = System("boxes", lambda: {HUB: Opener(id=HUB, boxes=every)})
    assert len(explore(system, NOTHING, symmetric=boxes).graph.states) == 3**groups


class Tie(Packet, frozen=True, gc=False):
    """Step of the hub: it ties two boxes together."""

    one: Box
    other: Box


@actor
class Binder(Actor):
    """Ties boxes in pairs, two at most, and each box once."""

    boxes: tuple[Box, ...]
    tied: dict[Box, list[Box]] = durable(dict)

    def steps(self):
        free = [box for box in self.boxes if box not in self.tied]
        return [Tie(*pair) for pair in permutations(free, 2) if len(self.tied) < 4]

    @on(Tie)
    def tie(self, source: Id, packet: Tie, out: Out) -> None:
        self.tied[packet.one], self.tied[packet.other] = [packet.other], [packet.one]


def test_ids_of_equal_views_that_are_not_exchangeable_one_by_one_are_put_in_order():
    """Two pairs across the groups look the same to each of their boxes, and only whole pairs can be exchanged.

    There may be no pair, one within a group or across, or two of these: all but two within one group of three.
    """
    groups = [[Box(n) for n in range(3)], [Box(n) for n in range(3, 6)]]
    every = tuple([box for group in groups for box in group])
    system = System("pairs", lambda: {HUB: Binder(id=HUB, boxes=every)})
    assert len(explore(system, NOTHING, symmetric=groups).graph.states) == 1 + 3 + 4
