"""Handlers are called again at the end of a search, with their dicts and sets in another order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count, product, repeat
from typing import Any, ClassVar

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.core.world import System
from syncproof.engines.explore import HandlerError, ImpureHandler, UnfitValue, explore
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import Property, observes
from syncproof.properties.sometimes import CAUGHT_UP

NAME, OTHER = ActorId(0), ActorId(1)


class Add(Packet, frozen=True, gc=False):
    key: int


class Ask(Packet, frozen=True, gc=False):
    how: str


class Told(Packet, frozen=True, gc=False):
    key: int


class Look(Packet, frozen=True, gc=False):
    """A poll."""


class First(Observation, frozen=True, gc=False):
    key: int


@state
class Ascending(Property):
    """Keys are observed in ascending order."""

    name = "ascending"
    last: int = -1

    @observes(First)
    def on_first(self, first: First) -> str | None:
        before, self.last = self.last, first.key
        return "descending" if first.key < before else None


@state
class Shelf:
    books: dict[int, str]


@actor
class Keeper(Actor):
    rows: dict[int, str] = durable(dict)
    shelf: Shelf = durable(lambda: Shelf({}))
    names: set[int] = durable(set)
    first: int = durable(int)

    @on(Add)
    def add(self, source: Id, packet: Add, out: Out) -> None:
        self.rows[packet.key] = self.shelf.books[packet.key] = "x"
        self.names.add(packet.key)

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        match packet.how:
            case "sorted":
                for key in sorted(self.rows):
                    out.send(OTHER, Told(key))
            case "sent":
                for key in self.rows:
                    out.send(OTHER, Told(key))
            case "kept":
                self.first = next(iter(self.shelf.books), 0)
            case "observed":
                for key in self.names:
                    out.observe(First(key))
            case "popped":
                if self.names:
                    self.names.pop()
            case "written":
                for key in self.rows:
                    out.write("disk", 1, 1, Told(key))
                    out.send(ActorId(key), Told(0))
            case "cancelled":
                for key in self.rows:
                    out.after(1.0, Told(key))
                    out.cancel(Told(key))
                out.poll(60.0, Look(), Idle(Look(), Look()))
            case "polled":
                for key in self.rows:
                    out.poll(60.0, Told(key), Idle(Look(), Look()))
            case "unpolled":
                out.poll(60.0, Told(7), Idle(Look(), Look()))
                for key in self.rows:
                    if key:
                        out.cancel(Told(7))
                    else:
                        out.poll(60.0, Told(7), Idle(Look(), Look()))

    @on(Told)
    def told(self, source: Id, packet: Told, out: Out) -> None:
        pass

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        pass


def asked(how: str) -> Any:
    system = System("keeper", lambda: {n: Keeper(id=n) for n in (NAME, OTHER)})
    scripts = ((*[Tell(NAME, Add(key)) for key in (1, 0)], Tell(NAME, Ask(how))),)
    return explore(system, Environment(scripts=scripts), [Ascending])


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ("sent", "rows"),
        ("kept", "shelf"),
        ("popped", "names"),
        ("observed", "names"),
        ("polled", "rows"),
        ("unpolled", "rows"),
    ],
)
def test_a_result_that_depends_on_the_order_of_a_dict_or_set_is_an_error(how: str, field: str) -> None:
    says = (
        rf"ActorId\(0\) \(Keeper\): what it does, handling Ask\(how='{how}'\), depends on the order of {field}; iterate"
    )
    with pytest.raises(ImpureHandler, match=says):
        asked(how)


@pytest.mark.parametrize("how", ["sorted", "written", "cancelled"])
def test_an_order_that_nothing_depends_on_is_none(how: str) -> None:
    assert asked(how).reran > 0


class Scripted:
    """What the calls of a handler return, one after the other."""

    results: ClassVar[Iterator[int]] = iter(())


@actor
class Fickle(Actor):
    """Keeps the next scripted result."""

    last: int = durable(int)

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        self.last = next(Scripted.results)


SORTED_ALIKE = (True, True, False, True, False, False)
"""Which calls have the first result again, where that depends on the order of dicts and sets alone."""


@pytest.mark.parametrize("again", list(product((True, False), repeat=len(SORTED_ALIKE))))
def test_a_result_depends_on_an_order_only_if_it_follows_it_in_every_call(again: tuple[bool, ...]) -> None:
    Scripted.results = chain((1, 2), [1 if same else 2 for same in again], repeat(2))
    system = System("fickle", lambda: {NAME: Fickle(id=NAME)})
    says = "depends on the order of" if again == SORTED_ALIKE else "did something else when it was called again"
    with pytest.raises(ImpureHandler, match=says):
        explore(system, Environment(scripts=((Tell(NAME, Ask("")),),)))


class Answer(Packet, frozen=True, gc=False):
    answers = "over"
    over: ConnectionId


@actor
class Answering(Actor):
    """Does something else than to answer over a connection."""

    how: str
    kept: bool = durable(bool)

    @on(Answer)
    def answer(self, source: Id, packet: Answer, out: Out) -> None:
        match self.how:
            case "sends":
                out.send(OTHER, Told(0))
            case "keeps":
                self.kept = True
            case "writes":
                out.write("disk", 1, 1, Told(0))
            case "observes":
                out.observe(First(0))
            case "forgets":
                self.kept = False

    @on(Told)
    def told(self, source: Id, packet: Told, out: Out) -> None:
        self.kept = packet.key == 7


@pytest.mark.parametrize("over", [ConnectionId(0), ConnectionId.of(5, 1)])
@pytest.mark.parametrize("how", ["sends", "keeps", "writes", "observes"])
def test_a_packet_that_does_more_than_its_class_says_is_an_error(how: str, over: ConnectionId) -> None:
    system = System("answering", lambda: {n: Answering(id=n, how=how) for n in (NAME, OTHER)})
    with pytest.raises(HandlerError, match=r"Answer says that it only answers over .*, but it does more"):
        explore(system, Environment(scripts=((Tell(NAME, Answer(over)),),)))


def test_a_packet_that_leads_back_to_an_earlier_state_is_an_error() -> None:
    system = System("answering", lambda: {NAME: Answering(id=NAME, how="forgets")})
    script = (Tell(NAME, Told(7)), Tell(NAME, Answer(ConnectionId.of(5, 1))))
    with pytest.raises(HandlerError, match="but it does more"):
        explore(system, Environment(scripts=(script,)))


def test_a_packet_that_does_no_more_than_its_class_says_is_none() -> None:
    system = System("answering", lambda: {n: Answering(id=n, how="nothing") for n in (NAME, OTHER)})
    assert explore(system, Environment(scripts=((Tell(NAME, Answer(ConnectionId.of(5, 1))),),))).complete


@pytest.mark.parametrize(("fault", "reached"), [((), False), (("disconnect",), True)])
def test_a_device_catches_up_over_a_later_connection_than_its_first(fault: tuple[str, ...], reached: bool) -> None:
    system, _, environment = small_worlds.build("timeline-push", SmallWorld("two-devices", 1, fault))
    assert (CAUGHT_UP in explore(system, environment).situations) is reached


@actor
class Charging(Actor):
    """Asks a store for amounts that are not allowed."""

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        what, rows, size, replaces = packet.how.split()
        match what:
            case "write":
                out.write("disk", int(rows), int(size), replaces=int(replaces))
            case "delete":
                out.delete("disk", int(rows), bytes=int(size))
            case "read":
                out.read("disk", int(rows), int(size))


def charged(how: str) -> Any:
    system = System("charging", lambda: {NAME: Charging(id=NAME)})
    return explore(system, Environment(scripts=((Tell(NAME, Ask(how)),),)))


@pytest.mark.parametrize("what", ["write", "delete", "read"])
@pytest.mark.parametrize("amounts", ["-1 0", "0 -1", "-1 -1"])
def test_rows_and_bytes_below_nothing_are_an_error(what: str, amounts: str) -> None:
    rows, size = amounts.split()
    with pytest.raises(
        HandlerError, match=f"ValueError: {what} of {rows} rows and {size} bytes; allowed: 0 or more; Act"
    ):
        charged(f"{what} {amounts} 0")


def test_a_write_that_replaces_less_than_nothing_is_an_error() -> None:
    with pytest.raises(HandlerError, match="ValueError: write that replaces -1 bytes; allowed: 0 or more; ActorId"):
        charged("write 0 0 -1")


@pytest.mark.parametrize("how", ["write 0 0 0", "delete 0 0 0", "read 0 0 0", "write 1 1 1"])
def test_nothing_may_be_stored_and_nothing_comes_of_it(how: str) -> None:
    assert len(charged(how).graph.states) == 2


@actor
class Fussy(Actor):
    """Refuses its input, or sends what cannot be compared when it is called again."""

    calls: Any

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        if packet.how == "input":
            raise InputError("workload: line 7: a message without a sender; allowed: DeviceId")
        out.send(self.id, Loose(1 if next(self.calls) == 0 else [1]))

    @on(Packet)
    def hear(self, source: Id, packet: Packet, out: Out) -> None:
        pass


class Loose(Packet, frozen=True, gc=False):
    value: Any


def test_an_input_that_a_handler_refuses_is_told_as_it_is() -> None:
    system = System("fussy", lambda: {NAME: Fussy(id=NAME, calls=count())})
    with pytest.raises(InputError, match=r"^workload: line 7: a message without a sender; allowed: DeviceId$"):
        explore(system, Environment(scripts=((Tell(NAME, Ask("input")),),)))


def test_a_packet_that_cannot_be_compared_when_it_is_sent_again_is_named() -> None:
    system = System("fussy", lambda: {NAME: Fussy(id=NAME, calls=count())})
    with pytest.raises(UnfitValue, match=r"^ActorId\(0\) \(Fussy\), in a packet: Loose.value holds \[1\] \(list\)"):
        explore(system, Environment(scripts=((Tell(NAME, Ask("packet")),),)))
