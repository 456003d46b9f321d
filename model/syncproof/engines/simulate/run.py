"""A run: a warm-up, traffic and faults, a drain, then the moves that fairness demands, then quiescence.

| phase | ends | what |
|---|---|---|
| warm-up | at time 0 | devices that are online at the start connect; nothing is counted |
| traffic | at the horizon | messages, presence, faults |
| drain | `drain` seconds later | presence and losses go on; what is not shown at its end counts as never shown in latencies |
| settling | at rest | faults stop, everyone connects, everything pending happens; then liveness is judged |
"""

from __future__ import annotations

import gc
from collections.abc import Iterable

from syncproof.core.fairness import recoveries
from syncproof.core.moves import Connect, Move, Notice, Restart
from syncproof.core.values import DeviceId
from syncproof.core.world import System
from syncproof.engines.long_history import LongHistory
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.counters import snapshot
from syncproof.engines.simulate.faults import FaultCounts, Faults
from syncproof.engines.simulate.gateways import Gateways
from syncproof.engines.simulate.hosts import TimedWorld
from syncproof.engines.simulate.meter import Meter
from syncproof.engines.simulate.network import Network
from syncproof.engines.simulate.people import People
from syncproof.engines.simulate.polls import Polls
from syncproof.engines.simulate.purity import Checks, Purity
from syncproof.engines.simulate.receivers import Recorder, dispatcher
from syncproof.engines.simulate.station import Station
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.properties import Property
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import NothingMissing

SLOTS = 48
"""Into how many stretches the traffic of a run is divided where faults have times, to tell latency over time."""
FINAL_ROUNDS = 100
"""The most rounds of polls at the end of a run."""


def mean_online(traffic: Traffic) -> float:
    """Return how many devices are connected on average until the traffic ends."""
    end = traffic.horizon
    connected = sum([min(each[1], end) - min(each[0], end) for sessions in traffic.sessions for each in sessions])
    return connected / end if end else 0.0


class Simulation:
    """One run of a system: a world, and the parts that decide when its pending moves are made."""

    def __init__(
        self,
        system: System,
        properties: Iterable[str],
        traffic: Traffic,
        plan: FaultPlan,
        scenario: Scenario,
        seed: int,
        recorder: Recorder | None = None,
        checks: Checks = "sample",
        sometimes: Iterable[type[Property]] = (),
    ) -> None:
        self.traffic = traffic
        self.quiesced = False
        draws = Draws(seed)
        clock = self.clock = Clock()
        settings = plan.settings
        timed = bool(settings.outages or settings.server_crashes or settings.gateway_crashes or settings.partitions)
        self.meter = Meter(clock, traffic.horizon / SLOTS if timed else 0.0)
        self.monitor = Monitor(properties, sometimes)
        self.history = LongHistory(self.monitor, NothingMissing())
        self.fault_counts = FaultCounts()
        self.station = Station(clock, draws, scenario.storage)
        hop = scenario.deployment.hop_ms if system.gateways else None
        self.network = Network(clock, draws, scenario.network, plan, self.fault_counts, system.links, hop)
        self.polls = Polls(clock, self.network, self.station, self.fault_counts, mean_online(traffic))
        self.faults = Faults(clock, draws, plan, self.fault_counts, scenario.network)
        self.gateways = Gateways(clock, plan, self.faults)
        self.warmup = scenario.warmup
        self.bursts = [burst for burst in scenario.traffic.bursts if burst.start < traffic.horizon]
        self.people = People(
            clock,
            traffic,
            self.network,
            self.polls,
            self.faults,
            self.fault_counts,
            scenario.network,
            draws,
            self.warmup,
        )
        observe = dispatcher(self.history, recorder, (self.meter.listeners, self.polls.listeners))
        record = None if recorder is None else recorder.move
        purity = Purity(clock, checks)
        self.world = TimedWorld(system, observe, record, clock, self.network, self.station, self.polls, purity)
        self._connect_parts()
        self.counters = snapshot(self)

    def _connect_parts(self) -> None:
        """Give the parts the world and each other."""
        self.network.attach(self.world)
        self.people.attach(self.world)
        self.polls.world = self.faults.world = self.world
        self.world.hung_up = self.faults.hung_up
        self.faults.gateways = self.gateways
        self.faults.network, self.faults.people, self.faults.polls = self.network, self.people, self.polls
        self.faults.meter = self.meter

    def run(self) -> None:
        """Run all phases."""
        self.clock.now = -self.warmup
        self.station.free_at = [self.clock.now] * len(self.station.free_at)
        self.world.start()
        self.gateways.connect_all()
        self.people.schedule_changes()
        self.faults.schedule()
        self.gateways.schedule()
        self.people.schedule_messages()
        collecting = gc.isenabled()
        gc.disable()
        try:
            if self.warmup:
                self.clock.run_until(0.0)
                self._count_from_here()
            self.clock.run_until(self.traffic.horizon)
            for part in (self.polls, self.station, self.network, self.meter):
                part.reach_horizon()
            self.clock.run_until(self.traffic.end)
            self.meter.close()
            self._settle()
            self.history.finish()
            if self.quiesced:
                self.monitor.judge()
        finally:
            if collecting:
                gc.enable()

    def _count_from_here(self) -> None:
        """Forget what was counted in the warm-up, and what is counted late of it: the idle polls that were due."""
        self.polls.reach_horizon()
        self.network.forget_counts()
        self.station.forget_counts()

    def _settle(self) -> None:
        """Make the moves that fairness demands: recoveries, everything pending, then polls until they deliver nothing.

        A system that is still busy after ten times the events of the whole run does not come to rest: `quiesced` stays
        false, and liveness is unknown.
        """
        self._stop_faults()
        self._recover()
        patience = self.clock.events * 10 + 1_000_000
        self.clock.run_dry(patience)
        for _ in range(FINAL_ROUNDS):
            self.counters = snapshot(self)  # so that the last round of polls, which finds nothing, is not counted
            for everyone in (False, True):  # first the devices with news, then also the others, to be sure
                if self.clock.heap:
                    return
                self.polls.fire_parked(everyone)
                self.clock.run_dry(patience)
                if self.meter.deliveries != self.counters.deliveries:
                    break
            else:
                self.quiesced = not self.clock.heap
                break
        if self.quiesced:
            self.world.rest()

    def _stop_faults(self) -> None:
        self.polls.park_all()
        self.fault_counts.stopped = True
        self.world.stop()
        self.people.in_session = set(self.world.clients())

    def _recover(self) -> None:
        """Make the moves that fairness demands now: again with gateways, which close connections when they notice something."""
        world = self.world
        while moves := list(recoveries(world.down, world.connections, world.connecting())):
            for move in moves:
                self._recover_by(move)
            if not world.system.gateways:
                break

    def _recover_by(self, move: Move) -> None:
        world = self.world
        if isinstance(move, Restart):
            host = world.timed_host(move.actor)
            assert host is not None
            self.faults.restart(host)
        elif isinstance(move, Notice) and move.connection in world.connections:  # a gateway may have closed it just now
            notice = self.faults.notice_client if move.end == "client" else self.faults.notice_server
            notice(world.connections[move.connection])
        elif isinstance(move, Connect) and isinstance(move.client, DeviceId):
            self.people.connect(move.client)
        elif isinstance(move, Connect):
            self.gateways.connect(move.client)
