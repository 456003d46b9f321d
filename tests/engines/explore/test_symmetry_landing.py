"""Symmetry with writes that land in a crash: what they observe is compared too, in the order in which they observe it."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import Id, ServerId
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

    return MarkedLast


CRASH = Environment(budgets={"server-crash": 1})


@pytest.mark.parametrize("of", [1, 2, 3])
def test_the_order_of_what_a_landing_write_observes_counts(of):
    prop = last(of)
    assert explore(system(), CRASH, [prop]).findings["marked-last"].verdict == "violated"
    with pytest.raises(NotSymmetric, match="the property marked-last"):
        explore(system(), CRASH, [prop], symmetric=[ROWS])
