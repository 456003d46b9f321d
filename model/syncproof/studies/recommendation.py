"""Recommend a design for a scenario: who is on the Pareto front, which of them to choose, and what would turn the choice.

The front has the designs of which no other one is better in one of the four costs and worse in none; *better* and *worse* mean
that the interval of the paired difference excludes 0. Of the designs that kept every promise, lost nothing, give a new device
its history where new devices appear, and deliver at least half in time (`MOST_LATE`), the one with the least product of three
numbers is recommended: its server rows, its packets and its late share. So it is worth as much to halve one of them as to halve
another. Late shares count from `FLOOR` on: below it
fewer late deliveries are no reason to pay more. Where the recommended design keeps no history for devices that are added later,
the same rule also names one that does.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from syncproof.studies.results.common import Interval
from syncproof.studies.results.comparison import (
    ComparisonResults,
    DesignComparison,
    Difference,
    EndpointRuns,
    Recommendation,
    SmallRun,
    Turning,
)

ROWS = ("server_writes_per_message", "server_deletes_per_message", "server_reads_per_message")
PACKETS, LATE, LOST = "packets_per_delivery", "late_10s", "lost_deliveries"
FLOOR = 0.01
"""The late share below which a smaller one is no advantage: one delivery in a hundred."""
MOST_LATE = 0.5
"""The late share above which a design is not recommended, whatever it costs: more than half of its deliveries are late."""


def recommend(
    results: ComparisonResults, current: Mapping[str, float], keeping: Collection[str] = ()
) -> Recommendation:
    """Return the front, the recommended design with its reason, and what turns it in the small runs.

    `current`: the scenario's values of the keys that the small runs vary. `keeping`: the designs that promise a new device its
    history.
    """
    front = pareto(results)
    sound = {name: found for name in results.designs if (found := _sound(results, name)) is not None}
    costs = _in_time(sound)
    chosen = choose(costs)
    lasting = None if chosen in keeping else choose({name: costs[name] for name in costs if name in keeping})
    tried = [runs for runs in (results.sweep, results.losses, results.polls) if runs is not None and runs.designs]
    return Recommendation(
        front=front,
        recommended=chosen,
        why=_reason(costs, sound, results),
        with_history=lasting,
        why_with_history="" if lasting is None else _numbers(costs[lasting]),
        turned_by=[]
        if chosen is None
        else [turn for runs in tried if (turn := _turning(runs, chosen, results, current[runs.key])) is not None],
        tried={runs.key: list(next(iter(runs.designs.values()))) for runs in tried},
    )


def difference(results: ComparisonResults, one: str, other: str, metric: str) -> Difference | None:
    """Return how much more of a metric `one` has than `other`; None if the two were not compared."""
    straight = results.differences.get(f"{one} - {other}")
    if straight is not None:
        return straight[metric]
    turned = results.differences.get(f"{other} - {one}")
    if turned is None:
        return None
    found = turned[metric]

    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return Difference(minus(found.value), minus(found.high), minus(found.low))


def sign(found: Difference | Interval | None) -> int:
    """Return 1 if a difference is clearly above 0, -1 if clearly below, 0 if its interval contains 0 or there is none."""
    if found is None or found.low is None or found.high is None:
        return 0
    return (found.low > 0) - (found.high < 0)


def pareto(results: ComparisonResults) -> list[str]:
    """Return the designs of which no other is better in one cost and worse in none."""
    names = [name for name, design in results.designs.items() if _rows(design) is not None]

    def beats(one: str, other: str) -> bool:
        signs = [
            _sign_of_rows(results, one, other),
            *[sign(difference(results, one, other, metric)) for metric in (PACKETS, LATE, LOST)],
        ]
        return min(signs) < 0 and max(signs) <= 0

    return [name for name in names if not any(beats(other, name) for other in names if other != name)]


def _rows(design: DesignComparison | SmallRun) -> float | None:
    """Return the rows that a message touches: written, deleted and read."""
    found = [value_of(design, metric) for metric in ROWS]
    return None if any(value is None for value in found) else math.fsum(value for value in found if value is not None)


def value_of(design: DesignComparison | SmallRun, metric: str) -> float | None:
    """Return a metric of a design, or of one of its small runs; None where it has no value."""
    found = design.metrics.get(metric)
    return found.value if isinstance(found, Interval) else found


def _sign_of_rows(results: ComparisonResults, one: str, other: str) -> int:
    """Return the sign of the difference of all rows, run by run."""
    from syncproof.studies import intervals

    def runs(name: str) -> list[float]:
        columns = zip(*[results.designs[name].metrics[metric].runs for metric in ROWS], strict=True)
        return [
            math.nan if any(v is None for v in run) else math.fsum(v for v in run if v is not None) for run in columns
        ]

    return sign(intervals.mean_difference(runs(one), runs(other)))


Costs = tuple[float, float, float]
"""Rows, packets and late share."""


def _sound(results: ComparisonResults, name: str) -> Costs | None:
    """Return a design's costs if it kept its promises, lost nothing, and gives history to the new devices there are."""
    design = results.designs[name]
    if any(p.promised and p.exercised and p.verdict != "holds" for p in design.properties.values()):
        return None
    wanted = ["no-loss", *(["roaming-complete"] if "new-device" in results.faults_fired else [])]
    if any(design.properties[p].verdict != "holds" for p in wanted if p in design.properties):
        return None
    return _costs(design)


