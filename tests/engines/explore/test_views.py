"""Views tell interchangeable ids apart wherever they can be told apart, so that no order of them has to be tried.

A hub adopts any renaming of one structure of ids, so there are two states: before and after. With `TIES_AT_MOST = 0` the
orders of ids with equal views are not tried, so a view that tells less apart leaves more states. (Where the structure is in
a packet there is a third state, when it has arrived.)
"""

from __future__ import annotations

from itertools import permutations, product
from typing import Any, NamedTuple

import attrs
import pytest

from syncproof.core.actor import Actor, Out, actor, durable, freeze, on, state, thaw
from syncproof.core.environment import Environment
from syncproof.core.links import DUPLICATING, ORDERED, UNORDERED, Link
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.explore import explore, representatives
from syncproof.engines.explore.renaming import StateRenaming, renamed, renaming
from syncproof.engines.explore.representatives import Representatives
from syncproof.properties import Property, observes

HUB, SINK = ActorId(50), ActorId(51)
NOTHING = Environment()


class Box(Id):
    """One of the boxes."""

    __slots__ = ()


class Label(Id):
    """One of the labels."""

    __slots__ = ()


A, B, C, D, E, F = map(Box, range(6))
K, L, M, N = map(Label, range(10, 14))


class Tied(NamedTuple):
    one: Id
    other: Id


class Adopt(Packet, frozen=True, gc=False):
    """Step of the hub: it keeps one renaming of the structure."""

    image: Any


class Kept(Packet, frozen=True, gc=False):
    """A timer, a poll, an operation or mail that names the structure."""

    image: Any


class Adopted(Observation, frozen=True, gc=False):
    """The hub keeps a structure."""

    image: Any


@state
class Knows(Property):
    """Keeps the structure as well."""

    name = "knows"
    known: list[Any] = attrs.field(factory=list)

    @observes(Adopted)
    def on_adopted(self, o: Adopted) -> str | None:
        self.known.append(thaw(o.image))
        return None


@actor
class Adopter(Actor):
    """Keeps one of the images in the place that `where` names."""

    images: tuple[Any, ...]
    where: str
    adopted: bool = durable(bool)
    kept: list[Any] = durable(list)

    def steps(self):
        return [] if self.adopted else list(map(Adopt, self.images))

    @on(Adopt)
    def adopt(self, source: Id, packet: Adopt, out: Out) -> None:
        self.adopted = True
        kept = Kept(packet.image)
        match self.where:
            case "field":
                self.kept.append(thaw(packet.image))
            case "timer":
                out.after(1.0, kept)
            case "poll":
                out.poll(1.0, kept, lambda: False)  # type: ignore[arg-type]
            case "write":
                out.write("disk", 1, 1, kept)
            case "read":
                out.read("disk", 1, 1, kept)
            case "mail":
                out.send(self.id, kept)
            case "property":
                out.observe(Adopted(packet.image))

    @on(Kept)
    def keep(self, source: Id, packet: Kept, out: Out) -> None:
        pass


def images(structure: Any, groups: list[list[Id]]) -> list[Any]:
    """Return every renaming of a structure, once."""
    kinds = frozenset(type(member) for group in groups for member in group)
    found = {}
    for orders in product(*map(permutations, groups)):
        names = [pair for group, order in zip(groups, orders, strict=True) for pair in zip(group, order, strict=True)]
        found[renamed(freeze(structure), renaming(names), kinds)] = None
    return list(found)


def adopted(structure: Any, groups: list[list[Id]], where: str = "field", backwards: bool = False) -> int:
    """Return how many states are kept when the hub adopts any renaming of a structure, besides those of one renaming."""
    every = tuple(images(structure, groups))
    cast = lambda some: {HUB: Adopter(id=HUB, images=some, where=where)}  # noqa: E731
    one = explore(System("one", lambda: cast(every[:1])), NOTHING, [Knows])
    assert len(one.graph.states) == (2 if where in ("field", "property") else 3)
    system = System("adopted", lambda: cast(every[::-1] if backwards else every))
    return len(explore(system, NOTHING, [Knows], symmetric=groups).graph.states) - len(one.graph.states)


