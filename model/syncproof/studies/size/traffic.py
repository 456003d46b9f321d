"""Count what a scenario's traffic gives a design to do: messages by size of conversation, copies, sessions, absences.

The formulas need these statistics and no event of a simulation. They are counted in one drawn run of the scenario, the first
one that `compare` draws, and are scaled from there: the small population is a sample of the large one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from syncproof.inputs.workload import Traffic

Numbers = NDArray[numpy.float64]


class Stock(NamedTuple):
    """Hold rows that are written in the time of the traffic, and the bodies in them.

    `row_s`, `body_s`: the seconds until the traffic ends of all rows, and of all bytes of bodies.
    """

    rows: float
    bodies: float
    row_s: float
    body_s: float

    def times(self, factor: float) -> Stock:
        """Return `factor` times as much."""
        return Stock(*[factor * each for each in self])


NOTHING = Stock(0.0, 0.0, 0.0, 0.0)


def total(stocks: Iterable[Stock]) -> Stock:
    """Return stocks added up."""
    return Stock(*[sum(column) for column in zip(NOTHING, *stocks, strict=True)])


@dataclass(frozen=True, slots=True)
class Shared:
    """Hold what a queue meets that all devices of a user share.

    `copies`: the copies that are written. `pushed`: per device, the copies that are pushed to it, the first one connected.
    `waiting`: the copies that no other device is connected for, and how long they wait. `returns`: the pulls that find some of
    them.
    """

    copies: float
    pushed: Numbers
    waiting: Stock
    returns: float


@dataclass(frozen=True)
class Mix:
    """Hold what `seconds` of traffic among `users` users contain. Arrays have a number per device.

    A *copy* is a message and a device of its audience other than the composing one. It is `online` or `offline` as the device
    is connected when the message is composed.
    """

    users: float
    seconds: float
    sizes: tuple[tuple[float, Stock], ...]
    """Members of a conversation -> the messages to conversations of this size."""
    memberships: float
    """Members of all conversations together."""
    online: Numbers
    """Copies for a connected device."""
    offline: Numbers
    """Copies for a device that is not connected."""
    online_bodies: float
    """Bytes of the bodies of the copies for connected devices."""
    waiting: Stock
    """The other copies, and how long they wait until their device connects or the traffic ends."""
    own: Numbers
    """Messages composed on the device."""
    connected_s: Numbers
    """Seconds connected while there is traffic."""
    after_s: Numbers
    """Seconds connected after the traffic."""
    connects: Numbers
    """Connections opened."""
    returns: Numbers
    """Absences in which there was something to miss."""
    missed: Numbers
    """(absence, conversation) pairs in which there was something to miss."""
    absences: Counter[int]
    """Number of copies missed in an absence -> how often that was."""
    late: Numbers | None
    """1 for devices that connect after the traffic ended, 0 for others; None if only the time of the traffic counts."""
    positions: float
    """(device, conversation) pairs of which the device was given a copy, on average over the time."""
    followed: Numbers
    """Conversations of the device's user that have messages, on average over the time."""
    followed_large: tuple[tuple[int, Numbers], ...]
    """For each size of conversation, how many of `followed` have it."""
    entries: Numbers
    """Per user: the entries of the user's timeline."""
    shared: Shared

    @property
    def devices(self) -> int:
        """Return how many devices there are."""
        return len(self.online)

    @cached_property
    def written(self) -> Stock:
        """Return the messages."""
        return total([stock for _, stock in self.sizes])

    def copied(self, largest: float = math.inf) -> Stock:
        """Return a copy for each member of every message to a conversation of at most `largest` members."""
        return total([stock.times(members) for members, stock in self.sizes if members <= largest])

    def messages(self, largest: float = math.inf) -> float:
        """Return how many messages go to conversations of at most `largest` members."""
        return sum([stock.rows for members, stock in self.sizes if members <= largest])

    def with_messages(self, factor: float) -> Mix:
        """Return the same people, who write `factor` times as much."""
        sizes = tuple([(members, stock.times(factor)) for members, stock in self.sizes])
        return replace(self._with_copies(factor), sizes=sizes, own=factor * self.own)

    def with_members(self, factor: float) -> Mix:
        """Return the same messages to conversations of `factor` times as many members."""
        sizes = tuple([(factor * members, stock) for members, stock in self.sizes])
        copies, messages = float(self.online.sum() + self.offline.sum()), self.written.rows
        more = max(0.0, (factor * (copies + messages) - messages) / copies)
        return replace(self._with_copies(more), sizes=sizes, memberships=factor * self.memberships)

    def _with_copies(self, factor: float) -> Mix:
        """Return `factor` times as many copies of messages, as evenly spread as they are: absences seldom miss none then.

        An absence of exponential length misses something with the odds of the copies that it misses on average.
        """
        share = self.returns / numpy.maximum(self.connects, 1e-9)
        odds = share / numpy.maximum(1 - share, 1e-9)
        more = numpy.where(share > 0, factor * odds / (1 + factor * odds) / numpy.maximum(share, 1e-9), 1.0)
        return replace(
            self,
            online=factor * self.online,
            offline=factor * self.offline,
            online_bodies=factor * self.online_bodies,
            waiting=self.waiting.times(factor),
            returns=more * self.returns,
            missed=more * self.missed,
            absences=_more(self.absences, factor),
            entries=factor * self.entries,
            shared=replace(
                self.shared,
                copies=factor * self.shared.copies,
                pushed=factor * self.shared.pushed,
                waiting=self.shared.waiting.times(factor),
            ),
        )


def _more(absences: Counter[int], factor: float) -> Counter[int]:
    """Return how often so many copies are missed if there are `factor` times as many."""
    found: Counter[int] = Counter()
    for count, times in absences.items():
        found[round(factor * count)] += times
    return found


