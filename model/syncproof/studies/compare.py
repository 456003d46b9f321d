"""Designs side by side: the same traffic and faults for each, several runs, means with intervals, verdicts, claims.

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
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncproof import designs as registry
from syncproof.engines.simulate import Recorder, RunResult
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import lookup, traces, workload
from syncproof.inputs.scenario import Scenario, load
from syncproof.properties import PROPERTIES
from syncproof.properties.verdicts import PropertyResult
from syncproof.studies import executors
from syncproof.studies.runs import simulate_design

if TYPE_CHECKING:
    import pandas

SWEEP_KEY = "population.devices_per_user"
SWEEP_VALUES = (1, 2, 3, 4, 6)
SWEEP_DELIVERIES = 2500
"""About how many deliveries a sweep point simulates at two devices a user."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """One simulation. `messages`: end the traffic after so many; `history`: write the run's history there."""

    scenario: Scenario
    design: str
    run: int
    seed: int
    trace: str | None = None
    take: float | None = None
    messages: int | None = None
    history: str | None = None

    def work(self) -> RunResult:
        """Runs it in this process."""
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
            parameters=self.scenario.parameters(),
        )
        recording = Recording(header)
        result = self._simulate(traffic, plan, recording)
        violations = {name: p.violations for name, p in result.properties.items() if p.violations}
        recording.write(Path(self.history), violations)
        return result

    def _simulate(
        self, traffic: workload.Traffic, plan: faults.FaultPlan, recording: Recorder | None = None
    ) -> RunResult:
        """The simulation; what goes wrong in a design of somebody's own is that one's fault, and told in one line."""
        with registry.blaming(self.design):
            return simulate_design(self.design, self.scenario, traffic, plan, self.seed, self.run, recording)


_TRAFFIC: dict[tuple[str, int, str | None, float | None], workload.Traffic] = {}


def _traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """The run's traffic, drawn once per process for the designs that share it; only the latest few are kept."""
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


def perform(jobs: Sequence[Job], workers: int, progress: Progress | None = None) -> list[RunResult]:
    """All jobs' results, in the jobs' order."""
    results: dict[int, RunResult] = {}
    for index, result in executors.perform(_work, jobs, workers):
        results[index] = result
        if progress is not None:
            progress(len(results), len(jobs))
    return [results[index] for index in range(len(jobs))]


