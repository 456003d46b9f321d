"""Traffic that is drawn entirely from a scenario, without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncproof.inputs.random_draws import Numbers
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload.messages import arrivals, expiring_of, recalls_of
from syncproof.inputs.workload.population import conversations_of, device_counts, owners_of, slots_of
from syncproof.inputs.workload.sessions import LINGER, drawn_sessions, merged, open_to_send

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario


def synthetic(scenario: Scenario, numbers: Numbers) -> Traffic:
    """Draw who there is, what is written, who joins, and when devices are connected."""
    users, horizon = scenario.population.users, scenario.duration
    members = conversations_of(scenario, numbers)
    counts = device_counts(scenario, users)
    owners, firsts = owners_of(counts)
    times, senders, conversations, slots, sizes = arrivals(scenario, numbers, members)
    devices = [firsts[u] + int(slot * counts[u]) for u, slot in zip(senders, slots, strict=True)]
    initial = len(owners)
    joins = []
    for number in range(scenario.population.new_devices):
        owners.append(number % users)
        joins.append((horizon * (0.3 + 0.4 * number / scenario.population.new_devices), initial + number))
    slot_of = slots_of(owners)
    replaces: dict[int, int] = {}
    for number in range(min(scenario.population.reinstalls, users)):
        at = horizon * (0.3 + 0.4 * number / scenario.population.reinstalls)
        replaces[len(owners)] = old = firsts[number]
        joins.append((at, len(owners)))
        slot_of.append(slot_of[old])
        devices = [len(owners) if d == old and t >= at else d for t, d in zip(times, devices, strict=True)]
        owners.append(number)
    joins.sort()
    end = horizon + scenario.drained()
    sessions = [drawn_sessions(scenario, numbers, owner, slot_of[d], 0.0, end) for d, owner in enumerate(owners)]
    for at, device in joins:  # a person who sets up a device is connected with it
        coming = [(max(a, at), b, dead) for a, b, dead in sessions[device] if b > at]
        sessions[device] = merged([(at, min(at + LINGER, end), 0.0), *coming])
    if scenario.presence.opens_to_send:
        open_to_send(sessions, times, devices, end)
    for at, device in joins:  # the device that it replaces is gone from that time on
        if device in replaces:
            sessions[replaces[device]] = [(a, min(b, at), dead) for a, b, dead in sessions[replaces[device]] if a < at]
    about = recalls_of(scenario, numbers, devices, conversations)
    return Traffic(
        owners,
        initial,
        members,
        times,
        devices,
        conversations,
        sizes,
        sessions,
        [],
        joins,
        horizon,
        replaces,
        about,
        scenario.drained(),
        expiring=expiring_of(scenario, numbers, len(devices), about),
    )
