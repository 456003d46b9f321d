"""change-monotonic against histories written by hand: changes of message 1, which is at place 1."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Composed
from syncproof.core.values import ConversationId, DeviceId, MessageId

BACK = "device 1 changes message 1 back from version {} to version {}"


@pytest.fixture
def edited(history):
    """Return a history in which messages 8 and 9 have edited message 1, and device 1 shows the edit of 9."""
    history.sent(1)
    history.changed(8)
    history.changed(9)
    history.amended(1, 9, 9)
    return history


def test_versions_that_rise_or_stay(edited) -> None:
    edited.amended(2, 8, 8)
    edited.amended(2, 9, 9)
    edited.amended(2, 9, 9)
    assert edited.says("change-monotonic") == []


def test_a_version_that_sinks(edited) -> None:
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_a_version_that_sinks_is_said_once(edited) -> None:
    edited.amended(1, 8, 8)
    edited.amended(1, 8, 8)
    edited.amended(1, 9, 9)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_a_version_that_sinks_to_none_by_the_message_itself(edited) -> None:
    edited.amended(1, 0, 1)
    assert edited.says("change-monotonic") == [BACK.format(9, 0)]


def test_every_device_and_every_thing_has_versions_of_its_own(edited) -> None:
    edited.amended(2, 8, 8)
    edited.amended(1, 8, 8, which=2)
    edited.amended(1, 8, 8, what="read")
    assert edited.says("change-monotonic") == []


def test_a_read_marker_that_moves_back(history) -> None:
    history.changed(8, what="read", which=0, version=5)
    history.changed(9, what="read", which=0, version=3)
    history.amended(1, 5, 8, what="read", which=0)
    history.amended(1, 3, 9, what="read", which=0)
    assert history.says("change-monotonic") == [
        "device 1 changes the read marker of conversation 0 back from version 5 to version 3"
    ]


def test_an_edit_after_a_recall(edited) -> None:
    edited.amended(2, 8, 8, final=True)
    edited.amended(2, 9, 9)
    assert edited.says("change-monotonic") == ["device 2 changes message 1 to version 9, although it was recalled"]


def test_a_recall_after_a_later_edit(edited) -> None:
    edited.amended(1, 8, 8, final=True)
    assert edited.says("change-monotonic") == []


def test_recalls_have_versions_too(history) -> None:
    history.amended(1, 8, 8, final=True)
    history.amended(1, 9, 9, final=True)
    assert history.says("change-monotonic") == []
    history.amended(1, 8, 8, final=True)
    assert history.says("change-monotonic") == [BACK.format(9, 8)]


def test_what_a_device_forgot_begins_anew(edited) -> None:
    edited.forgot(1, 9)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == []


def test_what_a_device_did_not_forget_goes_on(edited) -> None:
    edited.forgot(1, 8)
    edited.forgot(2, 9)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_nothing_is_kept_of_a_retired_device(edited) -> None:
    edited.amended(2, 9, 9)
    edited.retired(1)
    assert [device for device, _, _ in edited.run("change-monotonic").applied] == [2]


def test_what_a_restore_took_from_the_log_begins_anew(edited) -> None:
    edited.reverted(7, kind="conversation", owner=0)
    edited.changed(10, place=8)
    edited.amended(1, 8, 10)
    assert edited.says("change-monotonic") == []


def test_what_a_restore_left_in_the_log_goes_on(edited) -> None:
    edited.reverted(9, kind="conversation", owner=0)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_restores_of_other_logs_change_nothing(edited) -> None:
    edited.reverted(0, kind="conversation", owner=1)
    edited.reverted(0, kind="sync", owner=0)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_an_entry_of_the_earlier_life_that_arrives_late_is_not_compared(edited) -> None:
    edited.reverted(7, kind="conversation", owner=0)
    edited.amended(1, 9, 9)
    edited.changed(10, place=8)
    edited.amended(1, 8, 10)
    assert edited.says("change-monotonic") == []


def test_a_change_that_takes_another_place_is_compared_at_that_place_only(edited) -> None:
    edited.reverted(7, kind="conversation", owner=0)
    edited.placed(9, 8)
    edited.changed(10, place=9)
    edited.amended(1, 9, 9)
    edited.amended(1, 9, 10)
    assert edited.says("change-monotonic") == []
    edited.amended(1, 8, 9)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_a_change_that_takes_its_old_place_again_is_compared(edited) -> None:
    edited.reverted(8, kind="conversation", owner=0)
    edited.placed(9, 9)
    edited.amended(1, 9, 9)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_a_change_that_was_never_at_the_version_is_compared(edited) -> None:
    edited.reverted(7, kind="conversation", owner=0)
    edited.placed(9, 8)
    edited.changed(10, place=9)
    edited.amended(1, 9, 10)
    edited.amended(1, 5, 9)
    assert edited.says("change-monotonic") == [BACK.format(9, 5)]


def test_all_earlier_lives_of_the_log_are_remembered(edited) -> None:
    for epoch in (1, 2):
        edited.reverted(7, kind="conversation", owner=0, epoch=epoch)
        edited.placed(9, 8)
    edited.placed(9, 10)
    edited.amended(1, 10, 9)
    edited.amended(1, 9, 9)
    edited.amended(1, 8, 9)
    assert edited.says("change-monotonic") == []


def test_what_other_entries_changed_goes_on_after_a_restore(edited) -> None:
    edited.amended(1, 8, 8, which=2)
    edited.reverted(8, kind="conversation", owner=0)
    edited.amended(1, 7, 7, which=2)
    assert edited.says("change-monotonic") == ["device 1 changes message 2 back from version 8 to version 7"]


@pytest.fixture
def reverted(history):
    """Return a history in which a restore took message 9, which had moved a read marker to version 9."""
    history.changed(9, what="read", which=0, version=9)
    history.amended(1, 9, 9, what="read", which=0)
    history.reverted(7, kind="conversation", owner=0)
    return history


def test_a_read_marker_of_the_earlier_life_that_arrives_late_is_not_compared(reverted) -> None:
    reverted.amended(1, 9, 9, what="read", which=0)
    reverted.changed(10, place=8, what="read", which=0, version=3)
    reverted.amended(1, 3, 10, what="read", which=0)
    assert reverted.says("change-monotonic") == []


def test_a_read_marker_that_takes_another_place_keeps_its_version(reverted) -> None:
    reverted.placed(9, 8)
    reverted.amended(1, 9, 9, what="read", which=0)
    reverted.changed(10, place=9, what="read", which=0, version=3)
    reverted.amended(1, 3, 10, what="read", which=0)
    assert reverted.says("change-monotonic") == [
        "device 1 changes the read marker of conversation 0 back from version 9 to version 3"
    ]


def test_messages_without_changes_leave_no_state(history) -> None:
    history.sent(1, 2, 3)
    automaton = history.run("change-monotonic")
    assert (automaton.applied, automaton.places, automaton.earlier) == ({}, {}, {})


def test_another_device_that_is_retired_changes_nothing(edited) -> None:
    edited.amended(2, 9, 9)
    edited.retired(2)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_what_a_restore_took_of_one_change_leaves_another(history) -> None:
    history.sent(1)
    for message in (7, 8, 9):
        history.changed(message)
    history.amended(1, 8, 8)
    history.reverted(8, kind="conversation", owner=0)
    history.amended(1, 7, 7)
    assert history.says("change-monotonic") == [BACK.format(8, 7)]


def test_a_change_may_take_a_lower_place_after_a_restore(edited) -> None:
    edited.reverted(7, kind="conversation", owner=0)
    edited.placed(9, 8)
    edited.amended(1, 9, 9)
    edited.amended(1, 8, 9)
    assert edited.says("change-monotonic") == []


def test_a_change_that_takes_its_place_again_is_compared(edited) -> None:
    edited.reverted(8, kind="conversation", owner=0)
    edited.placed(9, 9)
    edited.amended(1, 9, 9)
    edited.amended(1, 8, 8)
    assert edited.says("change-monotonic") == [BACK.format(9, 8)]


def test_a_change_that_had_no_place_before_a_restore_is_compared(history) -> None:
    history.add(Composed(MessageId(8), DeviceId(0), ConversationId(0), "message", 1))
    history.reverted(0, kind="conversation", owner=0)
    history.amended(1, 5, 8)
    history.amended(1, 4, 8)
    assert history.says("change-monotonic") == [BACK.format(5, 4)]


@pytest.mark.parametrize("device", [1, 2])
def test_what_any_device_forgot_begins_anew(edited, device) -> None:
    edited.amended(2, 9, 9)
    edited.forgot(device, 9)
    edited.amended(device, 8, 8)
    assert edited.says("change-monotonic") == []
