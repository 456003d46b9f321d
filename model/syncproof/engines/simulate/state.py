"""What a simulated run consists of: hosts, connections, the heap, and what is counted.

`Core` holds all of it, so that the files beside this one can each say one thing about it: `network` how packets travel,
`storage` how long operations take, `timers` when an idle poll need not run, `sessions` what people and faults do, `run`
how it begins and ends. They are mixed into one class, `run.Simulation`, which is the `Out` of whichever actor is
handling a packet: one object, one look-up per step of the inner loop.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from syncproof.core.actor import Actor, Handler, unhandled
from syncproof.core.links import Link
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import SERVER, ActorId, ConnectionId, ConversationId, DeviceId, Id
from syncproof.core.world import Connection
from syncproof.designs import Design, Parameters
from syncproof.engines.simulate.meter import Meter
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.random_draws import Draws, lognormal_table
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import Traffic
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

Event = tuple[float, float, Callable[..., None], Any, Any, Any]
"""When, the how-manieth (so that ties are deterministic), and a function with its three arguments."""


class Recorder(Protocol):
    """Receives a run's moves and observations in order."""

    def move(self, move: Move, /) -> None:
        """The next move."""

    def observation(self, observation: Observation, /) -> None:
        """The next observation."""


class Poll:
    """A poll timer. `at`: when it is due, or, while it is parked, since when."""

    __slots__ = ("at", "idle", "interval", "packet")

    def __init__(self, at: float, interval: float, packet: Packet, idle: Idle) -> None:
        self.at = at
        self.interval = interval
        self.packet = packet
        self.idle = idle


