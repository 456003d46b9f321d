"""Sweep: simulate designs along the values of any scenario key, or every combination of several keys, on the same draws.

A point has the runs that `compare` makes on the varied scenario.
"""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syncproof import designs as registry
from syncproof.core.faults import FAULTS
from syncproof.engines.simulate import RunResult
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError, nearest
from syncproof.inputs import arguments
from syncproof.inputs.scenario import Scenario
from syncproof.properties import PROPERTIES
from syncproof.studies import intervals, pieces
from syncproof.studies.compare import checked, fits
from syncproof.studies.comparison import worst
from syncproof.studies.executors import Progress
from syncproof.studies.failures import Failure
from syncproof.studies.jobs import Job, first_traffic, memory_of, piece_of
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import plain
from syncproof.studies.results.sweep import (
    CrossingResult,
    MissingRun,
    PointMetric,
    PointViolation,
    SweepPoint,
    SweepResults,
    SweepRun,
    VariedKey,
)
from syncproof.studies.sweep.readings import Change, Crossing, Runs, change, crossings
from syncproof.studies.sweep.vary import Label, Point, Varied, resolve

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

SHOWN = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "packets_per_delivery",
    "bytes_per_delivery",
    "pulls_per_delivery",
    "delivery_latency_p99_s",
)
"""The metrics that a report shows by default."""
CROSSED = ("packets_per_delivery", "bytes_per_delivery")
"""The metrics whose crossings are always reported."""


