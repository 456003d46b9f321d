"""Sessions: when a device is connected, drawn from a scenario, and opened to write a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from syncproof.inputs.random_draws import Numbers
from syncproof.inputs.traffic import Session

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario

LINGER = 120.0
"""Seconds that a session opened to write a message lasts."""


def drawn_sessions(
    scenario: Scenario, numbers: Numbers, user: int, slot: int, start: float, end: float
) -> list[Session]:
    """Draw the sessions of one device between two times; sessions and absences alternate."""
    import numpy

    presence = scenario.presence
    draw = numbers.of("presence", user * 64 + slot)
    if presence.offline == 0 or draw.random() < presence.always_online:
        return [(start, end, 0.0)]
    cycle = presence.online + presence.offline
    count = int((end - start) / cycle * 1.5 + 10 * ((end - start) / cycle) ** 0.5 + 10)
    online = draw.exponential(presence.online, count)
    offline = draw.exponential(presence.offline, count)
    if draw.random() < presence.online / cycle:
        offline[0] = 0.0
    ends = start + numpy.cumsum(online + offline)
    starts = ends - online
    dead = numpy.where(draw.random(count) < presence.half_open, draw.exponential(presence.dead, count) + 1e-3, 0.0)
    kept = int(numpy.searchsorted(starts, end))
    found = zip(starts[:kept].tolist(), ends[:kept].tolist(), dead[:kept].tolist(), strict=True)
    return [(a, b, d) if b < end else (a, end, 0.0) for a, b, d in found]


def open_to_send(sessions: list[list[Session]], times: Iterable[float], devices: Iterable[int], horizon: float) -> None:
    """Add a short session that begins at each message which is written while its device has none."""
    outside: dict[int, list[float]] = {}
    position = [0] * len(sessions)
    for at, device in zip(times, devices, strict=True):
        own = sessions[device]
        index = position[device]
        while index < len(own) and own[index][1] <= at:
            index += 1
        position[device] = index
        if index == len(own) or own[index][0] > at:
            outside.setdefault(device, []).append(at)
    for device, added in outside.items():
        sessions[device] = merged([*sessions[device], *((t, min(t + LINGER, horizon), 0.0) for t in added)])


def merged(sessions: list[Session]) -> list[Session]:
    """Return sessions sorted, overlapping ones joined; the latest end decides how the joined session ends."""
    merged: list[Session] = []
    for start, end, dead in sorted(sessions):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end, dead)
        else:
            merged.append((start, end, dead))
    return merged