class Handlers(dict[type[Packet], Handler]):
    """An actor's handlers by packet class; one that it does not handle raises `TypeError`."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor.handlers)
        self.actor = actor

    def __missing__(self, kind: type[Packet]) -> Handler:
        raise unhandled(self.actor, kind)


class Host:
    """An actor and what the engine knows of it.

    `life` counts its crashes: what was under way in an earlier life is void. `current`: the connection whose client end
    it holds open. `connects`: how many it has opened. `pushed_until`: no push overtakes an earlier one before that.
    `news`: something concerns it that its last complete read did not cover. `parked`, `armed`: its poll timer, which is
    one of the two or neither; `polling`: an event on the heap will look at it. `backup`: its durable state as it was kept.
    `gone`: another installation has replaced it.
    """

    __slots__ = (
        "actor",
        "armed",
        "backup",
        "connects",
        "current",
        "down",
        "gone",
        "handlers",
        "is_device",
        "life",
        "name",
        "news",
        "parked",
        "polling",
        "pushed_until",
        "timers",
    )

    def __init__(self, name: ActorId, actor: Actor) -> None:
        self.name = name
        self.actor = actor
        self.handlers = Handlers(actor)
        self.is_device = isinstance(name, DeviceId)
        self.down = False
        self.gone = False
        self.backup: tuple[Any, ...] | None = None
        self.life = 0
        self.current: Flight | None = None
        self.connects = 0
        self.pushed_until = 0.0
        self.news = True
        self.parked: Poll | None = None
        self.armed: Poll | None = None
        self.polling = False
        self.timers: dict[Packet, int] = {}


UNUSED: deque[Packet] = deque(maxlen=0)


class Flight(Connection):
    """A connection whose packets are on the heap: when the last one arrives each way, and how many there were."""

    __slots__ = ("down_count", "down_due", "host", "up_count", "up_due")

    def __init__(self, name: ConnectionId, host: Host) -> None:
        super().__init__(name, host.name, True, True, UNUSED, UNUSED)
        self.host = host
        self.up_due = 0.0
        self.down_due = 0.0
        self.up_count = 0
        self.down_count = 0


class Tally:
    """A packet class: how many were `sent`, how they travel, and whether they carry a body."""

    __slots__ = ("bodied", "link", "sent")

    def __init__(self, kind: type[Packet], links: dict[type[Packet], Link]) -> None:
        self.sent = 0
        self.bodied = kind.body_bytes is not Packet.body_bytes
        self.link = links.get(kind, kind.link)


class Tallies(dict[type[Packet], Tally]):
    """One for each packet class met."""

    def __init__(self, links: dict[type[Packet], Link]) -> None:
        self.links = links

    def __missing__(self, kind: type[Packet]) -> Tally:
        tally = self[kind] = Tally(kind, self.links)
        return tally


Reaction = Callable[[Any], "str | None"]


class Reactions(dict[type[Observation], tuple[Reaction, ...]]):
    """Who hears an observation of a class, in order; nobody, of a class that no one names."""

    def __init__(self, everyone: tuple[Reaction, ...]) -> None:
        self.everyone = everyone

    def __missing__(self, kind: type[Observation]) -> tuple[Reaction, ...]:
        self[kind] = self.everyone
        return self.everyone


class Core:
    """The state of one run, and the three things that everything else does: schedule, hand over a packet, observe."""

    arrive_connected: Callable[..., None]
    arrive_running: Callable[..., None]
    complete_read: Callable[..., None]
    complete_write: Callable[..., None]
    deliver_down: Callable[..., None]
    deliver_up: Callable[..., None]
    now: float
    reactions: Reactions

    __slots__ = (
        "arrive_connected",
        "arrive_running",
        "body_bytes",
        "busy_at_horizon",
        "busy_s",
        "complete_read",
        "complete_write",
        "connections",
        "conversation_ids",
        "deliver_down",
        "deliver_up",
        "device_ids",
        "down",
        "down_salt",
        "downward",
        "draining",
        "draws",
        "empty_replies",
        "far",
        "faults",
        "free_at",
        "handshakes",
        "header",
        "heap",
        "hosts",
        "in_session",
        "me",
        "meter",
        "monitor",
        "notice_s",
        "now",
        "per_row",
        "plan",
        "push_salt",
        "pushing",
        "quiesced",
        "reactions",
        "reconnect_s",
        "recorder",
        "replaced",
        "rows",
        "salts",
        "scramble",
        "serial",
        "server",
        "service_times",
        "stepping",
        "stored",
        "stored_peak",
        "system",
        "tallies",
        "traffic",
        "up",
        "up_salt",
        "user_hosts",
        "watched",
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
        self.system = design.system(traffic.population, parameters)
        self.traffic = traffic
        self.replaced = {old: new for new, old in traffic.replaces.items()}
        self.plan = plan
        self.recorder = recorder
        self.watched = recorder is not None or self.system.clocked
        self.now = 0.0
        self.meter = Meter(self)
        self.monitor = Monitor([p for p in PROPERTIES if p not in design.not_applicable])
        self.heap: list[Event] = []
        self.far: list[Event] = []
        self.serial = 0
        self.hosts: dict[ActorId, Host] = {name: Host(name, actor) for name, actor in self.system.cast().items()}
        self.server = self.me = self.hosts[SERVER]
        # The actors' own ids: a look-up that meets the very object need not compare numbers.
        known = {int(name): name for name in self.hosts if isinstance(name, DeviceId)}
        self.device_ids = [known[i] if i in known else DeviceId(i) for i in range(len(traffic.owners))]
        self.conversation_ids = [ConversationId(i) for i in range(len(traffic.members))]
        self.stepping = any(host.actor.offers_steps for host in self.hosts.values())
        self.down: dict[ActorId, bool] = {}
        self.connections: dict[ConnectionId, Flight] = {}
        self.in_session: set[ActorId] = set()
        self.user_hosts: defaultdict[int, list[Host]] = defaultdict(list)
        for number in range(traffic.initial_devices):
            self.user_hosts[traffic.owners[number]].append(self.hosts[self.device_ids[number]])
        self.faults: defaultdict[str, int] = defaultdict(int)
        self.draining = False
        self.quiesced = False

        draws = self.draws = Draws(seed)
        network, storage = scenario.network, scenario.storage
        purposes = ("up", "down", "push", "loss", "duplicate", "reorder", "retry", "landed")
        self.salts = {purpose: draws.key(purpose) for purpose in purposes}
        self.scramble = draws.scramble
        self.up = lognormal_table(network.up_ms.median / 1000, network.up_ms.sigma)
        self.downward = lognormal_table(network.down_ms.median / 1000, network.down_ms.sigma)
        self.pushing = lognormal_table(network.push_ms.median / 1000, network.push_ms.sigma)
        service = lognormal_table(storage.service_ms.median / 1000, storage.service_ms.sigma)
        self.service_times = draws.stream(draws.key("storage"), service)
        self.per_row = storage.per_row_ms / 1000
        self.free_at = [0.0] * storage.parallel
        self.busy_s = 0.0
        self.busy_at_horizon = 0.0
        self.notice_s = network.notice
        self.reconnect_s = network.reconnect
        self.header = network.header_bytes
        self.up_salt, self.down_salt, self.push_salt = self.salts["up"], self.salts["down"], self.salts["push"]

        self.tallies = Tallies(self.system.links)
        self.body_bytes = 0
        self.rows: dict[str, list[int]] = {}
        self.stored = 0
        self.stored_peak = 0
        self.empty_replies = 0
        self.handshakes = 0

    # ---- schedule

    def _at(self, at: float, function: Callable[..., None], a: Any, b: Any, c: Any) -> None:
        self.serial += 1
        heapq.heappush(self.heap, (at, self.serial, function, a, b, c))

    def _later(self, at: float, function: Callable[..., None], a: Any, b: Any, c: Any) -> None:
        """Schedules what is probably hours away, such as each device's next session or poll.

        That waits in a heap of its own, `far`, so that the one in constant use stays small; there only the first of it
        is represented, under the same time and serial, so everything happens in the same order as with one heap.
        """
        self.serial += 1
        event = (at, self.serial, function, a, b, c)
        far = self.far
        if far and at < far[0][0]:
            heapq.heappush(self.heap, event)
            return
        heapq.heappush(far, event)
        if len(far) == 1:
            heapq.heappush(self.heap, (at, self.serial, self._due, None, None, None))

    def _due(self, _: None, __: None, ___: None) -> None:
        """The first of what was far away is due; the next one takes its seat."""
        far = self.far
        _at, _serial, function, a, b, c = heapq.heappop(far)
        if far:
            following = far[0]
            heapq.heappush(self.heap, (following[0], following[1], self._due, None, None, None))
        function(a, b, c)

    @property
    def events(self) -> int:
        """How many have happened."""
        return self.serial - len(self.heap) - len(self.far) + bool(self.far)

    # ---- hand over, observe

    if TYPE_CHECKING:  # what one part needs of another

        def _handle(self, host: Host, source: Id, packet: Packet) -> None: ...
        def _start(self, host: Host) -> None: ...
        def _count_idle(self, host: Host, poll: Poll) -> float: ...
        def _concern(self, host: Host) -> None: ...

    def observe(self, observation: Observation) -> None:
        for react in self.reactions[type(observation)]:
            says = react(observation)
            if says is not None:
                self.monitor.record(react.__self__.name, says)  # type: ignore[attr-defined]

    def _chance(self, purpose: str, message: int, device: int, count: int) -> float:
        return self.draws.uniform(self.salts[purpose], message, device, count)