@dataclass(repr=False)
class Sweep(Presentable):
    """Hold what a sweep found. `made`: (number of the point, design, run) -> the run, without missing runs.

    `results()` is results.json, the same bytes whether runs were made or read; `facts` is run.json, times and counts of this
    call.
    """

    page = "sweep"

    scenario: Scenario
    seed: int
    runs: int
    designs: tuple[str, ...]
    varied: tuple[Varied, ...]
    points: tuple[Point, ...]
    metrics: tuple[str, ...]
    made: dict[tuple[int, str, int], RunResult] = field(repr=False)
    trace: str | None = None
    take: float | None = None
    interrupted: str | None = None
    facts: SweepRun | None = None
    failed: dict[str, Failure] = field(default_factory=dict)
    trace_file: str | None = None
    """The trace's path as it was given, for the command of a report; results have its name alone."""

    def results(self) -> SweepResults:
        """Return the part that other programs may rely on; see docs/sweep.md."""
        return self._results

    @cached_property
    def _results(self) -> SweepResults:
        points = [
            self._point(number, name)
            for number in range(len(self.points))
            for name in self.designs
            if self._held(number, name)
        ]
        fired = {
            fault: sum(run.faults_fired.get(fault, 0) for run in self.made.values())
            for fault in FAULTS
            if any(fault in run.faults_fired for run in self.made.values())
        }
        metrics = dict.fromkeys((*CROSSED, *self.metrics)) if self.lies_on_an_axis() else {}
        return SweepResults(
            schema=2,
            command="sweep",
            scenario=self.scenario.name,
            seed=self.seed,
            runs=self.runs,
            trace=self.trace,
            take_s=self.take,
            vary=[VariedKey(v.key, list(v.labels), list(v.texts), v.unit) for v in self.varied],
            designs=list(self.designs),
            metrics=list(self.metrics),
            points=points,
            crossings={metric: [CrossingResult(**asdict(c)) for c in self.crossed(metric)] for metric in metrics},
            faults_fired=fired,
            warnings=[f"{name} was configured and never happened" for name, count in fired.items() if count == 0]
            + [failure.says for failure in self.failed.values()],
            missing=[
                MissingRun(self.at(number), name, run)
                for number, name, run in self._wanted()
                if (number, name, run) not in self.made
            ],
        )

    def _wanted(self) -> Iterator[tuple[int, str, int]]:
        for number in range(len(self.points)):
            for run in range(self.runs):
                for name in self.designs:
                    yield number, name, run

    def _held(self, number: int, name: str) -> dict[int, RunResult]:
        """Return the runs of a design at a point that were made."""
        return {run: self.made[number, name, run] for run in range(self.runs) if (number, name, run) in self.made}

    def _point(self, number: int, name: str) -> SweepPoint:
        held = self._held(number, name)
        verdicts = {p: worst([run.properties[p] for run in held.values()], list(held)) for p in PROPERTIES}
        return SweepPoint(
            at=self.at(number),
            design=name,
            runs=len(held),
            messages=[run.messages for run in held.values()],
            deliveries=[run.deliveries for run in held.values()],
            metrics={m: self._metric(number, name, m) for m in METRICS},
            violated={
                p: PointViolation(v.promised, v.violations, v.example or "")
                for p, v in verdicts.items()
                if v.verdict == "violated"
            },
            promised_unknown=[p for p, v in verdicts.items() if v.promised and v.verdict == "unknown" and v.exercised],
        )

    def _metric(self, number: int, name: str, metric: str) -> PointMetric:
        record = METRICS[metric]
        held = self._held(number, name).values()
        found = (
            intervals.quantile([run.histograms[record.samples] for run in held], record.share)
            if record.samples
            else intervals.mean([run.metrics[metric] for run in held])
        )
        return PointMetric(
            value=found.value,
            low=found.low,
            high=found.high,
            beyond=found.beyond,
            endless=found.endless,
            unit=record.unit,
        )

    def at(self, number: int) -> dict[str, Label]:
        """Return key -> value of a point."""
        return {v.key: label for v, label in zip(self.varied, self.points[number].at, strict=True)}

    def values(self, number: int, name: str, metric: str) -> Runs:
        """Return run -> value of a metric, for the runs that were made and have the metric, and in which it is finite."""
        held = self._held(number, name)
        return {run: made.metrics[metric] for run, made in held.items() if math.isfinite(made.metrics[metric])}

    # ---- readings

    def lies_on_an_axis(self) -> bool:
        """Return whether one key is varied, with numbers, which changes and crossings need."""
        return len(self.varied) == 1 and self.varied[0].numeric

    def along(self) -> list[int]:
        """Return the numbers of the points where every design has a run, in the order of the only key's values."""
        there = {(number, name) for number, name, _ in self.made}
        full = [number for number in range(len(self.points)) if all((number, name) in there for name in self.designs)]
        return sorted(full, key=lambda number: self.points[number].at[0])

    def course(self, name: str, metric: str) -> Change | None:
        """Return how a design's metric changes from the smallest value of the only key to the largest."""
        return change([self.values(number, name, metric) for number in self.along()])

    def crossed(self, metric: str) -> list[Crossing]:
        """Return where two designs change places in a metric. Raises `InputError` unless one key is varied, with numbers."""
        known(metric)
        if not self.lies_on_an_axis():
            keys = ", ".join(v.key for v in self.varied)
            raise InputError(f"crossings along {keys}; allowed: one varied key, with numbers")
        order = self.along()
        series = {name: [self.values(number, name, metric) for number in order] for name in self.designs}
        return crossings([float(self.points[number].at[0]) for number in order], series)

    def crossings(self, metric: str = "packets_per_delivery") -> pandas.DataFrame:
        """Return the crossings as a frame: a row per crossing, columns as `Crossing`'s fields."""
        import pandas

        return pandas.DataFrame([asdict(c) for c in self.crossed(metric)], columns=list(Crossing.__dataclass_fields__))

    # ---- tables

    def table(self) -> pandas.DataFrame:
        """Return value, low, high, unit; a row per (varied keys..., design, metric). Durations are in seconds."""
        import pandas

        keys = [v.key for v in self.varied]
        rows = [
            {**point.at, "design": point.design, "metric": metric, **plain(value)}
            for point in self.results().points
            for metric, value in point.metrics.items()
        ]
        columns = [*keys, "design", "metric", "value", "low", "high", "unit"]
        return pandas.DataFrame(rows, columns=columns).set_index([*keys, "design", "metric"])

    def runs_table(self) -> pandas.DataFrame:
        """Return a row per point and run: varied keys, design, run, seed, every metric, violated promises."""
        import pandas

        keys = [v.key for v in self.varied]
        rows = [
            {
                **self.at(number),
                "design": name,
                "run": run,
                "seed": self.seed * 1000 + run,
                **{m: made.metrics[m] if math.isfinite(made.metrics[m]) else None for m in METRICS},
                "violated_promises": [p for p, v in made.properties.items() if v.promised and v.verdict == "violated"],
            }
            for number, name, run in self._wanted()
            if (made := self.made.get((number, name, run))) is not None
        ]
        columns = [*keys, "design", "run", "seed", *METRICS, "violated_promises"]
        return pandas.DataFrame(rows, columns=columns).astype(dict.fromkeys(METRICS, float))

    # ---- verdicts

    def broken(self) -> list[BrokenPromise]:
        """Return every promise that was not kept, point by point."""
        return [
            BrokenPromise(point.at, point.design, name, found.violations, found.example)
            for point in self.results().points
            for name, found in point.violated.items()
            if found.promised
        ]

    def status(self) -> int:
        """Return the exit status.

        1 if a promise is broken, 4 if a design failed, 3 if a promise is unknown or a run is missing, else 0.
        """
        if self.broken() or any(failure.broken for failure in self.failed.values()):
            return 1
        if self.failed:
            return 4
        results = self.results()
        return 3 if results.missing or any(point.promised_unknown for point in results.points) else 0

    # ---- forms

    def figure(self, metrics: Sequence[str] | str | None = None) -> Figure:
        """Draw small multiples: a panel per metric (default: the sweep's), a line per design, 95 % intervals shaded.

        The first varied key is the axis; every combination of the others is a block of panels. Raises `InputError` for an
        unknown metric.
        """
        chosen = [metrics] if isinstance(metrics, str) else metrics or self.metrics
        figure: Figure = self._page().figure(self, [known(metric) for metric in chosen])
        return figure

    def parquet(self) -> bytes:
        """Return `runs_table()` as a Parquet file."""
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pandas(self.runs_table(), preserve_index=False).replace_schema_metadata(None)
        place = table.schema.get_field_index("violated_promises")
        promises = table.column(place).cast(pyarrow.list_(pyarrow.string()))
        buffer = pyarrow.BufferOutputStream()
        parquet.write_table(table.set_column(place, "violated_promises", promises), buffer)
        return bytes(buffer.getvalue())


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """Hold a promised property that a design violated at one point. `at`: value of each varied key."""

    at: dict[str, Label]
    design: str
    property: str
    violations: int
    example: str


