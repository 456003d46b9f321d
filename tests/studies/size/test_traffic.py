"""What is counted in traffic, by hand, and how it is scaled."""

from __future__ import annotations

import pytest

from syncproof.inputs.scenario import Scenario
from syncproof.studies.size import traffic
from syncproof.studies.size.mix import Mix, Stock
from tests.studies.size.conftest import SMALL, TEN_MINUTES, two_users


def test_a_copy_is_for_a_device_that_is_connected_or_not(mix: Mix) -> None:
    assert mix.online.tolist() == [0, 1, 0]
    assert mix.offline.tolist() == [0, 0, 1]
    assert mix.own.tolist() == [1, 0, 0]
    assert mix.entries.tolist() == [1, 1]


def test_messages_are_counted_by_the_size_of_their_conversation(mix: Mix) -> None:
    assert mix.sizes == ((2, Stock(1, 100, 480.0, 48000.0)),)
    assert mix.copied() == Stock(2, 200, 960.0, 96000.0)
    assert mix.copied(1).rows == 0


def test_a_copy_waits_for_the_next_connection(mix: Mix) -> None:
    assert mix.waiting == Stock(1, 100, 240.0, 24000.0)
    assert (mix.returns.tolist(), mix.missed.tolist(), dict(mix.absences)) == ([0, 0, 1], [0, 0, 1], {1: 1})


def test_a_shared_copy_is_pushed_to_the_first_connected_device(mix: Mix) -> None:
    assert (mix.shared.copies, mix.shared.pushed.tolist(), mix.shared.waiting.rows) == (1, [0, 1, 0], 0)


def test_connections_and_the_seconds_they_last_are_counted(mix: Mix) -> None:
    assert mix.connects.tolist() == [0, 0, 1]  # a session that begins before the traffic is not counted
    assert mix.connected_s.tolist() == [600, 600, 120]


def test_a_position_is_kept_for_each_conversation_of_a_device_also_a_silent_one() -> None:
    found = traffic.count(two_users(members=[(0, 1), (0, 1), (1,)]), TEN_MINUTES, rest=True)
    assert found.positions == 3 + 3 + 2


def test_until_rest_a_device_that_is_away_connects_once_more() -> None:
    found = traffic.count(two_users(drain=900.0), TEN_MINUTES, rest=True)
    assert found.connects.tolist() == [1, 1, 2]
    assert found.late is not None
    assert found.late.tolist() == [1, 1, 1]


def test_a_day_has_a_quiet_night_and_a_busy_noon() -> None:
    found = traffic.profile(Scenario.model_validate({**SMALL, "duration": "1d", "traffic": {"day_night": True}}))
    assert found.mean() == pytest.approx(1)
    assert (found[0], found[len(found) // 2]) == pytest.approx((0, 2), abs=0.01)


def test_a_burst_is_a_part_of_the_time_with_more_messages() -> None:
    """Three times as many in half of the time are twice as many in all: half as often as the mean, and one and a half times."""
    burst = {"start": "0s", "length": "90m", "factor": 3.0}
    found = traffic.profile(Scenario.model_validate({**SMALL, "traffic": {"bursts": [burst]}}))
    assert (found[0], found[-1]) == pytest.approx((1.5, 0.5))


def test_a_recall_has_no_body() -> None:
    found = traffic.count(two_users(times=[60.0, 120.0], devices=[0, 0], conversations=[0, 0], sizes=[100, 70], about={1: 0}),
                          TEN_MINUTES, rest=False)  # fmt: skip
    assert found.written.bodies == 100


def test_twice_the_messages_are_twice_the_copies_and_fewer_empty_absences(mix: Mix) -> None:
    found = mix.with_messages(2)
    assert (found.written.rows, found.online.sum(), found.offline.sum()) == (2, 2, 2)
    assert found.returns.max() <= found.connects.max()


def test_more_members_are_more_copies_of_as_many_messages(mix: Mix) -> None:
    found = mix.with_members(3)
    assert found.written == mix.written
    assert found.copied().rows == 6
    assert found.online.sum() + found.offline.sum() == pytest.approx(
        3 * 3 - 1
    )  # three times as many devices, without one


def test_a_mix_of_large_groups_has_no_small_ones(mix: Mix) -> None:
    found = mix.in_groups_of(1000)
    assert found.copied(999).rows == 0
    assert found.copied().rows == 1000
