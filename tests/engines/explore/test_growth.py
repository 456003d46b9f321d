"""Unbounded growth is named: growing sizes, and growing counters."""

from __future__ import annotations

import re

import attrs
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.engines.explore import Limits, explore
from syncproof.properties._base import Property, observes

LIMITS = Limits(states=4_000)


@actor
class Piling(two_phase.ResourceManager):
    """Keeps every refusal."""

    kept: list[int] = durable(list)

    def steps(self):
        yield two_phase.Refuse()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        self.kept.append(1)


@actor
class Counting(two_phase.ResourceManager):
    """Only counts its refusals."""

    count: int = durable(int)

    def steps(self):
        yield two_phase.Refuse()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        self.count += 1


@actor
class Talking(two_phase.ResourceManager):
    """Sends endlessly to a manager that ignores it."""

    def steps(self):
        yield two_phase.Refuse()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        out.send(two_phase.MANAGER, two_phase.Refuse())


@actor
class Silent(two_phase.Manager):
    """Receives everything and does nothing."""

    def steps(self):
        return ()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        pass


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (Piling, r"the local state of Resource\(\d\) was still growing: \d+ parts by then"),
        (Counting, r"the local state of Resource\(\d\) was still counting: \d+ by then"),
        (Talking, r"the network to ActorId\(100\) was still growing: \d+ parts by then"),
    ],
)
def test_an_unknown_verdict_names_what_grows(resource, says):
    system = two_phase.two_phase(2, resource=resource, manager=Silent)
    found = explore(system, Environment(), [two_phase.Consistent], limits=LIMITS)
    assert found.graph.ending == "states"

    assert re.search(says, found.growth), found.growth
    finding = found.findings["consistent"]
    assert finding.verdict == "unknown"
    assert finding.why == f"the search was cut short: the limit of states was reached; {found.growth}"


def test_a_property_that_counts_without_end_is_named():
    @state
    class Counts(Property):
        name = "counts"

        count: int = attrs.field(default=0)

        @observes(two_phase.Decided)
        def on_decided(self, o):
            self.count += 1

    found = explore(two_phase.two_phase(1), Environment(), [Counts], limits=LIMITS)
    assert found.growth.startswith("the property counts was still counting")


@actor
class Adding(two_phase.ResourceManager):
    """Adds up fractions for ever."""

    total: float = durable(int)

    def steps(self):
        yield two_phase.Prepare()

    @on(two_phase.Prepare)
    def prepare(self, source, packet, out):
        self.total += 0.5


def test_a_fraction_that_grows_is_named():
    found = explore(two_phase.two_phase(1, resource=Adding), Environment(), limits=LIMITS)
    assert re.fullmatch(r"the local state of Resource\(0\) was still counting: [\d.]+ by then", found.growth)


@pytest.mark.parametrize(("step", "says"), [(1_000_000, r"\d+000000"), (1 / 3, r"\d+\.\d{1,4}")])
def test_a_whole_number_that_grows_is_written_in_full_and_a_fraction_is_rounded(step, says):
    @actor
    class Stepping(Adding):
        @on(two_phase.Prepare)
        def prepare(self, source, packet, out):
            self.total += step

    found = explore(two_phase.two_phase(1, resource=Stepping), Environment(), limits=LIMITS)
    assert re.fullmatch(rf"the local state of Resource\(0\) was still counting: {says} by then", found.growth)


def test_a_large_value_that_does_not_grow_is_not_named():
    found = explore(two_phase.two_phase(6), Environment(), [two_phase.Consistent], limits=LIMITS)
    assert found.graph.ending == "states"
    assert "counting" not in found.growth


def test_a_complete_search_names_nothing():
    assert explore(two_phase.two_phase(3), Environment()).growth == ""
