"""Sessions: when devices are connected, and that other draws do not change it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT, changed


def test_sessions_are_in_order_disjoint_and_within_the_run() -> None:
    made = generate(DEFAULT, 4)
    for sessions in made.sessions:
        assert all(0 <= start < end <= made.end and dead >= 0 for start, end, dead in sessions)
        assert all(one[1] <= other[0] for one, other in pairwise(sessions))


def test_devices_are_connected_for_the_stated_share_of_the_time() -> None:
    made = generate(changed(duration="30d", presence__opens_to_send=False, population__new_devices=0), 4)
    online = sum(end - start for sessions in made.sessions for start, end, _ in sessions)
    assert online / (made.end * len(made.owners)) == pytest.approx(0.75, abs=0.01)


def test_the_stated_share_of_sessions_ends_half_open() -> None:
    made = generate(changed(duration="30d", presence__opens_to_send=False, population__new_devices=0), 4)
    ends = [dead for sessions in made.sessions for _, end, dead in sessions if end < made.end]
    assert sum(dead > 0 for dead in ends) / len(ends) == pytest.approx(0.2, abs=0.01)
    assert sum(ends) / sum(dead > 0 for dead in ends) == pytest.approx(180.0, rel=0.03)


def test_a_session_that_the_end_cuts_is_not_half_open() -> None:
    made = generate(changed(presence__half_open=1.0), 4)
    assert all(dead == 0 for sessions in made.sessions for _, end, dead in sessions if end == made.end)


@pytest.mark.parametrize("values", [{"presence__offline": "0s"}, {"presence__always_online": 1.0}])
def test_a_device_that_never_disconnects_has_one_session(values: dict[str, object]) -> None:
    made = generate(changed(**values, population__new_devices=0), 4)
    assert all(sessions == [(0.0, made.end, 0.0)] for sessions in made.sessions)


def test_presence_of_a_device_does_not_depend_on_how_many_there_are() -> None:
    few, many = (
        generate(changed(population__devices_per_user=n, presence__opens_to_send=False, population__new_devices=0), 4)
        for n in (1, 3)
    )
    assert few.sessions == many.sessions[::3]


def test_presence_does_not_depend_on_the_messages() -> None:
    quiet, loud = (
        generate(changed(traffic__messages_per_user_per_day=rate, presence__opens_to_send=False), 4)
        for rate in (1.0, 500.0)
    )
    assert quiet.sessions == loud.sessions


def test_a_user_who_composes_connects_first() -> None:
    made = generate(DEFAULT, 4)
    for at, device in zip(made.times, made.devices, strict=True):
        assert any(start <= at <= end for start, end, _ in made.sessions[device])


def test_without_opening_to_send_some_messages_wait_in_the_outbox() -> None:
    made = generate(changed(presence__opens_to_send=False), 4)
    pairs = zip(made.times, made.devices, strict=True)
    assert not all(any(start <= at <= end for start, end, _ in made.sessions[device]) for at, device in pairs)
