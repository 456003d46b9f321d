"""What handlers remember outside of their fields ends a search: every later state would find it."""

from __future__ import annotations

from typing import ClassVar

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Tell
from syncproof.core.packets import Packet
from syncproof.core.values import Id, ServerId
from syncproof.core.world import System
from syncproof.engines.explore import ImpureHandler, explore

NAME = ServerId(-2)
MEMORY: set[int] = set()


class Put(Packet, frozen=True, gc=False):
    pass


@actor
class InModule(Actor):
    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        MEMORY.add(1)


@actor
class InConstant(Actor):
    memory: set[int]

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.memory.add(1)


@actor
class InClass(Actor):
    memory: ClassVar[set[int]] = set()

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.memory.add(1)


def enclosed() -> type[Actor]:
    memory: set[int] = set()

    @actor
    class InClosure(Actor):
        @on(Put)
        def put(self, source: Id, packet: Put, out: Out) -> None:
            memory.add(1)

    return InClosure


def search(made: Actor) -> None:
    explore(System("one", lambda: {NAME: made}), Environment(scripts=((Tell(NAME, Put()),),)))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: InModule(id=NAME), r"^InModule\.put: the module's variable MEMORY changed while the search ran"),
        (lambda: InConstant(id=NAME, memory=set()), r"\(InConstant\): the constant field memory changed"),
        (lambda: InClass(id=NAME), r"^InClass: the class attribute memory changed"),
        (lambda: enclosed()(id=NAME), r"^InClosure\.put: the variable memory around it changed"),
    ],
)
def test_what_is_remembered_elsewhere_is_named(made, says: str) -> None:
    MEMORY.clear()
    InClass.memory.clear()
    with pytest.raises(ImpureHandler, match=says):
        search(made())


def test_what_stays_as_it_is_may_be_anywhere() -> None:
    MEMORY.add(1)
    search(InModule(id=NAME))


@actor
class Private(Actor):
    """Changes what a search does not look at: a private attribute of its class, and one that is no container."""

    _memory: ClassVar[set[int]] = set()
    puts: ClassVar[int] = 0

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self._memory.add(1)
        type(self).puts += 1


def test_private_attributes_of_a_class_and_plain_values_are_not_looked_at() -> None:
    search(Private(id=NAME))
    assert (Private._memory, Private.puts > 0) == ({1}, True)


def unset() -> type[Actor]:
    """Return an actor whose handler names a variable that is set only later, and one that is set."""
    seen: list[int] = [1]

    @actor
    class Early(Actor):
        @on(Put)
        def put(self, source: Id, packet: Put, out: Out) -> None:
            assert seen
            if packet is None:
                later.append(1)

    search(Early(id=NAME))
    later: list[int] = []
    assert later == []
    return Early


def test_a_variable_that_is_not_set_yet_is_none_to_look_at() -> None:
    assert unset().__name__ == "Early"


def test_of_two_objects_that_change_the_first_is_named_and_what_stays_is_not() -> None:
    both = InModule(id=NAME), InConstant(id=ServerId(-3), memory=set())
    still = InConstant(id=ServerId(-4), memory={1})
    cast = {each.id: each for each in (still, *both)}
    scripts = tuple([(Tell(name, Put()),) for name in list(cast)[1:]])
    MEMORY.clear()
    with pytest.raises(ImpureHandler, match=r"^ServerId\(-3\) \(InConstant\): the constant field memory changed"):
        explore(System("three", lambda: cast), Environment(scripts=scripts))
