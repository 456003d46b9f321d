"""A run: traffic until the horizon, then no more faults, then everything that is owed, then quiescence."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from syncproof.core.actor import Actor, Out
from syncproof.core.fairness import recoveries
from syncproof.core.moves import Connect, Fire, Notice, Rest, Restart, Stop, Take
from syncproof.core.observations import Appended, FaultsStopped, Observation, Placed, Queued, Quiesced, Served
from syncproof.core.packets import Packet
from syncproof.core.values import SERVER, ActorId, Id
from syncproof.designs import Design, Parameters
from syncproof.engines.simulate.counters import snapshot
from syncproof.engines.simulate.sessions import Sessions
from syncproof.engines.simulate.state import Event, Host, Reaction, Reactions, Recorder
from syncproof.engines.simulate.storage import Storage
from syncproof.engines.simulate.timers import Timers
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import Traffic

STEP_S = 0.01
"""An offered step is taken after this long."""
FINAL_ROUNDS = 100


class _HorizonReached(Exception):
    """The traffic is over."""


class Simulation(Sessions, Storage, Timers, Out):
    """One run. It is also the `Out` of whichever actor is handling a packet (`me`)."""

    __slots__ = ("counters",)

    def __init__(
        self,
        design: Design,
        parameters: Parameters,
        traffic: Traffic,
        plan: FaultPlan,
        scenario: Scenario,
        seed: int,
        recorder: Recorder | None = None,
    ) -> None:
        super().__init__(design, parameters, traffic, plan, scenario, seed, recorder)
        self.counters = snapshot(self)
        # Bound once, not at every event.
        self.deliver_up = self._to_server
        self.deliver_down = self._to_client
        self.arrive_connected = self._arrive_connected
        self.arrive_running = self._arrive_running
        self.complete_write = self._complete
        self.complete_read = self._returned
        self.reactions = self._listeners()

    def _listeners(self) -> Reactions:
        """Per class of observations: the recorder, the automata, the meter, the engine itself."""
        everyone: tuple[Reaction, ...] = () if self.recorder is None else (self.recorder.observation,)
        own: dict[type[Observation], list[Callable[[Any], None]]] = {
            kind: [listener] for kind, listener in self.meter.listeners.items()
        }
        own.setdefault(Placed, []).append(self._placed)
        own.setdefault(Appended, []).append(self._appended)
        own.setdefault(Queued, []).append(self._queued)
        own.setdefault(Served, []).append(self._served)
        reactions = Reactions(everyone)
        for kind in {**self.monitor.reactions, **own}:
            judges = [react for _, react in self.monitor.reactions.get(kind, ())]
            reactions[kind] = (*everyone, *judges, *own.get(kind, ()))
        return reactions

    def _handle(self, host: Host, source: Id, packet: Packet) -> None:
        self.me = host
        host.handlers[type(packet)](host.actor, source, packet, self)
        if self.stepping:
            self._offer(host)

    def _offer(self, host: Host) -> None:
        for packet in host.actor.steps():
            self._at(self.now + STEP_S, self._step, host, packet, None)

    def _step(self, host: Host, packet: Packet, _: None) -> None:
        if not host.down and packet in list(host.actor.steps()):
            if self.recorder is not None:
                self.recorder.move(Take(host.name, packet))
            self._handle(host, host.name, packet)

    def _start(self, host: Host) -> None:
        self.me = host
        host.actor.start(self)

    def run(self) -> None:
        """Traffic until the horizon, then no more faults, then quiescence."""
        for observation in self.system.opening:
            self.observe(observation)
        for host in self.hosts.values():
            self._start(host)
        traffic = self.traffic
        for at, action, conversation, user in traffic.changes:
            self._later(at, self._change, action, conversation, user)
        for at, device in traffic.joins:
            self._later(at, self._spawn, self.device_ids[device], None, None)
        for number, sessions in enumerate(traffic.sessions):
            if sessions:
                self._later(sessions[0][0], self._session, self.device_ids[number], 0, None)
        for at, downtime in self.plan.server_crashes:
            self._later(at, self._crash, SERVER, downtime, None)
        for at, device, downtime in self.plan.device_crashes:
            self._later(at, self._crash, self.device_ids[device], downtime, None)
        for kept, at, downtime in self.plan.server_restores:
            self._later(kept, self._keep, SERVER, None, None)
            self._later(at, self._restore, SERVER, downtime, None)
        for kept, at, device, downtime in self.plan.device_restores:
            self._later(kept, self._keep, self.device_ids[device], None, None)
            self._later(at, self._restore, self.device_ids[device], downtime, None)
        for at in self.plan.trims:
            self._later(at, self._expire, None, None, None)
        if traffic.times:
            self._at(traffic.times[0], self._compose, 0, None, None)
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._run_until(traffic.horizon)
            self.busy_at_horizon = self.busy_s
            self._settle()
        finally:
            if collecting:
                gc.enable()

    def _run_until(self, horizon: float) -> None:
        """What happens up to and at the horizon. An event that raises ends the loop, so the loop need not look."""
        last: Event = (horizon, math.inf, self._halt, None, None, None)
        heappush(self.heap, last)
        heap = self.heap
        try:
            while True:
                self.now, _, function, a, b, c = heappop(heap)
                function(a, b, c)
        except _HorizonReached:
            pass

    def _halt(self, _: None, __: None, ___: None) -> None:
        raise _HorizonReached

    def _run_dry(self, patience: int) -> None:
        """What is under way, until nothing is, or until so many events have happened."""
        heap = self.heap
        while heap and patience > 0:
            patience -= 1
            self.now, _, function, a, b, c = heappop(heap)
            function(a, b, c)

    def _settle(self) -> None:
        """The fairness rules: recover everything, let everything pending happen, then poll until nothing comes of it.

        A system that is still busy after ten times the events of the whole run does not come to rest: `quiesced` stays
        false, and what is judged at rest is unknown.
        """
        self._stop_faults()
        for move in list(recoveries(self.down, self.connections, self._clients())):
            if isinstance(move, Restart):
                self._restart(move.actor, None, None)
            elif isinstance(move, Notice) and move.end == "client":
                self._notice_client(self.connections[move.connection], None, None)
            elif isinstance(move, Notice):
                self._notice_server(self.connections[move.connection], None, None)
            elif isinstance(move, Connect):
                self._connect(move.client, None, None)
        patience = self.events * 10 + 1_000_000
        self._run_dry(patience)
        for _ in range(FINAL_ROUNDS):
            self.counters = snapshot(self)  # what the last, fruitless round of polls costs is no part of it
            for everyone in (False, True):  # first the devices that something concerns, then the rest to be sure
                if self.heap:
                    return
                self._poll_round(everyone)
                self._run_dry(patience)
                if self.meter.deliveries != self.counters.deliveries:
                    break
            else:
                self.quiesced = not self.heap
                break
        if self.quiesced:
            if self.recorder is not None:
                self.recorder.move(Rest())
            self.observe(Quiesced())
            self.monitor.judge()

    def _poll_round(self, everyone: bool) -> None:
        waiting = [host for _, host in sorted(self.hosts.items()) if host.parked is not None]
        for host in waiting:
            poll = host.parked
            if poll is not None and (everyone or host.news):
                host.parked = None
                if self.recorder is not None:
                    self.recorder.move(Fire(host.name, poll.packet))
                self._handle(host, host.name, poll.packet)

    def _stop_faults(self) -> None:
        """From here on polls are not due at times but come in rounds, so every timer is parked."""
        for host in self.hosts.values():
            if host.parked is not None:
                self._count_idle(host, host.parked)
                host.parked.at = self.now
            elif host.armed is not None:
                host.parked = host.armed
                host.armed = None
        self.draining = True
        if self.recorder is not None:
            self.recorder.move(Stop())
        self.observe(FaultsStopped())
        self.in_session = set(self._clients())

    def _clients(self) -> dict[ActorId, Actor]:
        return {name: host.actor for name, host in self.hosts.items() if host.is_device and not host.gone}
