"""What an actor offers is offered in its own name, whichever actor of the system it is."""

from __future__ import annotations

from typing import ClassVar

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Complete, Fire, Take
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from tests.engines.explore.test_equal_to_world import Walk

NAMES = [ActorId(number) for number in range(4)]


class Ring(Packet, frozen=True, gc=False):
    """A timer that may fire early."""

    retransmits: ClassVar[bool] = True


class Look(Packet, frozen=True, gc=False):
    """A poll."""


class Written(Packet, frozen=True, gc=False):
    """A write is durable."""


class Go(Packet, frozen=True, gc=False):
    """A step."""


@actor
class Busy(Actor):
    """Does one thing, of the kind `how`, which counts once."""

    how: str = ""
    done: bool = durable(bool)

    def start(self, out: Out) -> None:
        if self.how == "timer":
            out.after(1.0, Ring())
        elif self.how == "poll":
            out.poll(1.0, Look(), Idle(Look(), Look()))
        elif self.how == "write":
            out.write("disk", 1, 1, Written())

    def steps(self):  # type: ignore[no-untyped-def]
        if self.how == "step" and not self.done:
            yield Go()

    @on(Ring)
    def rung(self, source: Id, packet: Ring, out: Out) -> None:
        self.done = True

    @on(Packet)
    def did(self, source: Id, packet: Packet, out: Out) -> None:
        self.done = True


@pytest.mark.parametrize(
    ("how", "kind", "early"),
    [("timer", Fire, {Ring: 1}), ("timer", Fire, {}), ("poll", Fire, {}), ("write", Complete, {}), ("step", Take, {})],
)
@pytest.mark.parametrize("which", NAMES)
def test_every_actor_acts_in_its_own_name(how: str, kind: type, early: dict[type[Packet], int], which: ActorId) -> None:
    """One of four actors does something: the search offers it in every state in which the world does, and no other."""
    system = System("busy", lambda: {name: Busy(id=name, how=how if name == which else "") for name in NAMES})
    walk = Walk(system, Environment(early=early), [])
    walk.run()
    moves = [move for move in walk.tables.moves.values if isinstance(move, kind)]
    assert moves
    assert {move.actor for move in moves} == {which}
    assert walk.states > 1
