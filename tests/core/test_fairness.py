"""How a world comes to rest: everything pending is made, and no timer that is armed again keeps the others from firing."""

from __future__ import annotations

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.fairness import quiesce, recoveries
from syncproof.core.moves import Connect
from syncproof.core.packets import Opened, Packet
from syncproof.core.values import ActorId, DeviceId, Id
from syncproof.core.world import System, World

ASKING, ANSWERING = ActorId(0), ActorId(1)


class Ask(Packet, frozen=True, gc=False):
    """A timer, and the packet that it sends again."""


class Late(Packet, frozen=True, gc=False):
    """The timer of the answer."""


class Answer(Packet, frozen=True, gc=False):
    pass


@actor
class Asking(Actor):
    answered: bool = durable(bool)

    def start(self, out: Out) -> None:
        out.after(1.0, Ask())

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        out.send(ANSWERING, Ask())
        out.after(1.0, Ask())

    @on(Answer)
    def hear(self, source: Id, packet: Answer, out: Out) -> None:
        self.answered = True
        out.cancel(Ask())


@actor
class Answering(Actor):
    """Answers after a while."""

    @on(Ask)
    def asked(self, source: Id, packet: Ask, out: Out) -> None:
        out.after(1.0, Late())

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Late)
    def answer(self, source: Id, packet: Late, out: Out) -> None:
        out.send(ASKING, Answer())


def test_a_timer_that_is_armed_again_lets_other_timers_fire() -> None:
    world = World(System("asking", lambda: {ASKING: Asking(id=ASKING), ANSWERING: Answering(id=ANSWERING)}))
    assert quiesce(world, 50)
    assert not world.timers


def test_devices_without_a_server_come_to_rest_without_connecting() -> None:
    phone = DeviceId(0)
    world = World(System("alone", lambda: {phone: Answering(id=phone)}))
    assert quiesce(world)


@actor
class Endless(Actor):
    """Sends itself a packet again and again, `most` times before it gives up: then nothing has stopped it."""

    count: int = durable(int)
    most: int = 1_000

    def start(self, out: Out) -> None:
        out.send(self.id, Ask())

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        self.count += 1
        if self.count < self.most:
            out.send(self.id, Ask())


def test_a_world_that_never_comes_to_rest_is_left_after_so_many_moves() -> None:
    endless = Endless(id=ASKING)
    world = World(System("endless", lambda: {ASKING: endless}))
    assert not quiesce(world, 50)
    assert endless.count == 50


def test_the_limit_of_moves_counts_for_all_rounds_together() -> None:
    endless = Endless(id=ASKING, most=50)
    assert quiesce(World(System("endless", lambda: {ASKING: endless})), 51)
    assert endless.count == 50


def test_a_connected_client_does_not_recover() -> None:
    phone = DeviceId(0)
    world = World(System("pair", lambda: {name: Answering(id=name) for name in (ANSWERING, phone)}, server=ANSWERING))
    world.apply(Connect(phone))
    assert list(recoveries(world.down, world.connections, world.clients())) == []
    assert quiesce(world)
