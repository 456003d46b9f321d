"""The simulated time, and the events in the order of their times."""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Event = tuple[float, float, Callable[[Any], object], Any]
"""The time, a serial number that makes ties deterministic, and a function with its argument: mostly a method of the world
with a handle. A handle that is void by then does nothing."""


class _HorizonReached(Exception):
    """The traffic has ended."""


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

        Such calls wait in a heap of their own, `far`, so that the heap in constant use stays small. That heap holds an
        entry only for the first of them, with the same time and serial, so the order of events is that of one heap.
        """
        self.serial += 1
        event: Event = (when, self.serial, function, handle)
        far = self.far
        if far and when < far[0][0]:
            heappush(self.heap, event)
            return
        heappush(far, event)
        if len(far) == 1:
            self._represent(event)

    def _call_first_far(self, _: None) -> None:
        """Call the first of the `far` events, and let the next one be represented in the heap."""
        far = self.far
        _when, _serial, function, handle = heappop(far)
        if far:
            self._represent(far[0])
        function(handle)

    def _represent(self, first: Event) -> None:
        """Put an entry for the first of the `far` events into the heap, with its time and serial."""
        event: Event = (first[0], first[1], self._call_first_far, None)
        heappush(self.heap, event)

    @property
    def events(self) -> int:
        """Return how many events have happened."""
        return self.serial - len(self.heap) - len(self.far) + bool(self.far)

    def run_until(self, horizon: float) -> None:
        """Run the events up to and at the horizon. The last one raises to end the loop, which then needs no test."""
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
        """Run events until there are none, or until `patience` of them have happened."""
        heap = self.heap
        while heap and patience > 0:
            patience -= 1
            self.now, _, function, handle = heappop(heap)
            function(handle)
