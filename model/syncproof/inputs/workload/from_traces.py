"""Traffic from a trace: who writes what and when, or who was connected and when; the rest is drawn from the scenario."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from syncproof.errors import InputError
from syncproof.inputs.durations import DAY
from syncproof.inputs.random_draws import Numbers
from syncproof.inputs.scenario import MOST
from syncproof.inputs.traffic import Session, Traffic
from syncproof.inputs.workload.messages import body_sizes
from syncproof.inputs.workload.population import device_counts, owners_of, slots_of
from syncproof.inputs.workload.sessions import drawn_sessions, open_to_send

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario
    from syncproof.inputs.traces import Trace

CONNECT, DISCONNECT, MESSAGE = range(3)
"""The events of a presence trace, as `traces.EVENTS` numbers them."""


def from_snap(scenario: Scenario, numbers: Numbers, trace: Trace) -> Traffic:
    """Take users, 1:1 conversations and messages from the trace, devices and presence from the scenario.

    A user exists from the first appearance until a day after the last one; outside of that its devices do not connect.
    """
    pairs: dict[tuple[int, int], int] = {}
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    conversations = []
    for at, a, b, _ in trace.rows:
        conversations.append(pairs.setdefault((min(a, b), max(a, b)), len(pairs)))
        for user in (a, b):
            first.setdefault(user, at)
            last[user] = at
    counts = device_counts(scenario, trace.users)
    _affordable(scenario, sum(n * (last[u] - first[u]) for u, n in enumerate(counts) if u in first))
    owners, firsts = owners_of(counts)
    horizon = trace.length + 1.0
    until = horizon + scenario.drained()
    slots = numbers.of("sending-device").random(len(trace.rows)).tolist()
    times = [row[0] for row in trace.rows]
    devices = [firsts[row[1]] + int(slot * counts[row[1]]) for row, slot in zip(trace.rows, slots, strict=True)]
    slot_of = slots_of(owners)
    sessions: list[list[Session]] = []
    for device, user in enumerate(owners):
        if user in first:
            end = min(last[user] + DAY, until)
            sessions.append(drawn_sessions(scenario, numbers, user, slot_of[device], first[user], end))
        else:
            sessions.append([])
    open_to_send(sessions, times, devices, until)
    sizes = body_sizes(scenario, numbers, len(times))
    return Traffic(
        owners,
        len(owners),
        list(pairs),
        times,
        devices,
        conversations,
        sizes,
        sessions,
        [],
        [],
        horizon,
        drain=scenario.drained(),
    )


def from_presence(scenario: Scenario, numbers: Numbers, trace: Trace) -> Traffic:
    """Take one group from the trace: the first device of each user connects as the trace says, others as the scenario says.

    A user whose first row is not a connect was connected before the log began; a message without a connection opens one.
    If a disconnect was dead since before the device's latest connect, it ended an older connection: the device came back
    before the server noticed, and the newer connection stays. Any other connect while connected ends the older connection
    cleanly at that moment. A disconnect without a connection ends nothing.
    """
    horizon = trace.length + 1.0
    rows_of: list[list[tuple[float, int, float]]] = [[] for _ in range(trace.users)]
    times = []
    senders = []
    for at, event, user, dead in trace.rows:
        rows_of[user].append((at, event, dead))
        if event == MESSAGE:
            times.append(at)
            senders.append(user)
    counts = device_counts(scenario, trace.users)
    owners, firsts = owners_of(counts)
    changes = []
    spans: list[list[tuple[float, float]]] = []
    for user, rows in enumerate(rows_of):
        spans.append(_membership(rows, scenario.presence.member_for, horizon))
        for start, end in spans[-1]:
            changes.append((start, "add", 0, user))
            if end < horizon:
                changes.append((end, "remove", 0, user))
    _affordable(scenario, sum((n - 1) * (b - a) for n, of in zip(counts, spans, strict=True) for a, b in of))
    slot_of = slots_of(owners)
    sessions = []
    for device, user in enumerate(owners):
        if slot_of[device] == 0:
            sessions.append(_connections(rows_of[user], horizon + scenario.drained()))
        else:
            sessions.append(
                [s for a, b in spans[user] for s in drawn_sessions(scenario, numbers, user, slot_of[device], a, b)]
            )
    sizes = body_sizes(scenario, numbers, len(times))
    return Traffic(
        owners,
        len(owners),
        [()],
        times,
        [firsts[user] for user in senders],
        [0] * len(times),
        sizes,
        sessions,
        sorted(changes),
        [],
        horizon,
        drain=scenario.drained(),
    )


def _affordable(scenario: Scenario, device_seconds: float) -> None:
    """Check that the sessions of a trace's users fit into memory. Raises `InputError` if not."""
    count = device_seconds / (scenario.presence.online + scenario.presence.offline)
    if scenario.presence.offline and count > MOST:
        raise InputError(
            f"{scenario.name}: presence.online: with this trace {count:.3g} sessions; allowed: at most {MOST:,} (--take "
            "a shorter part, or let sessions be longer)"
        )


def _membership(rows: list[tuple[float, int, float]], keep: float, horizon: float) -> list[tuple[float, float]]:
    """Return the spans in which a user counts as a member: from an appearance until `keep` seconds after the last one."""
    spans: list[tuple[float, float]] = []
    for at, _, _ in rows:
        if spans and at <= spans[-1][1]:
            spans[-1] = (spans[-1][0], min(at + keep, horizon))
        else:
            spans.append((at, min(at + keep, horizon)))
    return spans


def _connections(rows: list[tuple[float, int, float]], end: float) -> list[Session]:
    """Return the sessions of the device whose connections are in the trace; the last one lasts to the end."""
    if not rows:
        return []
    sessions: list[Session] = []
    since: float | None = None if rows[0][1] == CONNECT else -math.inf
    older: float | None = None
    for at, event, dead in rows:
        if event == MESSAGE:
            since = at if since is None else since
        elif event == CONNECT:
            if older is not None and since is not None:
                sessions.append((older, since, 0.0))
            older, since = since, at
        elif since is not None and at - dead < since and dead > 0:
            if older is not None:
                sessions.append((older, at - dead, dead))
            older = None
        elif since is not None:
            if older is not None:
                sessions.append((older, since, 0.0))
            sessions.append((since, at - dead, dead))
            older = since = None
    if older is not None and since is not None:
        sessions.append((older, since, 0.0))
    if since is not None:
        sessions.append((since, end, 0.0))
    return _separate(sessions)


def _separate(sessions: list[Session]) -> list[Session]:
    """Return the sessions in order: none before the start, none empty, none that overlaps the next one."""
    ordered = sorted((max(0.0, a), b, dead) for a, b, dead in sessions if b > max(0.0, a))
    following = [*(a for a, _, _ in ordered[1:]), math.inf]
    return [(a, min(b, after), dead) for (a, b, dead), after in zip(ordered, following, strict=False) if a < after]
