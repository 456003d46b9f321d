"""device-log against histories written by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncproof.inputs.own_properties import judged
from tests.helpers.histories import History

SHOW = "the abstract machine has no step `show` here: "


@pytest.fixture(autouse=True)
def _device_log() -> Iterator[None]:
    with judged((), ["device-log"]):
        yield


def test_the_conversations_order_each_once_is_right(history: History) -> None:
    history.sent(1, 2)
    for device in (1, 0, 2):
        history.shown(device, 1)
    for device in (0, 1):
        history.shown(device, 2)
    assert history.says("device-log") == []


def test_a_message_that_is_owed_may_not_be_passed(history: History) -> None:
    history.sent(1, 2)
    history.shown(1, 2)
    assert history.says("device-log") == [
        SHOW + "device 1 shows message 2 before message 1, the next one of conversation 0 for it"
    ]


def test_the_first_wrong_step_is_the_only_one_that_is_told(history: History) -> None:
    history.sent(1, 2)
    history.shown(1, 2)
    history.shown(1, 1)
    history.shown(0, 2)
    assert len(history.says("device-log")) == 1


def test_a_message_is_shown_once(history: History) -> None:
    history.sent(1)
    history.shown(1, 1)
    history.shown(1, 1)
    assert history.says("device-log") == [SHOW + "device 1 shows message 1 a second time"]


def test_no_earlier_message_is_shown_later(history: History) -> None:
    history.sent(1)
    history.composed(2)
    history.placed(2, 2, devices=(0, 1))
    history.shown(2, 1)
    history.shown(2, 2)  # device 2 is another device of a member: it may show what is not owed to it
    history.shown(2, 1)
    assert history.says("device-log") == [SHOW + "device 2 shows message 1 after message 2, a later one"]


def test_a_message_that_is_not_owed_may_be_passed(history: History) -> None:
    history.composed(1)
    history.placed(1, 1, devices=(0, 1))
    history.sent(2)
    history.shown(2, 2)
    assert history.says("device-log") == []


def test_a_message_without_a_place_is_not_shown(history: History) -> None:
    history.composed(1)
    history.shown(1, 1)
    assert history.says("device-log") == [SHOW + "device 1 shows message 1, which has taken no place"]


def test_a_message_is_shown_to_members(history: History) -> None:
    history.composed(1)
    history.placed(1, 1, users=(1,), devices=(1, 2))
    history.shown(0, 1)  # on the device that composed it all the same
    assert history.says("device-log") == []
    history.joined(3, 0)
    history.shown(3, 1)
    assert history.says("device-log") == [SHOW + "device 3 shows message 1, which is not for it"]


@pytest.mark.parametrize(
    ("message", "place", "says"),
    [
        (1, 2, "message 1 takes a place a second time"),
        (2, 1, "message 2 takes place 1 of conversation 0 after place 1"),
    ],
)
def test_a_message_takes_the_next_place_once(history: History, message: int, place: int, says: str) -> None:
    history.sent(1)
    history.placed(message, place)
    assert history.says("device-log") == [f"the abstract machine has no step `place` here: {says}"]


def test_a_restored_device_goes_on_where_its_backup_ends(history: History) -> None:
    history.sent(1, 2)
    history.shown(1, 1)
    history.shown(1, 2)
    history.forgot(1, 2, reached=[(0, 1)])
    history.shown(1, 2)
    assert history.says("device-log") == []
