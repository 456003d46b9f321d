"""The timeline-notify protocol as bare callbacks on a heap: no actors, properties or counts. A lower bound for Python."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic


class Bare:
    """All state in one object, events as tuples."""

    def __init__(self, scenario: Scenario, traffic: Traffic, seed: int) -> None:
        self.scenario, self.traffic, self.random = scenario, traffic, random.Random(seed)
        self.heap: list[tuple[float, int, Callable[..., None], Any, Any]] = []
        self.serial = 0
        self.now = 0.0
        self.free_at = [0.0] * scenario.storage.parallel
        self.store: dict[int, list[int]] = defaultdict(list)
        self.index: set[int] = set()
        self.sync: dict[int, list[int]] = defaultdict(list)
        self.queue: dict[int, list[int]] = {}
        self.writing: set[int] = set()
        self.left: dict[int, int] = {}
        self.accepted_at: dict[int, float] = {}
        self.devices: dict[int, list[int]] = defaultdict(list)
        for device, owner in enumerate(traffic.owners):
            self.devices[owner].append(device)
        count = len(traffic.owners)
        self.checkpoint, self.wanted = [0] * count, [0] * count
        self.pulling, self.heard = [False] * count, [0.0] * count
        self.shown: list[set[int]] = [set() for _ in range(count)]
        self.latencies: list[float] = []

    def at(self, when: float, function: Callable[..., None], a: Any = None, b: Any = None) -> None:
        self.serial += 1
        heapq.heappush(self.heap, (when, self.serial, function, a, b))

    def delay(self, spread: Any) -> float:
        return float(spread.median / 1000 * self.random.lognormvariate(0.0, spread.sigma))

    def operate(self, rows: int, function: Callable[..., None], a: Any = None, b: Any = None) -> None:
        storage = self.scenario.storage
        start = max(self.now, self.free_at[0])
        done = start + self.delay(storage.service_ms) + rows * storage.per_row_ms / 1000
        heapq.heapreplace(self.free_at, done)
        self.at(done, function, a, b)

    def compose(self, message: int, _: None) -> None:
        self.at(self.now + self.delay(self.scenario.network.up_ms), self.submit, message)
        if message + 1 < len(self.traffic.times):
            self.at(self.traffic.times[message + 1], self.compose, message + 1)

    def submit(self, message: int, _: None) -> None:
        if message not in self.index:
            self.operate(3, self.commit, message)

    def commit(self, message: int, _: None) -> None:
        conversation = self.traffic.conversations[message]
        self.store[conversation].append(message)
        self.index.add(message)
        self.accepted_at[message] = self.now
        self.at(self.now + self.delay(self.scenario.network.down_ms), self.nothing)
        members = self.traffic.members[conversation]
        self.left[message] = len(members)
        for user in members:
            self.queue.setdefault(user, []).append(message)
            if user not in self.writing:
                self.writing.add(user)
                self.write(user)

    def nothing(self, _: None, __: None) -> None:
        """Do nothing: an accept arrives, or an intent is deleted."""

    def write(self, user: int) -> None:
        batch = self.queue.pop(user)
        self.operate(len(batch), self.written, user, batch)

    def written(self, user: int, batch: list[int]) -> None:
        log = self.sync[user]
        for message in batch:
            log.append(message)
            self.left[message] -= 1
            if not self.left[message]:
                del self.left[message]
                self.operate(1, self.nothing)
            for device in self.devices[user]:
                if self.random.random() >= self.scenario.faults.push_loss:
                    self.at(self.now + self.delay(self.scenario.network.push_ms), self.notified, device, len(log))
        if user in self.queue:
            self.write(user)
        else:
            self.writing.discard(user)

    def notified(self, device: int, head: int) -> None:
        if head > self.checkpoint[device]:
            if self.pulling[device]:
                self.wanted[device] = max(head, self.wanted[device])
            else:
                self.pull(device)

    def pull(self, device: int) -> None:
        self.pulling[device] = True
        self.at(self.now + self.delay(self.scenario.network.up_ms), self.read, device)

    def read(self, device: int, _: None) -> None:
        after = self.checkpoint[device]
        entries = self.sync[self.traffic.owners[device]][after : after + self.scenario.model.page_size]
        self.operate(len(entries), self.reply, device, entries)

    def reply(self, device: int, entries: list[int]) -> None:
        self.at(self.now + self.delay(self.scenario.network.down_ms), self.apply, device, entries)

    def apply(self, device: int, entries: list[int]) -> None:
        for message in entries:
            if message not in self.shown[device]:
                self.shown[device].add(message)
                self.latencies.append(self.now - self.accepted_at[message])
        self.checkpoint[device] += len(entries)
        self.heard[device] = self.now
        again = self.wanted[device] > self.checkpoint[device]
        self.wanted[device] = 0
        self.pulling[device] = False
        if again:
            self.pull(device)

    def poll(self, device: int, _: None) -> None:
        due = self.heard[device] + self.scenario.model.poll_interval
        if self.now >= due:
            self.heard[device] = self.now
            if not self.pulling[device]:
                self.pull(device)
            due = self.now + self.scenario.model.poll_interval
        self.at(due, self.poll, device)

    def run(self) -> int:
        """Run until a last round of polls is over; return how many messages were shown, over all devices."""
        if self.traffic.times:
            self.at(self.traffic.times[0], self.compose, 0)
        for device in range(len(self.traffic.owners)):
            self.at(self.scenario.model.poll_interval, self.poll, device)
        end = self.traffic.horizon + self.scenario.model.poll_interval + 60
        while self.heap and self.heap[0][0] <= end:
            self.now, _, function, a, b = heapq.heappop(self.heap)
            function(a, b)
        return sum(map(len, self.shown))
