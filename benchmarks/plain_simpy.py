"""The timeline-notify protocol as a plain SimPy program, for comparison: same traffic, no properties, no faults but loss.

One process per message at the server, one writer per user, one storage resource, a process per pull. It keeps what the
protocol needs (logs, checkpoints, dedup) and measures delivery latency, nothing else.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import simpy

from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic


class Plain:
    """All state in one object, as a simulation script would have it."""

    def __init__(self, scenario: Scenario, traffic: Traffic, seed: int) -> None:
        self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.scenario = scenario
        self.traffic = traffic
        self.storage = simpy.Resource(self.env, capacity=scenario.storage.parallel)
        self.store: dict[int, list[int]] = defaultdict(list)
        self.index: set[int] = set()
        self.sync: dict[int, list[int]] = defaultdict(list)
        self.queue: dict[int, list[int]] = defaultdict(list)
        self.writing: set[int] = set()
        self.left: dict[int, int] = {}
        self.accepted_at: dict[int, float] = {}
        self.devices: dict[int, list[int]] = defaultdict(list)
        for device, owner in enumerate(traffic.owners):
            self.devices[owner].append(device)
        self.checkpoint = [0] * len(traffic.owners)
        self.shown: list[set[int]] = [set() for _ in traffic.owners]
        self.pulling = [False] * len(traffic.owners)
        self.wanted = [0] * len(traffic.owners)
        self.heard = [0.0] * len(traffic.owners)
        self.latencies: list[float] = []

    def delay(self, spread: Any) -> float:
        return float(spread.median / 1000 * self.random.lognormvariate(0.0, spread.sigma))

    def operate(self, rows: int) -> Any:
        with self.storage.request() as request:
            yield request
            storage = self.scenario.storage
            yield self.env.timeout(self.delay(storage.service_ms) + rows * storage.per_row_ms / 1000)

    def compose(self) -> Any:
        traffic = self.traffic
        for message, at in enumerate(traffic.times):
            yield self.env.timeout(at - self.env.now)
            self.env.process(self.submit(message, traffic.conversations[message]))

    def submit(self, message: int, conversation: int) -> Any:
        yield self.env.timeout(self.delay(self.scenario.network.up_ms))
        if message in self.index:
            return
        yield from self.operate(3)
        self.store[conversation].append(message)
        self.index.add(message)
        self.accepted_at[message] = self.env.now
        self.env.process(self.accept())
        members = self.traffic.members[conversation]
        self.left[message] = len(members)
        for user in members:
            self.queue[user].append(message)
            if user not in self.writing:
                self.writing.add(user)
                self.env.process(self.write(user))

    def accept(self) -> Any:
        yield self.env.timeout(self.delay(self.scenario.network.down_ms))

    def write(self, user: int) -> Any:
        while self.queue[user]:
            batch = self.queue.pop(user)
            yield from self.operate(len(batch))
            log = self.sync[user]
            for message in batch:
                log.append(message)
                self.left[message] -= 1
                if not self.left[message]:
                    del self.left[message]
                    self.env.process(self.operate(1))
                for device in self.devices[user]:
                    if self.random.random() >= self.scenario.faults.push_loss:
                        self.env.process(self.notify(device, len(log)))
        self.writing.discard(user)

    def notify(self, device: int, head: int) -> Any:
        yield self.env.timeout(self.delay(self.scenario.network.push_ms))
        if head <= self.checkpoint[device]:
            return
        if self.pulling[device]:
            self.wanted[device] = max(head, self.wanted[device])
        else:
            self.env.process(self.pull(device))

    def pull(self, device: int) -> Any:
        self.pulling[device] = True
        network = self.scenario.network
        while True:
            after = self.checkpoint[device]
            yield self.env.timeout(self.delay(network.up_ms))
            log = self.sync[self.traffic.owners[device]]
            entries = log[after : after + self.scenario.model.page_size]
            yield from self.operate(len(entries))
            yield self.env.timeout(self.delay(network.down_ms))
            for message in entries:
                if message not in self.shown[device]:
                    self.shown[device].add(message)
                    self.latencies.append(self.env.now - self.accepted_at[message])
            self.checkpoint[device] = after + len(entries)
            if self.wanted[device] <= self.checkpoint[device]:
                break
        self.wanted[device] = 0
        self.heard[device] = self.env.now
        self.pulling[device] = False

    def poll(self, device: int) -> Any:
        interval = self.scenario.model.poll_interval
        while True:
            yield self.env.timeout(self.heard[device] + interval - self.env.now)
            if self.env.now >= self.heard[device] + interval:
                if not self.pulling[device]:
                    yield self.env.process(self.pull(device))
                else:
                    self.heard[device] = self.env.now

    def run(self) -> int:
        """Run until a last round of polls is over; return how many messages were shown, over all devices."""
        self.env.process(self.compose())
        for device in range(len(self.traffic.owners)):
            self.env.process(self.poll(device))
        self.env.run(until=self.traffic.horizon + self.scenario.model.poll_interval + 60)
        return sum(map(len, self.shown))