def known(metric: str) -> str:
    """Return the metric's name. Raises `InputError` for an unknown one, with the nearest."""
    if metric not in METRICS:
        raise InputError(f"unknown metric {metric!r}{nearest(metric, list(METRICS))}")
    return metric


def sweep(
    scenario: str | Path | Scenario = "default",
    *,
    vary: Mapping[str, Sequence[object]],
    designs: Sequence[str | registry.Design] | None = None,
    metrics: Sequence[str] | None = None,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    trace: str | Path | None = None,
    take: float | None = None,
    check_every_call: bool = False,
    progress: Progress | None = None,
) -> Sweep:
    """Simulate designs at every combination of values of scenario keys.

    Arguments:
        scenario: the name of a ready scenario, the path of a scenario file, or a `Scenario` as `load` returns it.
        vary: the keys and their values, such as {"population.devices_per_user": [1, 2, 4]}; several keys give every
            combination.
        designs: names, `FILE.py:NAME`, or designs made by `Design.variant`; by default every ready design.
        metrics: names of the metrics that reports show, as in results.json; by default `SHOWN`. `table()` has all metrics.
        runs: runs per point and design, 1 to 1000; by default the scenario's. Intervals need two.
        seed: 0 to 2**40 - 1; by default the scenario's. Run n of every point draws from seed * 1000 + n.
        jobs: worker processes, 1 or more; by default one per processor, and no more than memory allows. The results do not
            depend on it.
        executor: "processes" (the default), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", or a
            `concurrent.futures.Executor`, which stays open.
        out: keep finished runs in the folder `out`/pieces.
        resume: True or False: whether to read the finished runs that are there, and make only the others.
        trace: path of a file with real traffic (`SRC DST UNIXTIME` lines or presence rows); only for a scenario whose
            `traffic.trace` is "snap" or "presence", and required there.
        take: use only this many seconds of the trace, from its beginning; more than 0; by default all.
        check_every_call: True or False: whether to make every handler call twice more, to see that it depends on the
            actor's fields and the packet alone; by default a sample of them.
        progress: a function, called after each run with the number of finished runs and the number of all runs.

    Returns a `Sweep`: `results()`, `table()`, `runs_table()`, `crossings(metric)`, `figure(metrics)`, `broken()`, `status()`,
    `html()`, `markdown()`, `write(out)`. An interrupt, or lost workers, end the sweep early: the runs that are done are
    returned and kept, `interrupted` says why and `results().missing` what is missing. If no run is done, the exception is
    raised.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, for a file that cannot
    be read or written, for a scheduler that does not answer, and for an exception in a design of your own.
    """
    started = time.perf_counter()
    shown = tuple(dict.fromkeys(map(known, arguments.names("metrics", metrics) or SHOWN)))
    arguments.instance("vary", vary, Mapping, "a mapping from keys to lists of values")
    for each in vary:
        arguments.text("vary", each, "a mapping from keys, such as population.users, to lists of values")
    arguments.flag("check_every_call", check_every_call)
    failures = pieces.failing()
    loaded, names, count, first, path = checked(scenario, designs, runs, seed, jobs, trace, take, progress, failures)
    varied, points = resolve(loaded, vary)
    for point in points:
        names = fits(names, point.scenario, failures)
    traffic = first_traffic(points[0].scenario, first, path, take)
    where = pieces.setting(executor, jobs, out, resume, names, memory_of(traffic))
    wanted = {
        (number, name, run): Job(
            point.scenario, name, run, first * 1000 + run, path, take, check_every_call=check_every_call
        )
        for number, point in enumerate(points)
        for run in range(count)
        for name in names
    }
    done = pieces.perform([piece_of(job) for job in wanted.values()], where, progress, failures)
    made = {place: run for place, run in zip(wanted, done.results, strict=True) if run is not None}
    if done.error is not None and not made:
        raise done.error
    failed = {name: Failure(str(error), _broken_before(name, made)) for name, error in failures.met.items()}
    failures.check(names, failed)
    names = tuple(name for name in names if name not in failed)
    made = {place: run for place, run in made.items() if place[1] not in failed}
    run_facts = SweepRun(
        elapsed_s=round(time.perf_counter() - started, 3),
        work=done.work,
        points=len(points),
        python=sys.version.split()[0],
        platform=platform.platform(),
        processors=os.cpu_count(),
    )
    trace_name = None if path is None else Path(path).name
    return Sweep(
        loaded, first, count, names, varied, points, shown, made, trace_name, take, done.stopped or None, run_facts, failed,
        path,
    )  # fmt: skip


def _broken_before(name: str, made: Mapping[tuple[int, str, int], RunResult]) -> tuple[str, ...]:
    """Return the promises that a design broke in the runs that it finished before its own code failed."""
    broken = {
        p: f"{name}, {p}: {(found.examples or [''])[0]}"
        for (_, design, _), run in made.items()
        for p, found in run.properties.items()
        if design == name and found.promised and found.verdict == "violated"
    }
    return tuple(broken.values())
