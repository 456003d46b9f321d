"""Put the runs of a comparison together: means, intervals, differences, verdicts, the recommendation and the judged claims."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from syncproof.designs.forms import ready
from syncproof.engines.memory import peak_memory
from syncproof.engines.simulate import KINDS, RunResult
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import NOTHING_ACCEPTED
from syncproof.properties.verdicts import PropertyResult
from syncproof.studies import claims, complexity, hot_user, intervals, recommendation, small_runs
from syncproof.studies.failures import Failure
from syncproof.studies.intervals import digits
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone, plain
from syncproof.studies.results.comparison import (
    ComparisonResults,
    ComparisonRun,
    DesignComparison,
    Difference,
    EndpointRuns,
    MetricResults,
    Offered,
    PropertyResults,
    StoreRows,
)
from syncproof.studies.small_runs import SmallRuns

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from syncproof.studies.smallest_world import Way


@dataclass(repr=False)
class Comparison(Presentable):
    """Hold what a comparison found. `results()` is results.json; `run_facts()` is run.json (times, which differ each time)."""

    page = "compare"

    scenario: Scenario
    seed: int
    runs: int
    designs: tuple[str, ...]
    outcomes: dict[str, list[RunResult]]
    small: SmallRuns = field(default_factory=SmallRuns)
    trace: str | None = None
    take: float | None = None
    elapsed_s: float = 0.0
    work: WorkDone = NO_WORK
    failed: dict[str, Failure] = field(default_factory=dict)
    trace_file: str | None = None
    """The trace's path as it was given, for the command of a report; results have its name alone."""
    stopped: str = ""
    """Why runs are missing; empty if none are."""
    offered: Offered | None = None

    def results(self) -> ComparisonResults:
        """Return the part that other programs may rely on; floats to six significant digits."""
        return self._results

    @cached_property
    def _results(self) -> ComparisonResults:
        fired, small = self._faults(), self.small
        found = ComparisonResults(
            schema=2,
            command="compare",
            scenario=self.scenario.name,
            seed=self.seed,
            runs=self.runs,
            trace=self.trace,
            take_s=self.take,
            messages=[r.messages for r in self.outcomes[self.designs[0]]],
            designs={name: self._design(name) for name in self.designs},
            sweep=small.along(small_runs.DEVICES) or EndpointRuns(small_runs.DEVICES, {}),
            losses=small.along(small_runs.LOSSES),
            polls=small.along(small_runs.POLLS),
            notifications_off=None if small.quiet is None else small_runs.shown(small.quiet),
            faults_fired=fired,
            offered=self.offered,
            warnings=[f"{name} was configured and never happened" for name, count in fired.items() if count == 0]
            + self._silent()
            + self._unbalanced()
            + [f"{name} never reached: {what}" for name, what in self._unreached()]
            + [failure.says for failure in self.failed.values()]
            + ([self.stopped] if self.stopped else []),
        )
        found.differences = {
            f"{b} - {a}": {m: _difference(m, self.outcomes[b], self.outcomes[a]) for m in METRICS}
            for number, a in enumerate(self.designs)
            for b in self.designs[number + 1 :]
        }
        found.hot_user = [hot_user.measured(rate, run) for rate, run in small.hot]
        found.recommendation = recommendation.recommend(
            found,
            small_runs.current(self.scenario),
            [name for name in self.designs if (entry := lookup.loaded(name)) and "roaming-complete" in entry.promises],
        )
        found.claims = claims.judge(found)
        return found

    def _silent(self) -> list[str]:
        """Return a warning for each design that accepted no message in a run, since such a run tests nothing."""
        found = []
        for name, runs in self.outcomes.items():
            silent = [str(run) for run, r in enumerate(runs) if not r.messages]
            if len(silent) == len(runs):
                found.append(f"{name} accepted no message, so its verdicts are unknown")
            elif silent:
                found.append(f"{name} accepted no message in run {', '.join(silent)}")
        return found

    def _unbalanced(self) -> list[str]:
        """Return a warning for each store whose bytes do not add up at the end of a run."""
        return [
            f"{name}: the bytes of {store} do not add up: counted {counted}, held {held} (run {run})"
            for name, runs in self.outcomes.items()
            for run, result in enumerate(runs)
            for store, (counted, held) in result.unbalanced.items()
        ]

    def _unreached(self) -> list[tuple[str, str]]:
        """Return (design, what) for what some run must reach and no run of the design did."""
        return [
            (name, what)
            for name, runs in self.outcomes.items()
            for what in dict.fromkeys(what for run in runs for what in run.sometimes)
            if not any(run.sometimes.get(what) for run in runs)
        ]

    def _design(self, name: str) -> DesignComparison:
        runs = self.outcomes[name]
        happened = any(r.messages for r in runs)
        return DesignComparison(
            properties={p: worst([r.properties[p] for r in runs], happened=happened) for p in PROPERTIES},
            metrics={m: _metric(m, runs) for m in METRICS},
            rows={
                store: StoreRows(
                    *(sum(r.rows.get(store, {}).get(kind, 0) for r in runs) for kind in StoreRows.__struct_fields__)
                )
                for store in sorted({store for r in runs for store in r.rows})
            },
            packets={
                kind: sum(r.packets.get(kind, 0) for r in runs) for kind in sorted({k for r in runs for k in r.packets})
            },
            deliveries=sum(r.deliveries for r in runs),
            storage_s={kind: float(f"{math.fsum(r.storage_s.get(kind, 0.0) for r in runs):.6g}") for kind in KINDS},
            complexity=complexity.complexity(name) if ready(name) is not None else None,
            sometimes={
                what: f"{sum(r.sometimes.get(what, False) for r in runs)} of {len(runs)} runs"
                for what in dict.fromkeys(what for r in runs for what in r.sometimes)
            },
        )

    def _faults(self) -> dict[str, int]:
        first = self.outcomes[self.designs[0]]
        return {
            name: sum(r.faults_fired.get(name, 0) for runs in self.outcomes.values() for r in runs)
            for name in first[0].faults_fired
        }

    def run_facts(self) -> ComparisonRun:
        """Return times, rates, memory and machine."""
        events = {name: sum(r.events for r in runs) for name, runs in self.outcomes.items()}
        seconds = {name: sum(r.elapsed_s for r in runs) for name, runs in self.outcomes.items()}
        memory = peak_memory(children=True)
        return ComparisonRun(
            elapsed_s=round(self.elapsed_s, 3),
            work=self.work,
            seconds={name: round(value, 3) for name, value in seconds.items()},
            events=events,
            events_per_second={name: round(events[name] / seconds[name]) for name in events if seconds[name]},
            peak_memory_mib=None if memory is None else round(memory / (1 << 20)),
            python=sys.version.split()[0],
            platform=platform.platform(),
            processors=os.cpu_count(),
        )

    def table(self) -> pandas.DataFrame:
        """Return a row per design and metric: value, low, high, unit."""
        import pandas

        rows = [
            {"design": name, "metric": metric, "value": v.value, "low": v.low, "high": v.high, "unit": v.unit}
            for name, found in self.results().designs.items()
            for metric, v in found.metrics.items()
        ]
        return pandas.DataFrame(rows).set_index(["design", "metric"])

    def verdicts(self) -> pandas.DataFrame:
        """Return a row per property, a column per design."""
        import pandas

        return pandas.DataFrame(
            {name: {p: v.verdict for p, v in d.properties.items()} for name, d in self.results().designs.items()}
        )

    def claims(self) -> pandas.DataFrame:
        """Return a row per claim made for the timeline design: what it says, its verdict, the evidence."""
        import pandas

        rows = {name: plain(claim) for name, claim in self.results().claims.items()}
        return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("claim")

    def figure(self, name: str = "cost") -> Figure:
        """Draw the figure `cost`, `saturation`, `delivery`, `catchup` or `endpoints`. Raises `InputError` for another name."""
        figure: Figure = self._page().figure(self, name)
        return figure

    def ways(self) -> list[Way]:
        """Return a counterexample in a small world for each violated property; the first call searches for some seconds."""
        from syncproof.studies import smallest_world

        return smallest_world.ways(self)

    def broken(self) -> list[tuple[str, str, PropertyResults]]:
        """Return (design, property, verdict) for every promise that was not kept."""
        return [
            (name, p, v)
            for name, d in self.results().designs.items()
            for p, v in d.properties.items()
            if v.promised and v.verdict == "violated"
        ]

    def status(self) -> int:
        """Return the exit status.

        1 if a promise is broken, 4 if a design failed, 3 if a promise is unknown, a design accepted nothing, or Ctrl-C ended
        the comparison, else 0. A promise that these runs could not exercise does not count.
        """
        if self.broken() or any(failure.broken for failure in self.failed.values()):
            return 1
        if self.failed:
            return 4
        unknown = any(
            v.promised and v.verdict == "unknown" and v.exercised
            for d in self.results().designs.values()
            for v in d.properties.values()
        )
        silent = any(not any(run.messages for run in runs) for runs in self.outcomes.values())
        return 3 if unknown or silent or self.stopped or self._unreached() else 0


