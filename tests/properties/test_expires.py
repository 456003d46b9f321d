"""`expires`: a message whose time is over is gone, and does not come back. Devices 1 and 2 are user 1's."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Openable, Placeholder
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties.device_log import DeviceLog
from tests.helpers.histories import History

NAME = "expires"


@pytest.fixture
def showing(history: History) -> History:
    """Return a history in which a message is shown on both devices of user 1."""
    history.sent(1)
    history.shown(1, 1)
    history.shown(2, 1)
    return history


def test_what_is_removed_everywhere_has_expired(showing) -> None:
    showing.expired(1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    assert showing.says(NAME) == []


def test_what_stays_on_the_users_other_device_is_a_violation(showing) -> None:
    showing.expired(1, 1)
    assert showing.says(NAME) == ["message 1 has expired, but device 2 still shows it"]


def test_the_device_of_another_user_has_a_time_of_its_own(showing) -> None:
    showing.shown(0, 1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    assert showing.says(NAME) == []


def test_what_left_the_logs_is_removed_on_every_device(showing) -> None:
    showing.shown(0, 1)
    showing.expired(1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    assert showing.says(NAME) == ["message 1 has expired, but device 0 still shows it"]


def test_what_is_shown_again_is_a_violation_at_once(showing) -> None:
    showing.expired(1, 1)
    showing.shown(1, 1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    assert showing.says(NAME) == ["device 1 shows message 1 again, which had expired there"]


def test_what_is_fetched_again_as_history_is_a_violation(showing) -> None:
    showing.expired(1, 1)
    showing.roamed(1, 0, 1, 1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    assert showing.says(NAME) == ["device 1 shows message 1 again, which had expired there"]


def test_a_device_that_joins_later_does_not_show_what_left_the_logs(showing) -> None:
    showing.expired(1)
    showing.expired(1, 1)
    showing.expired(1, 2)
    showing.joined(9, 1)
    showing.shown(9, 1)
    showing.expired(1, 9)
    assert showing.says(NAME) == ["device 9 joined after message 1 had expired, and shows it"]


def test_what_was_on_its_way_when_it_left_the_logs_may_be_shown(showing) -> None:
    showing.expired(1)
    showing.shown(0, 1)
    for device in (0, 1, 2):
        showing.expired(1, device)
    assert showing.says(NAME) == []


def test_what_a_device_forgot_it_may_show_again(showing) -> None:
    showing.expired(1, 1)
    showing.expired(1, 2)
    showing.forgot(1, 1)
    showing.shown(1, 1)
    showing.expired(1, 1)
    assert showing.says(NAME) == []


@pytest.mark.parametrize("leaves", ["retired", "abandoned"])
def test_a_device_that_is_gone_owes_nothing(showing, leaves: str) -> None:
    showing.expired(1, 1)
    getattr(showing, leaves)(2)
    assert showing.says(NAME) == []


# ---- what the other properties make of an expired message


def test_an_expired_message_is_owed_to_nobody(showing) -> None:
    showing.accepted(1)
    showing.expired(1)
    assert showing.says("no-loss") == []


def test_a_placeholder_of_an_expired_message_need_not_be_replaced(showing) -> None:
    showing.add(Placeholder(DeviceId(1), MessageId(1)))
    showing.add(Openable(DeviceId(1)))
    showing.accepted(1)
    showing.expired(1, 1)
    assert showing.says("no-loss") == []


def test_an_expired_message_need_be_nowhere_on_the_server(history) -> None:
    history.sent(1)
    history.queued(1, 1, (1,))
    history.expired(1)
    history.accepted(1)
    history.gone(1, 1)
    assert history.says("accepted-is-durable") == []


def test_convergence_compares_where_an_expired_message_is_left(showing) -> None:
    showing.expired(1, 1)
    assert showing.says("convergence") == ["message 1 has expired for user 1, but device 2 still shows it"]


def test_convergence_does_not_ask_for_an_expired_message(history) -> None:
    history.sent(1)
    history.shown(1, 1)
    history.expired(1, 1)
    assert history.says("convergence") == []


def test_convergence_does_not_compare_a_message_for_one_device(history) -> None:
    history.composed(1)
    history.placed(1, 1, devices=(0, 1))
    history.shown(1, 1)
    history.expired(1)
    assert history.says("convergence") == []


def test_the_void_of_an_expired_message_is_skipped(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.appended(2, 2)
    history.expired(1)
    history.shown(1, 2, seq=2)
    history.checkpointed(1, 2)
    assert [history.says(name) for name in ("prefix-order", "checkpoint-covered")] == [[], []]


def test_the_log_of_a_device_passes_an_expired_message(history) -> None:
    history.sent(1, 2)
    history.expired(1)
    history.shown(1, 2)
    machine = DeviceLog()
    assert [machine.react(observation) for observation in history.observations] == [None] * len(history.observations)


def test_what_a_device_removed_it_need_not_show_from_a_log(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.appended(2, 2)
    history.expired(1, 1)
    history.shown(1, 2, seq=2)
    history.checkpointed(1, 2)
    history.shown(2, 2, seq=2)
    assert history.says("prefix-order") == ["device 2 shows number 2 of sync timeline 1 and skips 1"]
    assert history.says("checkpoint-covered") == []


def test_history_may_leave_out_what_expired(history) -> None:
    history.sent(1, 2)
    history.joined(9, 1, [(0, 2)])
    history.expired(1)
    history.roamed(9, 0, 2, 2)
    assert history.says("roaming-complete") == []
