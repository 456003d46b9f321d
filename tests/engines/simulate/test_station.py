"""The station: draws by what an operation is for, work and waits until the horizon, bytes per store."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Message, MessageId, Timeline
from syncproof.designs.packets import Commit, Copied, Indexed
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.station import READ, WRITTEN, Station
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.sections.infrastructure import StorageSection


def station(**storage: Any) -> Station:
    table = {"service_ms": {"median": 1000.0, "sigma": 0.0}, "per_row_ms": 0.0, "parallel": 1, **storage}
    return Station(Clock(), Draws(3), StorageSection.model_validate(table))


def message(number: int) -> Message:
    return Message(MessageId(number), DeviceId(0), ConversationId(0))


SOURCE = ConnectionId.of(0, 1)
DRAWN: dict[str, Any] = {"service_ms": {"median": 1000.0, "sigma": 0.5}, "parallel": 1000}

# ---- draws


def test_the_time_of_an_operation_does_not_depend_on_those_before() -> None:
    one, other = station(**DRAWN), station(**DRAWN)
    first = [one.operate("a", WRITTEN, 1, Commit(message(n), SOURCE)) for n in range(20)]
    for n in range(30):
        other.operate("b", READ, 1, None)
        other.operate("c", WRITTEN, 1, Copied(Timeline("inbox", n), message(n), 1))
    assert [other.operate("a", WRITTEN, 1, Commit(message(n), SOURCE)) for n in reversed(range(20))] == first[::-1]


def test_the_write_before_the_accept_takes_the_same_time_whatever_the_design_calls_it() -> None:
    one, other = station(**DRAWN), station(**DRAWN)
    assert [one.operate("a", WRITTEN, 3, Commit(message(n), SOURCE)) for n in range(20)] == [
        other.operate("b", WRITTEN, 1, Indexed(message(n), SOURCE)) for n in range(20)
    ]


def test_copies_for_two_devices_and_two_attempts_take_times_of_their_own() -> None:
    one = station(**DRAWN)
    copies = [Copied(Timeline("inbox", n), message(5), 1) for n in (1, 2, 1)]
    assert len({one.operate("a", WRITTEN, 1, copy) for copy in copies}) == 3


# ---- until the horizon


def test_work_that_is_queued_at_the_horizon_is_not_done() -> None:
    one = station()
    for _ in range(10):
        one.operate("a", READ, 0, None)
    one.clock.now = 4.25
    one.reach_horizon()
    assert one.busy_at_horizon == 4.25


def test_work_that_the_warm_up_leaves_keeps_the_station_busy() -> None:
    one = station(parallel=2)
    for _ in range(20):
        one.operate("a", READ, 0, None)
    one.clock.now = 0.5
    one.forget_counts()
    assert one.busy_s == 19
    one.clock.now = 4.0
    one.reach_horizon()
    assert one.busy_at_horizon == 7


def test_work_that_is_done_at_the_horizon_counts_whole() -> None:
    one = station(parallel=2)
    for _ in range(3):
        one.operate("a", READ, 0, None)
    one.clock.now = 1.5
    one.reach_horizon()
    assert one.busy_at_horizon == 1 + 1.5
    one.clock.now = 9.0
    one.reach_horizon()
    assert one.busy_at_horizon == 3


def test_a_lump_of_idle_polls_is_work_too_but_never_more_than_all_the_time() -> None:
    one = station()
    one.clock.now = 10.0
    one.charge_idle("a", 0, 4)
    one.reach_horizon()
    assert one.busy_at_horizon == 4
    one.charge_idle("a", 0, 40)
    one.reach_horizon()
    assert one.busy_at_horizon == 10


def test_waits_are_counted_and_none_for_those_that_begin_at_once() -> None:
    one = station()
    for _ in range(4):
        one.operate("a", READ, 0, None)
    one.reach_horizon()
    waits = one.waits_at_horizon
    assert [waits.quantile(share) for share in (0.25, 0.5, 0.75, 1.0)] == pytest.approx([0, 1, 2, 3], rel=0.01)


# ---- bytes


def test_mean_bytes_are_weighted_with_their_time() -> None:
    one = station()
    one.change("a", 100)
    one.clock.now = 2.0
    one.change("b", 300)
    one.clock.now = 3.0
    one.change("a", -100)
    one.clock.now = 4.0
    one.reach_horizon()
    assert one.stored_mean == (2 * 100 + 400 + 300) / 4
    assert one.stored_peak == 400
    assert one.stored == {"a": 0, "b": 300}


def test_a_restore_takes_back_what_was_stored_since_the_backup() -> None:
    one = station()
    one.change("a", 100)
    one.change("b", 10)
    one.keep()
    one.change("a", -40)
    one.change("c", 5)
    one.take_back()
    assert one.stored == {"a": 100, "b": 10, "c": 0}
    assert one.taken_back == {"a": -40, "c": 5}


def test_what_does_not_add_up_is_listed() -> None:
    one = station()
    one.change("a", 100)
    one.change("b", 7)
    assert one.imbalance({"a": 60, "b": 7, "c": 0}) == {"a": (100, 60)}
