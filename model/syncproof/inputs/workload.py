"""Generate traffic: who writes what and when, who is connected and when, who joins; from a scenario, or from a trace.

Every draw is keyed by (seed, purpose, user, ...). So the arrivals of messages do not change when devices are added, and
presence does not change when messages are added.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from syncproof.designs.registry import Population
from syncproof.errors import InputError
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.scenario import MOST

if TYPE_CHECKING:
    from numpy.random import Generator

    from syncproof.inputs.scenario import Scenario
    from syncproof.inputs.traces import Trace

DAY = 86400.0
CONNECT, DISCONNECT, MESSAGE = range(3)
"""The events of a presence trace, as `traces.EVENTS` numbers them."""
LINGER = 120.0
"""Seconds that a session opened to write a message lasts."""

Session = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Hold one run's input, the same for every design. Times are seconds from the start.

    `owners`: device -> user; devices from `initial_devices` on join at `joins`, `(time, device)`. `members`:
    conversation -> its first users. `times`, `devices`, `conversations`, `sizes`: the messages, in order; a message's
    id is its index. `sessions`: per device `(connect, disconnect, dead)`, in order and disjoint; if `dead` > 0, the
    session ends half-open and the server notices that `dead` seconds later. `replaces`: a joining device -> the device
    that it is a reinstall of. `abandoned`: `(time, device, dead)`, the devices that nobody uses from then on, in order of time;
    if one is connected then, the server notices `dead` seconds later. `about`: a recall -> the message that it recalls.
    `expiring`: the messages that expire.
    `changes`: `(time, "add" | "remove", conversation, user)`. `horizon`: when the messages end; presence and losses go on for
    `drain` seconds.
    """

    owners: list[int]
    initial_devices: int
    members: list[tuple[int, ...]]
    times: list[float]
    devices: list[int]
    conversations: list[int]
    sizes: list[int]
    sessions: list[list[Session]]
    changes: list[tuple[float, str, int, int]]
    joins: list[tuple[float, int]]
    horizon: float
    replaces: dict[int, int] = field(default_factory=dict)
    about: dict[int, int] = field(default_factory=dict)
    drain: float = 0.0
    abandoned: tuple[tuple[float, int, float], ...] = ()
    expiring: frozenset[int] = frozenset()

    @property
    def end(self) -> float:
        """Return when presence ends and the run begins to come to rest."""
        return self.horizon + self.drain

    @property
    def population(self) -> Population:
        """Return the devices' users and the conversations' members when the run begins."""
        return Population(tuple(self.owners[: self.initial_devices]), tuple(map(tuple, self.members)))

    def first(self, messages: int) -> Traffic:
        """Return the same traffic, ended after this many messages."""
        if messages >= len(self.times):
            return self
        horizon = self.times[messages]
        end = horizon + self.drain
        joins = [j for j in self.joins if j[0] < horizon]
        return replace(
            self,
            times=self.times[:messages],
            devices=self.devices[:messages],
            conversations=self.conversations[:messages],
            sizes=self.sizes[:messages],
            sessions=[[(a, min(b, end), dead) for a, b, dead in s if a < end] for s in self.sessions],
            changes=[c for c in self.changes if c[0] < horizon],
            joins=joins,
            horizon=horizon,
            replaces={new: old for new, old in self.replaces.items() if any(new == device for _, device in joins)},
            about={number: other for number, other in self.about.items() if number < messages},
            abandoned=tuple([each for each in self.abandoned if each[0] < horizon]),
        )


class _Numbers:
    """Make a numpy generator for each (purpose, index)."""

    def __init__(self, seed: int) -> None:
        self.draws = Draws(seed)
        self.salts: dict[str, int] = {}

    def of(self, purpose: str, index: int = 0) -> Generator:
        import numpy

        salt = self.salts.setdefault(purpose, self.draws.key(purpose))
        return numpy.random.Generator(numpy.random.Philox(key=[salt, index]))


