"""no-creation against histories written by hand."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Composed, Placed
from syncproof.core.values import ConversationId, DeviceId, MessageId


def test_shown_before_it_was_placed(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    assert history.says("no-creation") == ["device 1 shows message 7, which nobody has composed and placed"]


def test_placed_though_nobody_composed_it(history) -> None:
    history.placed(7, 1)
    history.shown(1, 7)
    assert history.says("no-creation") == ["message 7 takes a place in conversation 0, but it was never composed"]


def test_shown_to_a_user_who_was_not_a_member(history) -> None:
    history.joined(3, 2)
    history.sent(7)
    history.shown(3, 7)
    assert history.says("no-creation") == [
        "device 3 shows message 7 of conversation 0, of which its user was no member"
    ]


def test_shown_to_the_members(history) -> None:
    history.sent(7)
    for device in (0, 1, 2):
        history.shown(device, 7)
    assert history.says("no-creation") == []


def test_a_device_that_a_member_registers_later_may_show_it(history) -> None:
    history.sent(7)
    history.joined(3, 1)
    history.shown(3, 7)
    assert history.says("no-creation") == []


def test_members_of_the_first_placing_stay_in_the_audience(history) -> None:
    history.sent(7)
    history.placed(7, 8, users=(0,), devices=(0,))
    history.shown(1, 7)
    assert history.says("no-creation") == []


def test_a_second_placing_may_add_members(history) -> None:
    history.joined(3, 2)
    history.sent(7)
    history.placed(7, 8, users=(0, 1, 2), devices=(0, 1, 2, 3))
    history.shown(3, 7)
    assert history.says("no-creation") == []


def test_what_is_placed_is_no_longer_kept_as_composed(history) -> None:
    history.sent(7)
    assert history.run("no-creation").composed == {}


def test_the_composing_device_may_show_it_after_its_user_was_removed(history) -> None:
    history.composed(7, device=1)
    history.placed(7, 1, users=(0,), devices=(0,))
    history.shown(1, 7)
    assert history.says("no-creation") == []


def test_other_devices_of_a_removed_composer_may_not_show_it(history) -> None:
    history.composed(7, device=1)
    history.placed(7, 1, users=(0,), devices=(0,))
    history.shown(2, 7)
    assert len(history.says("no-creation")) == 1


def applied(history, version: int, **what) -> list[str]:
    """Return what is said of a device that applies message 8 so."""
    history.amended(1, version, 8, **what)
    return history.says("no-creation")


def test_a_change_is_applied_at_the_place_that_it_took(history) -> None:
    history.changed(8)
    assert applied(history, 8) == []
    assert applied(history, 9) == ["device 1 applies message 8 with version 9, but it has 8"]


def test_a_read_marker_is_applied_up_to_the_place_that_its_reader_named(history) -> None:
    history.changed(8, what="read", which=0, version=3)
    assert applied(history, 3, what="read", which=0) == []
    assert applied(history, 8, what="read", which=0) == ["device 1 applies message 8 with version 8, but it has 3"]


def test_a_change_may_be_applied_at_every_place_that_it_ever_took(history) -> None:
    history.changed(8)
    history.placed(8, 5)
    assert applied(history, 8) == applied(history, 5) == []
    assert applied(history, 6) == ["device 1 applies message 8 with version 6, but it has 8 or 5"]


def test_a_change_at_a_place_that_nobody_knows_has_any_version(history) -> None:
    history.add(Composed(MessageId(8), DeviceId(0), ConversationId(0), "message", 1))
    history.add(Placed(MessageId(8), ConversationId(0)))
    assert applied(history, 6) == []


@pytest.mark.parametrize("otherwise", [{"which": 2}, {"what": "read"}, {"final": True}], ids=str)
def test_a_change_is_applied_to_what_it_was_composed_for(history, otherwise) -> None:
    history.changed(8)
    assert applied(history, 8, **otherwise) == ["device 1 applies message 8 as another change than was composed"]


def test_a_message_that_takes_the_place_of_its_own_placeholder_is_no_change(history) -> None:
    history.sent(8)
    assert applied(history, 0, which=8) == []


def test_a_change_of_which_nobody_says_what_it_changes_is_not_compared(history) -> None:
    history.sent(8)
    assert applied(history, 6) == []
