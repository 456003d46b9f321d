"""Hold the formulas beside a simulation of the scenario's own population, without its faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from syncproof.engines.simulate import RunResult
from syncproof.errors import InputError
from syncproof.inputs import workload
from syncproof.inputs.scenario import Scenario
from syncproof.studies import pieces
from syncproof.studies.executors import Progress
from syncproof.studies.jobs import Job, piece_of
from syncproof.studies.pieces import Setting
from syncproof.studies.results.common import WorkDone
from syncproof.studies.size import formulas, traffic
from syncproof.studies.size.mix import Mix
from syncproof.studies.size.plan import digits
from syncproof.studies.size.results import CheckLine, CheckResults

FAULTS: dict[str, object] = {
    "faults": {},
    "presence.half_open": 0.0,
    "population.new_devices": 0,
    "population.reinstalls": 0,
    "population.abandoned": 0.0,
}
"""The keys that make faults, and their values without any."""


class Promise(NamedTuple):
    """Hold a line of the check, and the largest error that is promised of it; None: none is."""

    line: str
    tolerance: float | None


PROMISES = (
    Promise("rows written", 0.01),
    Promise("rows deleted", 0.01),
    Promise("rows read", None),
    Promise("packets", 0.03),
    Promise("bytes", 0.05),
    Promise("pulls", 0.10),
    Promise("stored bytes", 0.01),
    Promise("storage operations", None),
)


def without_faults(scenario: Scenario) -> tuple[Scenario, list[str]]:
    """Return the scenario without faults, and the keys that were set to nothing."""
    plain = scenario.with_values(FAULTS)
    removed = []
    for key in FAULTS:
        before: object = scenario
        after: object = plain
        for step in key.split("."):
            before, after = getattr(before, step), getattr(after, step)
        if before != after:
            removed.append(key)
    return plain, removed


def supported(scenario: Scenario) -> None:
    """Raise `InputError` for what the formulas do not describe."""
    if scenario.traffic.trace != "none":
        raise InputError(
            f"{scenario.name}: traffic.trace = {scenario.traffic.trace!r}; allowed: a scenario without a trace"
        )
    for key, value, allowed in (
        ("model.notifications", scenario.model.notifications, True),
        ("model.retention", scenario.model.retention, "none"),
        ("model.checkpoint", scenario.model.checkpoint, "with-apply"),
        ("presence.opens_to_send", scenario.presence.opens_to_send, True),
    ):
        if value != allowed:
            raise InputError(f"{scenario.name}: {key}: {value!r}; allowed: {allowed!r}, which size has formulas for")


def simulated(run: RunResult) -> dict[str, float]:
    """Return what the simulator counted, by line."""
    kinds = {kind: float(sum([rows[kind] for rows in run.rows.values()])) for kind in ("written", "deleted", "read")}
    return {
        "rows written": kinds["written"],
        "rows deleted": kinds["deleted"],
        "rows read": kinds["read"],
        "packets": float(sum(run.packets.values())),
        "bytes": run.metrics["bytes_per_delivery"] * run.deliveries,
        "pulls": float(run.packets.get("Pull", 0)),
        "stored bytes": run.metrics["stored_bytes_mean"],
        "storage operations": float(sum([sum(kinds.values()) for kinds in run.operations.values()])),
    }


def computed(design: str, scenario: Scenario, mix: Mix) -> dict[str, float]:
    """Return what the formulas say, by line."""
    ledger = formulas.account(design, mix, scenario.parameters(), scenario.network, scenario.storage)
    return {
        "rows written": ledger.total("written"),
        "rows deleted": ledger.total("deleted"),
        "rows read": ledger.total("read"),
        "packets": ledger.packets_sent,
        "bytes": ledger.packets_sent * scenario.network.header_bytes + ledger.body_bytes,
        "pulls": ledger.pulls,
        "stored bytes": sum(ledger.stored(mix.seconds).values()),
        "storage operations": sum(ledger.operations.values()),
    }


def lines(formula: dict[str, float], counted: dict[str, float]) -> list[CheckLine]:
    """Return each line of the formulas beside its counter."""
    found = []
    for name, tolerance in PROMISES:
        says, is_ = formula[name], counted[name]
        error = says / is_ - 1 if is_ else (0.0 if abs(says) < 0.5 else None)
        within = tolerance is None or (error is not None and abs(error) <= tolerance)
        found.append(
            CheckLine(name, digits(says), digits(is_), None if error is None else digits(error), tolerance, within)
        )
    return found


def check(
    scenario: Scenario, designs: Sequence[str], seed: int, where: Setting, progress: Progress | None = None
) -> tuple[CheckResults, str, WorkDone]:
    """Simulate the scenario without faults, and return the formulas beside it, and where that was done.

    Between the two: why designs are missing (empty if none is).

    The run is the first that `compare` would make of that scenario.
    """
    plain, removed = without_faults(scenario)
    drawn = workload.generate(plain, seed * 1000)
    mix = traffic.count(drawn, plain, rest=True)
    jobs = [Job(plain, name, 0, seed * 1000) for name in designs]
    done = pieces.perform([piece_of(job) for job in jobs], where, progress)
    found = {
        name: lines(computed(name, plain, mix), simulated(run))
        for name, run in zip(designs, done.results, strict=True)
        if run is not None
    }
    return CheckResults(removed, found), done.stopped and f"the check ended early: {done.stopped}", done.work
