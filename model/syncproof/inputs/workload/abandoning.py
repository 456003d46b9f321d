"""Devices that are abandoned: from a drawn time on nobody uses them, and their users write on others."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from syncproof.inputs.random_draws import Numbers
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload.sessions import open_to_send

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario


def abandoning(scenario: Scenario, numbers: Numbers, traffic: Traffic) -> Traffic:
    """Let a share of the devices be used no more from drawn times on; each is drawn by itself."""
    if not scenario.population.abandoned:
        return traffic
    replaced = set(traffic.replaces.values())
    since = {device: at for at, device in traffic.joins}
    left: dict[int, float] = {}
    for device in range(len(traffic.owners)):
        chance, when = numbers.of("abandoned", device).random(2).tolist()
        begins = since.get(device, 0.0)
        if device not in replaced and chance < scenario.population.abandoned:
            left[device] = begins + when * (traffic.horizon - begins)
    of_user: dict[int, list[int]] = {}
    for device, user in enumerate(traffic.owners):
        of_user.setdefault(user, []).append(device)

    def sending(device: int, at: float) -> int | None:
        """Return the device on which its user writes then: this one, or the first that is still there."""
        if at < left.get(device, math.inf):
            return device
        there = [
            other
            for other in of_user[traffic.owners[device]]
            if since.get(other, 0.0) <= at < left.get(other, math.inf) and other not in replaced
        ]
        return there[0] if there else None

    found = [sending(device, at) for device, at in zip(traffic.devices, traffic.times, strict=True)]
    kept = [number for number, device in enumerate(found) if device is not None]
    renumbered = {number: new for new, number in enumerate(kept)}
    times, devices = [traffic.times[number] for number in kept], [device for device in found if device is not None]
    sessions = [list(each) for each in traffic.sessions]
    if scenario.presence.opens_to_send:
        open_to_send(sessions, times, devices, traffic.end)
    for device, at in left.items():
        sessions[device] = [(a, min(b, at), dead) for a, b, dead in sessions[device] if a < at]
    return replace(
        traffic,
        times=times,
        devices=devices,
        conversations=[traffic.conversations[number] for number in kept],
        sizes=[traffic.sizes[number] for number in kept],
        sessions=sessions,
        about={
            renumbered[n]: renumbered[other]
            for n, other in traffic.about.items()
            if n in renumbered and devices[renumbered[n]] == devices[renumbered[other]]
        },
        expiring=frozenset([renumbered[n] for n in traffic.expiring if n in renumbered]),
        abandoned=tuple(sorted((at, device, _dead(scenario, numbers, device)) for device, at in left.items())),
    )


def _dead(scenario: Scenario, numbers: Numbers, device: int) -> float:
    """Draw how long the server believes a device that is gone to be connected."""
    return float(numbers.of("abandoned and dead", device).exponential(scenario.presence.dead)) + 1e-3