@dataclass
class Comparison:
    """What a comparison found. `results` is `results.json`; `run` is `run.json` (times and machine, never repeatable)."""

    scenario: Scenario
    seed: int
    runs: int
    designs: tuple[str, ...]
    outcomes: dict[str, list[RunResult]]
    sweep: dict[str, dict[int, RunResult]]
    quiet: RunResult | None
    trace: str | None = None
    take: float | None = None
    elapsed_s: float = 0.0
    workers: int = 1
    _results: dict[str, Any] | None = field(default=None, repr=False)

    def results(self) -> dict[str, Any]:
        """The part that other programs may rely on; floats to six significant digits."""
        if self._results is None:
            from syncproof.studies import claims

            found: dict[str, Any] = {
                "schema": 1,
                "command": "compare",
                "scenario": self.scenario.name,
                "seed": self.seed,
                "runs": self.runs,
                "trace": self.trace,
                "take_s": self.take,
                "messages": [r.messages for r in self.outcomes[self.designs[0]]],
                "designs": {name: self._design(name) for name in self.designs},
                "sweep": self._sweep(),
                "notifications_off": None if self.quiet is None else _point(self.quiet),
                "faults_fired": self._faults(),
            }
            found["warnings"] = [
                f"{name} was configured and never fired" for name, count in found["faults_fired"].items() if count == 0
            ] + self._silent()
            found["claims"] = claims.judge(found)
            self._results = found
        return self._results

    def _silent(self) -> list[str]:
        """A warning for each design that accepted no message in a run: nothing was tried there."""
        found = []
        for name, runs in self.outcomes.items():
            silent = [str(run) for run, r in enumerate(runs) if not r.messages]
            if len(silent) == len(runs):
                found.append(
                    f"{name} accepted no message: what did not happen says nothing, so its verdicts are unknown"
                )
            elif silent:
                found.append(f"{name} accepted no message in run {', '.join(silent)}")
        return found

    def _design(self, name: str) -> dict[str, Any]:
        runs = self.outcomes[name]
        happened = any(r.messages for r in runs)
        return {
            "properties": {p: worst([r.properties[p] for r in runs], happened=happened) for p in PROPERTIES},
            "metrics": {m: _metric(m, [r.metrics[m] for r in runs]) for m in METRICS},
            "rows": {
                store: {
                    kind: sum(r.rows.get(store, {}).get(kind, 0) for r in runs)
                    for kind in ("written", "deleted", "read")
                }
                for store in sorted({store for r in runs for store in r.rows})
            },
            "packets": {
                kind: sum(r.packets.get(kind, 0) for r in runs) for kind in sorted({k for r in runs for k in r.packets})
            },
            "deliveries": sum(r.deliveries for r in runs),
        }

    def _sweep(self) -> dict[str, Any]:
        return {
            "key": SWEEP_KEY,
            "designs": {
                name: {str(value): _point(result) for value, result in points.items()}
                for name, points in self.sweep.items()
            },
        }

    def _faults(self) -> dict[str, int]:
        first = self.outcomes[self.designs[0]]
        return {
            name: sum(r.faults_fired.get(name, 0) for runs in self.outcomes.values() for r in runs)
            for name in first[0].faults_fired
        }

    def run_facts(self) -> dict[str, Any]:
        """Times, rates, memory and machine."""
        events = {name: sum(r.events for r in runs) for name, runs in self.outcomes.items()}
        seconds = {name: sum(r.elapsed_s for r in runs) for name, runs in self.outcomes.items()}
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "elapsed_s": round(self.elapsed_s, 3),
            "workers": self.workers,
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
            "events": events,
            "events_per_second": {name: round(events[name] / seconds[name]) for name in events if seconds[name]},
            "peak_memory_mib": round(max(children, own) / 1024),
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "processors": os.cpu_count(),
        }

    def table(self) -> pandas.DataFrame:
        """A row per design and metric: mean, low, high, unit."""
        import pandas

        rows = [
            {"design": name, "metric": metric} | {key: value for key, value in values.items() if key != "runs"}
            for name, found in self.results()["designs"].items()
            for metric, values in found["metrics"].items()
        ]
        return pandas.DataFrame(rows).set_index(["design", "metric"])

    def verdicts(self) -> pandas.DataFrame:
        """A row per property, a column per design."""
        import pandas

        found = {
            name: {p: v["verdict"] for p, v in d["properties"].items()} for name, d in self.results()["designs"].items()
        }
        return pandas.DataFrame(found)

    def broken(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(design, property, finding) for every promise that was not kept."""
        return [
            (name, p, v)
            for name, d in self.results()["designs"].items()
            for p, v in d["properties"].items()
            if v["promised"] and v["verdict"] == "violated"
        ]

    def status(self) -> int:
        """The exit status: 1 a promise is broken, 3 one is unknown, else 0."""
        if self.broken():
            return 1
        unknown = any(
            v["promised"] and v["verdict"] == "unknown"
            for d in self.results()["designs"].values()
            for v in d["properties"].values()
        )
        return 3 if unknown else 0


def digits(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.6g}")


def interval(values: Iterable[float]) -> dict[str, float | None]:
    """Mean and the 95 % interval of Student's t over runs; no interval for a single run, nothing for no values."""
    known = [v for v in values if not math.isnan(v)]
    if not known:
        return {"mean": None, "low": None, "high": None}
    mean = math.fsum(known) / len(known)
    if len(known) == 1:
        return {"mean": digits(mean), "low": None, "high": None}
    from scipy.special import stdtrit

    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in known) / (len(known) - 1))
    half = float(stdtrit(len(known) - 1, 0.975)) * spread / math.sqrt(len(known))
    return {"mean": digits(mean), "low": digits(mean - half), "high": digits(mean + half)}


def _metric(name: str, values: list[float]) -> dict[str, Any]:
    """A metric over runs: mean, interval, unit, and each run's value in turn, for whoever pairs runs of two designs."""
    return {**interval(values), "unit": METRICS[name].unit, "runs": [digits(value) for value in values]}


def worst(found: Sequence[PropertyResult], runs: Sequence[int] | None = None, happened: bool = True) -> dict[str, Any]:
    """Over runs the worst counts: violated, then unknown, then holds (if anything `happened`).

    The example names its run; `runs`: their numbers.
    """
    verdicts = {f.verdict for f in found}
    verdict = next(v for v in ("violated", "unknown", "holds", "not-applicable") if v in verdicts)
    if verdict == "holds" and not happened:
        verdict = "unknown"
    result: dict[str, Any] = {
        "verdict": verdict,
        "promised": all(f.promised for f in found),
        "violations": sum(f.violations for f in found),
    }
    numbers = range(len(found)) if runs is None else runs
    examples = [f"{text} (run {run})" for run, f in zip(numbers, found, strict=True) for text in f.examples[:1]]
    if examples:
        result["example"] = examples[0]
    return result


def _point(result: RunResult) -> dict[str, Any]:
    return {
        "metrics": {name: digits(value) for name, value in result.metrics.items()},
        "violated": [name for name, p in result.properties.items() if p.verdict == "violated"],
        "unknown": [name for name, p in result.properties.items() if p.verdict == "unknown"],
        "promised_violated": [n for n, p in result.properties.items() if p.verdict == "violated" and p.promised],
        "promised_unknown": [n for n, p in result.properties.items() if p.verdict == "unknown" and p.promised],
        "messages": result.messages,
    }


