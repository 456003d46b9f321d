"""Guards on receiving: where a packet waits, what waits behind it, and what is not asked about."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.links import ORDERED, PUSH, UNORDERED, Link
from syncproof.core.moves import Arrive, Connect, Deliver, Lose, MoveError, Tell
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System, World

PHONE, SERVER = DeviceId(0), ActorId(9)
OVER = ConnectionId.of(PHONE, 1)


class Letter(Packet, frozen=True, gc=False):
    pass


class Key(Packet, frozen=True, gc=False):
    pass


@actor
class Box(Actor):
    open: bool = durable(bool)
    letters: int = durable(int)

    @on(Key)
    def key(self, source: Id, packet: Key, out: Out) -> None:
        self.open = True

    @on(Letter, when=lambda self, source, packet: self.open)
    def letter(self, source: Id, packet: Letter, out: Out) -> None:
        self.letters += 1

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        pass


@actor
class Sender(Actor):
    @on(Letter)
    def letter(self, source: Id, packet: Letter, out: Out) -> None:
        out.send(SERVER, Letter())
        out.send(SERVER, Key())

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        out.send(source, Letter())
        out.send(source, Key())


def system(link: Link = UNORDERED) -> System:
    actors = {PHONE: Sender, SERVER: Box}
    return System(
        "box", lambda: {n: kind(id=n) for n, kind in actors.items()}, server=SERVER, links={Letter: link, Key: link}
    )


def sent(link: Link) -> World:
    world = World(system(link))
    world.apply(Tell(PHONE, Letter()))
    return world


def test_a_packet_that_is_declined_waits_until_the_guard_holds() -> None:
    world = sent(UNORDERED)
    assert list(world.pending()) == [Arrive(SERVER, Key(), PHONE)]
    world.apply(Arrive(SERVER, Key(), PHONE))
    assert list(world.pending()) == [Arrive(SERVER, Letter(), PHONE)]


def test_an_ordered_link_is_blocked_by_its_head() -> None:
    assert list(sent(ORDERED).pending()) == []


def test_a_connection_is_blocked_by_its_head() -> None:
    world = World(system())
    world.apply(Connect(PHONE))
    assert list(world.pending()) == []
    world.apply(Tell(SERVER, Key()))
    assert list(world.pending()) == [Deliver(OVER, "server")]


def test_a_move_that_the_receiver_declines_is_refused_in_words() -> None:
    with pytest.raises(MoveError, match=r"ActorId\(9\) declines Letter\(\) now"):
        sent(UNORDERED).apply(Arrive(SERVER, Letter(), PHONE))
    world = World(system())
    world.apply(Connect(PHONE))
    with pytest.raises(MoveError, match=r"nothing to deliver to the server on .*, or the receiver declines it"):
        world.apply(Deliver(OVER, "server"))


def test_what_the_environment_tells_is_not_asked_about() -> None:
    world = World(system())
    world.apply(Tell(SERVER, Letter()))
    assert world.actors[SERVER].letters == 1  # type: ignore[attr-defined]


def test_a_packet_that_is_declined_may_be_lost() -> None:
    """The network loses it, not the receiver."""
    lossy = Link("unordered", lossy=True)
    bounded = BoundedWorld(system(lossy), Environment(budgets={"push-lost": 1}), lambda _: None)
    bounded.make(Tell(PHONE, Letter()))
    assert Lose(SERVER, Letter(), PHONE) in list(bounded.every())
    assert Arrive(SERVER, Letter(), PHONE) not in list(bounded.every())


def test_a_packet_that_no_connection_can_receive_is_lost_without_asking() -> None:
    receiver = DeviceId(1)
    cast = lambda: {PHONE: Sender(id=PHONE), SERVER: Box(id=SERVER), receiver: Box(id=receiver)}  # noqa: E731
    world = World(System("box", cast, server=SERVER, links={Letter: PUSH}))
    world.hosts[PHONE].send(receiver, Letter())
    world.apply(Arrive(receiver, Letter(), PHONE))
    assert world.mail == {}
    assert world.actors[receiver].letters == 0  # type: ignore[attr-defined]


def test_a_subclass_keeps_the_guard_unless_it_marks_the_handler_anew() -> None:
    @actor
    class Wide(Box):
        def letter(self, source: Id, packet: Letter, out: Out) -> None:
            self.letters += 2

    @actor
    class Open(Box):
        @on(Letter)
        def letter(self, source: Id, packet: Letter, out: Out) -> None:
            self.letters += 2

    assert list(Wide.guards) == [Letter]
    assert list(Open.guards) == []


def test_the_ends_of_a_connection_cannot_be_declined() -> None:
    with pytest.raises(TypeError, match=r"Closed cannot be declined; write @on\(Closed\) without when="):
        on(Closed, when=lambda self, source, packet: True)
