"""The discrete-event engine: what a system costs, how fast it delivers, and what breaks at scale.

A scheduler on `core.world`: the world says what a move does, this engine says when it is made. Everything that a handler
begins has a handle (a connection, a mail, an operation, a timer), and an event on the heap is a method of the world with
a handle. The parts, connected in `run.Simulation`:

- `clock`: the time and the heap of events;
- `hosts`: the world whose effects are scheduled;
- `network`: delays, losses and duplicates of pushes, counts of packets;
- `station`: how long storage operations take;
- `polls`: polls that are counted instead of run;
- `people`: messages, sessions, new devices, memberships;
- `faults`: crashes, restores, trims, clock steps;
- `gateways`: a cluster's gateways, and their faults;
- `purity`: the check that handlers depend on fields and packet alone;
- `receivers`: who receives each class of observation: the recorder, the properties, the meter.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncproof.core.world import System
from syncproof.engines.simulate.counters import completed
from syncproof.engines.simulate.histogram import Histogram
from syncproof.engines.simulate.metrics import measure
from syncproof.engines.simulate.purity import Checks
from syncproof.engines.simulate.receivers import Recorder
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.evidence import Given
from syncproof.properties.verdicts import PropertyResult, judge

__all__ = ["Checks", "Recorder", "RunResult", "Simulation", "simulate"]

KINDS = ("written", "deleted", "read")
"""The kinds of storage operations, in the order of the station's columns."""


@dataclass(slots=True)
class RunResult:
    """The result of one run of one design.

    `histograms`: the durations that quantiles are taken of, by name. `elapsed_s`: seconds of real time.
    `sometimes`: what some run must reach, in words, and whether this run did. `storage_s`: seconds that the storage station
    worked to write, delete and read; `operations`: how many of each, by store. `unbalanced`: the stores whose bytes do not
    add up at the end of the run, with (bytes counted, bytes held); empty, unless the engine or the design counts wrongly.
    `over_time`: the durations of the deliveries of each stretch of `slot_s` seconds, by its number; empty where no fault of the
    scenario has a time.
    """

    design: str
    run: int
    seed: int
    metrics: dict[str, float]
    histograms: Mapping[str, Histogram]
    properties: dict[str, PropertyResult]
    faults_fired: dict[str, int]
    packets: dict[str, int]
    rows: dict[str, dict[str, int]]
    messages: int
    deliveries: int
    events: int
    elapsed_s: float
    sometimes: dict[str, bool] = field(default_factory=dict)
    storage_s: dict[str, float] = field(default_factory=dict)
    operations: dict[str, dict[str, int]] = field(default_factory=dict)
    unbalanced: dict[str, tuple[int, int]] = field(default_factory=dict)
    slot_s: float = 0.0
    over_time: Mapping[int, Histogram] = field(default_factory=dict)


def _given(traffic: Traffic, plan: FaultPlan, scenario: Scenario) -> Given:
    messages, devices = Counter(traffic.conversations), Counter(traffic.owners[: traffic.initial_devices])
    most = max(messages.values(), default=0), max(devices.values(), default=0)
    return Given(
        plan.configured,
        *most,
        changes=bool(traffic.about),
        unread=scenario.model.unread_counts,
        expires=bool(traffic.expiring),
    )


def simulate(
    system: System,
    scenario: Scenario,
    traffic: Traffic,
    plan: FaultPlan,
    seed: int,
    *,
    promised: Mapping[str, tuple[str, ...]],
    not_applicable: Mapping[str, str],
    run: int = 0,
    recorder: Recorder | None = None,
    checks: Checks = "sample",
    sometimes: Sequence[type[Property]] = (),
) -> RunResult:
    """Run one system over one traffic to quiescence, and judge every applicable property.

    `scenario` gives the times of the network and the storage. `promised`: the faults under which each property is promised.
    `checks`: which handler calls are made twice more, to see that they depend on the actor's fields and the packet alone.
    `sometimes`: what some run must reach.
    """
    started = time.perf_counter()
    judged = [name for name in PROPERTIES if name not in not_applicable]
    simulation = Simulation(system, judged, traffic, plan, scenario, seed, recorder, checks, sometimes)
    simulation.run()
    counters = completed(simulation, simulation.counters)
    return RunResult(
        design=system.name,
        run=run,
        seed=seed,
        metrics=measure(counters),
        histograms=counters.histograms,
        properties=judge(
            promised,
            not_applicable,
            simulation.monitor,
            _given(traffic, plan, scenario),
            simulation.quiesced,
            happened=simulation.meter.messages > 0,
        ),
        faults_fired={name: simulation.fault_counts.fired.get(name, 0) for name in plan.configured},
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
        events=simulation.clock.events,
        elapsed_s=time.perf_counter() - started,
        sometimes={each.says: each.name in simulation.monitor.watch.met for each in sometimes},
        storage_s=dict(zip(KINDS, simulation.station.work_s, strict=True)),
        operations={
            store: dict(zip(KINDS, counts, strict=True))
            for store, counts in sorted(simulation.station.operations.items())
        },
        unbalanced=simulation.world.imbalance(),
        slot_s=simulation.meter.slot,
        over_time=dict(sorted(simulation.meter.over_time.items())),
    )
