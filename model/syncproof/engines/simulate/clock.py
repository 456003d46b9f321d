"""The simulated time, and what is due when."""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Event = tuple[float, float, Callable[[Any], object], Any]
"""When, a serial number that makes ties deterministic, and a function with its argument: mostly a method of the world with
a handle. A handle that is void by then does nothing."""


class _HorizonReached(Exception):
    """The traffic is over."""


class Clock:
    """The time `now` in seconds and the heap of events."""

    __slots__ = ("far", "heap", "now", "serial")

    def __init__(self) -> None:
        self.now = 0.0
        self.heap: list[Event] = []
        self.far: list[Event] = []
        self.serial = 0

    def at(self, when: float, function: Callable[[Any], object], handle: Any) -> None:
        """Schedule a call."""
        self.serial += 1
        heappush(self.heap, (when, self.serial, function, handle))

    def later(self, when: float, function: Callable[[Any], object], handle: Any) -> None:
        """Schedule a call that is probably hours away, such as each device's next session or poll.

        It waits in a heap of its own, `far`, so that the one in constant use stays small; there only the first of it
        is represented, under the same time and serial, so everything happens in the same order as with one heap.
        """
        self.serial += 1
        event: Event = (when, self.serial, function, handle)
        far = self.far
        if far and when < far[0][0]:
            heappush(self.heap, event)
            return
        heappush(far, event)
        if len(far) == 1:
            self._seat(event)

    def _due(self, _: None) -> None:
        """Call the first of what was far away; the next one takes its place in the heap."""
        far = self.far
        _when, _serial, function, handle = heappop(far)
        if far:
            self._seat(far[0])
        function(handle)

    def _seat(self, first: Event) -> None:
        """Represent the first of what is far away in the heap, under its time and serial."""
        event: Event = (first[0], first[1], self._due, None)
        heappush(self.heap, event)

    @property
    def events(self) -> int:
        """How many have happened."""
        return self.serial - len(self.heap) - len(self.far) + bool(self.far)

    def run_until(self, horizon: float) -> None:
        """Let happen what is due up to and at the horizon. An event that raises ends the loop, so the loop need not look."""
        last: Event = (horizon, math.inf, self._halt, None)
        heappush(self.heap, last)
        heap = self.heap
        try:
            while True:
                self.now, _, function, handle = heappop(heap)
                function(handle)
        except _HorizonReached:
            pass

    def _halt(self, _: None) -> None:
        raise _HorizonReached

    def run_dry(self, patience: int) -> None:
        """Let everything happen until nothing is due, or until `patience` events have happened."""
        heap = self.heap
        while heap and patience > 0:
            patience -= 1
            self.now, _, function, handle = heappop(heap)
            function(handle)
