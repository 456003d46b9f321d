"""Renaming of ids in values: in whatever they are kept, each by its class, and never a key for its item."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, NamedTuple

import attrs
import msgspec
import pytest

from syncproof.core.actor import Actor, Out, actor, durable, freeze, on, state
from syncproof.core.environment import Environment
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.engines.explore.renaming import renamed, renaming
from syncproof.properties import Property, observes
from tests.helpers.brute_force import Judge

HUB = ActorId(50)


class Box(Id):
    """One of the boxes."""

    __slots__ = ()


class Label(Id):
    """One of the labels, with the number of a box."""

    __slots__ = ()


A, B, C = Box(0), Box(1), Box(2)
KINDS = frozenset([Box])
EXCHANGE = renaming([(A, B), (B, A)])


class Tied(NamedTuple):
    one: Box
    other: Box


class Packed(msgspec.Struct, frozen=True):
    boxes: frozenset[Box]
    count: int = 0


@attrs.frozen
class Held:
    box: Box
    _count: int = 0
    twice: int = attrs.field(init=False, default=7)


@dataclass(frozen=True)
class Row:
    box: Box
    twice: int = field(init=False, default=7)


@state
class Shelf:
    first: Any
    last: Any


VALUES = {
    "an id": (A, B),
    "another id": (C, C),
    "an id of another class": (Label(0), Label(0)),
    "a number": (0, 0),
    "a text": ("Box(0)", "Box(0)"),
    "a record": ((A, 1), (B, 1)),
    "a record with another class": ((A, Label(0)), (B, Label(0))),
    "a tuple of ids": ((A, C), (B, C)),
    "nothing": ((), ()),
    "a set": ({A, C}, {B, C}),
    "a set of records": ({(A, 1), (C, 0)}, {(B, 1), (C, 0)}),
    "a set of frozensets": ({frozenset([A, C]), frozenset([B])}, {frozenset([B, C]), frozenset([A])}),
    "a frozenset": (frozenset([A, C]), frozenset([B, C])),
    "frozensets in a frozenset": (frozenset([frozenset([A])]), frozenset([frozenset([B])])),
    "a dict from ids to ids": ({A: B, B: A, C: B}, {B: A, A: B, C: A}),
    "a dict of one pair": ({B: A}, {A: B}),
    "a dict in which an id is its own": ({A: A}, {B: B}),
    "a dict of lists": ({A: [B, A]}, {B: [A, B]}),
    "a dict of dicts": ({A: {B: C}}, {B: {A: C}}),
    "a dict from frozensets": ({frozenset([A]): B, frozenset([C]): A}, {frozenset([B]): A, frozenset([C]): B}),
    "a list": ([B, A, A], [A, B, B]),
    "a named tuple": (Tied(B, A), Tied(A, B)),
    "a struct": (Packed(frozenset([A])), Packed(frozenset([B]))),
    "a class of attrs": (Held(A, 2), Held(B, 2)),
    "a dataclass": (Row(A), Row(B)),
    "a part of a state": (Shelf(A, {B}), Shelf(B, {A})),
}


@pytest.mark.parametrize(("before", "after"), VALUES.values(), ids=VALUES)
def test_two_ids_are_exchanged_wherever_they_are(before: Any, after: Any) -> None:
    image = renamed(freeze(before), EXCHANGE, KINDS)
    assert image == freeze(after)
    assert type(image) is type(freeze(after))
    assert renamed(image, EXCHANGE, KINDS) == freeze(before)
    assert renamed(freeze(before), {}, KINDS) == freeze(before)


def test_ids_of_two_classes_with_one_number_are_renamed_each_by_its_own_class() -> None:
    names = renaming([(A, B), (B, A), (Label(0), Label(2)), (Label(2), Label(0))])
    after = renamed(freeze({A: Label(0), B: Label(1)}), names, frozenset([Box, Label]))
    assert after == freeze({B: Label(2), A: Label(1)})
    assert [tuple(map(type, pair)) for pair in after[1:]] == [(Box, Label), (Box, Label)]


class Pair(tuple[Any, ...]):
    """A tuple that is no named tuple."""

    __slots__ = ()


def test_a_tuple_of_a_class_of_its_own_stays_as_it_is() -> None:
    image = renamed(Pair((A, C)), EXCHANGE, KINDS)
    assert (image, type(image)) == ((A, C), Pair)


def test_equal_frozensets_are_printed_alike_after_renaming() -> None:
    """In a small table 0, 8 and 16 have one place, so the first to come is the first to be seen."""
    boxes = list(map(Box, (0, 8, 16)))
    assert len({repr(renamed(frozenset(order), {}, KINDS)) for order in permutations(boxes)}) == 1


def test_a_connection_is_renamed_with_its_client_alone() -> None:
    names = renaming([(DeviceId(1), DeviceId(2)), (DeviceId(2), DeviceId(1)), (Box(3), Box(4))])
    kinds = frozenset([DeviceId, Box])
    assert renamed(ConnectionId.of(1, 5), names, kinds) == ConnectionId.of(2, 5)
    assert renamed(ConnectionId.of(3, 5), names, kinds) == ConnectionId.of(3, 5)


# ---- searches


class Put(Packet, frozen=True, gc=False):
    """Step of the hub: it ties one box to another."""

    one: Box
    other: Box


class Swallowed(Observation, frozen=True, gc=False):
    """A box is tied to a box."""

    pair: frozenset[Box]


@actor
class Tier(Actor):
    """Ties boxes: as a dict, as frozensets, and as named tuples. `labels`: it also gives the first box a label."""

    boxes: tuple[Box, ...]
    kept: str
    tied: dict[Box, Box] = durable(dict)
    pairs: set[frozenset[Box]] = durable(set)
    rows: set[Tied] = durable(set)
    count: int = durable(int)

    def steps(self):
        return [Put(*pair) for pair in permutations(self.boxes, 2) if self.count < 3]

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.count += 1
        if self.kept == "dict":
            self.tied[packet.one] = packet.other
        elif self.kept == "frozensets":
            self.pairs.add(frozenset([packet.one, packet.other]))
        else:
            self.rows.add(Tied(packet.one, packet.other))
        out.observe(Swallowed(frozenset([packet.one, packet.other])))


def tied_once(limit: int) -> type[Property]:
    @state
    class TiedOnce(Property):
        name = "tied-once"
        pairs: set[frozenset[Box]] = attrs.field(factory=set)

        @observes(Swallowed)
        def on_swallowed(self, o: Swallowed) -> str | None:
            self.pairs.add(o.pair)
            return "too many pairs" if len(self.pairs) > limit else None

    return TiedOnce


@pytest.mark.slow
@pytest.mark.parametrize("limit", [2, 3])
@pytest.mark.parametrize("kept", ["dict", "frozensets", "named tuples"])
def test_an_independent_judge_agrees_and_symmetry_leaves_fewer_states_and_the_same_verdict(kept: str, limit: int):
    boxes = (A, B, C, Box(8))
    system = System("boxes", lambda: {HUB: Tier(id=HUB, boxes=boxes, kept=kept)})
    judged = tied_once(limit)
    judge = Judge(system, Environment(), [judged]).run()
    whole = explore(system, Environment(), [judged])
    part = explore(system, Environment(), [judged], symmetric=[boxes])
    assert len(whole.graph.states) == len(judge.states)
    verdict = "violated" if judge.violated else "holds"
    assert (limit == 2) == bool(judge.violated)
    assert {each.findings["tied-once"].verdict for each in (whole, part)} == {verdict}
    assert 6 * len(part.graph.states) < len(whole.graph.states)


class Give(Packet, frozen=True, gc=False):
    """Step of the hub: it gives a box a label."""

    box: Box
    label: Label


@actor
class Labels(Actor):
    """Gives each box a label, and each label to one box."""

    count: int
    given: dict[Box, Label] = durable(dict)

    def steps(self):
        every = [Give(Box(b), Label(n)) for b in range(self.count) for n in range(self.count)]
        return [give for give in every if give.box not in self.given and give.label not in self.given.values()]

    @on(Give)
    def give(self, source: Id, packet: Give, out: Out) -> None:
        self.given[packet.box] = packet.label


@pytest.mark.parametrize("count", [2, 3])
def test_groups_of_two_classes_may_have_the_same_numbers(count: int):
    """Only how many boxes have a label matters."""
    system = System("labels", lambda: {HUB: Labels(id=HUB, count=count)})
    groups = [list(map(Box, range(count))), list(map(Label, range(count)))]
    assert len(explore(system, Environment(), symmetric=groups).graph.states) == count + 1


def test_an_id_of_a_box_is_not_the_actor_of_the_same_number():
    name = ActorId(0)
    system = System("labels", lambda: {name: Labels(id=name, count=2)})
    groups = [[Box(0), Box(1)], [Label(0), Label(1)]]
    assert len(explore(system, Environment(), symmetric=groups).graph.states) == 3
