"""The discrete-event engine: what a design costs, how fast it delivers, and what breaks at scale.

The heap holds `(time, serial, function, a, b, c)`; the serial makes ties deterministic. Packets in flight, storage
operations and timers are such events; an event whose actor crashed, whose connection end closed or whose timer was
disarmed meanwhile finds that out when it is due and does nothing.

Draws are keyed, not sequential: a push's fate depends on (seed, purpose, message, device, the device's how-manieth
connection), so two designs that send the same push under the same seed see it lost or late alike.

Storage is a station of parallel servers with a queue: an operation starts when a server is free, takes a drawn base time
plus a time per row, and completes then. A design that writes too much waits for itself.

Idle polls are counted, not run. A device's poll timer is *parked* while its last complete read (`Served`) is younger
than anything that concerns it (a message placed with it in the audience, an append to its user's timeline, a copy in
its inbox); such a poll would return nothing. The moment something concerns it, the timer is put back on the heap at its
next due time, and the polls that were due in between are added to the counts.
"""

from __future__ import annotations

import gc
import heapq
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from syncproof import designs
from syncproof.actor import (
    ENVIRONMENT,
    Actor,
    ActorId,
    Closed,
    ConnectionId,
    Id,
    Idle,
    Observation,
    Opened,
    Packet,
    state,
    unhandled,
)
from syncproof.designs import Design, Parameters, Population
from syncproof.draws import COARSE, MASK, Draws, lognormal_table
from syncproof.faults import FaultPlan
from syncproof.metrics import Clock, Meter, quantiles
from syncproof.observations import (
    Appended,
    Connected,
    Crashed,
    Disconnected,
    FaultsStopped,
    Placed,
    Queued,
    Quiesced,
    Restarted,
    Served,
)
from syncproof.packets import (
    AddMember,
    Compose,
    Expire,
    Pull,
    PullReply,
    RemoveMember,
    Resend,
    Submit,
    Tick,
)
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.properties.no_loss import NoLoss
from syncproof.properties.verdicts import PropertyResult, judge
from syncproof.scenario import Scenario
from syncproof.system import (
    Arrive,
    Complete,
    Connect,
    Connection,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Fire,
    Keep,
    Landed,
    Lose,
    Move,
    Notice,
    Rest,
    Restart,
    Restore,
    Spawn,
    Stop,
    Take,
    Tell,
    put_back,
    recoveries,
)
from syncproof.vocabulary import SERVER, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.workload import Traffic

DEVICE_WRITE_S = 0.001
"""A device's own database takes a millisecond and queues behind nothing."""
STEP_S = 0.01
"""An offered step is taken after this long."""
FINAL_ROUNDS = 100


@dataclass(slots=True)
class RunResult:
    """One design, one run. Latencies are 1001-point quantile grids in seconds; `elapsed_s` is real time."""

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


def subclasses(kind: type[Packet]) -> list[type[Packet]]:
    """All packet classes there are, a user's own included."""
    return [kind, *(below for child in kind.__subclasses__() for below in subclasses(child))]


@state
class Flight(Connection):
    """A connection whose packets are on the heap: when the last one arrives each way, and how many there were."""

    up_due: float = 0.0
    down_due: float = 0.0
    up_count: int = 0
    down_count: int = 0


class Recorder(Protocol):
    """Receives a run's moves and observations in order."""

    def move(self, move: Move, /) -> None:
        """The next move."""

    def observation(self, observation: Observation, /) -> None:
        """The next observation."""


