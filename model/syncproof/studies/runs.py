"""Simulate a run of a design, for the studies that need one."""

from __future__ import annotations

from syncproof.core.faults import FAULT_KINDS
from syncproof.designs import Design, witnesses
from syncproof.engines.simulate import Checks, Recorder, RunResult, simulate
from syncproof.inputs import lookup
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.properties import Property


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
        design.system(traffic.population, parameters, scenario.deployment.kind),
        scenario,
        traffic,
        plan,
        seed,
        promised=design.promised(parameters),
        not_applicable=design.inapplicable,
        run=run,
        recorder=recorder,
        checks=checks,
        sometimes=_sometimes(design, plan.configured, len(traffic.times)),
    )


def _sometimes(design: Design, configured: tuple[str, ...], messages: int) -> tuple[type[Property], ...]:
    """Return what a design of one's own declares that some run must reach, under these faults or under any.

    `messages`: how many are composed.
    """
    kinds = tuple(kind for kind, faults in FAULT_KINDS.items() if set(faults) & set(configured))
    own = tuple(each for each in design.meets if not each.every)
    return tuple(witnesses.required(own, kinds, messages))
