"""Compare designs: simulate each on the same traffic and faults in several runs, then judge properties, costs and claims.

Jobs go to worker processes, which draw a run's traffic themselves from (scenario, seed), so nothing large is sent and the
result does not depend on how many workers there are.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncproof import designs as registry
from syncproof.designs.forms import ready
from syncproof.engines.memory import peak_memory
from syncproof.engines.simulate import KINDS, Checks, Recorder, RunResult
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError, Interrupted, from_outside
from syncproof.inputs import arguments, lookup, traces, workload
from syncproof.inputs import fault_plan as faults
from syncproof.inputs.scenario import Scenario, load
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import NOTHING_ACCEPTED
from syncproof.properties.verdicts import PropertyResult
from syncproof.studies import claims, complexity, executors, hot_user, intervals, recommendation, saturation
from syncproof.studies.executors import Progress
from syncproof.studies.failures import Failure, Failures, lookup_all
from syncproof.studies.intervals import digits
from syncproof.studies.presentation import Presentable
from syncproof.studies.results import (
    ComparisonResults,
    ComparisonRun,
    DesignComparison,
    Difference,
    EndpointRuns,
    MetricResults,
    Offered,
    PropertyResults,
    SmallRun,
    StoreRows,
    plain,
)
from syncproof.studies.runs import simulate_design

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from syncproof.studies.smallest_world import Way

SWEEP_KEY = "population.devices_per_user"
SWEEP_VALUES = (1, 2, 3, 4, 6)
MOST_RUNS = 1000
"""The most runs under one seed: run n draws from seed * 1000 + n, so more would repeat runs of the next seed."""
LOSS_KEY = "faults.push_loss"
LOSS_VALUES = (0.0, 0.1, 0.3)
SWEEP_DELIVERIES = 2500
"""Deliveries, about, that a point of the sweep simulates at two devices per user."""
INTERRUPTED = "the comparison was interrupted"


@dataclass(frozen=True)
class Job:
    """Describe one simulation. `messages`: end the traffic after this many; `history`: the file for the run's history."""

    scenario: Scenario
    design: str
    run: int
    seed: int
    trace: str | None = None
    take: float | None = None
    messages: int | None = None
    history: str | None = None
    check_every_call: bool = False

    @property
    def checks(self) -> Checks:
        """Return which handler calls are checked for purity: every one, or a sample in the first run of each design."""
        if self.check_every_call:
            return "every"
        return "sample" if self.run == 0 and self.messages is None else "none"

    def work(self) -> RunResult:
        """Simulate in this process and return the result."""
        traffic = _traffic(self.scenario, self.seed, self.trace, self.take)
        if self.messages is not None:
            traffic = traffic.first(self.messages)
        plan = faults.plan(self.scenario, traffic, self.seed)
        if self.history is None:
            return self._simulate(traffic, plan)
        from syncproof.formats.header import Header
        from syncproof.formats.history import Recording

        header = Header(
            schema=1,
            kind="history",
            design=self.design,
            faults=plan.configured,
            population=traffic.population,
            parameters=lookup.get(self.design).effective(self.scenario.parameters()),
        )
        recording = Recording(header)
        result = self._simulate(traffic, plan, recording)
        violations = {name: p.violations for name, p in result.properties.items() if p.violations}
        recording.write(Path(self.history), violations)
        return result

    def _simulate(
        self, traffic: workload.Traffic, plan: faults.FaultPlan, recording: Recorder | None = None
    ) -> RunResult:
        """Simulate; an exception in the user's own design becomes an `InputError` of one line."""
        with registry.blaming(self.design):
            return simulate_design(
                self.design, self.scenario, traffic, plan, self.seed, self.run, recording, self.checks
            )


_TRAFFIC: dict[tuple[str, int, str | None, float | None], workload.Traffic] = {}


def _traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """Return the run's traffic, drawn once per process for the designs that share it; only the latest few are kept."""
    key = (scenario.model_dump_json(), seed, trace, take)
    if key not in _TRAFFIC:
        while len(_TRAFFIC) >= 4:
            del _TRAFFIC[next(iter(_TRAFFIC))]
        _TRAFFIC[key] = workload.generate(scenario, seed, _trace(trace, take))
    return _TRAFFIC[key]