def _costs(design: DesignComparison | SmallRun) -> Costs | None:
    rows, packets, late = _rows(design), value_of(design, PACKETS), value_of(design, LATE)
    return None if rows is None or packets is None or late is None else (rows, packets, late)


def _in_time(costs: Mapping[str, Costs]) -> dict[str, Costs]:
    """Return the costs of the designs that deliver at least half in time."""
    return {name: each for name, each in costs.items() if each[2] <= MOST_LATE}


def choose(costs: Mapping[str, Costs]) -> str | None:
    """Return the design with the least product of its costs; None for no design."""
    return min(costs, key=lambda name: (math.prod(_floored(costs[name])), name)) if costs else None


def _floored(costs: Costs) -> Costs:
    rows, packets, late = costs
    return rows, packets, max(late, FLOOR)


def _reason(costs: Mapping[str, Costs], sound: Mapping[str, Costs], results: ComparisonResults) -> str:
    """Return why a design is recommended, or none. `costs`: of the `sound` designs those that deliver at least half in time."""
    chosen = choose(costs)
    if chosen is None:
        if not sound:
            return "none kept every promise, lost nothing and gave new devices their history"
        least = min(sound, key=lambda name: (sound[name][2], name))
        return (
            f"no design that kept every promise and lost nothing delivered half within 10 s; the best was {least}, with "
            f"{sound[least][2]:.2%} later"
        )
    numbers = _numbers(costs[chosen])
    if len(costs) == 1:
        if len(results.designs) == 1:
            return numbers
        timely = "" if len(sound) == 1 else ", and delivered half within 10 s"
        return f"{numbers}, the only one that kept every promise, lost nothing and lacks nothing{timely}"
    next_best = choose({name: each for name, each in costs.items() if name != chosen})
    assert next_best is not None
    other = costs[next_best]
    return f"{numbers}; next comes {next_best} with {other[0]:.3g}, {other[1]:.3g} and {other[2]:.2%}"


def _numbers(costs: Costs) -> str:
    rows, packets, late = costs
    return f"{rows:.3g} rows a message, {packets:.3g} packets a delivery, {late:.2%} later than 10 s"


def _turning(runs: EndpointRuns, chosen: str, results: ComparisonResults, current: float) -> Turning | None:
    """Return the value of the small runs, nearest to the scenario's, at which another design is recommended; None if none."""
    values = sorted(next(iter(runs.designs.values())), key=lambda value: (abs(float(value) - current), float(value)))
    for value in values:
        if float(value) == current:
            continue  # the comparison itself says what is recommended there
        costs = {}
        for name, points in runs.designs.items():
            run = points.get(value)
            if run is None or run.promised_violated or run.promised_unknown or _sound(results, name) is None:
                continue
            if not run.metrics[LOST] and (found := _costs(run)) is not None:
                costs[name] = found
        best = choose(_in_time(costs))
        if best is not None and best != chosen:
            return Turning(runs.key, value, best)
    return None
