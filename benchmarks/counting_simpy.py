"""The timeline-notify protocol in SimPy with what the simulator keeps: the same observations, timers and counts, no property.

As `plain_simpy`, and beside it: each device submits one message at a time and repeats what is not answered in time (a reply or a
timeout, whichever comes first, as SimPy is written); every observation is made, as an object, and counted by class; packets and
bytes are counted by class, rows by store; stored bytes are weighted with time; waits and latencies are kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any

from benchmarks.plain_simpy import Plain
from syncproof.core.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Composed,
    Connected,
    Joined,
    MemberAdded,
    Observation,
    Placed,
    Pulled,
    RangeRead,
    Served,
    Shown,
    Stored,
    Triggered,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.parameters import Parameters
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic

CURSOR_BYTES = 16
LATE_S = (1, 10, 60)


class Counting(Plain):
    """The program with all that is kept of a run."""

    def __init__(self, scenario: Scenario, traffic: Traffic, seed: int) -> None:
        super().__init__(scenario, traffic, seed)
        self.timeout = Parameters().request_timeout
        self.observed: Counter[type[Observation]] = Counter()
        self.packets: Counter[str] = Counter()
        self.bytes = 0
        self.rows: Counter[tuple[str, str]] = Counter()
        self.stored = self.stored_peak = 0
        self.byte_seconds = self.changed_at = self.busy_s = 0.0
        self.waits: list[float] = []
        self.composed_at: dict[int, float] = {}
        self.accept_latencies: list[float] = []
        self.late = [0] * len(LATE_S)
        self.outbox: defaultdict[int, deque[int]] = defaultdict(deque)
        self.sending: set[int] = set()
        self.places: dict[int, int] = {}
        self.answers: dict[int, Any] = {}

    # ---- what is kept

    def observe(self, observation: Observation) -> None:
        self.observed[type(observation)] += 1

    def send(self, kind: str, body: int) -> None:
        self.packets[kind] += 1
        self.bytes += body + self.scenario.network.header_bytes

    def store_bytes(self, change: int) -> None:
        now = self.env.now
        self.byte_seconds += self.stored * (now - self.changed_at)
        self.changed_at = now
        self.stored += change
        self.stored_peak = max(self.stored, self.stored_peak)

    def work(self, store: str, kind: str, rows: int) -> Any:
        """Do one operation of the storage, and count it."""
        self.rows[store, kind] += rows
        asked = self.env.now
        with self.storage.request() as request:
            yield request
            self.waits.append(self.env.now - asked)
            storage = self.scenario.storage
            takes = self.delay(storage.service_ms) + rows * storage.per_row_ms / 1000
            self.busy_s += takes
            yield self.env.timeout(takes)

    def size(self, message: int) -> int:
        return int(self.traffic.sizes[message])

    def log_of(self, user: int) -> Timeline:
        return Timeline("sync", UserId(user), 0)

    # ---- messages

    def compose(self) -> Any:
        traffic = self.traffic
        for message, at in enumerate(traffic.times):
            yield self.env.timeout(at - self.env.now)
            device = traffic.devices[message]
            self.composed_at[message] = at
            self.observe(Composed(MessageId(message), DeviceId(device), ConversationId(traffic.conversations[message])))
            self.outbox[device].append(message)
            if device not in self.sending:
                self.sending.add(device)
                self.env.process(self.drain(device))

    def drain(self, device: int) -> Any:
        """Submit what a device has composed, one message at a time, again and again until each is accepted."""
        outbox = self.outbox[device]
        while outbox:
            message = outbox[0]
            answer = self.answers[message] = self.env.event()
            while not answer.triggered:
                self.send("Submit", self.size(message) + CURSOR_BYTES)
                self.env.process(self.submit(message, self.traffic.conversations[message]))
                yield answer | self.env.timeout(self.timeout)
            outbox.popleft()
        self.sending.discard(device)

    def submit(self, message: int, conversation: int) -> Any:
        yield self.env.timeout(self.delay(self.scenario.network.up_ms))
        if message in self.index:
            self.env.process(self.accept_of(message, 0))
            return
        yield from self.work("message-store", "written", 3)
        log = self.store[conversation]
        log.append(message)
        self.index.add(message)
        place = self.places[message] = len(log)
        members = self.traffic.members[conversation]
        audience = tuple(DeviceId(device) for user in members for device in self.devices[user])
        of = MessageId(message)
        self.observe(Placed(of, ConversationId(conversation), place, tuple(map(UserId, members)), audience))
        self.observe(Stored(of))
        self.observe(Appended(Timeline("conversation", ConversationId(conversation), 0), place, of))
        self.store_bytes(self.size(message) + 3 * ROW_BYTES)
        self.accepted_at[message] = self.env.now
        self.left[message] = len(members)
        for user in members:
            self.queue[user].append(message)
            if user not in self.writing:
                self.writing.add(user)
                self.env.process(self.write(user))

    def accept_of(self, message: int, number: int) -> Any:
        """Accept a message, and say which number it has in its sender's log: a device that has all before it shows it."""
        self.observe(Accepted(MessageId(message), self.places[message]))
        self.send("Accept", 3 * CURSOR_BYTES)
        yield self.env.timeout(self.delay(self.scenario.network.down_ms))
        answer = self.answers.pop(message, None)
        if answer is not None:
            self.accept_latencies.append(self.env.now - self.composed_at[message])
            answer.succeed()
        device = self.traffic.devices[message]
        if self.checkpoint[device] == number - 1:
            self.apply(device, [message])
        else:
            self.hear(device, number, "accept")

    def write(self, user: int) -> Any:
        while self.queue[user]:
            batch = self.queue.pop(user)
            yield from self.work("sync-store", "written", len(batch))
            log = self.sync[user]
            for message in batch:
                log.append(message)
                self.observe(Appended(self.log_of(user), len(log), MessageId(message)))
                self.store_bytes(self.size(message) + ROW_BYTES)
                self.left[message] -= 1
                if not self.left[message]:
                    del self.left[message]
                    self.store_bytes(-ROW_BYTES)
                    self.env.process(self.work("message-store", "deleted", 1))
                sender = self.traffic.devices[message]
                if self.traffic.owners[sender] == user:
                    self.env.process(self.accept_of(message, len(log)))
                for device in self.devices[user]:
                    if device == sender:
                        continue
                    self.send("Notification", CURSOR_BYTES)
                    if self.random.random() >= self.scenario.faults.push_loss:
                        self.env.process(self.notify(device, len(log)))
        self.writing.discard(user)

    # ---- pulls

    def notify(self, device: int, head: int) -> Any:
        yield self.env.timeout(self.delay(self.scenario.network.push_ms))
        self.hear(device, head, "notification")

    def hear(self, device: int, head: int, cause: str) -> None:
        """Pull a log that reaches further than the device has it."""
        if head <= self.checkpoint[device]:
            return
        self.observe(Triggered(DeviceId(device), cause))
        if self.pulling[device]:
            self.wanted[device] = max(head, self.wanted[device])
        else:
            self.env.process(self.pull(device))

    def pull(self, device: int) -> Any:
        self.pulling[device] = True
        timeline = self.log_of(self.traffic.owners[device])
        while True:
            after = self.checkpoint[device]
            answer = self.env.event()
            while not answer.triggered:
                self.observe(Pulled(DeviceId(device)))
                self.send("Pull", CURSOR_BYTES)
                self.env.process(self.serve(device, timeline, after, answer))
                yield answer | self.env.timeout(self.timeout)
            self.apply(
                device, [m for number, m in enumerate(answer.value, after + 1) if number > self.checkpoint[device]]
            )
            if self.wanted[device] <= self.checkpoint[device]:
                break
        self.wanted[device] = 0
        self.heard[device] = self.env.now
        self.pulling[device] = False

    def apply(self, device: int, entries: list[int]) -> None:
        """Show the entries that follow a device's checkpoint, and move it."""
        timeline = self.log_of(self.traffic.owners[device])
        after = self.checkpoint[device]
        for number, message in enumerate(entries, after + 1):
            if message in self.shown[device]:
                continue
            self.shown[device].add(message)
            talk = ConversationId(self.traffic.conversations[message])
            place = self.places[message]
            self.observe(Shown(DeviceId(device), MessageId(message), talk, place, timeline, number))
            took = self.env.now - self.composed_at[message]
            self.latencies.append(took)
            if took > LATE_S[0]:
                for which, seconds in enumerate(LATE_S):
                    self.late[which] += took > seconds
        if entries:
            self.checkpoint[device] = after + len(entries)
            self.observe(Checkpointed(DeviceId(device), timeline, after + len(entries)))

    def serve(self, device: int, timeline: Timeline, after: int, answer: Any) -> Any:
        """Read a page for a pull, and send it."""
        network = self.scenario.network
        yield self.env.timeout(self.delay(network.up_ms))
        entries = self.sync[self.traffic.owners[device]][after : after + self.scenario.model.page_size]
        if entries:
            numbers = tuple(range(after + 1, after + 1 + len(entries)))
            self.observe(RangeRead(DeviceId(device), timeline, after, numbers[-1], numbers))
        self.observe(Served(DeviceId(device)))
        yield from self.work("sync-store", "read", len(entries))
        self.send("PullReply", sum([self.size(message) + ROW_BYTES for message in entries]))
        yield self.env.timeout(self.delay(network.down_ms))
        if not answer.triggered:
            answer.succeed(entries)

    def poll(self, device: int) -> Any:
        interval = self.scenario.model.poll_interval
        while True:
            yield self.env.timeout(self.heard[device] + interval - self.env.now)
            if self.env.now >= self.heard[device] + interval:
                if not self.pulling[device]:
                    self.observe(Triggered(DeviceId(device), "poll"))
                    yield self.env.process(self.pull(device))
                else:
                    self.heard[device] = self.env.now

    def run(self) -> int:
        for device, owner in enumerate(self.traffic.owners):
            self.observe(Joined(DeviceId(device), UserId(owner)))
            self.observe(Connected(DeviceId(device)))
        for conversation, members in enumerate(self.traffic.members):
            for user in members:
                self.observe(MemberAdded(ConversationId(conversation), UserId(user)))
        return super().run()
