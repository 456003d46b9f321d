"""Identical packets on a lossy link are one, except in a recorded run; the fault that duplicates still makes two."""

from __future__ import annotations

from typing import ClassVar

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.links import Link
from syncproof.core.moves import Arrive, Duplicate, MoveError, Tell
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System, World

ONE, OTHER, RECEIVER = ActorId(0), ActorId(1), ActorId(2)


class Say(Packet, frozen=True, gc=False):
    what: Packet


class Lossy(Packet, frozen=True, gc=False):
    link: ClassVar[Link] = Link("unordered", lossy=True)
    value: int


class Ordered(Packet, frozen=True, gc=False):
    link: ClassVar[Link] = Link("ordered", lossy=True)
    value: int


class Reliable(Packet, frozen=True, gc=False):
    value: int


@actor
class Speaker(Actor):
    """Sends what it is told to, and hears what it is sent."""

    @on(Say)
    def say(self, source: Id, packet: Say, out: Out) -> None:
        out.send(RECEIVER, packet.what)

    @on(Lossy)
    def hear(self, source: Id, packet: Lossy, out: Out) -> None: ...

    @on(Ordered)
    def hear_in_order(self, source: Id, packet: Ordered, out: Out) -> None: ...

    @on(Reliable)
    def hear_all(self, source: Id, packet: Reliable, out: Out) -> None: ...


def system() -> System:
    return System("speakers", lambda: {name: Speaker(id=name) for name in (ONE, OTHER, RECEIVER)})


def said(made: World, *words: Packet, by: ActorId = ONE) -> list[Packet]:
    """Let an actor send packets, and return what is on its way."""
    for word in words:
        made.apply(Tell(by, Say(word)))
    return [packet for _, packet in made.mail.get(RECEIVER, ())]


def test_a_packet_identical_to_one_under_way_over_a_lossy_link_adds_none() -> None:
    assert said(World(system()), Lossy(1), Lossy(2), Lossy(1)) == [Lossy(1), Lossy(2)]


def test_a_packet_identical_to_the_last_one_under_way_over_an_ordered_lossy_link_adds_none() -> None:
    assert said(World(system()), Ordered(2), Ordered(1), Ordered(1)) == [Ordered(2), Ordered(1)]


def test_after_another_packet_it_is_sent_again_over_an_ordered_link() -> None:
    assert said(World(system()), Ordered(1), Ordered(2), Ordered(1)) == [Ordered(1), Ordered(2), Ordered(1)]


@pytest.mark.parametrize("between", [Lossy(2), Reliable(2)])
def test_a_packet_that_travels_in_no_order_is_not_between(between: Packet) -> None:
    assert said(World(system()), Ordered(1), between, Ordered(1)) == [Ordered(1), between]


def test_a_packet_of_another_sender_is_not_between() -> None:
    made = World(system())
    said(made, Ordered(1), by=ONE)
    said(made, Ordered(2), by=OTHER)
    assert said(made, Ordered(1), by=ONE) == [Ordered(1), Ordered(2)]


def test_a_reliable_link_keeps_each_packet() -> None:
    assert said(World(system()), Reliable(1), Reliable(1)) == [Reliable(1), Reliable(1)]


def test_a_packet_of_another_sender_is_another_packet() -> None:
    made = World(system())
    said(made, Lossy(1), by=ONE)
    assert said(made, Lossy(1), by=OTHER) == [Lossy(1), Lossy(1)]


def test_equal_values_of_different_types_are_different_packets() -> None:
    assert len(said(World(system()), Lossy(1), Lossy(True))) == 2


def test_what_has_arrived_can_be_sent_again() -> None:
    made = World(system())
    said(made, Lossy(1))
    made.apply(Arrive(RECEIVER, Lossy(1)))
    assert said(made, Lossy(1)) == [Lossy(1)]


def test_a_duplicate_is_put_on_its_way_on_purpose() -> None:
    made = World(system())
    said(made, Lossy(1))
    made.apply(Duplicate(RECEIVER, Lossy(1)))
    assert said(made, Lossy(1)) == [Lossy(1), Lossy(1)]


def test_each_copy_of_a_recorded_run_travels_by_itself() -> None:
    made = World(system().recorded())
    assert said(made, Lossy(1), Lossy(1)) == [Lossy(1), Lossy(1)]
    made.apply(Arrive(RECEIVER, Lossy(1)))
    made.apply(Arrive(RECEIVER, Lossy(1)))
    with pytest.raises(MoveError):
        made.apply(Arrive(RECEIVER, Lossy(1)))
