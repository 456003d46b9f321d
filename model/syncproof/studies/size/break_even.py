"""Find where designs change places along one quantity, and which one costs least where, from the charges of the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from syncproof.studies.size.plan import Plan, digits
from syncproof.studies.size.results import BreakEven, Cheapest

DEVICES, MEMBERS, MESSAGES = "devices per user", "members per message", "messages per user and day"
QUANTITIES = (DEVICES, MEMBERS, MESSAGES)
DEVICE_COUNTS = (1, 2, 3, 4, 6, 8)
MEMBER_COUNTS = tuple([round(2 * 500 ** (step / 20), 4) for step in range(21)])
MESSAGE_COUNTS = tuple([round(1000 ** (step / 20), 4) for step in range(21)])

MEASURES = ("cost", "rows written", "rows written and deleted")
Series = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Course:
    """Hold each measure of each design along one quantity: measure -> design -> a number for each of `values`."""

    quantity: str
    values: tuple[float, ...]
    of: Mapping[str, Series]


def course(quantity: str, values: Sequence[float], designs: Sequence[str], at: Callable[[float], Plan]) -> Course:
    """Compute every measure along a quantity. `at`: the plan at one of its values."""
    found: dict[str, dict[str, list[float]]] = {measure: {name: [] for name in designs} for measure in MEASURES}
    for value in values:
        plan = at(value)
        for name in designs:
            ledger = plan.account(name)
            written, deleted = ledger.total("written"), ledger.total("deleted")
            found["cost"][name].append(sum(plan.cost(name, ledger).values()))
            found["rows written"][name].append(plan.scale * written)
            found["rows written and deleted"][name].append(plan.scale * (written + deleted))
    return Course(quantity, tuple(values), found)


def with_messages(plan: Plan, per_day: float) -> Plan:
    """Return a plan whose users write so many messages a day."""
    mix = plan.mix
    now = mix.written.rows / mix.users / mix.seconds * 86400.0
    return replace(plan, mix=mix.with_messages(per_day / now))


def with_members(plan: Plan, members: float) -> Plan:
    """Return a plan whose messages go to conversations of so many members on average."""
    mix = plan.mix
    return replace(plan, mix=mix.with_members(members * mix.written.rows / mix.copied().rows))


def crossings(along: Course) -> Iterable[BreakEven]:
    """Yield where two designs change places: on the straight line between two points, both axes logarithmic."""
    for measure, series in along.of.items():
        names = list(series)
        for number, one in enumerate(names):
            for other in names[number + 1 :]:
                yield from _changes(along, measure, one, other)


def _changes(along: Course, measure: str, one: str, other: str) -> Iterable[BreakEven]:
    series = along.of[measure]
    gaps = [_gap(a, b) for a, b in zip(series[one], series[other], strict=True)]
    last = None
    for place, gap in enumerate(gaps):
        if gap == 0:
            continue
        if last is not None and (gaps[last] > 0) != (gap > 0):
            low, high = along.values[last], along.values[place]
            share = gaps[last] / (gaps[last] - gap)
            below, above = (other, one) if gaps[last] > 0 else (one, other)
            at = math.exp(math.log(low) + share * math.log(high / low))
            yield BreakEven(measure, along.quantity, below, above, digits(at), (low, high))
        last = place


def _gap(one: float, other: float) -> float:
    """Return the logarithm of how many times as much one is as the other; 0 where they differ by rounding only."""
    if not one or not other:
        return one - other
    gap = math.log(one / other)
    return 0.0 if abs(gap) < 1e-9 else gap


def cheapest(along: Course, keeping: Sequence[str], losing_nothing: Sequence[str]) -> Cheapest:
    """Return which design costs least at each value. `keeping`: the designs that keep history."""
    costs = along.of["cost"]

    def least(names: Sequence[str], place: int) -> str | None:
        return min(names, key=lambda name: costs[name][place]) if names else None

    places = range(len(along.values))
    return Cheapest(
        along.quantity,
        list(along.values),
        [least(keeping, place) for place in places],
        [least(losing_nothing, place) for place in places],
    )
