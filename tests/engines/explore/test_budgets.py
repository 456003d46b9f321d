"""Counters of what may still happen: which place each fault and each bounded timer has, and what is left after it."""

from __future__ import annotations

import math

import pytest

from syncproof.core.environment import Environment
from syncproof.core.moves import Connect, Crash, Disconnect, Lose
from syncproof.core.packets import Packet
from syncproof.core.values import SERVER, DeviceId
from syncproof.engines.explore.budgets import NONE_LEFT, Budgets, one_less
from syncproof.engines.explore.encoding import Left, Slot, ValueCount

PHONE = DeviceId(0)


class Again(Packet, frozen=True, gc=False):
    """A retransmission timer."""


class SecondTimer(Packet, frozen=True, gc=False):
    """Another one."""


def budgets() -> Budgets:
    """Return the counters of three faults, of which one may not happen, and of two timers."""
    may = {"device-crash": 2, "server-crash": 0, "push-lost": math.inf}
    return Budgets(
        Environment(budgets=may, early={Again: 3, SecondTimer: 0}), Slot("scripts and budgets", ValueCount())
    )


def test_faults_come_first_and_timers_after_them() -> None:
    found = budgets()
    assert found.names == ["device-crash", "push-lost"]
    assert found.early == {Again: 2, SecondTimer: 3}
    assert found.initial == (2, math.inf, 3, 0)
    assert len(found.spent) == 4


def test_a_move_costs_its_fault() -> None:
    found = budgets()
    assert found.of(Crash(PHONE)) == 0
    assert found.of(Lose(PHONE, Again())) == 1
    assert [found.of(move) for move in (Crash(SERVER), Disconnect(PHONE, True), Connect(PHONE))] == [None, None, None]


@pytest.mark.parametrize(("place", "left"), [(0, [1, 0]), (1, [math.inf] * 5), (2, [2, 1, 0]), (3, [])])
def test_a_budget_is_spent_one_by_one(place: int, left: list[float]) -> None:
    found = budgets()
    value = found.slot.intern(Left((), 0, found.initial, ()))
    for expected in left:
        after = found.spend(value, place)
        assert after != NONE_LEFT
        assert found.spent[place][value] == after
        now = found.slot.values[after].budgets
        assert now == (*found.initial[:place], expected, *found.initial[place + 1 :])
        value = after
    if place != 1:
        assert found.spend(value, place) == found.spent[place][value] == NONE_LEFT


def test_one_counter_is_reduced() -> None:
    assert one_less((3, 2, 1), 1) == (3, 1, 1)
    assert one_less((math.inf, 1), 0) == (math.inf, 1)
