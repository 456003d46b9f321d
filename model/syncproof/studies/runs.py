"""Simulate a run of a design, for the studies that need one."""

from __future__ import annotations

from syncproof.designs import Design
from syncproof.engines.simulate import Checks, Recorder, RunResult, simulate
from syncproof.inputs import lookup
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import Traffic


def simulate_design(
    design_name: str | Design,
    scenario: Scenario,
    traffic: Traffic,
    plan: FaultPlan,
    seed: int,
    run: int = 0,
    recorder: Recorder | None = None,
    checks: Checks = "sample",
) -> RunResult:
    """Simulate one design with the scenario's parameters on given traffic and faults.

    Raises `InputError` if the design cannot work with these parameters.
    """
    design = lookup.get(design_name)
    parameters = scenario.parameters()
    return simulate(
        design.system(traffic.population, parameters),
        scenario,
        traffic,
        plan,
        seed,
        promised=design.promised(parameters),
        not_applicable=design.not_applicable,
        run=run,
        recorder=recorder,
        checks=checks,
    )