class _Place:
    """Follow one device's sessions in the order of time."""

    __slots__ = ("at", "sessions")

    def __init__(self, sessions: list[tuple[float, float, float]]) -> None:
        self.sessions = sessions
        self.at = 0

    def connected(self, now: float) -> bool:
        """Return whether the device is connected at a time that is not before the last one asked for."""
        sessions = self.sessions
        while self.at < len(sessions) and sessions[self.at][1] <= now:
            self.at += 1
        return self.at < len(sessions) and sessions[self.at][0] <= now

    def next(self, never: float) -> float:
        """Return when the device connects next."""
        return self.sessions[self.at][0] if self.at < len(self.sessions) else never


def _one(size: float, seconds: float) -> Stock:
    """Return a row with a body of this size, after so many seconds."""
    return Stock(1.0, size, seconds, size * seconds)


def count(traffic: Traffic, *, rest: bool, poll_interval: float) -> Mix:
    """Count the statistics of drawn traffic, in which devices neither appear nor are abandoned.

    `rest`: count also what follows until a simulation is at rest: sessions after the last message, and a last connection of
    every device that is not connected then. Else only the time of the traffic counts.
    """
    devices, horizon = traffic.initial_devices, traffic.horizon
    end = traffic.end if rest else horizon
    users = max(traffic.owners[:devices], default=-1) + 1
    of_user: list[list[int]] = [[] for _ in range(users)]
    for device, user in enumerate(traffic.owners[:devices]):
        of_user[user].append(device)
    places = [_Place(sessions) for sessions in traffic.sessions[:devices]]
    online, offline, own, pushed = (numpy.zeros(devices) for _ in range(4))
    entries = numpy.zeros(users)
    by_size: defaultdict[int, list[Stock]] = defaultdict(list)
    waiting: list[Stock] = []
    shared_waiting: list[Stock] = []
    missed: Counter[tuple[int, int]] = Counter()
    missed_of: set[tuple[int, int, int]] = set()
    first: dict[int, float] = {}
    given: dict[tuple[int, int], float] = {}
    online_bodies = 0.0
    shared_copies = 0.0
    shared_returns: set[tuple[int, float]] = set()
    for at, sender, conversation, size in zip(
        traffic.times, traffic.devices, traffic.conversations, traffic.sizes, strict=True
    ):
        members = traffic.members[conversation]
        own[sender] += 1
        first.setdefault(conversation, at)
        by_size[len(members)].append(_one(size, horizon - at))
        for user in members:
            entries[user] += 1
            others = [device for device in of_user[user] if device != sender]
            connected = [device for device in others if places[device].connected(at)]
            for device in others:
                place = places[device]
                if device in connected:
                    online[device] += 1
                    online_bodies += size
                    given[device, conversation] = min(at, given.get((device, conversation), at))
                    continue
                offline[device] += 1
                fetched = min(place.next(end), horizon)
                given.setdefault((device, conversation), fetched)
                waiting.append(_one(size, fetched - at))
                missed[device, place.at] += 1
                missed_of.add((device, place.at, conversation))
            shared_copies += bool(others)
            if connected:
                pushed[connected[0]] += 1
            elif others:
                # A sender that is the only one connected finds the copy with its own next poll.
                poll = at + poll_interval / 2 if sender in of_user[user] else end
                fetched = min(poll, *[places[device].next(end) for device in others])
                shared_waiting.append(_one(size, min(fetched, horizon) - at))
                shared_returns.add((user, fetched))
    returns, missed_pairs = numpy.zeros(devices), numpy.zeros(devices)
    for device, _ in missed:
        returns[device] += 1
    for device, _, _ in missed_of:
        missed_pairs[device] += 1
    connects, connected_s, after_s, late = (numpy.zeros(devices) for _ in range(4))
    for device, sessions in enumerate(traffic.sessions[:devices]):
        connects[device] = sum([0 < a < end for a, _, _ in sessions]) + (
            rest and not any(a < end <= b for a, b, _ in sessions)
        )
        late[device] = any(horizon < a for a, _, _ in sessions) or not any(a < end <= b for a, b, _ in sessions)
        connected_s[device] = sum([min(b, horizon) - max(a, 0.0) for a, b, _ in sessions if a < horizon])
        after_s[device] = sum([min(b, end) - max(a, horizon) for a, b, _ in sessions if b > horizon and a < end])
    share = (
        {c: (horizon - at) / horizon for c, at in first.items()}
        if rest
        else dict.fromkeys(range(len(traffic.members)), 1.0)
    )
    by_followed: defaultdict[int, Numbers] = defaultdict(lambda: numpy.zeros(devices))
    for conversation, there in share.items():
        members = traffic.members[conversation]
        for user in members:
            by_followed[len(members)][of_user[user]] += there
    return Mix(
        users=users,
        seconds=horizon,
        sizes=tuple([(members, total(by_size[members])) for members in sorted(by_size)]),
        memberships=sum([len(members) for members in traffic.members]),
        online=online,
        offline=offline,
        online_bodies=online_bodies,
        waiting=total(waiting),
        own=own,
        connected_s=connected_s,
        after_s=after_s,
        connects=connects,
        returns=returns,
        missed=missed_pairs,
        absences=Counter(missed.values()),
        late=late if rest else None,
        positions=sum([horizon - at for at in given.values()]) / horizon
        if rest
        else float(sum(by_followed.values()).sum()),
        followed=sum(by_followed.values(), numpy.zeros(devices)),
        followed_large=tuple(sorted(by_followed.items())),
        entries=entries,
        shared=Shared(shared_copies, pushed, total(shared_waiting), len(shared_returns)),
    )