TOLD_APART = {
    "a box and no box": ([A], [[A, B, C]]),
    "a record": ({(A, 1), (B, 2)}, [[A, B, C]]),
    "key and item": ({A: B}, [[A, B, C]]),
    "a chain": ({A: B, B: C}, [[A, B, C]]),
    "records": ({(A, 0): (B, 0), (B, 0): (C, 0)}, [[A, B, C]]),
    "the group of another": ({(A, K, 0), (B, C, 0)}, [[A, B, C], [K, L]]),
    "the group of another of the same class": ({(A, D, 0), (B, C, 0)}, [[A, B, C], [D, E]]),
    "a key in the group of another": ({A: D, B: C}, [[A, B, C], [D, E]]),
    "frozensets": ({frozenset([A, K]), frozenset([B])}, [[A, B, C], [K, L]]),
    "named tuples": ({Tied(A, B), Tied(C, C)}, [[A, B, C]]),
    "lists": ([A, B, B, C], [[A, B, C]]),
    "dicts in dicts": ({A: {B: 1}, B: {C: 2}}, [[A, B, C]]),
}


WHERE = ["field", "timer", "poll", "write", "read", "mail", "property"]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("structure", "groups"), TOLD_APART.values(), ids=TOLD_APART)
def test_ids_that_can_be_told_apart_have_different_views(structure, groups, backwards, where, monkeypatch):
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    assert adopted(structure, groups, where, backwards) == 0


EXCHANGEABLE = {
    "a set": ({A, B, C, D, E, F}, [[A, B, C, D, E, F]]),
    "a tuple": ((A, B, C), [[A, B, C, D, E, F]]),
    "a frozenset in a list": ([frozenset([A, B, C])], [[A, B, C, D]]),
    "keys": ({A: 1, B: 1, C: 2}, [[A, B, C, D]]),
    "one pair of frozensets": ({frozenset([A, B]), frozenset([C, D])}, [[A, B], [C, D]]),
}


@pytest.mark.parametrize(("structure", "groups"), EXCHANGEABLE.values(), ids=EXCHANGEABLE)
def test_ids_that_can_be_exchanged_one_by_one_need_no_orders_either(structure, groups, monkeypatch):
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    assert adopted(structure, groups) == 0


NOT_ONE_BY_ONE = {
    "a ring": ({A: B, B: C, C: A}, [[A, B, C]]),
    "a ring of four": ({A: B, B: C, C: D, D: A}, [[A, B, C, D]]),
    "two rings": ({A: B, B: A, C: D, D: C}, [[A, B, C, D]]),
    "pairs of two groups": ({A: K, B: L, C: M, D: N}, [[A, B, C, D], [K, L, M, N]]),
    "pairs": ({frozenset([A, B]), frozenset([C, D]), frozenset([E, F])}, [[A, B, C, D, E, F]]),
}


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("structure", "groups"), NOT_ONE_BY_ONE.values(), ids=NOT_ONE_BY_ONE)
def test_orders_are_tried_of_ids_that_cannot_be_exchanged_one_by_one(structure, groups, backwards):
    assert adopted(structure, groups, backwards=backwards) == 0


@pytest.mark.parametrize(("ids", "kept"), [(6, 1), (7, 2)])
def test_the_orders_of_six_ids_are_tried_and_no_more(ids: int, kept: int):
    """In a ring all ids have equal views, and no two of them can be exchanged. Six have 720 orders."""
    boxes = [Box(n) for n in range(ids)]
    others = [boxes[0], boxes[2], *boxes[3:], boxes[1]]
    rings = [dict(zip(ring, [*ring[1:], ring[0]], strict=True)) for ring in (boxes, others)]
    images = tuple([freeze(dict(sorted(ring.items()))) for ring in rings])
    system = System("rings", lambda: {HUB: Adopter(id=HUB, images=images, where="field")})
    found = explore(system, NOTHING)
    canonical = Representatives(found.tables, [boxes], frozenset([Box]))
    assert len({canonical(state) for state in found.graph.states[1:]}) == kept