def _metric(name: str, runs: Sequence[RunResult]) -> MetricResults:
    """Return a metric over runs, and its value in each run."""
    metric = METRICS[name]
    values = [run.metrics[name] for run in runs]
    found = (
        intervals.quantile([run.histograms[metric.samples] for run in runs], metric.share)
        if metric.samples
        else intervals.mean(values, most=1.0 if metric.unit == "share" else math.inf)
    )
    return MetricResults(
        value=found.value,
        low=found.low,
        high=found.high,
        beyond=found.beyond,
        endless=found.endless,
        unit=metric.unit,
        runs=[digits(value) for value in values],
    )


def _difference(name: str, ours: Sequence[RunResult], theirs: Sequence[RunResult]) -> Difference:
    """Return how much more of a metric the first design has, taken run by run."""
    metric = METRICS[name]
    if metric.samples:
        a, b = ([run.histograms[metric.samples] for run in runs] for runs in (ours, theirs))
        found = intervals.quantile_difference(a, b, metric.share)
    else:
        found = intervals.mean_difference([run.metrics[name] for run in ours], [run.metrics[name] for run in theirs])
    return Difference(found.value, found.low, found.high)


def worst(found: Sequence[PropertyResult], runs: Sequence[int] | None = None, happened: bool = True) -> PropertyResults:
    """Return the worst verdict over runs: violated, then unknown, then holds (only if anything `happened`).

    A run in which the property met no evidence, or nothing was accepted, does not count beside one in which it was judged.
    The example names its run; `runs`: numbers of the runs, by default from 0.
    """
    judged = [f for f in found if f.met and f.why != NOTHING_ACCEPTED] or [f for f in found if f.exercised] or found
    verdicts = {f.verdict for f in judged}
    verdict = next(v for v in ("violated", "unknown", "holds", "not-applicable") if v in verdicts)
    why = next((f.why for f in judged if f.verdict == "unknown"), "")
    if verdict == "holds" and not happened:
        verdict, why = "unknown", NOTHING_ACCEPTED
    numbers = range(len(found)) if runs is None else runs
    examples = [f"{text} (run {run})" for run, f in zip(numbers, found, strict=True) for text in f.examples[:1]]
    return PropertyResults(
        verdict=verdict,
        promised=all(f.promised for f in found),
        violations=sum(f.violations for f in found),
        example=examples[0] if examples else None,
        why=(why or None) if verdict == "unknown" else None,
        exercised=not happened or any(f.exercised for f in judged),
    )
