"""Compare designs: simulate each on the same traffic and faults in several runs, then judge properties, costs and claims."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from syncproof import designs as registry
from syncproof.engines.simulate import RunResult
from syncproof.errors import InputError
from syncproof.inputs import arguments, lookup
from syncproof.inputs.scenario import LARGEST_SEED, Scenario, load
from syncproof.studies import pieces, saturation
from syncproof.studies.comparison import Comparison
from syncproof.studies.executors import Progress
from syncproof.studies.failures import Failure, Failures, lookup_all
from syncproof.studies.jobs import Job, first_traffic, memory_of, piece_of, trace_of
from syncproof.studies.small_runs import SmallRuns, gathered, planned

MOST_RUNS = 1000
"""The most runs under one seed: run n draws from seed * 1000 + n, so more would repeat runs of the next seed."""


def compare(
    scenario: str | Path | Scenario = "default",
    *,
    designs: Sequence[str | registry.Design] | None = None,
    runs: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
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
        jobs: worker processes, 1 or more; by default one per processor, and no more than memory allows. The results do not
            depend on it.
        executor: "processes" (the default), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", or a
            `concurrent.futures.Executor`, which stays open.
        out: keep finished runs in the folder `out`/pieces.
        resume: True or False: whether to read the finished runs that are there, and make only the others.
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
    `markdown()`, `write(out)`. After Ctrl-C, or if workers are lost, it has the runs that every design had finished, if there
    are any, and `stopped` says so. A design whose own code fails is left out, and `failed` has its error; raised as a `DesignError`
    if there is no other design.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, for a file that cannot
    be read or written, and for an exception in a design of your own.
    """
    started = time.perf_counter()
    failures = pieces.failing()
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
    small = planned(base, names, traffic) if sweep else []
    where = pieces.setting(executor, jobs, out, resume, names, memory_of(traffic))
    if files and where.opening is not None:
        raise InputError("history: is written where the run is made; allowed beside it: executor='processes'")
    done = pieces.perform([piece_of(job) for job in (*work, *[each.job for each in small])], where, progress, failures)
    results, stopped = done.results, ""
    if done.error is not None:
        asked, count = count, _whole_runs(results[: count * len(names)], names, failures)
        if not count:
            raise done.error
        stopped = (
            f"the comparison ended early ({done.stopped}): {count} of {asked} runs of each design were finished; "
            "small runs for claims are left out"
        )
        small = []
    runs_of: dict[str, list[RunResult]] = {name: [] for name in names}
    for job, result in zip(work[: count * len(names)], results, strict=False):
        if result is not None:
            runs_of[job.design].append(result)
    failed = {name: Failure(str(e), _broken_before(name, runs_of.get(name, []))) for name, e in failures.met.items()}
    failures.check(names, failed)
    whole = tuple(name for name in names if name not in failures.met)
    beside = gathered(small, results[len(work) : len(work) + len(small)], whole) if small else SmallRuns()
    return Comparison(
        loaded,
        first,
        count,
        whole,
        {name: runs_of[name] for name in whole},
        beside,
        trace=None if path is None else Path(path).name,
        take=take,
        elapsed_s=time.perf_counter() - started,
        work=done.work,
        failed=failed,
        trace_file=path,
        stopped=stopped,
        offered=saturation.offered(loaded, traffic),
    )


def _whole_runs(results: Sequence[RunResult | None], names: Sequence[str], failures: Failures[Any]) -> int:
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
    arguments.whole("seed", seed, least=0, most=LARGEST_SEED)
    arguments.whole("jobs", jobs, least=1)
    arguments.positive("take", take, "seconds")
    arguments.called("progress", progress)
    path = None if trace is None else str(arguments.file("trace", trace))
    if take is not None and path is None:
        raise InputError("take: goes with a trace; allowed: trace=FILE beside it")
    loaded = scenario if isinstance(scenario, Scenario) else load(str(scenario))
    names = lookup_all(chosen or tuple(registry.DESIGNS), failures)
    trace_of(path, take)
    return loaded, names, loaded.runs if runs is None else runs, loaded.seed if seed is None else seed, path


def fits(designs: Sequence[str], scenario: Scenario, failures: Failures[Any]) -> tuple[str, ...]:
    """Return the designs whose system can be built. Those whose own code fails are noted; raised if all fail.

    Raises `InputError` if a design cannot work with the scenario's parameters.
    """
    for name in designs:
        with failures.apart(name), registry.blaming(name):
            lookup.get(name).system(registry.Population((), ()), scenario.parameters(), scenario.deployment.kind)
    failures.check(designs)
    return tuple(name for name in designs if name not in failures.met)


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