class Simulation:
    """One run. It is also the `Out` of whichever actor is handling a packet (`me`). Slots, because it is the hot object."""

    __slots__ = (
        "actors",
        "armed_polls",
        "backups",
        "bill",
        "bodied",
        "body_bytes",
        "busy_at_horizon",
        "busy_s",
        "clock",
        "connections",
        "connects",
        "current",
        "device_ids",
        "down",
        "down_salt",
        "downward",
        "draining",
        "draws",
        "empty_replies",
        "events",
        "faults",
        "free_at",
        "handshakes",
        "header",
        "heap",
        "in_session",
        "life",
        "me",
        "meter",
        "monitor",
        "news",
        "notice_s",
        "operations",
        "parked",
        "per_row",
        "plan",
        "poll_events",
        "push_salt",
        "pushed_until",
        "pushing",
        "quiesced",
        "reactions",
        "reconnect_s",
        "recorder",
        "replaced",
        "rows",
        "salts",
        "scramble",
        "sent",
        "serial",
        "service",
        "stepping",
        "storage_salt",
        "stored",
        "stored_peak",
        "system",
        "timers",
        "traffic",
        "up",
        "up_salt",
        "user_devices",
    )

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
        population = Population(
            tuple(traffic.owners[: traffic.initial_devices]), tuple(tuple(m) for m in traffic.members)
        )
        self.system = design.system(population, parameters)
        self.traffic = traffic
        self.plan = plan
        self.recorder = recorder
        self.clock = Clock()
        self.meter = Meter(self.clock)
        self.monitor = Monitor([p for p in PROPERTIES if p not in design.not_applicable])
        self.heap: list[tuple[float, int, Callable[..., None], Any, Any, Any]] = []
        self.serial = 0
        self.events = 0
        self.me: ActorId = SERVER
        self.actors = self.system.cast()
        self.device_ids = [DeviceId(i) for i in range(len(traffic.owners))]
        self.stepping = any(a.offers_steps for a in self.actors.values())
        self.down: dict[ActorId, bool] = {}
        self.backups: dict[ActorId, tuple[Any, ...]] = {}
        self.replaced = {old: new for new, old in traffic.replaces.items()}
        self.life: defaultdict[ActorId, int] = defaultdict(int)
        self.connections: dict[ConnectionId, Flight] = {}
        self.current: dict[ActorId, Flight] = {}
        self.connects: defaultdict[int, int] = defaultdict(int)
        self.pushed_until: defaultdict[ActorId, float] = defaultdict(float)
        self.in_session: set[ActorId] = set()
        self.timers: dict[tuple[ActorId, Packet], int] = {}
        self.parked: dict[ActorId, tuple[float, float, Packet, Idle]] = {}
        self.armed_polls: dict[ActorId, tuple[float, float, Packet, Idle]] = {}
        self.poll_events: set[ActorId] = set()
        self.news: defaultdict[ActorId, bool] = defaultdict(lambda: True)
        self.user_devices: defaultdict[int, list[DeviceId]] = defaultdict(list)
        for number in range(traffic.initial_devices):
            self.user_devices[traffic.owners[number]].append(self.device_ids[number])
        self.faults: defaultdict[str, int] = defaultdict(int)
        self.draining = False
        self.quiesced = False

        draws = self.draws = Draws(seed)
        network, storage = scenario.network, scenario.storage
        purposes = ("up", "down", "push", "loss", "duplicate", "reorder", "retry", "storage", "landed")
        self.salts = {purpose: draws.key(purpose) for purpose in purposes}
        self.scramble = draws.scramble
        self.up = lognormal_table(network.up_ms.median / 1000, network.up_ms.sigma)
        self.downward = lognormal_table(network.down_ms.median / 1000, network.down_ms.sigma)
        self.pushing = lognormal_table(network.push_ms.median / 1000, network.push_ms.sigma)
        self.service = lognormal_table(storage.service_ms.median / 1000, storage.service_ms.sigma)
        self.per_row = storage.per_row_ms / 1000
        self.free_at = [0.0] * storage.parallel
        self.busy_s = 0.0
        self.busy_at_horizon = 0.0
        self.notice_s = network.notice
        self.reconnect_s = network.reconnect
        self.header = network.header_bytes
        self.up_salt, self.down_salt, self.push_salt = self.salts["up"], self.salts["down"], self.salts["push"]
        self.storage_salt = self.salts["storage"]

        self.sent: defaultdict[type[Packet], int] = defaultdict(int)
        self.bodied = {kind for kind in subclasses(Packet) if kind.body_bytes is not Packet.body_bytes}
        self.body_bytes = 0
        self.rows: dict[str, list[int]] = {}
        self.operations = 0
        self.stored = 0
        self.stored_peak = 0
        self.empty_replies = 0
        self.handshakes = 0

        self.reactions: dict[type[Observation], tuple[tuple[str, Callable[[Any], str | None]], ...]] = {}
        own: dict[type[Observation], list[Callable[[Any], None]]] = {
            kind: [listener] for kind, listener in self.meter.listeners.items()
        }
        own.setdefault(Placed, []).append(self._placed)
        own.setdefault(Appended, []).append(self._appended)
        own.setdefault(Queued, []).append(self._queued)
        own.setdefault(Served, []).append(self._served)
        for kind in {**self.monitor.reactions, **own}:
            listeners = [("", cast(Callable[[Any], "str | None"], listener)) for listener in own.get(kind, ())]
            self.reactions[kind] = (*self.monitor.reactions.get(kind, ()), *listeners)

    # ---- Out

    def send(self, destination: Id, packet: Packet) -> None:
        kind = type(packet)
        self.sent[kind] += 1
        if kind in self.bodied:
            self.body_bytes += packet.body_bytes
        if type(destination) is not ConnectionId:
            self._push(cast(ActorId, destination), packet)
            return
        connection = self.connections.get(destination)
        if connection is None:
            return
        if self.me == connection.client:
            if not connection.server_open:
                return
            connection.up_count = count = connection.up_count + 1
            mixed = hash((destination, count, self.up_salt))
            scramble = self.scramble
            at = self.clock.now + self.up[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            if at < connection.up_due:
                at = connection.up_due
            connection.up_due = at
            self.serial += 1
            heapq.heappush(self.heap, (at, self.serial, self._to_server, connection, packet, None))
            if kind is Submit and self.plan.sender_retry and not self.draining:
                self._maybe_retry(cast(Submit, packet))
        else:
            if kind is PullReply and not cast(PullReply, packet).pages:
                self.empty_replies += 1
            if not connection.client_open:
                return
            connection.down_count = count = connection.down_count + 1
            mixed = hash((destination, count, self.down_salt))
            scramble = self.scramble
            at = (
                self.clock.now
                + self.downward[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            )
            if at < connection.down_due:
                at = connection.down_due
            connection.down_due = at
            self.serial += 1
            heapq.heappush(self.heap, (at, self.serial, self._to_client, connection, packet, None))

    def after(self, delay: float, packet: Packet) -> None:
        key = (self.me, packet)
        self.serial += 1
        self.timers[key] = self.serial
        heapq.heappush(self.heap, (self.clock.now + delay, self.serial, self._fire, key, self.serial, None))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        me = self.me
        if me in self.parked:
            self._count_idle(me)
        self.armed_polls.pop(me, None)
        if self.news[me] and not self.draining:
            self._arm_poll(me, self.clock.now + delay, delay, packet, idle)
        else:
            self.parked[me] = (self.clock.now, delay, packet, idle)

    def cancel(self, packet: Packet) -> None:
        me = self.me
        if self.timers.pop((me, packet), None) is None:
            parked = self.parked.get(me)
            if parked is not None and parked[2] == packet:
                self._count_idle(me)
            armed = self.armed_polls.get(me)
            if armed is not None and armed[2] == packet:
                del self.armed_polls[me]

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._operate(store, 0, rows, then)
        self.stored += bytes
        if self.stored > self.stored_peak:
            self.stored_peak = self.stored

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self._operate(store, 1, rows, then)
        self.stored -= bytes

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._operate(store, 2, rows, then)

    def observe(self, observation: Observation) -> None:
        if self.recorder is not None:
            self.recorder.observation(observation)
        for name, react in self.reactions.get(type(observation), ()):
            says = react(observation)
            if says is not None:
                self.monitor.record(name, says)

    # ---- storage

    def _operate(self, store: str, column: int, rows: int, then: Packet | None) -> None:
        me = self.me
        if me >= 0:
            at = self.clock.now + DEVICE_WRITE_S
        else:
            counts = self.rows.get(store)
            if counts is None:
                counts = self.rows[store] = [0, 0, 0]
            counts[column] += rows
            self.operations += 1
            mixed = hash((self.operations, self.storage_salt))
            scramble = self.scramble
            service = self.service[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            service += rows * self.per_row
            self.busy_s += service
            free_at = self.free_at
            start = free_at[0]
            if start < self.clock.now:
                start = self.clock.now
            at = start + service
            heapq.heapreplace(free_at, at)
        if then is not None:
            self.serial += 1
            heapq.heappush(self.heap, (at, self.serial, self._complete, (me, self.life[me]), then, column != 2))

    def _complete(self, owner: tuple[ActorId, int], packet: Packet, is_write: bool) -> None:
        actor, life = owner
        if self.life[actor] != life:
            return
        if self.recorder is not None:
            self.recorder.move(Complete(actor, packet))
        self._handle(actor, actor, packet)

    # ---- the network

    def _handle(self, to: ActorId, source: Id, packet: Packet) -> None:
        actor = self.actors[to]
        self.me = to
        handler = actor.handlers.get(type(packet))
        if handler is None:
            raise unhandled(actor, packet)
        handler(actor, source, packet, self)
        if self.stepping:
            self._offer(to, actor)

    def _to_server(self, connection: Flight, packet: Packet, _: None) -> None:
        if not connection.server_open:
            return
        if self.system.clocked:
            self._tell(SERVER, Tick(int(self.clock.now * 1000)))
        if self.recorder is not None:
            self.recorder.move(Deliver(connection.id, "server"))
        if type(packet) is Closed:
            self._shut_server_end(connection)
        else:
            self._handle(SERVER, connection.id, packet)

    def _to_client(self, connection: Flight, packet: Packet, _: None) -> None:
        if connection.client_open:
            if self.recorder is not None:
                self.recorder.move(Deliver(connection.id, "client"))
            self._handle(connection.client, connection.id, packet)

    def _push(self, receiver: ActorId, packet: Packet) -> None:
        """Over a link: each fate is keyed by message, receiver and its how-manieth connection."""
        now = self.clock.now
        plan = self.plan
        link = self.system.link(packet)
        message = getattr(packet, "message", 0)
        count = self.connects[receiver]
        at = now + self.pushing[self.draws.index(self.push_salt, message, receiver, count) >> COARSE]
        if link.lossy and not self.draining:
            if plan.outages and any(start <= now < end for start, end in plan.outages):
                self._lose(receiver, packet, "push-outage")
                return
            if plan.push_loss and self._chance("loss", message, receiver, count) < plan.push_loss:
                self._lose(receiver, packet, "push-lost")
                return
            late = at + plan.reorder_delay_s
            if plan.push_duplicate and self._chance("duplicate", message, receiver, count) < plan.push_duplicate:
                self.faults["push-duplicated"] += 1
                self._at(late, self._arrive, receiver, (self.me, packet), link.while_connected)
                if self.recorder is not None:
                    self.recorder.move(Duplicate(receiver, packet))
            if plan.push_reorder and self._chance("reorder", message, receiver, count) < plan.push_reorder:
                self.faults["push-reordered"] += 1
                self._at(late, self._arrive, receiver, (self.me, packet), link.while_connected)
                return
        if at < self.pushed_until[receiver]:
            at = self.pushed_until[receiver]
        self.pushed_until[receiver] = at
        self.serial += 1
        heapq.heappush(self.heap, (at, self.serial, self._arrive, receiver, (self.me, packet), link.while_connected))

    def _lose(self, receiver: ActorId, packet: Packet, fault: str) -> None:
        self.faults[fault] += 1
        if self.recorder is not None:
            self.recorder.move(Lose(receiver, packet))

    def _arrive(self, receiver: ActorId, sent: tuple[ActorId, Packet], while_connected: bool) -> None:
        if self.recorder is not None:
            self.recorder.move(Arrive(receiver, sent[1]))
        if receiver in self.current or (not while_connected and receiver not in self.down):
            self._handle(receiver, *sent)

    def _chance(self, purpose: str, message: int, device: int, count: int) -> float:
        return self.draws.uniform(self.salts[purpose], message, device, count)

    def _maybe_retry(self, packet: Submit) -> None:
        device = self.me
        if self._chance("retry", packet.message.id, device, self.connects[device]) < self.plan.sender_retry:
            at = self.clock.now + self.plan.sender_retry_after_s
            self._at(at, self._retry, device, None, None)

    def _retry(self, device: ActorId, _: None, __: None) -> None:
        if device in self.current and not self.draining:
            self.faults["sender-retry"] += 1
            self._tell(device, Resend())

    # ---- timers

    def _at(self, at: float, function: Callable[..., None], a: Any, b: Any, c: Any) -> None:
        self.serial += 1
        heapq.heappush(self.heap, (at, self.serial, function, a, b, c))

    def _fire(self, key: tuple[ActorId, Packet], serial: int, _: None) -> None:
        if self.timers.get(key) == serial:
            del self.timers[key]
            actor, packet = key
            if self.recorder is not None:
                self.recorder.move(Fire(actor, packet))
            self._handle(actor, actor, packet)

    def _arm_poll(self, device: ActorId, at: float, interval: float, packet: Packet, idle: Idle) -> None:
        """At most one event per device is on the heap; one that comes too early goes back until the timer is due."""
        self.armed_polls[device] = (at, interval, packet, idle)
        if device not in self.poll_events:
            self.poll_events.add(device)
            self._at(at, self._fire_poll, device, None, None)

    def _fire_poll(self, device: ActorId, _: None, __: None) -> None:
        self.poll_events.discard(device)
        armed = self.armed_polls.get(device)
        if armed is None:
            return
        if armed[0] > self.clock.now:
            self.poll_events.add(device)
            self._at(armed[0], self._fire_poll, device, None, None)
            return
        del self.armed_polls[device]
        if self.recorder is not None:
            self.recorder.move(Fire(device, armed[2]))
        self._handle(device, device, armed[2])

    def _count_idle(self, device: ActorId) -> float:
        """Takes the parked timer, adds the polls that were due while it was parked; returns when the next is due."""
        since, interval, _, idle = self.parked.pop(device)
        count = int((self.clock.now - since) / interval)
        if count and not self.draining:
            self.sent[type(idle.request)] += count
            self.sent[type(idle.reply)] += count
            self.empty_replies += count
            if idle.rows:
                self.rows.setdefault("sync-store", [0, 0, 0])[2] += count * idle.rows
        return since + (count + 1) * interval

    def _concern(self, device: ActorId) -> None:
        self.news[device] = True
        parked = self.parked.get(device)
        if parked is not None and not self.draining:
            due = self._count_idle(device)
            self._arm_poll(device, due, parked[1], parked[2], parked[3])

    def _placed(self, o: Placed) -> None:
        for device in o.audience:
            self._concern(device)

    def _appended(self, o: Appended) -> None:
        if o.timeline.kind == "sync":
            for device in self.user_devices[o.timeline.owner]:
                self._concern(device)

    def _queued(self, o: Queued) -> None:
        for device in o.devices:
            self._concern(device)

    def _served(self, o: Served) -> None:
        self.news[o.device] = False

    def _offer(self, name: ActorId, actor: Actor) -> None:
        for packet in actor.steps():
            self._at(self.clock.now + STEP_S, self._step, name, packet, None)

    def _step(self, name: ActorId, packet: Packet, _: None) -> None:
        if name not in self.down and packet in list(self.actors[name].steps()):
            if self.recorder is not None:
                self.recorder.move(Take(name, packet))
            self._handle(name, name, packet)

    # ---- the environment

    def _tell(self, to: ActorId, packet: Packet) -> None:
        if self.recorder is not None:
            self.recorder.move(Tell(to, packet))
        self._handle(to, ENVIRONMENT, packet)

    def _compose(self, number: int, _: None, __: None) -> None:
        traffic = self.traffic
        device = self.device_ids[traffic.devices[number]]
        conversation = ConversationId(traffic.conversations[number])
        about = traffic.about.get(number)
        if about is None:
            message = Message(MessageId(number), device, conversation, traffic.sizes[number])
        else:
            message = Message(MessageId(number), device, conversation, 0, "recall", about)
        self._write_message(device, message, None)
        if number + 1 < len(traffic.times):
            self._at(traffic.times[number + 1], self._compose, number + 1, None, None)

    def _write_message(self, device: DeviceId, message: Message, _: None) -> None:
        if device not in self.actors and device in self.replaced:
            device = DeviceId(self.replaced[device])
            message = Message(message.id, device, message.conversation, message.size, message.kind, message.about)
        if device in self.down or device not in self.actors:
            self._at(self.clock.now + 1.0, self._write_message, device, message, None)
        else:
            self._tell(device, Compose(message))

    def _session(self, device: DeviceId, index: int, _: None) -> None:
        if self.draining:
            return
        _start, end, dead = self.traffic.sessions[device][index]
        self.in_session.add(device)
        self._connect(device, None, None)
        self._at(end, self._session_end, device, index, dead)

    def _session_end(self, device: DeviceId, index: int, dead: float) -> None:
        if self.draining or self.clock.now >= self.traffic.horizon:
            return  # a session cut off by the end of the traffic does not end in a disconnect
        self.in_session.discard(device)
        connection = self.current.get(device)
        if connection is not None:
            self.faults["half-open" if dead > 0 else "disconnect"] += 1
            if self.recorder is not None:
                self.recorder.move(Disconnect(device, dead <= 0))
            if dead > 0:
                self._at(self.clock.now + dead, self._notice_server, connection, None, None)
            elif connection.server_open:
                at = max(connection.up_due, self.clock.now + self.up[len(self.up) >> 1])
                connection.up_due = at
                self._at(at, self._to_server, connection, Closed(connection.id), None)
            self._shut_client_end(connection, clean=dead <= 0)
        sessions = self.traffic.sessions[device]
        if index + 1 < len(sessions):
            self._at(max(sessions[index + 1][0], self.clock.now), self._session, device, index + 1, None)

    def _connect(self, device: DeviceId, _: None, __: None) -> None:
        if device not in self.in_session or device in self.current or device in self.down or device not in self.actors:
            return
        if SERVER in self.down:
            self._at(self.clock.now + self.reconnect_s, self._connect, device, None, None)
            return
        if self.recorder is not None:
            self.recorder.move(Connect(device))
        count = self.connects[device] = self.connects[device] + 1
        name = ConnectionId.of(device, count)
        connection = Flight(name, device, True, True, deque(), deque())
        self.connections[name] = self.current[device] = connection
        self.handshakes += 1
        self.news[device] = True
        self.observe(Connected(device))
        self._handle(SERVER, name, Opened(name, device))
        self._handle(device, name, Opened(name, device))

    def _shut_client_end(self, connection: Flight, *, clean: bool) -> None:
        device = cast(DeviceId, connection.client)
        connection.client_open = False
        del self.current[device]
        self.observe(Disconnected(device, clean))
        if device not in self.down:
            self._handle(device, connection.id, Closed(connection.id))
        self._forget(connection)

    def _shut_server_end(self, connection: Flight) -> None:
        connection.server_open = False
        self._handle(SERVER, connection.id, Closed(connection.id))
        self._forget(connection)

    def _notice_server(self, connection: Flight, _: None, __: None) -> None:
        if connection.server_open and not connection.client_open:
            if self.recorder is not None:
                self.recorder.move(Notice(connection.id, "server"))
            self._shut_server_end(connection)

    def _notice_client(self, connection: Flight, _: None, __: None) -> None:
        if connection.client_open and not connection.server_open:
            if self.recorder is not None:
                self.recorder.move(Notice(connection.id, "client"))
            self._shut_client_end(connection, clean=False)
            self._at(self.clock.now + self.reconnect_s, self._connect, connection.client, None, None)

    def _forget(self, connection: Flight) -> None:
        if not connection.client_open and not connection.server_open:
            self.connections.pop(connection.id, None)

    def _crash(self, name: ActorId, downtime: float, _: None) -> None:
        if self.draining or name in self.down or name not in self.actors:
            return
        self.faults["server-crash" if name == SERVER else "device-crash"] += 1
        actor = self.actors[name]
        life = self.life[name]
        open_writes = sorted(
            (e for e in self.heap if e[2] == self._complete and e[3] == (name, life) and e[5]), key=lambda e: e[1]
        )
        count = self.faults["server-crash"] + self.faults["device-crash"]
        landed = tuple([e[4] for n, e in enumerate(open_writes) if self._chance("landed", n, name, count) < 0.5])
        if self.recorder is not None:
            self.recorder.move(Crash(name, landed))
        self.me = name
        out = Landed(self.observe)
        for packet in landed:
            actor.handle(name, packet, out)
        actor.crash()
        self._fall(name)
        self._at(self.clock.now + downtime, self._restart, name, None, None)

    def _keep(self, name: ActorId, _: None, __: None) -> None:
        if not self.draining and name in self.actors:
            if self.recorder is not None:
                self.recorder.move(Keep(name))
            self.backups[name] = self.actors[name].snapshot()

    def _restore(self, name: ActorId, downtime: float, _: None) -> None:
        if self.draining or name in self.down or name not in self.backups or name not in self.actors:
            return
        self.faults["server-restore" if name == SERVER else "device-restore"] += 1
        if self.recorder is not None:
            self.recorder.move(Restore(name))
        self.me = name
        put_back(self.actors[name], self.backups[name], Landed(self.observe))
        self._fall(name)
        self._at(self.clock.now + downtime, self._restart, name, None, None)
        if name == SERVER:  # nobody's last complete read says anything of the store that there is now
            for device in sorted(self._clients()):
                self._concern(cast(DeviceId, device))

    def _expire(self, _: None, __: None, ___: None) -> None:
        if self.draining:
            return
        if SERVER in self.down:
            self._at(self.clock.now + self.reconnect_s, self._expire, None, None, None)
            return
        self.faults["trim"] += 1
        self._tell(SERVER, Expire())

    def _fall(self, name: ActorId) -> None:
        """The actor is down: its operations, timers and ends of connections are gone."""
        self.life[name] += 1
        self.down[name] = True
        for key in [k for k in self.timers if k[0] == name]:
            del self.timers[key]
        if name in self.parked:
            self._count_idle(name)
        self.armed_polls.pop(name, None)
        self.observe(Crashed(name))
        if name == SERVER:
            for connection in sorted(self.connections.values(), key=lambda c: c.id):
                if connection.server_open:
                    connection.server_open = False
                    self.meter.cut(cast(DeviceId, connection.client))
                    self._at(self.clock.now + self.notice_s, self._notice_client, connection, None, None)
                self._forget(connection)
        else:
            device = cast(DeviceId, name)
            current = self.current.pop(device, None)
            if current is not None:
                current.client_open = False
                self.observe(Disconnected(device, False))
                self._at(self.clock.now + self.notice_s, self._notice_server, current, None, None)
                self._forget(current)

    def _restart(self, name: ActorId, _: None, __: None) -> None:
        if name not in self.down or name not in self.actors:
            return
        if self.recorder is not None:
            self.recorder.move(Restart(name))
        del self.down[name]
        self.observe(Restarted(name))
        self.me = name
        self.actors[name].start(self)
        if name != SERVER:
            self._at(self.clock.now + self.reconnect_s, self._connect, name, None, None)

    def _spawn(self, device: DeviceId, _: None, __: None) -> None:
        user = UserId(self.traffic.owners[device])
        old = self.traffic.replaces.get(device)
        replaces = None if old is None else DeviceId(old)
        if replaces in self.down:
            self._at(self.clock.now + self.reconnect_s, self._spawn, device, None, None)
            return
        self.faults["new-device" if replaces is None else "reinstall"] += 1
        if self.recorder is not None:
            self.recorder.move(Spawn(device, user, replaces))
        if replaces is not None:
            self._fall(replaces)
            del self.actors[replaces], self.down[replaces]
            self.user_devices[user].remove(replaces)
        assert self.system.spawn is not None
        self.actors[device] = self.system.spawn(device, user, replaces)
        self.user_devices[user].append(device)
        self.me = device
        self.actors[device].start(self)
        self._connect(device, None, None)

    def _change(self, action: str, conversation: int, user: int) -> None:
        if SERVER in self.down:
            self._at(self.clock.now + self.reconnect_s, self._change, action, conversation, user)
            return
        self.faults["membership"] += 1
        kind = AddMember if action == "add" else RemoveMember
        self._tell(SERVER, kind(ConversationId(conversation), UserId(user)))

    # ---- the run

    def run(self) -> None:
        """Traffic until the horizon, then no more faults, then quiescence."""
        for observation in self.system.opening:
            self.observe(observation)
        for name, actor in self.actors.items():
            self.me = name
            actor.start(self)
        traffic = self.traffic
        for at, action, conversation, user in traffic.changes:
            self._at(at, self._change, action, conversation, user)
        for at, device in traffic.joins:
            self._at(at, self._spawn, self.device_ids[device], None, None)
        for number, sessions in enumerate(traffic.sessions):
            if sessions:
                self._at(sessions[0][0], self._session, self.device_ids[number], 0, None)
        for at, downtime in self.plan.server_crashes:
            self._at(at, self._crash, SERVER, downtime, None)
        for at, device, downtime in self.plan.device_crashes:
            self._at(at, self._crash, self.device_ids[device], downtime, None)
        for kept, at, downtime in self.plan.server_restores:
            self._at(kept, self._keep, SERVER, None, None)
            self._at(at, self._restore, SERVER, downtime, None)
        for kept, at, device, downtime in self.plan.device_restores:
            self._at(kept, self._keep, self.device_ids[device], None, None)
            self._at(at, self._restore, self.device_ids[device], downtime, None)
        for at in self.plan.trims:
            self._at(at, self._expire, None, None, None)
        if traffic.times:
            self._at(traffic.times[0], self._compose, 0, None, None)
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._advance(traffic.horizon)
            self.busy_at_horizon = self.busy_s
            self._settle()
        finally:
            if collecting:
                gc.enable()

    def _advance(self, until: float, patience: float = math.inf) -> None:
        heap, clock, pop = self.heap, self.clock, heapq.heappop
        events = 0
        while heap and heap[0][0] <= until and events < patience:
            at, _, function, a, b, c = pop(heap)
            clock.now = at
            events += 1
            function(a, b, c)
        self.events += events
        if until != math.inf:
            clock.now = until

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
        self._advance(math.inf, patience)
        for _ in range(FINAL_ROUNDS):
            self._take_bill()
            for everyone in (False, True):  # first the devices that something concerns, then the rest to be sure
                if self.heap:
                    return
                self._poll_round(everyone)
                self._advance(math.inf, patience)
                if self.meter.deliveries != self.bill.deliveries:
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
        for device in sorted(self.parked):
            if everyone or self.news[device]:
                _, _, packet, _ = self.parked.pop(device)
                if self.recorder is not None:
                    self.recorder.move(Fire(device, packet))
                self._handle(device, device, packet)

    def _stop_faults(self) -> None:
        for device, poll in list(self.parked.items()):
            self._count_idle(device)
            self.parked[device] = (self.clock.now, *poll[1:])
        self.parked.update(self.armed_polls)
        self.armed_polls.clear()
        self.draining = True
        if self.recorder is not None:
            self.recorder.move(Stop())
        self.observe(FaultsStopped())
        self.in_session = set(self._clients())

    def _take_bill(self) -> None:
        """The counts so far; what the last, fruitless round of polls costs is no part of them."""
        rows = {store: (counts[0], counts[1], counts[2]) for store, counts in self.rows.items()}
        self.bill = Bill(
            dict(self.sent),
            self.body_bytes,
            rows,
            self.empty_replies,
            self.handshakes,
            self.meter.deliveries,
            self.stored,
            self.stored_peak,
        )

    def _clients(self) -> dict[ActorId, Actor]:
        return {i: a for i, a in self.actors.items() if isinstance(i, DeviceId)}

    # ---- what came of it

    def metrics(self) -> dict[str, float]:
        """Every metric of `syncproof.metrics.METRICS`; NaN where there is nothing to divide by."""
        bill = self.bill
        packets = sum(bill.sent.values()) + 2 * bill.handshakes
        requests = sum(n for kind, n in bill.sent.items() if kind.request) + bill.handshakes
        size = packets * self.header + bill.body_bytes
        written, deleted, read = (sum(counts[i] for counts in bill.rows.values()) for i in range(3))
        live, catchups = quantiles(self.meter.live), quantiles(self.meter.catchups)
        accepts = quantiles(self.meter.accepts)
        losses = self.monitor.automata.get("no-loss")
        capacity = self.traffic.horizon * len(self.free_at)

        def per(amount: float, count: int) -> float:
            return amount / count if count else math.nan

        def at(grid: list[float], share: float) -> float:
            return grid[round(share * 1000)] if grid else math.nan

        messages, deliveries = self.meter.messages, bill.deliveries
        return {
            "server_writes_per_message": per(written, messages),
            "server_deletes_per_message": per(deleted, messages),
            "server_reads_per_message": per(read, messages),
            "packets_per_delivery": per(packets, deliveries),
            "round_trips_per_delivery": per(requests, deliveries),
            "bytes_per_delivery": per(size, deliveries),
            "pulls_per_delivery": per(bill.sent.get(Pull, 0), deliveries),
            "empty_pulls_per_delivery": per(bill.empty_replies, deliveries),
            "delivery_latency_p50_s": at(live, 0.5),
            "delivery_latency_p99_s": at(live, 0.99),
            "catchup_latency_p99_s": at(catchups, 0.99),
            "accept_latency_p50_s": at(accepts, 0.5),
            "stored_bytes_peak": float(bill.stored_peak),
            "stored_bytes_end": float(bill.stored),
            "lost_deliveries": float(len(losses.outstanding())) if isinstance(losses, NoLoss) else math.nan,
            "duplicate_deliveries": float(self.monitor.counts.get("no-duplicate", 0)),
            "storage_utilisation": per(self.busy_at_horizon, 1) / capacity if capacity else math.nan,
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """Counts at one moment: packets by class, body bytes, rows (written, deleted, read) by store, and so on."""

    sent: dict[type[Packet], int]
    body_bytes: int
    rows: dict[str, tuple[int, int, int]]
    empty_replies: int
    handshakes: int
    deliveries: int
    stored: int
    stored_peak: int


def simulate(
    design_name: str | Design,
    scenario: Scenario,
    traffic: Traffic,
    plan: FaultPlan,
    seed: int,
    run: int = 0,
    recorder: Recorder | None = None,
) -> RunResult:
    """Runs one design over one traffic to quiescence, with every property on.

    Raises `InputError` if the design cannot work with the scenario's parameters.
    """
    started = time.perf_counter()
    design = designs.get(design_name)
    simulation = Simulation(design, scenario.parameters(), traffic, plan, scenario, seed, recorder)
    simulation.run()
    bill = simulation.bill
    return RunResult(
        design=design.name,
        run=run,
        seed=seed,
        metrics=simulation.metrics(),
        delivery_latency=quantiles(simulation.meter.live),
        catchup_latency=quantiles(simulation.meter.catchups),
        properties=judge(
            design.promised(scenario.parameters()),
            design.not_applicable,
            simulation.monitor,
            plan.configured,
            simulation.quiesced,
        ),
        faults_fired={name: simulation.faults.get(name, 0) for name in plan.configured},
        packets={
            "Connect": 2 * bill.handshakes,
            **{kind.__name__: n for kind, n in sorted(bill.sent.items(), key=lambda item: item[0].__name__)},
        },
        rows={
            store: {"written": counts[0], "deleted": counts[1], "read": counts[2]}
            for store, counts in sorted(bill.rows.items())
        },
        messages=simulation.meter.messages,
        deliveries=bill.deliveries,
        events=simulation.events,
        elapsed_s=time.perf_counter() - started,
    )
