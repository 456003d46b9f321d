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
from syncproof.engines.explore import Limits, explore, growth
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

    total: float = durable(float)

    def steps(self):
        yield two_phase.Prepare()

    @on(two_phase.Prepare)
    def prepare(self, source, packet, out):
        self.total += 0.5


def test_a_fraction_that_grows_is_named():
    found = explore(two_phase.two_phase(1, resource=Adding), Environment(), limits=LIMITS)
    assert re.fullmatch(r"the local state of Resource\(0\) was still counting: [\d.]+ by then", found.growth)


def test_a_large_value_that_does_not_grow_is_not_named():
    found = explore(two_phase.two_phase(6), Environment(), [two_phase.Consistent], limits=LIMITS)
    assert found.graph.ending == "states"
    assert "counting" not in found.growth


def test_a_complete_search_names_nothing():
    assert explore(two_phase.two_phase(3), Environment()).growth == ""


# ---- the thresholds


def said(monkeypatch, *places):
    """Return what is said of these places: (title, values as they were met, whether numbers in them are counts)."""
    monkeypatch.setattr(growth, "_places", lambda tables: iter(places))
    return growth.growth(None)


def sizes(*found):
    return [(0,) * size for size in found]


def met(half, early, late, last=()):
    """Return so many sizes: in the first half all are `early`, in the second half `late`, but for the `last` ones."""
    return sizes(*[early] * half, *[late] * (half - len(last)), *last)


@pytest.mark.parametrize(("values", "named"), [(sizes(*range(1, 20)), False), (sizes(*range(1, 21)), True)])
def test_growth_is_looked_for_in_twenty_values(monkeypatch, values, named):
    assert bool(said(monkeypatch, ("a slot", values, False))) == named


@pytest.mark.parametrize(("late", "named"), [(12, False), (13, True)])
def test_what_is_a_fifth_larger_in_the_second_half_does_not_grow_yet(monkeypatch, late, named):
    says = said(monkeypatch, ("a slot", met(10, 10, late), False))
    assert says == (f"a slot was still growing: {late} parts by then" if named else "")


@pytest.mark.parametrize(("late", "named"), [(9, False), (10, True)])
def test_a_number_below_ten_is_no_growing_counter(monkeypatch, late, named):
    says = said(monkeypatch, ("a slot", [1] * 10 + [late] * 10, True))
    assert says == (f"a slot was still counting: {late} by then" if named else "")


def test_a_size_below_ten_grows(monkeypatch):
    assert said(monkeypatch, ("a slot", met(10, 1, 2), False)) == "a slot was still growing: 2 parts by then"


@pytest.mark.parametrize(("last", "named"), [((20, 10, 10), False), ((20, 10), True), ((20,), True)])
def test_the_largest_value_is_among_the_last_fifth_of_the_second_half(monkeypatch, last, named):
    assert bool(said(monkeypatch, ("a slot", met(10, 10, 10, last), False))) == named


def test_numbers_in_values_that_are_no_counts_are_not_looked_at(monkeypatch):
    assert said(monkeypatch, ("a slot", list(range(1, 41)), False)) == ""


def test_what_has_grown_most_is_named_and_of_equals_the_first(monkeypatch):
    slow, fast = met(10, 10, 13), met(10, 10, 20)
    assert said(monkeypatch, ("one", slow, False), ("two", fast, False), ("three", fast, False)).startswith("two was")
