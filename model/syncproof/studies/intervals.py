"""Intervals over runs: of means, of quantiles that are pooled over the runs, and of differences between two designs.

Runs are the independent draws; what happens within a run is not independent. So an interval always comes from the spread of
the runs. A mean has Student's t interval. A quantile is that of all runs' durations together; its interval is a bootstrap of the
runs: all ways to draw as many runs with repetition if there are few, else `RESAMPLES` of them. With few runs such a bootstrap is
too narrow; its levels are widened as if for Student's t (the expanded percentile interval of Hesterberg 2015, "What teachers
should know about the bootstrap", The American Statistician 69). Run n of two designs meets the same draws, so a difference is
taken run by run: what both share cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from syncproof.engines.simulate.histogram import Histogram
from syncproof.studies.results.common import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
"""The share of intervals that should contain the true value."""
RESAMPLES = 2000
FEW = 5
"""A quantile with fewer durations above it has no upper end: the largest of 100 values says little about the 99th percentile."""
EXHAUSTIVE = 6
"""Up to so many runs every resample is made: 462 different ones for six runs."""


def digits(value: float) -> float | None:
    """Round to six significant digits; None for NaN and for what is infinite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def mean(values: Iterable[float], least: float = 0.0, most: float = math.inf) -> Interval:
    """Return the mean and its interval; NaN is left out. A single run has no interval, and no values have no mean.

    With an infinite value there is no mean either: that of the other values would hide it.

    `least`, `most`: no value can be below or above it, so neither is the interval.
    """
    known = [v for v in values if not math.isnan(v)]
    if not known:
        return Interval(None, None, None)
    if endless := sum(map(math.isinf, known)):
        return Interval(None, None, None, beyond=True, endless=endless)
    middle = math.fsum(known) / len(known)
    if len(known) == 1:
        return Interval(digits(middle), None, None)
    from scipy.special import stdtrit

    spread = math.sqrt(math.fsum((v - middle) ** 2 for v in known) / (len(known) - 1))
    half = float(stdtrit(len(known) - 1, (1 + LEVEL) / 2)) * spread / math.sqrt(len(known))
    return Interval(digits(middle), digits(max(least, middle - half)), digits(min(most, middle + half)))


def quantile(runs: Sequence[Histogram], share: float) -> Interval:
    """Return a quantile of all runs' durations together and its interval."""
    value, resampled = _resampled(runs, share)
    found = _percentiles(value, resampled, len(runs))
    if found.high is not None and sum(run.total for run in runs) * (1 - share) < FEW:
        found.high = None
    return found


def mean_difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Return the mean of the runs' differences and its interval, over the runs in which both have a value."""
    pairs = [a - b for a, b in zip(ours, theirs, strict=True) if not (math.isnan(a) or math.isnan(b))]
    return mean(pairs, -math.inf)


def quantile_difference(ours: Sequence[Histogram], theirs: Sequence[Histogram], share: float) -> Interval:
    """Return the difference of a quantile between two designs, whose runs are drawn again in pairs, and its interval."""
    (a, of_a), (b, of_b) = _resampled(ours, share), _resampled(theirs, share)
    if not (math.isfinite(a) and math.isfinite(b)):
        return Interval(None, None, None)
    return _percentiles(a - b, of_a - of_b, len(ours))


def _percentiles(value: float, resampled: NDArray[Any], runs: int) -> Interval:
    import numpy
    from scipy.special import ndtr, stdtrit

    if math.isnan(value) or runs < 2:
        return Interval(digits(value), None, None, math.isinf(value))
    tail = float(ndtr(math.sqrt(runs / (runs - 1)) * float(stdtrit(runs - 1, (1 - LEVEL) / 2))))
    weights = _weights(runs)[1]
    known = ~numpy.isnan(resampled)
    order = numpy.argsort(resampled[known], kind="stable")
    ordered, mass = resampled[known][order], numpy.cumsum(weights[known][order])
    if not len(ordered):
        return Interval(digits(value), None, None, math.isinf(value))
    mass /= mass[-1]
    low = float(ordered[min(len(ordered) - 1, int(numpy.searchsorted(mass, tail)))])
    high = float(ordered[min(len(ordered) - 1, int(numpy.searchsorted(mass, 1 - tail)))])
    return Interval(digits(value), digits(low), digits(high), math.isinf(value))


def _resampled(runs: Sequence[Histogram], share: float) -> tuple[float, NDArray[Any]]:
    """Return a quantile of all runs together, and that of each resample of the runs."""
    import numpy

    places = sorted({place for run in runs for place in run.counts})
    column = {place: number for number, place in enumerate(places)}
    counts = numpy.zeros((len(runs), len(places) + 1))
    sums = numpy.zeros((len(runs), len(places) + 1))
    for number, run in enumerate(runs):
        for place, count in run.counts.items():
            counts[number, column[place]] = count
            sums[number, column[place]] = run.sums[place]
        counts[number, -1], sums[number, -1] = run.beyond, math.inf if run.beyond else 0.0
    times = numpy.vstack([numpy.ones(len(runs)), _weights(len(runs))[0]])
    running = numpy.cumsum(times @ counts, axis=1)
    total = running[:, -1]
    wanted = numpy.maximum(1, numpy.ceil(share * total - 1e-9))
    at = (running < wanted[:, None]).sum(axis=1)
    at = numpy.minimum(at, counts.shape[1] - 1)
    chosen = times * counts[:, at].T
    with numpy.errstate(invalid="ignore", divide="ignore"):
        added = numpy.where(times > 0, times * sums[:, at].T, 0.0).sum(axis=1)
        found = numpy.where(total > 0, added / chosen.sum(axis=1), math.nan)
    return float(found[0]), found[1:]


@cache
def _weights(runs: int) -> tuple[Any, Any]:
    """Return how often each resample takes each run, and how likely the resample is."""
    import numpy

    if runs > EXHAUSTIVE:
        generator = numpy.random.Generator(numpy.random.Philox(key=[runs, 0]))
        return generator.multinomial(runs, [1 / runs] * runs, RESAMPLES), numpy.full(RESAMPLES, 1 / RESAMPLES)
    times = list(_compositions(runs, runs))
    ways = [math.factorial(runs) / math.prod(math.factorial(n) for n in each) for each in times]
    return numpy.array(times), numpy.array(ways) / float(runs) ** runs


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every tuple of `parts` numbers of 0 or more with this sum."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def wilson(times: int, runs: int) -> tuple[float, float]:
    """Return the interval of a share of which `times` of `runs` is the estimate (Wilson's score interval)."""
    z = 1.959964
    middle, width = (times + z * z / 2) / (runs + z * z), z * math.sqrt(times * (runs - times) / runs + z * z / 4)
    return max(0.0, middle - width / (runs + z * z)), min(1.0, middle + width / (runs + z * z))
