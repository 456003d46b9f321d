"""Follow the sessions of devices, and the queues that all devices of a user share, along the messages of traffic."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import NamedTuple

import numpy

from syncproof.inputs.traffic import Session
from syncproof.studies.size.mix import Shared, Stock


class Place:
    """Follow one device's sessions in the order of time."""

    __slots__ = ("at", "sessions")

    def __init__(self, sessions: list[Session]) -> None:
        self.sessions = sessions
        self.at = 0

    def connected(self, now: float) -> bool:
        """Return whether the device is connected at a time that is not before the last one asked for."""
        sessions = self.sessions
        while self.at < len(sessions) and sessions[self.at][1] <= now:
            self.at += 1
        return self.at < len(sessions) and sessions[self.at][0] <= now

    def began(self, now: float) -> bool:
        """Return whether a session begins at this moment, which is not before the last one asked for."""
        return self.connected(now) and self.sessions[self.at][0] == now

    def next(self, never: float) -> float:
        """Return when the device connects next."""
        return self.sessions[self.at][0] if self.at < len(self.sessions) else never


class Sum:
    """Add up rows with their bodies and ages."""

    __slots__ = ("bodies", "body_s", "row_s", "rows")

    def __init__(self) -> None:
        self.rows = self.bodies = self.row_s = self.body_s = 0.0

    def add(self, size: float, seconds: float) -> None:
        """Add a row with a body of this size, after so many seconds."""
        self.rows += 1
        self.bodies += size
        self.row_s += seconds
        self.body_s += size * seconds

    def stock(self) -> Stock:
        """Return what was added."""
        return Stock(self.rows, self.bodies, self.row_s, self.body_s)


class Waiting(NamedTuple):
    """Hold a copy that waits in a queue: since when, its size, and when a device fetches it that connects."""

    since: float
    size: float
    fetched: float


class SharedQueues:
    """Count the copies in queues that all devices of a user share, whose first connected device is pushed each copy.

    A sender that is the only device of its user that is connected finds the copy with its next poll. `due`: when each device
    polls next; what it receives begins its wait anew.
    """

    def __init__(
        self, places: list[Place], of_user: list[list[int]], end: float, horizon: float, poll_interval: float
    ) -> None:
        self.places, self.of_user = places, of_user
        self.end, self.horizon, self.poll_interval = end, horizon, poll_interval
        self.copies = 0.0
        self.pushed = numpy.zeros(len(places))
        self.waited = Sum()
        self.returns: set[tuple[int, float]] = set()
        self.received: defaultdict[int, float] = defaultdict(lambda: -math.inf)
        self.due: dict[int, float] = {}
        self.waiting: defaultdict[int, list[Waiting]] = defaultdict(list)

    def add(self, user: int, others: list[int], connected: list[int], at: float, size: float) -> None:
        """Count the copy for a user. `others`: the user's devices but the composing one; `connected`: those connected now."""
        self.copies += bool(others)
        if connected:
            self.pushed[connected[0]] += 1
            self._settle(connected[0], at)
            self.received[connected[0]] = at
            if connected[0] in self.due:
                self.due[connected[0]] = at + self.poll_interval
        elif others:
            fetched = min([self.places[device].next(self.end) for device in others])
            sender = next((device for device in self.of_user[user] if device not in others), None)
            if sender is None:
                self._fetch(user, Waiting(at, size, fetched), fetched)
            else:
                self._await_poll(sender, Waiting(at, size, fetched), at)

    def _await_poll(self, sender: int, copy: Waiting, now: float) -> None:
        """Let a copy wait for the next poll of its sender, or for the next connection, whichever comes first."""
        self._settle(sender, now)
        if sender not in self.due:
            place = self.places[sender]
            since = max(self.received[sender], place.sessions[place.at][0])
            self.due[sender] = since + self.poll_interval * (math.floor((now - since) / self.poll_interval) + 1)
        self.waiting[sender].append(copy)

    def _settle(self, sender: int, now: float) -> None:
        """Fetch what was fetched until now of what waits for a poll of this device."""
        left = []
        for copy in self.waiting.pop(sender, ()):
            place = Place(self.places[sender].sessions)
            place.connected(copy.since)
            ends = place.sessions[place.at][1]
            place.at += 1
            polled = self.due[sender] if self.due[sender] < ends else place.next(self.end)
            fetched = min(polled, copy.fetched)
            if fetched <= now:
                self._fetch(sender, copy, fetched)
            else:
                left.append(copy)
        if left:
            self.waiting[sender] = left
        else:
            self.due.pop(sender, None)

    def _fetch(self, owner: int, copy: Waiting, at: float) -> None:
        self.waited.add(copy.size, min(at, self.horizon) - copy.since)
        self.returns.add((owner, at))

    def close(self) -> Shared:
        """Return what was counted, now that no more messages come."""
        for sender in sorted(self.waiting):
            self._settle(sender, math.inf)
        stock: Stock = self.waited.stock()
        return Shared(self.copies, self.pushed, stock, len(self.returns))
