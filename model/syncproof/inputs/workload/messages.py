"""Messages: when each user writes, to which conversation, of which size; which are recalls, and which expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncproof.inputs.durations import DAY
from syncproof.inputs.random_draws import Numbers

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario

Arrival = tuple[float, int, int, float, int]
"""The time, the user, the conversation, the share of the user's devices before the one that sends, and the size."""


def arrivals(
    scenario: Scenario, numbers: Numbers, members: list[tuple[int, ...]]
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
    numbers: Numbers,
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
    sizes = body_sizes(scenario, numbers, len(found), f"{purpose}sizes")
    return [(*each, slot, size) for each, slot, size in zip(found, slots, sizes, strict=True)]


def body_sizes(scenario: Scenario, numbers: Numbers, count: int, purpose: str = "sizes") -> list[int]:
    """Draw the sizes of the bodies of `count` messages."""
    import numpy

    body = scenario.traffic.body_bytes
    drawn = body.median * numpy.exp(body.sigma * numbers.of(purpose).standard_normal(count))
    sizes: list[int] = numpy.maximum(1, numpy.rint(drawn)).astype(int).tolist()
    return sizes


def recalls_of(scenario: Scenario, numbers: Numbers, devices: list[int], conversations: list[int]) -> dict[int, int]:
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


def expiring_of(scenario: Scenario, numbers: Numbers, messages: int, about: dict[int, int]) -> frozenset[int]:
    """Draw which messages expire; a recall does not."""
    if not scenario.traffic.expiring:
        return frozenset()
    chances = numbers.of("expiring").random(messages).tolist()
    return frozenset([n for n, chance in enumerate(chances) if chance < scenario.traffic.expiring and n not in about])
