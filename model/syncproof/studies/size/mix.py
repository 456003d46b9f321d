"""Hold what traffic contains, in the numbers that the formulas need, and scale it.

The small population of a scenario is a sample of a large one: a mix is counted in one drawn run (`traffic.py`) and scaled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

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
    profile: Numbers
    """How many times as often as on average messages come, in each of equal parts of the time."""
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
    opened: Numbers
    """Connections opened to write a message."""
    connected_s: Numbers
    """Seconds connected while there is traffic."""
    long_sessions: Numbers
    """Sessions, while there is traffic, that last longer than a poll interval."""
    beyond_s: Numbers
    """How many seconds longer these last than a poll interval, added up."""
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
    """(device, conversation of its user) pairs."""
    followed: Numbers
    """Conversations of the device's user that have messages, on average over the time."""
    followed_by_size: tuple[tuple[int, Numbers], ...]
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

    def in_groups_of(self, members: int) -> Mix:
        """Return the same messages to conversations that all have so many members."""
        found = self.with_members(members * self.written.rows / self.copied().rows)
        return replace(found, sizes=((members, self.written),))

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
