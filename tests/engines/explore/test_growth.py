"""Unbounded growth is named: growing sizes, and growing counters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.engines.explore import Limits, explore
from syncproof.engines.explore.growth import growth
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


# ---- values as they were met, without a search


class Wrapped(msgspec.Struct, frozen=True):
    what: Any
    other: int = 0


def grown(*slots: Sequence[Any], packets: Sequence[Any] = (), judge: int | None = None) -> str:
    """Return what is named where these values were met in slots `s0`, `s1` and so on, and these packets."""
    tables = SimpleNamespace(
        slots=[SimpleNamespace(title=f"s{n}", values=values) for n, values in enumerate(slots)],
        encoding=SimpleNamespace(
            judge_slot=len(slots) if judge is None else judge, packets=SimpleNamespace(values=packets)
        ),
        judging=SimpleNamespace(automata=[], states=[]),
    )
    return growth(tables)  # type: ignore[arg-type]


def test_growth_is_looked_for_in_twenty_values_or_more():
    assert grown(range(19)) == ""
    assert grown(range(20)) == "s0 was still counting: 19 by then"


def test_a_number_below_ten_is_not_growing():
    assert grown([1] * 19 + [9]) == ""
    assert grown([1] * 19 + [10]) == "s0 was still counting: 10 by then"


def test_the_second_half_must_go_more_than_a_fifth_further():
    assert grown([10] * 10 + [12] * 10) == ""
    assert grown([10] * 10 + [13] * 10) == "s0 was still counting: 13 by then"


def test_what_stopped_growing_before_the_last_tenth_is_not_named():
    assert grown([1] * 17 + [50] + [1] * 2) == ""
    assert grown([1] * 18 + [50] + [1]) == "s0 was still counting: 50 by then"


def test_what_was_largest_at_first_is_not_named():
    assert grown([50] + [1] * 18 + [50]) == ""


def test_parts_are_those_of_nested_tuples_and_nothing_is_one_part():
    assert grown([((0,) * n, ()) for n in range(1, 21)]) == "s0 was still growing: 21 parts by then"


def test_a_few_parts_may_grow():
    assert grown([(0,)] * 19 + [(0, 0)]) == "s0 was still growing: 2 parts by then"


def test_of_two_that_grow_the_one_that_grew_more_is_named():
    little, more = [10] * 10 + [20] * 10, [10] * 10 + [30] * 10
    none = [0] * 20
    assert grown(little, none, none, more) == "s3 was still counting: 30 by then"
    assert grown(more, none, none, little) == "s0 was still counting: 30 by then"


@pytest.mark.parametrize("slot", [1, 2, 4, 5])
def test_numbers_in_pending_slots_and_wires_count_nothing(slot):
    slots = [[0] * 20 for _ in range(6)]
    slots[slot] = list(range(20))
    assert grown(*slots) == ""
    slots[slot] = [(0,) * n for n in range(1, 21)]
    assert grown(*slots) == f"s{slot} was still growing: 20 parts by then"


def test_packets_are_looked_at_and_what_comes_after_the_actors_is_not():
    assert grown(packets=[Wrapped(n) for n in range(20)]) == "a packet was still counting: 19 by then"
    assert grown([0] * 20, range(20), judge=1) == ""


@pytest.mark.parametrize("wrap", [lambda n: (n,), Wrapped, lambda n: Wrapped(0, n), lambda n: (Wrapped((n,)), 1)])
def test_numbers_in_tuples_and_records_are_counted(wrap):
    assert grown([wrap(n) for n in range(20)]) == "s0 was still counting: 19 by then"


@pytest.mark.parametrize("wrap", [str, ActorId, lambda n: n > 9, lambda n: None])
def test_names_and_yes_or_no_are_no_numbers(wrap):
    assert grown([wrap(n) for n in range(20)]) == ""


def test_a_large_number_that_was_met_twice_at_the_end_is_named():
    assert grown([1] * 16 + [int("1000"), 1, 1, int("1000")]) == "s0 was still counting: 1000 by then"
