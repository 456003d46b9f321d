"""What grows without bound is named: what piles up, and what only counts."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import attrs
import pytest

from syncproof.actor import Id, Out, Packet, actor, durable, on, state
from syncproof.engines.explore import Limits, explore
from syncproof.environment import Environment
from syncproof.properties.base import Property, observes

spec = importlib.util.spec_from_file_location("two_phase", Path(__file__).with_name("two_phase.py"))
assert spec is not None
assert spec.loader is not None
two_phase = sys.modules.setdefault("two_phase", importlib.util.module_from_spec(spec))
spec.loader.exec_module(two_phase)

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
    """Sends without end to one who hears nothing."""

    def steps(self):
        yield two_phase.Refuse()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        out.send(two_phase.MANAGER, two_phase.Refuse())


@actor
class Silent(two_phase.Manager):
    """Hears everything and does nothing."""

    def steps(self):
        return ()

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        pass


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (Piling, r"the local state of Resource\(\d\) keeps growing: \d+ parts by then"),
        (Counting, r"the local state of Resource\(\d\) counts without end: \d+ by then"),
        (Talking, r"the network to ActorId\(100\) keeps growing: \d+ parts by then"),
    ],
)
def test_what_grows_is_named_where_the_verdict_is(resource, says):
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
    assert found.growth.startswith("the property counts counts without end")


def test_what_is_only_large_is_not_called_growing():
    found = explore(two_phase.two_phase(6), Environment(), [two_phase.Consistent], limits=LIMITS)
    assert found.graph.ending == "states"
    assert "counts without end" not in found.growth


def test_a_complete_search_names_nothing():
    assert explore(two_phase.two_phase(3), Environment()).growth == ""
