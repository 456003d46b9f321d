"""Histograms of durations: what a run keeps of its latencies, and what several runs are pooled from.

A bin is 1 % wide, so memory does not grow with the run. It keeps the sum of its values beside their number, and a quantile is
the mean of the bin that it falls into: exact where a bin has one value, else within 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

PER_DECADE = 230
"""Bins per power of ten: each is 10 ** (1 / 230) = 1.01 times as wide as the one before."""
LEAST = 1e-6
"""Seconds; what is shorter is in the first bin."""
FIRST = round(math.log10(LEAST) * PER_DECADE)


@dataclass(slots=True)
class Histogram:
    """Count durations in seconds. `counts`, `sums`: by bin. `beyond`: those that had not ended when the run did."""

    counts: dict[int, int] = field(default_factory=dict)
    sums: dict[int, float] = field(default_factory=dict)
    beyond: int = 0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count a duration, so many times."""
        if times:
            place = int(math.log10(seconds) * PER_DECADE // 1) if seconds > LEAST else FIRST
            self.counts[place] = self.counts.get(place, 0) + times
            self.sums[place] = self.sums.get(place, 0.0) + seconds * times

    @property
    def total(self) -> int:
        """Return how many durations there are, those that had not ended included."""
        return sum(self.counts.values()) + self.beyond

    def quantile(self, share: float) -> float:
        """Return the smallest duration that `share` of all do not exceed; infinite if that many had not ended, NaN for none."""
        wanted = max(1, math.ceil(share * self.total - 1e-9))
        if not self.total:
            return math.nan
        for place in sorted(self.counts):
            wanted -= self.counts[place]
            if wanted <= 0:
                return self.sums[place] / self.counts[place]
        return math.inf

    def later(self, seconds: float) -> float:
        """Return the share that took longer, to the nearest bin; NaN for none."""
        if not self.total:
            return math.nan
        late = sum(count for place, count in self.counts.items() if self.sums[place] / count > seconds)
        return (late + self.beyond) / self.total


def pooled(histograms: Iterable[Histogram]) -> Histogram:
    """Return all durations of several histograms in one."""
    found = Histogram()
    for each in histograms:
        for place, count in each.counts.items():
            found.counts[place] = found.counts.get(place, 0) + count
            found.sums[place] = found.sums.get(place, 0.0) + each.sums[place]
        found.beyond += each.beyond
    return found
