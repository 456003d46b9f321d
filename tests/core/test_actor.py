"""Actors: kinds of fields, dispatch of packets, snapshots. What an image of a value is: test_images."""

from __future__ import annotations

import doctest
from collections import deque
from typing import Any

import pytest

from syncproof.core import actor as core_actor
from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, Id


class Ping(Packet, frozen=True, gc=False):
    number: int


class Pong(Packet, frozen=True, gc=False):
    number: int


@state
class Shelf:
    books: list[int]
    open: bool


@actor
class Counter(Actor):
    step: int = 1
    total: int = durable(int)
    shelf: Shelf = durable(lambda: Shelf([], False))
    seen: set[int] = volatile(set)
    waiting: deque[int] = volatile(deque)

    @on(Ping)
    def ping(self, source: Id, packet: Ping, out: Out) -> None:
        self.total += self.step * packet.number
        self.seen.add(packet.number)
        self.waiting.append(packet.number)
        self.shelf.books.append(packet.number)


@actor
class Doubler(Counter):
    def ping(self, source: Id, packet: Ping, out: Out) -> None:
        super().ping(source, packet, out)
        self.total *= 2


class Nowhere:
    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"no effect expected, got {name}")


def pinged(kind: type[Counter] = Counter) -> Counter:
    made = kind(id=ActorId(1), step=3)
    made.handle(ActorId(2), Ping(5), Nowhere())  # type: ignore[arg-type]
    return made


def test_a_crash_resets_volatile_fields_and_nothing_else() -> None:
    made = pinged()
    made.crash()
    assert (made.step, made.total, made.shelf.books) == (3, 15, [5])
    assert (made.seen, made.waiting) == (set(), deque())


def test_an_overridden_handler_keeps_its_packet() -> None:
    assert pinged(Doubler).total == 30


def test_a_packet_without_handler_names_those_that_have_one() -> None:
    with pytest.raises(TypeError, match=r"Counter has no handler for Pong; .*@on\(Pong\)\. It handles Ping$"):
        pinged().handle(ActorId(2), Pong(1), Nowhere())  # type: ignore[arg-type]


def test_a_misspelt_field_is_an_error() -> None:
    with pytest.raises(AttributeError):
        pinged().totl = 3  # type: ignore[attr-defined]


def assigns(self: Counter, source: Id, packet: Pong, out: Out) -> None:
    self.step = packet.number


def adds(self: Counter, source: Id, packet: Pong, out: Out) -> None:
    self.step += packet.number


def unpacks(self: Counter, source: Id, packet: Pong, out: Out) -> None:
    self.total, self.step = 0, packet.number


@pytest.mark.parametrize("method", [assigns, adds, unpacks])
def test_a_method_that_assigns_a_constant_field_is_an_error_of_its_class(method: object) -> None:
    with pytest.raises(TypeError, match=r"Stepping.pong assigns step, which is constant.*durable"):
        actor(type("Stepping", (Counter,), {"pong": method}))


def test_a_method_may_assign_what_is_durable_or_volatile() -> None:
    class Resetting(Counter):
        @on(Pong)
        def pong(self, source: Id, packet: Pong, out: Out) -> None:
            self.total = self.step
            self.seen = set()

    made = pinged(actor(Resetting))
    made.handle(ActorId(2), Pong(1), Nowhere())  # type: ignore[arg-type]
    assert (made.total, made.seen) == (3, set())


def test_an_actor_without_the_decorator_cannot_be_made() -> None:
    class Forgetful(Counter):
        pass

    with pytest.raises(TypeError, match="Forgetful has no @actor"):
        Forgetful(id=ActorId(1))


def test_a_handler_needs_no_decorator_above_its_class_to_be_found() -> None:
    class Ponged(Counter):
        @on(Pong)
        def pong(self, source: Id, packet: Pong, out: Out) -> None: ...

    assert set(Ponged.handlers) == {Ping, Pong}


def test_the_example_in_the_module_docstring_runs() -> None:
    assert doctest.testmod(core_actor) == doctest.TestResults(failed=0, attempted=10)


def test_restoring_a_snapshot_brings_back_an_equal_state() -> None:
    made = pinged()
    snapshot = made.snapshot()
    made.handle(ActorId(2), Ping(7), Nowhere())  # type: ignore[arg-type]
    assert made.snapshot() != snapshot
    made.restore(snapshot)
    assert made.snapshot() == snapshot
    assert made.shelf.books == [5]


def test_a_restored_actor_shares_nothing_with_the_snapshot() -> None:
    made = pinged()
    snapshot = made.snapshot()
    made.restore(snapshot)
    made.shelf.books.append(9)
    assert snapshot != made.snapshot()


def test_equal_fields_in_different_packet_classes_do_not_make_equal_packets() -> None:
    assert Ping(1) != Pong(1)  # type: ignore[comparison-overlap]


def test_a_connection_id_names_its_client_and_its_count() -> None:
    name = ConnectionId.of(7, 3)
    assert (name.client, name.count) == (7, 3)


def test_a_state_may_be_restored_with_its_dicts_and_sets_in_the_other_order() -> None:
    made = pinged()
    made.seen = {1, 2, 3}
    image = made.snapshot()
    made.restore_backwards(image)
    assert made.seen == {1, 2, 3}
    assert list(made.seen) == [3, 2, 1]
    assert made.snapshot() == image
    assert made.seen.pop() == 3


def test_durable_fields_are_named_images_and_come_back() -> None:
    before = pinged()
    fields = before.durable_fields()
    assert fields["total"] == 15
    assert set(fields) == {"total", "shelf"}
    after = Counter(id=ActorId(1), step=3)
    after.recover(fields)
    assert after.durable_state() == before.durable_state()
    assert (after.seen, list(after.waiting)) == (set(), [])
    after.shelf.books.append(9)
    assert before.shelf.books == [5]


def test_what_is_recovered_must_be_a_durable_field() -> None:
    with pytest.raises(ValueError, match="Counter has no durable field 'seen'; it has total, shelf"):
        Counter(id=ActorId(1)).recover({"seen": ()})


@pytest.mark.parametrize("field", [durable, volatile])
def test_a_value_where_a_function_makes_the_first_value_is_an_error(field: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^0 is no function that makes the first value; write int for 0, dict for \{\}"
    ):
        field(0)
