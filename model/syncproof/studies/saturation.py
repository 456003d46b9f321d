"""Set the load at which each design's storage saturates beside the load that the scenario offers.

A station of c servers that works s seconds per message can serve c / s messages a second; from there on its queue grows as long as
the load lasts. That is the metric `saturation_messages_per_s`, taken from the runs: s is what a message took in them, with
the retries and the idle polls that there were. So it is near the truth only where the station was busy.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.studies.intervals import digits
from syncproof.studies.recommendation import LATE, difference, sign, value_of
from syncproof.studies.results.comparison import (
    ComparisonResults,
    DesignComparison,
    MetricResults,
    Offered,
    SmallRun,
)

KNEE = "saturation_messages_per_s"
NEAR = 0.5
"""The least utilisation of some design's station for which a report shows where the stations saturate."""
FAR = 0.1
"""Below this utilisation the load at which a station saturates is more than ten times that of the runs: an extrapolation."""
FULL, SWAMPED = 0.95, 0.9
"""A station that worked at least `FULL` of the time, while at least `SWAMPED` of the deliveries were late, was swamped."""
MINUTE = 60.0
STEPS = 1440
"""Moments at which the rate of a scenario with day and night is looked at."""

Room = Literal["serves", "unclear", "saturated"]
"""How a station stands to a load: all of its interval is above it, some of it, or none."""


def offered(scenario: Scenario, traffic: Traffic) -> Offered:
    """Return the messages a second that people write: what the scenario says, or of a trace what it has."""
    if scenario.traffic.trace != "none":
        minutes = Counter(int(at // MINUTE) for at in traffic.times)
        mean, peak = len(traffic.times) / traffic.horizon, max(minutes.values(), default=0) / MINUTE
    else:
        mean, peak = _drawn(scenario)
    return Offered(digits(mean) or 0.0, digits(peak) or 0.0)


def _drawn(scenario: Scenario) -> tuple[float, float]:
    """Return the mean and the largest rate from which messages are drawn, in messages a second."""
    length, bursts = scenario.duration, scenario.traffic.bursts
    usual = scenario.population.users * scenario.traffic.messages_per_user_per_day / DAY
    day = 2 * math.pi / DAY

    def hour(start: float, end: float) -> float:
        """Return how many times as many messages as on average a part of the day has."""
        if not scenario.traffic.day_night:
            return 1.0
        return 1 - (
            math.cos(day * start)
            if start == end
            else (math.sin(day * end) - math.sin(day * start)) / (day * (end - start))
        )

    def rate(at: float) -> float:
        more = sum(burst.factor - 1 for burst in bursts if burst.start <= at < burst.start + burst.length)
        return hour(at, at) * (1 / hour(0.0, length) + more)

    spans = [(burst.factor - 1, burst.start, min(burst.start + burst.length, length)) for burst in bursts]
    mean = 1 + math.fsum(factor * hour(start, end) * (end - start) for factor, start, end in spans) / length
    moments = [*(burst.start for burst in bursts), *(length * step / STEPS for step in range(STEPS))]
    return usual * mean, usual * max(map(rate, moments))


@dataclass(frozen=True)
class Knee:
    """Hold where a design's station saturates (`at`, messages a second), how busy it was, and how long operations waited."""

    design: str
    at: MetricResults
    busy: MetricResults
    wait: MetricResults

    @property
    def extrapolated(self) -> bool:
        """Return whether the runs were far from that load."""
        return (self.busy.value or 0.0) < FAR

    def room(self, load: float) -> Room:
        """Return whether the station can serve a load; without an interval the value alone decides."""
        value = self.at.value or math.inf
        low, high = (value if end is None else end for end in (self.at.low, self.at.high))
        return "serves" if low > load else "saturated" if high < load else "unclear"


def knees(results: ComparisonResults) -> list[Knee]:
    """Return where each design's station saturates, the first one first, without designs that took none of its time."""
    found = [
        Knee(name, design.metrics[KNEE], design.metrics["storage_utilisation"], design.metrics["storage_wait_p99_s"])
        for name, design in results.designs.items()
        if design.metrics[KNEE].value is not None
    ]
    return sorted(found, key=lambda knee: (knee.at.value or 0.0, knee.design))


def near(results: ComparisonResults) -> bool:
    """Return whether some design's station was busy enough for a report to show where the stations saturate."""
    return results.offered is not None and any((knee.busy.value or 0.0) >= NEAR for knee in knees(results))


def swamped(found: DesignComparison | SmallRun) -> bool:
    """Return whether the storage never kept up in these runs.

    Then requests are sent and stored again, and what should follow a write does not come before the end: such runs count the
    retries of a queue, and say little about what a design writes, sends or takes of its storage.
    """
    return (value_of(found, "storage_utilisation") or 0.0) >= FULL and (value_of(found, LATE) or 0.0) >= SWAMPED


def first(found: list[Knee], results: ComparisonResults) -> list[str]:
    """Return the designs that saturate first: the first one, and those that do not clearly saturate later, run by run."""
    least = found[0].design
    return [
        knee.design for knee in found if knee.design == least or not sign(difference(results, knee.design, least, KNEE))
    ]


def loads(results: ComparisonResults) -> list[tuple[str, float]]:
    """Return the offered loads by name: `mean` and `peak`, or `load` if there is no difference; none without messages."""
    if results.offered is None or not results.offered.mean_messages_per_s:
        return []
    mean, peak = results.offered.mean_messages_per_s, results.offered.peak_messages_per_s
    return [("load", mean)] if mean == peak else [("mean", mean), ("peak", peak)]
