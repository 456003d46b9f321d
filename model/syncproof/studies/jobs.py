"""Do the runs of a comparison or a sweep: what one run is, and many of them on worker processes.

Workers draw a run's traffic themselves from (scenario, seed), so nothing large is sent and the result does not depend on how many
workers there are.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from syncproof import designs as registry
from syncproof.engines.simulate import Checks, Recorder, RunResult
from syncproof.errors import from_outside
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import lookup, traces, workload
from syncproof.inputs.scenario import Scenario
from syncproof.studies import executors
from syncproof.studies.executors import Progress
from syncproof.studies.failures import Failures
from syncproof.studies.runs import simulate_design

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
        traffic = traffic_of(self.scenario, self.seed, self.trace, self.take)
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


def traffic_of(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """Return the run's traffic, drawn once per process for the designs that share it; only the latest few are kept."""
    key = (scenario.model_dump_json(), seed, trace, take)
    if key not in _TRAFFIC:
        while len(_TRAFFIC) >= 4:
            del _TRAFFIC[next(iter(_TRAFFIC))]
        _TRAFFIC[key] = workload.generate(scenario, seed, trace_of(trace, take))
    return _TRAFFIC[key]


@functools.lru_cache(maxsize=2)
def trace_of(path: str | None, take: float | None) -> traces.Trace | None:
    """Return the trace of a file, read once per process."""
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


def first_traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> workload.Traffic:
    """Return the first run's traffic; it is kept for the run. Raises `InputError` if scenario and trace do not fit together."""
    return traffic_of(scenario, seed * 1000, trace, take)
