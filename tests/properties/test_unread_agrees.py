"""`unread-agrees`: what a device shows as unread is what is unread there. Device 0 is user 0's, devices 1 and 2 are user 1's."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Shown, Unread
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties.evidence import Watch
from syncproof.properties.unread_agrees import UnreadAgrees
from tests.helpers.histories import History

NAME = "unread-agrees"


@pytest.fixture
def history(history: History) -> History:
    """Return a history in which two messages of user 0 are shown on both devices of user 1, which count them."""
    history.sent(1, 2)
    for device in (1, 2):
        history.shown(device, 1)
        history.shown(device, 2)
        history.unread(device, 2)
    return history


def read(history: History, *devices: int, upto: int = 1) -> None:
    """Let user 1 read, and these devices apply that."""
    history.changed(8, what="read", which=0, version=upto, device=1)
    for device in devices:
        history.amended(device, upto, 8, what="read", which=0)


def test_messages_of_others_that_are_shown_count(history) -> None:
    assert history.says(NAME) == []


def test_another_count_is_a_violation(history) -> None:
    history.unread(1, 1)
    assert history.says(NAME) == [
        "device 1 shows 1 unread in conversation 0, but 2 are",
        "user 1 sees 2 unread in conversation 0 on device 2, but 1 on device 1",
    ]


def test_what_is_read_counts_no_more(history) -> None:
    read(history, 1, 2)
    history.unread(1, 1)
    history.unread(2, 1)
    assert history.says(NAME) == []


def test_a_count_that_ignores_a_marker_is_a_violation(history) -> None:
    read(history, 1, 2)
    history.unread(1, 1)
    assert "device 2 shows 2 unread in conversation 0, but 1 are" in history.says(NAME)


def test_a_marker_that_never_arrives_makes_the_devices_differ(history) -> None:
    read(history, 1)
    history.unread(1, 1)
    assert history.says(NAME) == ["user 1 sees 2 unread in conversation 0 on device 2, but 1 on device 1"]


def test_what_is_recalled_counts_no_more(history) -> None:
    history.changed(8, which=2)
    for device in (1, 2):
        history.amended(device, 8, 8, which=2, final=True)
        history.unread(device, 1)
    assert history.says(NAME) == []


def test_what_is_edited_counts(history) -> None:
    history.changed(8, which=2)
    history.amended(1, 8, 8, which=2)
    assert history.says(NAME) == []


def test_what_has_expired_counts_no_more(history) -> None:
    for device in (1, 2):
        history.expired(2, device)
        history.unread(device, 1)
    assert history.says(NAME) == []


def test_a_count_of_what_has_expired_is_a_violation(history) -> None:
    history.expired(2, 1)
    history.expired(2, 2)
    history.unread(2, 1)
    assert "device 1 shows 2 unread in conversation 0, but 1 are" in history.says(NAME)


def test_a_message_of_the_same_user_does_not_count(history) -> None:
    history.composed(3, 2)
    history.placed(3, 3)
    history.shown(1, 3)
    assert history.says(NAME) == []


def test_a_device_with_another_audience_is_not_compared(history) -> None:
    history.joined(9, 1)
    history.composed(3)
    history.placed(3, 3, devices=(0, 1, 2, 9))
    for device, count in ((1, 3), (2, 3), (9, 1)):
        history.shown(device, 3)
        history.unread(device, count)
    assert history.says(NAME) == []


def test_what_a_device_forgot_counts_no_more(history) -> None:
    history.forgot(1, 2)
    history.unread(1, 1)
    history.unread(2, 2)
    assert "device 1 shows 1 unread in conversation 0, but 2 are" not in history.says(NAME)


def test_a_marker_that_a_device_forgot_is_not_applied(history) -> None:
    read(history, 1, 2)
    history.unread(2, 1)
    history.forgot(1, 8)
    assert history.says(NAME) == ["user 1 sees 1 unread in conversation 0 on device 2, but 2 on device 1"]


def test_a_device_that_says_no_count_is_not_compared(history) -> None:
    history.joined(9, 1)
    history.composed(3, 1)
    assert history.says(NAME) == []


@pytest.mark.parametrize("leaves", ["retired", "abandoned"])
def test_a_device_that_is_gone_is_not_compared(history, leaves: str) -> None:
    history.unread(1, 7)
    getattr(history, leaves)(1)
    assert history.says(NAME) == []


def test_a_device_that_does_not_know_a_place_is_not_judged(history) -> None:
    history.composed(3)
    history.placed(3, 3)
    for device in (1, 2):
        history.add(Shown(DeviceId(device), MessageId(3), ConversationId(0)))
    assert history.says(NAME) == []


def test_the_read_marker_of_another_user_lessens_no_count(history) -> None:
    history.changed(8, what="read", which=0, version=2, device=0)
    for device in (1, 2):
        history.amended(device, 2, 8, what="read", which=0)
    assert history.says(NAME) == []
    for device in (1, 2):
        history.unread(device, 0)
    assert history.says(NAME) == [f"device {device} shows 0 unread in conversation 0, but 2 are" for device in (1, 2)]


def test_counts_of_nothing_are_no_evidence() -> None:
    watch = Watch([UnreadAgrees])
    watch.see(Unread(DeviceId(1), ConversationId(0), 0))
    assert not watch.met
    watch.see(Unread(DeviceId(1), ConversationId(0), 1))
    assert list(watch.met) == [NAME]
