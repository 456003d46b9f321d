"""Count what a scenario's traffic gives a design to do: messages by size of conversation, copies, sessions, absences.

The formulas need these statistics and no event of a simulation. They are counted in one drawn run of the scenario, the first
one that `compare` draws.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy

from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Session, Traffic
from syncproof.studies.size.mix import Mix, Numbers
from syncproof.studies.size.shared_queues import Place, SharedQueues, Sum

PARTS = 96
"""Parts of the time in which traffic counts as even: a quarter of an hour of a day."""


class _Copies:
    """Follow the messages in the order of time, and count the copies of each for devices that are connected or not."""

    def __init__(self, traffic: Traffic, end: float, poll_interval: float) -> None:
        self.traffic, self.end = traffic, end
        devices = traffic.initial_devices
        self.of_user: list[list[int]] = [[] for _ in range(max(traffic.owners[:devices], default=-1) + 1)]
        for device, user in enumerate(traffic.owners[:devices]):
            self.of_user[user].append(device)
        self.places = [Place(sessions) for sessions in traffic.sessions[:devices]]
        self.online, self.offline, self.own, self.opened = (numpy.zeros(devices) for _ in range(4))
        self.entries = numpy.zeros(len(self.of_user))
        self.sizes: defaultdict[int, Sum] = defaultdict(Sum)
        self.waiting = Sum()
        self.shared = SharedQueues(self.places, self.of_user, end, traffic.horizon, poll_interval)
        self.online_bodies = 0.0
        self.missed: Counter[tuple[int, int]] = Counter()
        """(device, number of its next session) -> the copies that it finds then."""
        self.missed_of: set[tuple[int, int, int]] = set()
        self.first: dict[int, float] = {}
        """Conversation -> when its first message comes."""

    def count(self) -> None:
        """Count all messages."""
        traffic = self.traffic
        for number, (at, sender, conversation) in enumerate(
            zip(traffic.times, traffic.devices, traffic.conversations, strict=True)
        ):
            size = 0 if number in traffic.about else traffic.sizes[number]
            members = traffic.members[conversation]
            self.own[sender] += 1
            self.opened[sender] += self.places[sender].began(at)
            self.first.setdefault(conversation, at)
            self.sizes[len(members)].add(size, traffic.horizon - at)
            for user in members:
                self.entries[user] += 1
                others = [device for device in self.of_user[user] if device != sender]
                connected = [device for device in others if self.places[device].connected(at)]
                for device in others:
                    if device in connected:
                        self._online(device, size)
                    else:
                        self._offline(device, at, conversation, size)
                self.shared.add(user, others, connected, at, size)

    def _online(self, device: int, size: int) -> None:
        self.online[device] += 1
        self.online_bodies += size

    def _offline(self, device: int, at: float, conversation: int, size: int) -> None:
        place = self.places[device]
        fetched = min(place.next(self.end), self.traffic.horizon)
        self.offline[device] += 1
        self.waiting.add(size, fetched - at)
        self.missed[device, place.at] += 1
        self.missed_of.add((device, place.at, conversation))

    def followed(self, rest: bool) -> dict[int, Numbers]:
        """Return, for each size of conversation, how many with messages each device follows, on average over the time.

        Without `rest`, every conversation counts as one that has had messages.
        """
        horizon, members = self.traffic.horizon, self.traffic.members
        found: defaultdict[int, Numbers] = defaultdict(lambda: numpy.zeros(len(self.places)))
        for conversation, users in enumerate(members):
            there = (horizon - self.first.get(conversation, horizon)) / horizon if rest else 1.0
            for user in users:
                found[len(users)][self.of_user[user]] += there
        return dict(sorted(found.items()))


def _each(keys: list[int], devices: int) -> Numbers:
    """Return how often each device is among the keys."""
    return numpy.bincount(keys, minlength=devices).astype(numpy.float64)


def _within(sessions: list[Session], start: float, end: float) -> list[float]:
    """Return how many seconds of each session lie between two times, for those of which any do."""
    found = [min(b, end) - max(a, start) for a, b, _ in sessions]
    return [seconds for seconds in found if seconds > 0]


def profile(scenario: Scenario) -> Numbers:
    """Return how many times as often as on average messages come in each of equal parts of a scenario's time."""
    edges = numpy.linspace(0.0, scenario.duration, PARTS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    usual = 1.0 - numpy.cos(2 * numpy.pi * middles / DAY) if scenario.traffic.day_night else numpy.ones(PARTS)
    found = usual.copy()
    for burst in scenario.traffic.bursts:
        within = numpy.clip(
            numpy.minimum(edges[1:], burst.start + burst.length) - numpy.maximum(edges[:-1], burst.start), 0, None
        )
        found += usual * (burst.factor - 1) * within / (scenario.duration / PARTS)
    mean = float(found.mean())
    return found / mean if mean else numpy.ones(PARTS)


def count(traffic: Traffic, scenario: Scenario, *, rest: bool) -> Mix:
    """Count the statistics of traffic that was drawn of a scenario, in which devices neither appear nor are abandoned.

    `rest`: count also what follows until a simulation is at rest: sessions after the last message, and a last connection of
    every device that is not connected then. Else only the time of the traffic counts.
    """
    devices, horizon = traffic.initial_devices, traffic.horizon
    end = traffic.end if rest else horizon
    copies = _Copies(traffic, end, scenario.model.poll_interval)
    copies.count()
    sessions = traffic.sessions[:devices]
    away = [not any(a < end <= b for a, b, _ in each) for each in sessions]
    """Whether each device is not connected at the end, and connects once more."""
    lasted = [_within(each, 0.0, horizon) for each in sessions]
    interval = scenario.model.poll_interval
    beyond = [[seconds - interval for seconds in each if seconds > interval] for each in lasted]
    followed = copies.followed(rest)
    all_followed = sum(followed.values(), numpy.zeros(devices))
    return Mix(
        users=len(copies.of_user),
        seconds=horizon,
        profile=profile(scenario),
        sizes=tuple([(members, found.stock()) for members, found in sorted(copies.sizes.items())]),
        memberships=sum([len(members) for members in traffic.members]),
        online=copies.online,
        offline=copies.offline,
        online_bodies=copies.online_bodies,
        waiting=copies.waiting.stock(),
        own=copies.own,
        opened=copies.opened,
        connected_s=numpy.array([sum(each) for each in lasted]),
        long_sessions=numpy.array([float(len(each)) for each in beyond]),
        beyond_s=numpy.array([sum(each) for each in beyond]),
        after_s=numpy.array([sum(_within(each, horizon, end)) for each in sessions]),
        connects=numpy.array(
            [
                float(sum([0 < a < end for a, _, _ in each]) + (rest and out))
                for each, out in zip(sessions, away, strict=True)
            ]
        ),
        returns=_each([device for device, _ in copies.missed], devices),
        missed=_each([device for device, _, _ in copies.missed_of], devices),
        absences=Counter(copies.missed.values()),
        late=numpy.array(
            [float(out or any(horizon < a for a, _, _ in each)) for each, out in zip(sessions, away, strict=True)]
        )
        if rest
        else None,
        positions=sum([len(copies.of_user[user]) for members in traffic.members for user in members]),
        followed=all_followed,
        followed_by_size=tuple(followed.items()),
        entries=copies.entries,
        shared=copies.shared.close(),
    )