def generate(scenario: Scenario, seed: int, trace: Trace | None = None) -> Traffic:
    """Generate the traffic of one run. Raises `InputError` if scenario and trace do not fit together."""
    wanted = scenario.traffic.trace
    numbers = _Numbers(seed)
    if trace is None:
        if wanted != "none":
            raise InputError(f"{scenario.name}: traffic.trace is {wanted!r}: name the file with --trace FILE")
        return _abandoning(scenario, numbers, _synthetic(scenario, numbers))
    if wanted != trace.kind:
        fits = {"snap": "campus", "presence": "irc-group"}[trace.kind]
        raise InputError(
            f"{trace.name} is a {trace.kind} trace, but {scenario.name} has traffic.trace = {wanted!r}; allowed: a "
            f"scenario with traffic.trace = {trace.kind!r}, such as {fits}"
        )
    make = _from_snap if trace.kind == "snap" else _from_presence
    return _abandoning(scenario, numbers, make(scenario, numbers, trace))


def _devices(scenario: Scenario, users: int) -> list[int]:
    """Return how many devices each user has."""
    count = scenario.population.devices_per_user
    return [count] * users if isinstance(count, int) else [count[u % len(count)] for u in range(users)]


def _owners(counts: list[int]) -> tuple[list[int], list[int]]:
    """Return device -> user, and each user's first device."""
    owners: list[int] = []
    firsts = []
    for user, count in enumerate(counts):
        firsts.append(len(owners))
        owners += [user] * count
    return owners, firsts


def _synthetic(scenario: Scenario, numbers: _Numbers) -> Traffic:
    users, horizon = scenario.population.users, scenario.duration
    members = _conversations(scenario, numbers)
    counts = _devices(scenario, users)
    owners, firsts = _owners(counts)
    times, senders, conversations, slots, sizes = _arrivals(scenario, numbers, members)
    devices = [firsts[u] + int(slot * counts[u]) for u, slot in zip(senders, slots, strict=True)]
    initial = len(owners)
    joins = []
    for number in range(scenario.population.new_devices):
        owners.append(number % users)
        joins.append((horizon * (0.3 + 0.4 * number / scenario.population.new_devices), initial + number))
    slot_of = _slots(owners)
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
    sessions = [_presence(scenario, numbers, owner, slot_of[d], 0.0, end) for d, owner in enumerate(owners)]
    for at, device in joins:  # a person who sets up a device is connected with it
        coming = [(max(a, at), b, dead) for a, b, dead in sessions[device] if b > at]
        sessions[device] = _merged([(at, min(at + LINGER, end), 0.0), *coming])
    if scenario.presence.opens_to_send:
        _open_to_send(sessions, times, devices, end)
    for at, device in joins:  # the device that it replaces is gone from that time on
        if device in replaces:
            sessions[replaces[device]] = [(a, min(b, at), dead) for a, b, dead in sessions[replaces[device]] if a < at]
    about = _recalls(scenario, numbers, devices, conversations)
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
        expiring=_expiring(scenario, numbers, len(devices), about),
    )


def _abandoning(scenario: Scenario, numbers: _Numbers, traffic: Traffic) -> Traffic:
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
        _open_to_send(sessions, times, devices, traffic.end)
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


def _dead(scenario: Scenario, numbers: _Numbers, device: int) -> float:
    """Draw how long the server believes a device that is gone to be connected."""
    return float(numbers.of("abandoned and dead", device).exponential(scenario.presence.dead)) + 1e-3


def _recalls(scenario: Scenario, numbers: _Numbers, devices: list[int], conversations: list[int]) -> dict[int, int]:
    """Draw which messages recall the previous one of the same device in the same conversation; a recall is not recalled."""
    found: dict[int, int] = {}
    if scenario.traffic.recalls:
        before: dict[tuple[int, int], int] = {}
        chances = numbers.of("recalls").random(len(devices)).tolist()
        for number, place in enumerate(zip(devices, conversations, strict=True)):
            if place in before and chances[number] < scenario.traffic.recalls:
                found[number] = before.pop(place)
            else:
                before[place] = number
    return found


def _expiring(scenario: Scenario, numbers: _Numbers, messages: int, about: dict[int, int]) -> frozenset[int]:
    """Draw which messages expire; a recall does not."""
    if not scenario.traffic.expiring:
        return frozenset()
    chances = numbers.of("expiring").random(messages).tolist()
    return frozenset([n for n, chance in enumerate(chances) if chance < scenario.traffic.expiring and n not in about])


