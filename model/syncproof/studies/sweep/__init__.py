"""Sweeps: designs along the values of any scenario key, every combination of several, on the same draws.

A point is exactly what `compare` finds on the varied scenario. Finished runs may be kept in a folder, so that a sweep that was
cut short goes on where it ended. Work goes through any executor; see `syncproof.studies.executors`.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncproof import designs as registry
from syncproof.core.faults import FAULTS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError, nearest
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.properties import PROPERTIES
from syncproof.properties.verdicts import PropertyResult
from syncproof.studies import compare as comparison
from syncproof.studies import executors
from syncproof.studies.compare import Job, interval
from syncproof.studies.sweep.points import Record, Store, Task, key, work
from syncproof.studies.sweep.readings import Change, Crossing, Runs, change, crossings
from syncproof.studies.sweep.vary import Label, Point, Varied, resolve

if TYPE_CHECKING:
    import pandas

SHOWN = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "packets_per_delivery",
    "bytes_per_delivery",
    "pulls_per_delivery",
    "delivery_latency_p99_s",
)
"""The metrics that a report shows if none is named."""
CROSSED = ("packets_per_delivery", "bytes_per_delivery")
"""The metrics whose crossings are always told."""

Progress = Callable[[int, int], None]


@dataclass
class Sweep:
    """What a sweep found. `records`: (point's number, design, run) -> the run as it is kept; what is missing is not there.

    `results()` is `results.json`, the same bytes however it was come by; `facts` are times and counts of this call.
    """

    scenario: Scenario
    seed: int
    runs: int
    designs: tuple[str, ...]
    varied: tuple[Varied, ...]
    points: tuple[Point, ...]
    metrics: tuple[str, ...]
    records: dict[tuple[int, str, int], Record] = field(repr=False)
    trace: str | None = None
    take: float | None = None
    interrupted: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def _results(self) -> dict[str, Any]:
        points = [
            self._point(number, name)
            for number in range(len(self.points))
            for name in self.designs
            if self._held(number, name)
        ]
        fired = {
            fault: sum(record["faults_fired"].get(fault, 0) for record in self.records.values())
            for fault in FAULTS
            if any(fault in record["faults_fired"] for record in self.records.values())
        }
        told = dict.fromkeys((*CROSSED, *self.metrics)) if self.lies_on_an_axis() else {}
        return {
            "schema": 1,
            "command": "sweep",
            "scenario": self.scenario.name,
            "seed": self.seed,
            "runs": self.runs,
            "trace": self.trace,
            "take_s": self.take,
            "vary": [{"key": v.key, "values": list(v.labels), "given": list(v.texts), "unit": v.unit} for v in self.varied],
            "designs": list(self.designs),
            "metrics": list(self.metrics),
            "points": points,
            "crossings": {metric: [asdict(found) for found in self.crossed(metric)] for metric in told},
            "faults_fired": fired,
            "warnings": [f"{name} was configured and never fired" for name, count in fired.items() if count == 0],
            "missing": [
                {"at": self.at(number), "design": name, "run": run} for number, name, run in self._wanted()
                if (number, name, run) not in self.records
            ],
        }  # fmt: skip

    def results(self) -> dict[str, Any]:
        """The part that other programs may rely on; see docs/sweep.md."""
        return self._results

    def _wanted(self) -> Iterator[tuple[int, str, int]]:
        for number in range(len(self.points)):
            for run in range(self.runs):
                for name in self.designs:
                    yield number, name, run

    def _held(self, number: int, name: str) -> dict[int, Record]:
        """The runs that there are of a design at a point."""
        return {run: self.records[number, name, run] for run in range(self.runs) if (number, name, run) in self.records}

    def _point(self, number: int, name: str) -> dict[str, Any]:
        held = self._held(number, name)
        verdicts = {
            p: comparison.worst([PropertyResult(**r["properties"][p]) for r in held.values()], list(held))
            for p in PROPERTIES
        }
        return {
            "at": self.at(number),
            "design": name,
            "runs": len(held),
            "messages": [r["messages"] for r in held.values()],
            "deliveries": [r["deliveries"] for r in held.values()],
            "metrics": {
                m: {**interval(self.values(number, name, m).values()), "unit": METRICS[m].unit} for m in METRICS
            },
            "violated": {
                p: {k: v[k] for k in ("promised", "violations", "example")}
                for p, v in verdicts.items()
                if v["verdict"] == "violated"
            },
            "promised_unknown": [p for p, v in verdicts.items() if v["promised"] and v["verdict"] == "unknown"],
        }

    def at(self, number: int) -> dict[str, Label]:
        """Where a point is: key -> value."""
        return {v.key: label for v, label in zip(self.varied, self.points[number].at, strict=True)}

    def values(self, number: int, name: str, metric: str) -> Runs:
        """A metric by run, of the runs that there are and that have it."""
        held = self._held(number, name)
        return {run: r["metrics"][metric] for run, r in held.items() if r["metrics"][metric] is not None}

    # ---- readings

    def lies_on_an_axis(self) -> bool:
        """Whether one key is varied, with numbers: what courses and crossings need."""
        return len(self.varied) == 1 and self.varied[0].numeric

    def along(self) -> list[int]:
        """The points' numbers in the order of the only key's values, as far as every design has a run there."""
        there = {(number, name) for number, name, _ in self.records}
        full = [number for number in range(len(self.points)) if all((number, name) in there for name in self.designs)]
        return sorted(full, key=lambda number: self.points[number].at[0])

    def course(self, name: str, metric: str) -> Change | None:
        """How a design's metric changes from the least value of the only key to the largest."""
        return change([self.values(number, name, metric) for number in self.along()])

    def crossed(self, metric: str) -> list[Crossing]:
        """Where two designs change places in a metric. Raises `InputError` unless one key is varied, with numbers."""
        known(metric)
        if not self.lies_on_an_axis():
            keys = ", ".join(v.key for v in self.varied)
            raise InputError(f"crossings along {keys}; allowed: one varied key, with numbers")
        order = self.along()
        series = {name: [self.values(number, name, metric) for number in order] for name in self.designs}
        return crossings([float(self.points[number].at[0]) for number in order], series)

    def crossings(self, metric: str = "packets_per_delivery") -> pandas.DataFrame:
        """The same as a frame: a row per crossing, columns as `Crossing`'s fields."""
        import pandas

        return pandas.DataFrame([asdict(c) for c in self.crossed(metric)], columns=list(Crossing.__dataclass_fields__))

    # ---- tables

    def table(self) -> pandas.DataFrame:
        """mean, low, high, unit; a row per (varied keys..., design, metric). Durations are in seconds."""
        import pandas

        keys = [v.key for v in self.varied]
        rows = [
            {**point["at"], "design": point["design"], "metric": metric, **value}
            for point in self.results()["points"]
            for metric, value in point["metrics"].items()
        ]
        columns = [*keys, "design", "metric", "mean", "low", "high", "unit"]
        return pandas.DataFrame(rows, columns=columns).set_index([*keys, "design", "metric"])

    def runs_table(self) -> pandas.DataFrame:
        """A row per point and run: varied keys, design, run, seed, every metric, violated promises."""
        import pandas

        keys = [v.key for v in self.varied]
        rows = [
            {
                **self.at(number),
                "design": name,
                "run": run,
                "seed": self.seed * 1000 + run,
                **{m: r["metrics"][m] for m in METRICS},
                "violated_promises": [
                    p for p, v in r["properties"].items() if v["promised"] and v["verdict"] == "violated"
                ],
            }
            for number, name, run in self._wanted()
            if (r := self.records.get((number, name, run))) is not None
        ]
        columns = [*keys, "design", "run", "seed", *METRICS, "violated_promises"]
        return pandas.DataFrame(rows, columns=columns).astype(dict.fromkeys(METRICS, float))

    # ---- verdicts

    def broken(self) -> list[dict[str, Any]]:
        """Every promise that was not kept: at, design, property, violations, example."""
        return [
            {"at": point["at"], "design": point["design"], "property": name, **found}
            for point in self.results()["points"]
            for name, found in point["violated"].items()
            if found["promised"]
        ]

    def status(self) -> int:
        """The exit status: 1 a promise is broken, 3 one is unknown or a run is missing, else 0."""
        if self.broken():
            return 1
        results = self.results()
        return 3 if results["missing"] or any(point["promised_unknown"] for point in results["points"]) else 0


def known(metric: str) -> str:
    """The metric's own name. Raises `InputError` for another, with the nearest."""
    if metric not in METRICS:
        raise InputError(f"unknown metric {metric!r}{nearest(metric, list(METRICS))}")
    return metric


def sweep(
    scenario: str | Scenario = "default",
    *,
    vary: Mapping[str, Sequence[object]],
    designs: Sequence[str | registry.Design] | None = None,
    metrics: Sequence[str] | None = None,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    trace: str | Path | None = None,
    take: float | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Simulates designs (default: all) at every combination of the values of `vary`, a scenario's keys -> lists.

    `metrics`: what reports show, default `SHOWN`. `runs`, `seed`: default the scenario's; run n of every point and design
    has the seed `seed * 1000 + n`. `jobs`: worker processes, default one per processor. `executor`: "processes", the address
    of a Dask scheduler, or an `Executor` of one's own. `out`: finished runs are kept in `out`/points and not done again.
    `trace`, `take`: a trace's file, and how many seconds of it. `progress`: is told (done, all).

    An interrupt, or an executor that is lost, ends the sweep early: what is done is returned and kept, and `interrupted`
    and `results()["missing"]` say the rest. With nothing done the interrupt is raised. Raises `InputError`.
    """
    started = time.perf_counter()
    shown = tuple(dict.fromkeys(map(known, metrics or SHOWN)))
    loaded, names, count, first, path = comparison.checked(scenario, designs, runs, seed, trace, take)
    varied, points = resolve(loaded, vary)
    for point in points:
        comparison.fits(names, point.scenario)
    objects = [name for name in names if name in lookup.OWN]
    if objects and (out is not None or executor not in (None, "processes")):
        raise InputError(
            f"{objects[0]} was given as an object, which only this process knows; put it into a file and name it "
            "FILE.py:NAME, or leave out `out` and `executor`"
        )
    opening, workers = _opening(executor), executors.workers(jobs, inherit=bool(objects))
    comparison.first_traffic(points[0].scenario, first, path, take)
    store = Store(None if out is None else Path(out) / "points")
    tasks: dict[tuple[int, str, int], Task] = {}
    for number, point in enumerate(points):
        for run in range(count):
            for name in names:
                job = Job(point.scenario, name, run, first * 1000 + run, path, take)
                tasks[number, name, run] = Task(job, key(job))
    records = {place: kept for place, task in tasks.items() if (kept := store.read(task.key)) is not None}
    read = len(records)
    left = [place for place in tasks if place not in records]
    if progress is not None:
        progress(read, len(tasks))
    interrupted = None
    try:
        for index, kept in executors.perform(work, [tasks[place] for place in left], workers, opening):
            store.write(tasks[left[index]].key, kept)
            records[left[index]] = kept
            if progress is not None:
                progress(len(records), len(tasks))
    except (KeyboardInterrupt, BrokenExecutor) as error:
        if not records:
            raise
        interrupted = "interrupted" if isinstance(error, KeyboardInterrupt) else f"workers were lost: {error}"
    facts = {
        "elapsed_s": round(time.perf_counter() - started, 3),
        "executor": executor if isinstance(executor, str) else type(executor).__name__ if executor else "processes",
        "workers": workers,
        "points": len(points),
        "runs_in_all": len(tasks),
        "runs_done_now": len(records) - read,
        "runs_read": read,
        "runs_spoilt": store.spoilt,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processors": os.cpu_count(),
    }
    trace_name = None if path is None else Path(path).name
    return Sweep(
        loaded, first, count, names, varied, points, shown, records, trace_name, take, interrupted, facts
    )  # fmt: skip


def _opening(executor: str | Executor | None) -> executors.Opening | None:
    if executor is None or executor == "processes":
        return None
    return executors.scheduler(executor) if isinstance(executor, str) else executors.given(executor)
