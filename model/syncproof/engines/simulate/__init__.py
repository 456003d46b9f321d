"""The discrete-event engine: what a design costs, how fast it delivers, and what breaks at scale.

The heap holds `(time, serial, function, a, b, c)`; the serial makes ties deterministic. Packets in flight, storage
operations and timers are such events; an event whose actor crashed, whose connection end closed or whose timer was
disarmed meanwhile finds that out when it is due and does nothing. `state.py` says where to find what.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from syncproof.designs import Design
from syncproof.engines.simulate.counters import completed
from syncproof.engines.simulate.metrics import measure
from syncproof.engines.simulate.run import Simulation
from syncproof.engines.simulate.state import Recorder
from syncproof.inputs import lookup
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import Traffic
from syncproof.properties.verdicts import PropertyResult, judge

__all__ = ["Recorder", "RunResult", "Simulation", "simulate"]


@dataclass(slots=True)
class RunResult:
    """Hold what one run of one design gave.

    `delivery_latency`, `catchup_latency`: curves for the figures, see `curve`. `elapsed_s`: seconds of real time.
    """

    design: str
    run: int
    seed: int
    metrics: dict[str, float]
    delivery_latency: list[float]
    catchup_latency: list[float]
    properties: dict[str, PropertyResult]
    faults_fired: dict[str, int]
    packets: dict[str, int]
    rows: dict[str, dict[str, int]]
    messages: int
    deliveries: int
    events: int
    elapsed_s: float


def curve(samples: Sequence[float], points: int = 1001) -> list[float]:
    """Return evenly spaced quantiles of the samples, from their minimum to their maximum; empty for no samples."""
    import numpy

    if not samples:
        return []
    found: list[float] = numpy.quantile(numpy.asarray(samples), numpy.linspace(0.0, 1.0, points)).tolist()
    return found


def simulate(
    design_name: str | Design,
    scenario: Scenario,
    traffic: Traffic,
    plan: FaultPlan,
    seed: int,
    run: int = 0,
    recorder: Recorder | None = None,
) -> RunResult:
    """Run one design over one traffic to quiescence, with every property on.

    Raises `InputError` if the design cannot work with the scenario's parameters.
    """
    started = time.perf_counter()
    design = lookup.get(design_name)
    simulation = Simulation(design, scenario.parameters(), traffic, plan, scenario, seed, recorder)
    simulation.run()
    counters = completed(simulation, simulation.counters)
    return RunResult(
        design=design.name,
        run=run,
        seed=seed,
        metrics=measure(counters),
        delivery_latency=curve(counters.delivery_latencies),
        catchup_latency=curve(counters.catchup_latencies),
        properties=judge(
            design.promised(scenario.parameters()),
            design.not_applicable,
            simulation.monitor,
            plan.configured,
            simulation.quiesced,
        ),
        faults_fired={name: simulation.faults.get(name, 0) for name in plan.configured},
        packets={
            "Connect": 2 * counters.handshakes,
            **{kind.__name__: n for kind, n in sorted(counters.sent.items(), key=lambda item: item[0].__name__)},
        },
        rows={
            store: {"written": counts[0], "deleted": counts[1], "read": counts[2]}
            for store, counts in sorted(counters.rows.items())
        },
        messages=simulation.meter.messages,
        deliveries=counters.deliveries,
        events=simulation.events,
        elapsed_s=time.perf_counter() - started,
    )