def _slots(owners: list[int]) -> list[int]:
    """Return each device's number among its user's devices."""
    seen: dict[int, int] = {}
    slots = []
    for owner in owners:
        slots.append(seen.get(owner, 0))
        seen[owner] = slots[-1] + 1
    return slots


def _conversations(scenario: Scenario, numbers: _Numbers) -> list[tuple[int, ...]]:
    """Draw conversations: pairs, then groups. The first pairs form a ring, so that with enough pairs every user has one."""
    import numpy

    users, wanted = scenario.population.users, scenario.conversations
    pairs: dict[tuple[int, ...], None] = {}
    order = numbers.of("ring").permutation(users).tolist()
    for a, b in zip(order, order[1:] + order[:1], strict=True):
        if len(pairs) < wanted.pairs and a != b:
            pairs[(min(a, b), max(a, b))] = None
    chance = numbers.of("pairs")
    while len(pairs) < wanted.pairs:
        a, b = (int(x) for x in chance.integers(users, size=2))
        if a != b:
            pairs[(min(a, b), max(a, b))] = None
    size = wanted.group_size
    sizes = numpy.arange(size.min, size.max + 1)
    weights = sizes.astype(float) ** -size.zipf
    groups = []
    for number in range(wanted.groups):
        pick = numbers.of("group", number)
        count = int(pick.choice(sizes, p=weights / weights.sum()))
        groups.append(tuple(sorted(pick.choice(users, size=count, replace=False).tolist())))
    return [*pairs, *groups]


Arrival = tuple[float, int, int, float, int]
"""The time, the user, the conversation, the share of the user's devices before the one that sends, and the size."""


def _arrivals(
    scenario: Scenario, numbers: _Numbers, members: list[tuple[int, ...]]
) -> tuple[list[float], list[int], list[int], list[float], list[int]]:
    """Draw each user's messages as a Poisson process, each to one of the user's conversations; then those of each burst.

    Returns (times, users, conversations, slots, sizes), in the order of time.
    """
    found = _poisson(scenario, numbers, members, "", 0.0, scenario.duration, 1.0)
    for number, burst in enumerate(scenario.traffic.bursts):
        end = min(burst.start + burst.length, scenario.duration)
        found += _poisson(scenario, numbers, members, f"burst {number} ", burst.start, end, burst.factor - 1)
    found.sort()
    return (
        [f[0] for f in found],
        [f[1] for f in found],
        [f[2] for f in found],
        [f[3] for f in found],
        [f[4] for f in found],
    )


def _poisson(
    scenario: Scenario,
    numbers: _Numbers,
    members: list[tuple[int, ...]],
    purpose: str,
    start: float,
    end: float,
    factor: float,
) -> list[Arrival]:
    """Draw messages between two times, `factor` times as many as usual, in the order of time; all for one `purpose`."""
    import numpy

    of_user: list[tuple[list[int], list[int]]] = [([], []) for _ in range(scenario.population.users)]
    for conversation, users in enumerate(members):
        for user in users:
            of_user[user][conversation >= scenario.conversations.pairs].append(conversation)
    rate = scenario.traffic.messages_per_user_per_day / DAY * (end - start)
    found: list[tuple[float, int, int]] = []
    grid = density = None
    if scenario.traffic.day_night:
        grid = numpy.linspace(start, end, 2881)
        density = numpy.cumsum(1.0 - numpy.cos(2 * numpy.pi * grid / DAY))
        if purpose:  # as many as the hour has, not as the day has on average
            rate *= float(numpy.mean(1.0 - numpy.cos(2 * numpy.pi * grid / DAY)))
    for user, (pairs, groups) in enumerate(of_user):
        if not pairs and not groups:
            continue
        draw = numbers.of(f"{purpose}arrivals", user)
        count = int(draw.poisson(rate * factor))
        at = draw.random(count)
        if grid is None or density is None:
            at = start + at * (end - start)
        else:
            at = numpy.interp(at, (density - density[0]) / (density[-1] - density[0]), grid)
        to_group = draw.random(count) < scenario.conversations.group_share
        which = draw.random(count)
        for t, group, share in zip(at.tolist(), to_group.tolist(), which.tolist(), strict=True):
            choices = (groups or pairs) if group else (pairs or groups)
            found.append((t, user, choices[int(share * len(choices))]))
    found.sort()
    slots = numbers.of(f"{purpose}sending-device").random(len(found)).tolist()
    sizes = _sizes(scenario, numbers, len(found), f"{purpose}sizes")
    return [(*each, slot, size) for each, slot, size in zip(found, slots, sizes, strict=True)]