@pytest.mark.parametrize(("structure", "groups"), [*NOT_ONE_BY_ONE.values(), *EXCHANGEABLE.values()])
def test_two_ids_are_exchangeable_exactly_if_their_exchange_leaves_the_state_as_it_is(structure, groups):
    every = tuple(images(structure, groups)[:6])
    system = System("adopted", lambda: {HUB: Adopter(id=HUB, images=every, where="field")})
    found = explore(system, NOTHING)
    kinds = frozenset(type(member) for group in groups for member in group)
    kept = Representatives(found.tables, groups, kinds)
    members = [member for group in groups for member in group]
    answers = set()
    for state_, (one, other) in product(found.graph.states, permutations(range(len(members)), 2)):
        if type(members[one]) is type(members[other]):
            keys, slots = kept._keys(state_)
            exchange = StateRenaming(
                found.tables, renaming([(members[one], members[other]), (members[other], members[one])]), kinds
            )
            same = exchange.state(state_) == state_
            answers.add(same)
            if keys[one] == keys[other]:
                assert kept._exchangeable(state_, slots, one, other) == same
    assert True in answers


class Send(Packet, frozen=True, gc=False):
    """Step of the hub: it sends two notes, about two peers, in one of two orders."""

    first: Box
    second: Box
    swapped: bool


class Note(Packet, frozen=True, gc=False):
    """A note to the sink about a box."""

    kind: int
    about: Box


@actor
class Sender(Actor):
    boxes: tuple[Box, ...]
    left: int = durable(lambda: 1)

    def steps(self):
        return [Send(*pair, swapped) for pair in permutations(self.boxes, 2) for swapped in (0, 1) if self.left]

    @on(Send)
    def send(self, source: Id, packet: Send, out: Out) -> None:
        self.left -= 1
        notes = [Note(0, packet.first), Note(1, packet.second), Note(0, packet.first)]
        for note in notes[::-1] if packet.swapped else notes:
            out.send(SINK, note)


@actor
class Sink(Actor):
    got: set[tuple[int, Box]] = durable(set)

    @on(Note)
    def note(self, source: Id, packet: Note, out: Out) -> None:
        self.got.add((packet.kind, packet.about))


@pytest.mark.parametrize("link", [UNORDERED, DUPLICATING, ORDERED], ids=lambda link: link.order)
def test_mail_that_names_ids_is_seen_alike_in_whatever_order_its_packets_were_met(link: Link, monkeypatch):
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    boxes = (A, B, C)
    system = System("notes", lambda: {HUB: Sender(id=HUB, boxes=boxes), SINK: Sink(id=SINK)}, links={Note: link})
    whole = explore(system, NOTHING)
    part = explore(system, NOTHING, symmetric=[boxes])
    kinds = frozenset([Box])
    renamings = [
        StateRenaming(whole.tables, renaming(zip(boxes, order, strict=True)), kinds) for order in permutations(boxes)
    ]
    orbits = {min(each.state(state) for each in renamings) for state in whole.graph.states}
    assert len(part.graph.states) == len(orbits) < len(whole.graph.states)


@actor
class Idle(Actor):
    """Does nothing with what it is told."""

    @on(Kept)
    def kept(self, source: Id, packet: Kept, out: Out) -> None:
        pass


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("first", [(0, 1), (1, 2), (2, 0)])
def test_a_connection_is_seen_as_its_clients(first, backwards, monkeypatch):
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    devices = list(map(DeviceId, range(3)))
    structure = {ConnectionId.of(first[0], 1): 0, ConnectionId.of(first[1], 1): 1}
    every = tuple(images(structure, [devices]))[:: -1 if backwards else 1]
    assert len(every) == 6
    hub = lambda: Adopter(id=HUB, images=every, where="field")  # noqa: E731
    system = System("connections", lambda: {HUB: hub()} | {device: Idle(id=device) for device in devices})
    assert len(explore(system, NOTHING, symmetric=[devices]).graph.states) == 2


def test_the_positions_of_scripts_are_seen_with_their_actors(monkeypatch):
    """Each of three devices was told nothing, one thing or two, and it does not matter which one."""
    monkeypatch.setattr(representatives, "TIES_AT_MOST", 0)
    devices = list(map(DeviceId, range(3)))
    scripts = tuple([(Tell(device, Kept(0)), Tell(device, Kept(1))) for device in devices])
    system = System("told", lambda: {device: Idle(id=device) for device in devices})
    found = explore(system, Environment(scripts=scripts), symmetric=[devices])
    assert len(found.graph.states) == 10