@functools.lru_cache(maxsize=2)
def _trace(path: str | None, take: float | None) -> traces.Trace | None:
    return None if path is None else traces.read(path, take)


def _work(job: Job) -> RunResult:
    return job.work()


def perform(
    jobs: Sequence[Job], workers: int, progress: Progress | None = None, failures: Failures[Job] | None = None
) -> tuple[list[RunResult | None], str]:
    """Return all jobs' results, in the jobs' order, and why some are missing (empty if none are).

    None where a design failed, which `failures` notes, and where Ctrl-C came before the result.
    """
    results: dict[int, RunResult] = {}
    stopped = ""
    try:
        for index, result in executors.perform(_work, jobs, workers, failures=failures):
            results[index] = result
            if progress is not None:
                progress(len(results), len(jobs))
    except KeyboardInterrupt as error:
        if not from_outside(error):
            raise
        stopped = INTERRUPTED
    return [results.get(index) for index in range(len(jobs))], stopped


@dataclass(repr=False)
class Comparison(Presentable):
    """Hold what a comparison found. `results()` is results.json; `run_facts()` is run.json (times, which differ each time)."""

    page = "compare"

    scenario: Scenario
    seed: int
    runs: int
    designs: tuple[str, ...]
    outcomes: dict[str, list[RunResult]]
    sweep: dict[str, dict[int, RunResult]]
    quiet: RunResult | None
    losses: dict[str, dict[float, RunResult]] = dataclasses.field(default_factory=dict)
    hot: list[tuple[float, RunResult]] = dataclasses.field(default_factory=list)
    trace: str | None = None
    take: float | None = None
    elapsed_s: float = 0.0
    workers: int = 1
    failed: dict[str, Failure] = dataclasses.field(default_factory=dict)
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
        fired = self._faults()
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
            sweep=EndpointRuns(
                SWEEP_KEY,
                {
                    name: {str(value): _small_run(result) for value, result in points.items()}
                    for name, points in self.sweep.items()
                },
            ),
            losses=EndpointRuns(
                LOSS_KEY,
                {
                    name: {f"{value:g}": _small_run(result) for value, result in points.items()}
                    for name, points in self.losses.items()
                },
            )
            if self.losses
            else None,
            notifications_off=None if self.quiet is None else _small_run(self.quiet),
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
        found.hot_user = [hot_user.measured(rate, run) for rate, run in self.hot]
        found.recommendation = recommendation.recommend(
            found, {SWEEP_KEY: _mean_devices(self.scenario), LOSS_KEY: self.scenario.faults.push_loss}
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
            workers=self.workers,
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
        else intervals.mean(values)
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


def _mean_devices(scenario: Scenario) -> float:
    """Return how many devices a user has on average."""
    counts = scenario.population.devices_per_user
    return float(counts) if isinstance(counts, int) else sum(counts) / len(counts)


def _small_run(result: RunResult) -> SmallRun:
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


def compare(
    scenario: str | Path | Scenario = "default",
    *,
    designs: Sequence[str | registry.Design] | None = None,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    trace: str | Path | None = None,
    take: float | None = None,
    history: str | Path | None = None,
    sweep: bool = True,
    check_every_call: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate designs on one scenario, on the same traffic and faults, and compare costs, verdicts and claims.

    Arguments:
        scenario: the name of a ready scenario, the path of a scenario file, or a `Scenario` as `load` returns it.
        designs: names, `FILE.py:NAME`, or designs made by `Design.variant`; by default every ready design.
        runs: runs per design, 1 to 1000; by default the scenario's. Intervals need two.
        seed: 0 to 2**40 - 1; by default the scenario's. Run n of every design draws from seed * 1000 + n.
        jobs: worker processes, 1 or more; by default one per processor. The results do not depend on it.
        trace: path of a file with real traffic (`SRC DST UNIXTIME` lines or presence rows); only for a scenario whose
            `traffic.trace` is "snap" or "presence", and required there.
        take: use only this many seconds of the trace, from its beginning; more than 0; by default all.
        history: write the first run's history to this file (.jsonl or .parquet), its moves beside it; of several
            designs a file each, with the design's name inserted.
        sweep: True or False: whether to also make the small runs with 1 to 6 devices per user, which some claims need.
        check_every_call: True or False: whether to make every handler call twice more, to see that it depends on the
            actor's fields and the packet alone; by default a sample of them.
        progress: a function, called after each run with the number of finished runs and the number of all runs.

    Returns a `Comparison`: `results()`, `table()`, `verdicts()`, `claims()`, `figure(name)`, `broken()`, `status()`, `html()`,
    `markdown()`, `write(out)`. After Ctrl-C it has the runs that every design had finished, if there are any, and `stopped` says
    so. A design whose own code fails is left out, and `failed` has its error; raised as a `DesignError`
    if there is no other design.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, for a file that cannot
    be read or written, and for an exception in a design of your own.
    """
    started = time.perf_counter()
    failures: Failures[Job] = Failures(lambda job: job.design)
    loaded, names, count, first, path = checked(scenario, designs, runs, seed, jobs, trace, take, progress, failures)
    arguments.flag("sweep", sweep)
    arguments.flag("check_every_call", check_every_call)
    base = Job(loaded, "", 0, first * 1000, path, take, check_every_call=check_every_call)
    traffic = first_traffic(loaded, first, path, take)
    names = fits(names, loaded, failures)
    files = history_files(history, names)
    for file in files.values():
        _replaceable(Path(file))
    work = [
        dataclasses.replace(
            base, design=name, run=run, seed=first * 1000 + run, history=files.get(name) if run == 0 else None
        )
        for run in range(count)
        for name in names
    ]
    side: list[tuple[str, int]] = []
    lost: list[tuple[str, float]] = []
    busy: list[float] = []
    quiet = "timeline-notify" in names and sweep
    dense = "timeline-dense-push" in names
    if sweep:
        messages = _bounded(traffic)
        for value in SWEEP_VALUES:
            varied = loaded.with_value(SWEEP_KEY, value)
            for name in names:
                side.append((name, value))
                work.append(dataclasses.replace(base, scenario=varied, design=name, messages=messages))
        for share in LOSS_VALUES:
            lossy = loaded.with_value(LOSS_KEY, share)
            for name in names:
                lost.append((name, share))
                work.append(dataclasses.replace(base, scenario=lossy, design=name, messages=messages))
        if dense:
            for rate in hot_user.RATES:
                for form in (hot_user.RESERVED, hot_user.AT_COMMIT):
                    busy.append(rate)
                    work.append(Job(hot_user.scenario(rate), form, 0, first * 1000))
        if quiet:
            silent = loaded.with_value("model.notifications", False)
            work.append(dataclasses.replace(base, scenario=silent, design="timeline-notify"))
    workers = executors.workers(jobs, inherit=any(name in lookup.OWN for name in names))
    results, stopped = perform(work, workers, progress, failures)
    if stopped:
        asked, count = count, _whole_runs(results[: count * len(names)], names, failures)
        if not count:
            raise Interrupted
        stopped += f": {count} of {asked} runs of each design were finished; small runs for claims are left out"
        sweep = quiet = False
    runs_of: dict[str, list[RunResult]] = {name: [] for name in names}
    for job, result in zip(work[: count * len(names)], results, strict=False):
        if result is not None:
            runs_of[job.design].append(result)
    failed = {name: Failure(str(e), _broken_before(name, runs_of.get(name, []))) for name, e in failures.met.items()}
    failures.check(names, failed)
    points: dict[str, dict[int, RunResult]] = {name: {} for name in names if name not in failures.met} if sweep else {}
    rest = iter(results[count * len(names) :])
    for (name, value), result in zip(side, rest, strict=False):
        if result is not None and name in points:
            points[name][value] = result
    losses: dict[str, dict[float, RunResult]] = {name: {} for name in points}
    for (name, share), result in zip(lost if sweep else (), rest, strict=False):
        if result is not None and name in losses:
            losses[name][share] = result
    hot = [(rate, result) for rate, result in zip(busy if sweep else (), rest, strict=False) if result is not None]
    return Comparison(
        loaded,
        first,
        count,
        tuple(points) if sweep else tuple(name for name in names if name not in failures.met),
        {name: found for name, found in runs_of.items() if name not in failures.met},
        points,
        results[-1] if quiet else None,
        losses,
        hot,
        None if path is None else Path(path).name,
        take,
        time.perf_counter() - started,
        workers,
        failed,
        path,
        stopped,
        saturation.offered(loaded, traffic),
    )


def _whole_runs(results: Sequence[RunResult | None], names: Sequence[str], failures: Failures[Job]) -> int:
    """Return how many runs, from the first on, every design finished but for those that failed."""
    wanted = [place for place, name in enumerate(names) if name not in failures.met]
    for run in range(len(results) // len(names)):
        if not wanted or any(results[run * len(names) + place] is None for place in wanted):
            return run
    return len(results) // len(names)


def _broken_before(name: str, runs: Sequence[RunResult]) -> tuple[str, ...]:
    """Return the promises that a design broke in the runs that it finished before its own code failed."""
    broken = {
        p: f"{name}, {p}: {found.examples[0]}"
        for run in runs
        for p, found in run.properties.items()
        if found.promised and found.verdict == "violated"
    }
    return tuple(broken.values())


def checked(
    scenario: str | Path | Scenario,
    designs: Sequence[str | registry.Design] | None,
    runs: int | None,
    seed: int | None,
    jobs: int | None,
    trace: str | Path | None,
    take: float | None,
    progress: Progress | None,
    failures: Failures[Any],
) -> tuple[Scenario, tuple[str, ...], int, int, str | None]:
    """Check the arguments, and return scenario, designs, runs, seed and the trace's path. Raises `InputError`.

    Designs whose own file fails are noted in `failures` and left out.
    """
    arguments.instance("scenario", scenario, (str, Path, Scenario), "a name, the path of a file, or a Scenario")
    chosen = arguments.designs(designs)
    arguments.whole("runs", runs, least=1, most=MOST_RUNS)
    arguments.whole("seed", seed, least=0, most=2**40 - 1)
    arguments.whole("jobs", jobs, least=1)
    arguments.positive("take", take, "seconds")
    arguments.called("progress", progress)
    path = None if trace is None else str(arguments.file("trace", trace))
    if take is not None and path is None:
        raise InputError("take: goes with a trace; allowed: trace=FILE beside it")
    loaded = scenario if isinstance(scenario, Scenario) else load(str(scenario))
    names = lookup_all(chosen or tuple(registry.DESIGNS), failures)
    _trace(path, take)
    return loaded, names, loaded.runs if runs is None else runs, loaded.seed if seed is None else seed, path


def fits(designs: Sequence[str], scenario: Scenario, failures: Failures[Any]) -> tuple[str, ...]:
    """Return the designs whose system can be built. Those whose own code fails are noted; raised if all fail.

    Raises `InputError` if a design cannot work with the scenario's parameters.
    """
    for name in designs:
        with failures.apart(name), registry.blaming(name):
            lookup.get(name).system(registry.Population((), ()), scenario.parameters())
    failures.check(designs)
    return tuple(name for name in designs if name not in failures.met)


def first_traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """Return the first run's traffic; it is kept for the run. Raises `InputError` if scenario and trace do not fit together."""
    return _traffic(scenario, seed * 1000, trace, take)


def _bounded(traffic: workload.Traffic) -> int:
    """Return how many messages of this traffic make about `SWEEP_DELIVERIES` deliveries."""
    if not traffic.times:
        return 0
    sample = traffic.conversations[:500]
    members = [max(2, len(traffic.members[c])) for c in sample]
    return max(20, round(SWEEP_DELIVERIES / (2 * sum(members) / len(members))))


def history_files(base: str | Path | None, designs: Sequence[str]) -> dict[str, str]:
    """Return design -> file of its history: `base` for a single design, else a file beside it, with the design's name."""
    if base is None:
        return {}
    path = arguments.file("history", base)
    if path.suffix not in (".jsonl", ".parquet"):
        raise InputError(f"history: {path}; allowed: a file ending in .jsonl or .parquet")
    if len(designs) == 1:
        return {designs[0]: str(path)}
    plain = {design: re.sub(r"[^\w.-]+", "_", design).strip("_") for design in designs}
    return {design: str(path.with_name(f"{path.stem}-{name}{path.suffix}")) for design, name in plain.items()}


def _replaceable(path: Path) -> None:
    """Raise `InputError` if a history, or the moves beside it, could not be written when the work is done."""
    from syncproof.formats.history import moves_path

    for file in (path, moves_path(path)):
        if file.is_dir():
            raise InputError(f"--history {file}: is a folder; allowed: a file")
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise InputError(f"--history {file}: cannot be written; allowed: a file in a folder that can be written to")