def _sizes(scenario: Scenario, numbers: _Numbers, count: int, purpose: str = "sizes") -> list[int]:
    import numpy

    body = scenario.traffic.body_bytes
    drawn = body.median * numpy.exp(body.sigma * numbers.of(purpose).standard_normal(count))
    sizes: list[int] = numpy.maximum(1, numpy.rint(drawn)).astype(int).tolist()
    return sizes


def _presence(scenario: Scenario, numbers: _Numbers, user: int, slot: int, start: float, end: float) -> list[Session]:
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


def _open_to_send(
    sessions: list[list[Session]], times: Iterable[float], devices: Iterable[int], horizon: float
) -> None:
    """Add a session for every message that is written outside a session."""
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
        sessions[device] = _merged([*sessions[device], *((t, min(t + LINGER, horizon), 0.0) for t in added)])


def _merged(sessions: list[Session]) -> list[Session]:
    """Return sessions sorted, overlapping ones joined; the latest end decides how the joined session ends."""
    merged: list[Session] = []
    for start, end, dead in sorted(sessions):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end, dead)
        else:
            merged.append((start, end, dead))
    return merged


def _affordable(scenario: Scenario, device_seconds: float) -> None:
    """Check that the sessions of a trace's users fit into memory. Raises `InputError` if not."""
    count = device_seconds / (scenario.presence.online + scenario.presence.offline)
    if scenario.presence.offline and count > MOST:
        raise InputError(
            f"{scenario.name}: presence.online: with this trace {count:.3g} sessions; allowed: at most {MOST:,} (--take "
            "a shorter part, or let sessions be longer)"
        )


def _from_snap(scenario: Scenario, numbers: _Numbers, trace: Trace) -> Traffic:
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
    counts = _devices(scenario, trace.users)
    _affordable(scenario, sum(n * (last[u] - first[u]) for u, n in enumerate(counts) if u in first))
    owners, firsts = _owners(counts)
    horizon = trace.length + 1.0
    until = horizon + scenario.drained()
    slots = numbers.of("sending-device").random(len(trace.rows)).tolist()
    times = [row[0] for row in trace.rows]
    devices = [firsts[row[1]] + int(slot * counts[row[1]]) for row, slot in zip(trace.rows, slots, strict=True)]
    slot_of = _slots(owners)
    sessions: list[list[Session]] = []
    for device, user in enumerate(owners):
        if user in first:
            end = min(last[user] + DAY, until)
            sessions.append(_presence(scenario, numbers, user, slot_of[device], first[user], end))
        else:
            sessions.append([])
    _open_to_send(sessions, times, devices, until)
    sizes = _sizes(scenario, numbers, len(times))
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


def _from_presence(scenario: Scenario, numbers: _Numbers, trace: Trace) -> Traffic:
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
    counts = _devices(scenario, trace.users)
    owners, firsts = _owners(counts)
    changes = []
    spans: list[list[tuple[float, float]]] = []
    for user, rows in enumerate(rows_of):
        spans.append(_membership(rows, scenario.presence.member_for, horizon))
        for start, end in spans[-1]:
            changes.append((start, "add", 0, user))
            if end < horizon:
                changes.append((end, "remove", 0, user))
    _affordable(scenario, sum((n - 1) * (b - a) for n, of in zip(counts, spans, strict=True) for a, b in of))
    slot_of = _slots(owners)
    sessions = []
    for device, user in enumerate(owners):
        if slot_of[device] == 0:
            sessions.append(_connections(rows_of[user], horizon + scenario.drained()))
        else:
            sessions.append(
                [s for a, b in spans[user] for s in _presence(scenario, numbers, user, slot_of[device], a, b)]
            )
    sizes = _sizes(scenario, numbers, len(times))
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
