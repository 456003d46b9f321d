"""Symmetry with writes that land in a crash: what they observe is compared too, in the order in which they observe it."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.moves import Connect
from syncproof.core.observations import Disconnected, Observation
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import DeviceId, Id, ServerId
from syncproof.core.world import System
from syncproof.engines.explore import NotSymmetric, explore
from syncproof.properties._base import Property, observes

STORE = ServerId(-2)
ROWS = tuple([two_phase.Resource(n) for n in range(3)])


class Mark(Packet, frozen=True, gc=False):
    """Mark a row."""

    row: two_phase.Resource


class Report(Packet, frozen=True, gc=False):
    """Begin the write that reports all rows."""


class Reported(Packet, frozen=True, gc=False):
    """The write is durable."""


class Marked(Observation, frozen=True, gc=False):
    row: two_phase.Resource


class Ran(Observation, frozen=True, gc=False):
    """The process was running, as it was not if the write landed in a crash."""


class Counted(Observation, frozen=True, gc=False):
    durable: ClassVar[bool] = True
    row: two_phase.Resource


@actor
class Store(Actor):
    """Marks rows, and reports all of them in a write that never completes before a crash."""

    marked: set[two_phase.Resource] = durable(set)
    asked: bool = durable(bool)

    def steps(self):
        for row in ROWS:
            if not self.marked:
                yield Mark(row)
        if self.marked and not self.asked:
            yield Report()

    @on(Mark)
    def mark(self, source: Id, packet: Mark, out: Out) -> None:
        self.marked.add(packet.row)
        out.observe(Marked(packet.row))

    @on(Report)
    def report(self, source: Id, packet: Report, out: Out) -> None:
        self.asked = True
        out.write("disk", 1, 1, Reported())

    @on(Reported)
    def reported(self, source: Id, packet: Reported, out: Out) -> None:
        out.observe(Ran())
        for row in ROWS:
            out.observe(Counted(row))


def system() -> System:
    return System("store", lambda: {STORE: Store(id=STORE)})


def last(of: int) -> type[Property]:
    @state
    class MarkedLast(Property):
        """Complains if the marked row is the row of this number that is counted by a write that lands in a crash."""

        name = "marked-last"

        marked: set[Id] = attrs.field(factory=set)
        counted: int = 0

        @observes(Ran)
        def on_ran(self, o):
            self.counted = len(ROWS)

        @observes(Marked)
        def on_marked(self, o):
            self.marked.add(o.row)

        @observes(Counted)
        def on_counted(self, o):
            self.counted += 1
            return "the marked row is counted last" if self.counted == of and o.row in self.marked else None

        @observes(Disconnected)
        def on_disconnected(self, o):
            """Make the disconnection a part of what the crash of a connected device observes."""

    return MarkedLast


CRASH = Environment(budgets={"server-crash": 1})


@pytest.mark.parametrize("of", [1, 2, 3])
def test_the_order_of_what_a_landing_write_observes_counts(of):
    prop = last(of)
    assert explore(system(), CRASH, [prop]).findings["marked-last"].verdict == "violated"
    with pytest.raises(NotSymmetric, match="the property marked-last"):
        explore(system(), CRASH, [prop], symmetric=[ROWS])


class Seen(Observation, frozen=True, gc=False):
    durable: ClassVar[bool] = True
    row: two_phase.Resource


@actor
class Repeating(Store):
    """Says in the write which row is marked, so that what the write observes depends on it."""

    @on(Reported)
    def reported(self, source: Id, packet: Reported, out: Out) -> None:
        for row in sorted(self.marked):
            out.observe(Seen(row))
        super().reported(source, packet, out)


def test_the_images_of_a_landing_write_are_compared_with_their_own_images():
    @state
    class Watching(last(3)):  # type: ignore[misc]
        name = "watching"

        @observes(Seen)
        def on_seen(self, o):
            """Make it a part of what the write observes."""

    repeating = System("repeating", lambda: {STORE: Repeating(id=STORE)})
    with pytest.raises(NotSymmetric, match="the property watching"):
        explore(repeating, CRASH, [Watching], symmetric=[ROWS])


def test_all_that_landing_writes_do_is_found_in_the_reduced_graph():
    whole = explore(system(), CRASH, [])
    part = explore(system(), CRASH, [], symmetric=[ROWS])
    unmarked = sum(not whole.tables.encoding.actor_in(0, state[0]).marked for state in whole.graph.states)
    assert len(part.graph.states) == unmarked + (len(whole.graph.states) - unmarked) / len(ROWS)


class Second(Packet, frozen=True, gc=False):
    """The second write is durable."""


@actor
class Favouring(Store):
    """Forgets a row that is not the first one in a second write, if that lands after the other one."""

    first: bool = durable(bool)

    @on(Report)
    def report(self, source: Id, packet: Report, out: Out) -> None:
        self.asked = True
        out.write("disk", 1, 1, Reported())
        out.write("disk", 1, 1, Second())

    @on(Reported)
    def reported(self, source: Id, packet: Reported, out: Out) -> None:
        self.first = True

    @on(Second)
    def second(self, source: Id, packet: Second, out: Out) -> None:
        if self.first:
            self.marked &= {ROWS[0]}


def test_a_write_that_lands_after_another_one_is_compared_even_where_the_search_does_not_go_on():
    favouring = System("favouring", lambda: {STORE: Favouring(id=STORE)})
    with pytest.raises(NotSymmetric, match="handling Second"):
        explore(favouring, CRASH, symmetric=[ROWS], constraint=lambda world: not world.actors[STORE].first)


@actor
class Partial(Store):
    """Marks a favourite row when it starts after a crash."""

    begun: bool = durable(bool)
    favourite: Id | None = volatile(lambda: ROWS[0])

    def start(self, out: Out) -> None:
        if self.begun and self.favourite is not None:
            self.marked.add(self.favourite)
        self.begun, self.favourite = True, None


def test_what_a_crash_leaves_is_compared():
    partial = System("partial", lambda: {STORE: Partial(id=STORE)})
    with pytest.raises(NotSymmetric, match="crashing"):
        explore(partial, CRASH, symmetric=[ROWS])


PHONE = DeviceId(0)


@actor
class Phone(Store):
    """A store that is a client."""

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...


@actor
class Server(Actor):
    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None: ...

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None: ...


@pytest.mark.parametrize("of", [1, 2, 3])
def test_the_order_counts_also_where_the_crash_closes_a_connection(of):
    pair = System("pair", lambda: {STORE: Server(id=STORE), PHONE: Phone(id=PHONE)}, server=STORE)
    connected = Environment(prelude=(Connect(PHONE),), budgets={"device-crash": 1})
    assert explore(pair, connected, [last(of)]).findings["marked-last"].verdict == "violated"
    with pytest.raises(NotSymmetric, match="the property marked-last"):
        explore(pair, connected, [last(of)], symmetric=[ROWS])
