"""The small runs beside a comparison: each design along the values of a few scenario keys, and what single claims need.

They are short, one run each, so that a comparison stays quick: enough to show what grows with a key, and what would turn the
recommendation, not to give intervals.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from syncproof.engines.simulate import RunResult
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.studies import hot_user
from syncproof.studies.intervals import digits
from syncproof.studies.jobs import Job
from syncproof.studies.results.comparison import EndpointRuns, SmallRun

DEVICES, LOSSES, POLLS = "population.devices_per_user", "faults.push_loss", "model.poll_interval"
VALUES: dict[str, tuple[float, ...]] = {DEVICES: (1, 2, 3, 4, 6), LOSSES: (0.0, 0.1, 0.3), POLLS: (60.0, 300.0, 3600.0)}
"""Key -> the values that small runs try."""
HOT, QUIET = "a hot user", "without notifications"
"""What the other small runs are for."""
DELIVERIES = 2500
"""Deliveries, about, that a small run of a varied key simulates at two devices per user."""


@dataclass(frozen=True)
class Small:
    """Describe a small run: the key that it varies with its `value`, or what else it is for."""

    of: str
    value: float
    job: Job


@dataclass
class SmallRuns:
    """Hold the small runs that were made. `points`: key -> design -> value -> run; `hot`: messages a second, run."""

    points: dict[str, dict[str, dict[float, RunResult]]] = field(default_factory=dict)
    hot: list[tuple[float, RunResult]] = field(default_factory=list)
    quiet: RunResult | None = None

    def along(self, key: str) -> EndpointRuns | None:
        """Return the runs along a key, as results.json has them; None if there are none."""
        designs = {
            name: {f"{value:g}": shown(result) for value, result in points.items()}
            for name, points in self.points.get(key, {}).items()
        }
        return EndpointRuns(key, designs) if any(designs.values()) else None


def planned(base: Job, names: Sequence[str], traffic: Traffic) -> list[Small]:
    """Return the small runs beside a comparison of these designs. `base`: a job of it; `traffic`: that of its first run."""
    messages = _bounded(traffic)
    found = []
    for key, values in VALUES.items():
        for value in values:
            if key == POLLS and 0 < base.scenario.drain < value:  # a drain lasts at least as long as a poll interval
                continue
            varied = base.scenario.with_value(key, value)
            job = dataclasses.replace(base, scenario=varied, messages=messages)
            found += [Small(key, value, dataclasses.replace(job, design=name)) for name in names]
    if "timeline-dense-push" in names:
        for rate in hot_user.RATES:
            for form in (hot_user.RESERVED, hot_user.AT_COMMIT):
                found.append(Small(HOT, rate, Job(hot_user.scenario(rate), form, 0, base.seed)))
    if "timeline-notify" in names:
        silent = base.scenario.with_value("model.notifications", False)
        found.append(Small(QUIET, 0.0, dataclasses.replace(base, scenario=silent, design="timeline-notify")))
    return found


def gathered(small: Iterable[Small], results: Iterable[RunResult | None], names: Sequence[str]) -> SmallRuns:
    """Put the small runs together that were made, of the designs named, which did not fail."""
    found = SmallRuns({key: {name: {} for name in names} for key in VALUES})
    for each, result in zip(small, results, strict=True):
        if result is None:
            continue
        if each.of == HOT:
            found.hot.append((each.value, result))
        elif each.of == QUIET:
            found.quiet = result
        elif each.job.design in names:
            found.points[each.of][each.job.design][each.value] = result
    return found


def current(scenario: Scenario) -> dict[str, float]:
    """Return the scenario's own values of the keys, on average where it has several."""
    counts = scenario.population.devices_per_user
    devices = float(counts) if isinstance(counts, int) else sum(counts) / len(counts)
    return {DEVICES: devices, LOSSES: scenario.faults.push_loss, POLLS: scenario.model.poll_interval}


def shown(result: RunResult) -> SmallRun:
    """Return a small run as results.json has it."""
    return SmallRun(
        metrics={name: digits(value) for name, value in result.metrics.items()},
        violated=[name for name, p in result.properties.items() if p.verdict == "violated"],
        unknown=[name for name, p in result.properties.items() if p.verdict == "unknown" and p.exercised],
        promised_violated=[n for n, p in result.properties.items() if p.verdict == "violated" and p.promised],
        promised_unknown=[
            n for n, p in result.properties.items() if p.verdict == "unknown" and p.promised and p.exercised
        ],
        messages=result.messages,
        not_exercised=[name for name, p in result.properties.items() if not p.exercised],
    )


def _bounded(traffic: Traffic) -> int:
    """Return how many messages of this traffic make about `DELIVERIES` deliveries."""
    if not traffic.times:
        return 0
    sample = traffic.conversations[:500]
    members = [max(2, len(traffic.members[c])) for c in sample]
    return max(20, round(DELIVERIES / (2 * sum(members) / len(members))))
