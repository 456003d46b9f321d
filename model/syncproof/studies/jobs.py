"""Describe the runs of a comparison, a sweep or a check of sizes: what one run is, and how it is a piece of a study.

Workers draw a run's traffic themselves from (scenario, seed), so nothing large is sent and the result does not depend on how many
workers there are.
"""

from __future__ import annotations

import functools
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from syncproof import designs as registry
from syncproof.engines.simulate import Checks, Recorder, RunResult
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import lookup, traces, workload
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.studies.pieces import Piece, piece
from syncproof.studies.runs import simulate_design


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
        from syncproof.formats.header import Header, deployed
        from syncproof.formats.history import Recording

        header = Header(
            schema=1,
            kind="history",
            design=self.design,
            faults=plan.configured,
            population=traffic.population,
            parameters=lookup.get(self.design).effective(self.scenario.parameters()),
            deployment=deployed(self.scenario.deployment.kind),
        )
        recording = Recording(header)
        result = self._simulate(traffic, plan, recording)
        violations = {name: p.violations for name, p in result.properties.items() if p.violations}
        recording.write(Path(self.history), violations)
        return result

    def _simulate(self, traffic: Traffic, plan: faults.FaultPlan, recording: Recorder | None = None) -> RunResult:
        """Simulate; an exception in the user's own design becomes an `InputError` of one line."""
        with registry.blaming(self.design):
            return simulate_design(
                self.design, self.scenario, traffic, plan, self.seed, self.run, recording, self.checks
            )


PROCESS, SHOWING = 150 << 20, 500
"""Bytes that a process takes for a small run, and then for each time that a message is shown on a device.

Measured in runs with 10,000 to 500,000 showings, which took less."""


def memory_of(traffic: Traffic) -> int:
    """Return how many bytes a run of this traffic takes, about: measured on the ready scenarios, and more than most take."""
    devices = Counter(traffic.owners)
    members = [set(users) for users in traffic.members]
    shown = [sum([devices[user] for user in users]) for users in traffic.members]
    changes = deque(sorted(traffic.changes))
    showings = 0
    for at, conversation in zip(traffic.times, traffic.conversations, strict=True):
        while changes and changes[0][0] <= at:
            _, kind, where, user = changes.popleft()
            if (user in members[where]) == (kind == "remove"):
                members[where] ^= {user}
                shown[where] += devices[user] if kind == "add" else -devices[user]
        showings += shown[conversation]
    return PROCESS + SHOWING * showings


_TRAFFIC: dict[tuple[str, int, str | None, float | None], Traffic] = {}


def traffic_of(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> Traffic:
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


def piece_of(job: Job) -> Piece[RunResult]:
    """Return a run as a piece of a study. It is not kept if it writes its history, which would be missing when it is read."""
    facts = {
        "scenario": job.scenario.model_dump_json(exclude={"title", "shows", "runs", "seed", "size"}),  # change no run
        "run": job.run,
        "seed": job.seed,
        "take": job.take,
        "messages": job.messages,
        "check_every_call": job.check_every_call,
    }
    files = () if job.trace is None else (job.trace,)
    return piece(Job.work, job, facts=facts, design=job.design, files=files, kept=job.history is None)


def first_traffic(scenario: Scenario, seed: int, trace: str | None, take: float | None) -> Traffic:
    """Return the first run's traffic; it is kept for the run. Raises `InputError` if scenario and trace do not fit together."""
    return traffic_of(scenario, seed * 1000, trace, take)
