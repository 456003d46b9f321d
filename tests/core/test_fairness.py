"""How a world comes to rest: everything pending is made, and no timer that is armed again keeps the others from firing."""

from __future__ import annotations

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.fairness import quiesce
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
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

    @on(Late)
    def answer(self, source: Id, packet: Late, out: Out) -> None:
        out.send(ASKING, Answer())


def test_a_timer_that_is_armed_again_lets_other_timers_fire() -> None:
    world = World(System("asking", lambda: {ASKING: Asking(id=ASKING), ANSWERING: Answering(id=ANSWERING)}))
    assert quiesce(world, 50)
    assert not world.timers
