"""Read a sweep's numbers along one key: how a design's cost changes, and where two designs change places.

Designs meet the same draws in a run, so two designs are compared run by run. The interval is that of the mean *difference*,
which is much narrower than the intervals of the two means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from syncproof.studies import intervals

Certainty = Literal["clear", "within noise", "single run"]
Course = Literal["grows", "falls", "stays", "varies"]

STILL = 0.05
"""A metric *stays* if its means differ by at most this share of the largest one."""

Runs = Mapping[int, float]
"""Run -> value of a metric, for the runs that have a value."""


@dataclass(frozen=True)
class Crossing:
    """Describe where two designs change places: `value` is where the lines through the means meet, between `low` and `high`.

    `clear`: at `low` and at `high` the interval of the paired difference excludes zero, with opposite signs. `within
    noise`: the means change places, but the intervals do not show that the designs do.
    """

    lower_before: str
    lower_after: str
    value: float
    low: float
    high: float
    certainty: Certainty


@dataclass(frozen=True)
class Change:
    """Describe how a design's metric changes along a key, from the first mean to the last. `factor`: last over first."""

    course: Course
    first: float
    last: float
    factor: float | None


def difference(one: Runs, other: Runs) -> tuple[float, int] | None:
    """Return the mean difference over the runs that both have, and its sign, or 0 if the 95 % interval contains zero.

    A single run has no interval; then the sign is that of the difference. None if no run has both values.
    """
    pairs = [one[run] - other[run] for run in sorted(one.keys() & other.keys())]
    if not pairs:
        return None
    found = intervals.mean(pairs, -math.inf)
    mean = math.fsum(pairs) / len(pairs)
    low, high = found.low, found.high
    if low is None or high is None:
        low = high = mean
    return mean, (low > 0) - (high < 0)


def crossings(xs: Sequence[float], series: Mapping[str, Sequence[Runs]]) -> list[Crossing]:
    """Return all crossings of two designs along ascending `xs`, in the order of the designs."""
    names = list(series)
    found: list[Crossing] = []
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            known = [
                (x, *apart)
                for x, a, b in zip(xs, series[one], series[other], strict=True)
                if (apart := difference(a, b)) is not None
            ]
            runs = max((len(r) for s in (series[one], series[other]) for r in s), default=0)
            found += _pair(one, other, known, single=runs == 1)
    return found


def _pair(one: str, other: str, known: Sequence[tuple[float, float, int]], *, single: bool) -> list[Crossing]:
    """Return the crossings of two designs; changes of sign without a clear point between them count as one, or none."""
    apart = [point for point in known if point[1]]
    found: list[Crossing] = []
    at = 0
    while at + 1 < len(apart):
        if apart[at][1] * apart[at + 1][1] > 0:
            at += 1
            continue
        before = next((i for i in range(at, -1, -1) if apart[i][2]), None)
        after = next((i for i in range(at + 1, len(apart)) if apart[i][2]), None)
        start, end = (0 if before is None else before), (len(apart) - 1 if after is None else after)
        clear = before is not None and after is not None and apart[before][2] != apart[after][2]
        changes = [i for i in range(start, end) if apart[i][1] * apart[i + 1][1] < 0]
        (x, d, _), (x_next, d_next, _) = (apart[at], apart[at + 1]) if len(changes) == 1 else (apart[start], apart[end])
        # If the means change places several times within noise and end as they began, the first change stands for all.
        if d * d_next >= 0:
            (x, d, _), (x_next, d_next, _) = apart[at], apart[at + 1]
        value = x + (x_next - x) * d / (d - d_next)
        first, then = (other, one) if d > 0 else (one, other)
        certainty: Certainty = "single run" if single else "clear" if clear else "within noise"
        found.append(Crossing(first, then, float(f"{value:.6g}"), apart[start][0], apart[end][0], certainty))
        at = max(end, at + 1)
    return found


def change(along: Sequence[Runs]) -> Change | None:
    """Return how one design's metric changes over values in ascending order; None if an end has no run.

    The metric grows or falls if the interval of the paired difference between the ends excludes zero and the means differ by
    more than `STILL`.
    """
    means = [math.fsum(runs.values()) / len(runs) for runs in along if runs]
    if len(along) < 2 or not along[0] or not along[-1]:
        return None
    first, last = means[0], means[-1]
    most = max(map(abs, means))
    factor = last / first if first else None
    if max(means) - min(means) <= STILL * most:
        return Change("stays", first, last, factor)
    ends = difference(along[-1], along[0])
    if ends is None or not ends[1] or abs(last - first) <= STILL * most:
        return Change("varies", first, last, factor)
    return Change("grows" if ends[1] > 0 else "falls", first, last, factor)