def compare(
    scenario: str | Scenario = "default",
    *,
    designs: Sequence[str | registry.Design] | None = None,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    trace: str | Path | None = None,
    take: float | None = None,
    history: str | Path | None = None,
    sweep: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Simulates designs (default: all) on one scenario and compares them.

    `designs`: names, `FILE.py:NAME`, or designs of one's own as `Design.variant` makes them.
    `runs`, `seed`: default the scenario's. `jobs`: worker processes, default one per processor. `trace`, `take`: a
    trace's file, and how many seconds of it. `history`: write the first run's history there (one file a design, its
    name inserted when there are several). `sweep`: also the small runs over devices per user. Raises `InputError`.
    """
    started = time.perf_counter()
    loaded, names, count, first, path = checked(scenario, designs, runs, seed, trace, take)
    base = Job(loaded, "", 0, first * 1000, path, take)
    traffic = first_traffic(loaded, first, path, take)
    fits(names, loaded)
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
    quiet = "timeline-notify" in names and sweep
    if sweep:
        messages = _bounded(traffic)
        for value in SWEEP_VALUES:
            varied = loaded.with_value(SWEEP_KEY, value)
            for name in names:
                side.append((name, value))
                work.append(dataclasses.replace(base, scenario=varied, design=name, messages=messages))
        if quiet:
            silent = loaded.with_value("model.notifications", False)
            work.append(dataclasses.replace(base, scenario=silent, design="timeline-notify", messages=messages))
    workers = executors.workers(jobs, inherit=any(name in lookup.OWN for name in names))
    results = perform(work, workers, progress)
    outcomes = {name: [r for r in results[: count * len(names)] if r.design == name] for name in names}
    points: dict[str, dict[int, RunResult]] = {name: {} for name in names} if sweep else {}
    for (name, value), result in zip(side, results[count * len(names) :], strict=False):
        points[name][value] = result
    return Comparison(
        loaded,
        first,
        count,
        names,
        outcomes,
        points,
        results[-1] if quiet else None,
        None if path is None else Path(path).name,
        take,
        time.perf_counter() - started,
        workers,
    )


def checked(
    scenario: str | Scenario,
    designs: Sequence[str | registry.Design] | None,
    runs: int | None,
    seed: int | None,
    trace: str | Path | None,
    take: float | None,
) -> tuple[Scenario, tuple[str, ...], int, int, str | None]:
    """Scenario, designs, runs, seed and the trace's path as they will be used. Raises `InputError`."""
    loaded = load(scenario) if isinstance(scenario, str) else scenario
    names = tuple(dict.fromkeys(lookup.known(design) for design in designs or registry.DESIGNS))
    count = loaded.runs if runs is None else runs
    first = loaded.seed if seed is None else seed
    if count < 1:
        raise InputError(f"runs: {count}; allowed: 1 or more")
    if not 0 <= first < 2**40:
        raise InputError(f"seed: {first}; allowed: 0 to {2**40 - 1}")
    path = None if trace is None else str(trace)
    _trace(path, take)
    return loaded, names, count, first, path


def fits(designs: Sequence[str], scenario: Scenario) -> None:
    """Raises `InputError` if a design cannot work with the scenario's parameters."""
    for name in designs:
        lookup.get(name).system(registry.Population((), ()), scenario.parameters())


def first_traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """The first run's traffic, kept for the run. Raises `InputError` if scenario and trace do not go together."""
    return _traffic(scenario, seed * 1000, trace, take)


def _bounded(traffic: workload.Traffic) -> int:
    """How many messages of this traffic make about `SWEEP_DELIVERIES` deliveries."""
    if not traffic.times:
        return 0
    sample = traffic.conversations[:500]
    members = [max(2, len(traffic.members[c])) for c in sample]
    return max(20, round(SWEEP_DELIVERIES / (2 * sum(members) / len(members))))


def history_files(base: str | Path | None, designs: Sequence[str]) -> dict[str, str]:
    """Where each design's history goes: to `base` if there is one design, else beside it, its name inserted."""
    if base is None:
        return {}
    path = Path(base)
    if len(designs) == 1:
        return {designs[0]: str(path)}
    plain = {design: re.sub(r"[^\w.-]+", "_", design).strip("_") for design in designs}
    return {design: str(path.with_name(f"{path.stem}-{name}{path.suffix}")) for design, name in plain.items()}


def _replaceable(path: Path) -> None:
    """Fails before the work where a history, or the moves beside it, could not be written after it."""
    from syncproof.formats.history import moves_path

    for file in (path, moves_path(path)):
        if file.is_dir():
            raise InputError(f"--history {file}: is a folder; allowed: a file")
        if not os.access(file if file.exists() else file.parent, os.W_OK):
            raise InputError(f"--history {file}: cannot be written; allowed: a file in a folder that can be written to")
