"""Who there is: how many devices users have, whose each device is, and who talks to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncproof.inputs.random_draws import Numbers

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario


def device_counts(scenario: Scenario, users: int) -> list[int]:
    """Return how many devices each user has."""
    count = scenario.population.devices_per_user
    return [count] * users if isinstance(count, int) else [count[u % len(count)] for u in range(users)]


def owners_of(counts: list[int]) -> tuple[list[int], list[int]]:
    """Return device -> user, and each user's first device."""
    owners: list[int] = []
    firsts = []
    for user, count in enumerate(counts):
        firsts.append(len(owners))
        owners += [user] * count
    return owners, firsts


def slots_of(owners: list[int]) -> list[int]:
    """Return each device's number among its user's devices."""
    seen: dict[int, int] = {}
    slots = []
    for owner in owners:
        slots.append(seen.get(owner, 0))
        seen[owner] = slots[-1] + 1
    return slots


def conversations_of(scenario: Scenario, numbers: Numbers) -> list[tuple[int, ...]]:
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
