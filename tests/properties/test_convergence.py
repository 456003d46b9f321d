"""convergence against histories written by hand."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Composed
from syncproof.core.values import ConversationId, DeviceId, MessageId


def test_shown_on_one_device_of_the_user_only(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    assert history.says("convergence") == ["user 1 sees message 7 on some devices, but not on device 2"]


def test_shown_at_different_places(history) -> None:
    history.sent(7)
    history.shown(1, 7, place=1)
    history.shown(2, 7, place=2)
    assert history.says("convergence") == ["user 1 sees message 7 at place 2 on device 2, but at place 1 on another"]


def test_one_complaint_for_a_message_that_is_both_missing_and_elsewhere(history) -> None:
    history.joined(3, 1)
    history.composed(7)
    history.placed(7, 1, devices=(0, 1, 2, 3))
    history.shown(1, 7, place=1)
    history.shown(2, 7, place=2)
    assert len(history.says("convergence")) == 1


def test_shown_on_all_devices_at_one_place(history) -> None:
    history.sent(7)
    for device in (1, 2):
        history.shown(device, 7)
    assert history.says("convergence") == []


def test_shown_on_none(history) -> None:
    history.sent(7)
    assert history.says("convergence") == []


def test_the_comparison_begins_at_the_later_join(history) -> None:
    history.sent(7)
    history.joined(3, 1)
    history.shown(1, 7)
    history.shown(2, 7)
    assert history.says("convergence") == []


def test_shown_before_it_was_placed_counts(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.placed(7, 7)
    history.shown(2, 7)
    assert history.says("convergence") == []


def test_shown_before_it_was_placed_on_one_device_only(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.placed(7, 7)
    assert history.says("convergence") == ["user 1 sees message 7 on some devices, but not on device 2"]


def test_a_second_placing_does_not_reopen_what_was_agreed(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    history.shown(2, 7)
    history.joined(3, 1)
    history.placed(7, 8, devices=(0, 1, 2, 3))
    history.shown(3, 7)
    assert history.says("convergence") == []


def test_a_device_that_never_joined_has_no_user(history) -> None:
    history.composed(7)
    history.placed(7, 1, devices=(0, 1, 2, 9))
    history.shown(9, 7)
    assert history.says("convergence") == []


def test_complaints_come_in_the_order_of_messages(history) -> None:
    history.sent(8, 7)
    history.shown(1, 8)
    history.shown(1, 7)
    assert history.says("convergence") == [
        "user 1 sees message 7 on some devices, but not on device 2",
        "user 1 sees message 8 on some devices, but not on device 2",
    ]


def test_only_disagreement_of_several_devices_is_kept(history) -> None:
    history.sent(7, 8)
    history.shown(1, 7)
    history.shown(2, 7)
    assert list(history.run("convergence").open) == [(8, 1)]


def test_a_device_that_forgot_has_to_show_it_again(history) -> None:
    history.sent(7)
    for device in (1, 2):
        history.shown(device, 7)
    history.forgot(2, 7)
    assert history.says("convergence") == ["user 1 sees message 7 on some devices, but not on device 2"]
    history.shown(2, 7)
    assert history.says("convergence") == []


def test_the_only_device_of_a_user_may_forget(history) -> None:
    history.sent(7)
    history.shown(0, 7)
    history.forgot(0, 7)
    assert history.says("convergence") == []


def test_a_retired_device_is_not_compared(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    history.retired(2)
    assert history.says("convergence") == []


def test_the_other_devices_are_compared_after_a_retirement(history) -> None:
    history.joined(3, 1)
    history.composed(7)
    history.placed(7, 1, devices=(0, 1, 2, 3))
    history.shown(1, 7)
    history.retired(3)
    assert history.says("convergence") == ["user 1 sees message 7 on some devices, but not on device 2"]


CHANGED = "user 1 sees message 1 as message 8 changed it, but not on device 2"


def amended(history, *devices: int) -> None:
    """Let message 8 change message 1, which these devices apply."""
    history.sent(1, 8)
    for device in (1, 2):
        history.shown(device, 1)
        history.shown(device, 8)
    for device in devices:
        history.amended(device, 8, 8)


def test_a_change_that_one_device_has_not_applied(history) -> None:
    amended(history, 1)
    assert history.says("convergence") == [CHANGED]


def test_a_change_that_all_devices_have_applied(history) -> None:
    amended(history, 1, 2)
    assert history.says("convergence") == []


def test_an_older_version_is_a_difference(history) -> None:
    amended(history, 1)
    history.amended(2, 7, 7)
    assert history.says("convergence") == [CHANGED]


def test_a_read_marker_is_compared_like_a_change(history) -> None:
    history.sent(8)
    for device in (1, 2):
        history.shown(device, 8)
    history.amended(1, 5, 8, what="read", which=0)
    assert history.says("convergence") == [
        "user 1 sees the read marker of conversation 0 as message 8 changed it, but not on device 2"
    ]
    history.amended(2, 5, 8, what="read", which=0)
    assert history.says("convergence") == []


def test_a_device_that_joined_after_the_change_need_not_apply_it(history) -> None:
    amended(history, 1, 2)
    history.joined(3, 1)
    assert history.says("convergence") == []


def test_a_retired_device_need_not_apply_a_change(history) -> None:
    amended(history, 1)
    history.retired(2)
    assert history.says("convergence") == []


def test_forgetting_an_entry_undoes_its_change(history) -> None:
    amended(history, 1, 2)
    history.forgot(2, 8)
    history.shown(2, 8)
    assert history.says("convergence") == [CHANGED]
    history.amended(2, 8, 8)
    assert history.says("convergence") == []


DUE = "device 2 shows message 8, but does not change the message 1 that it is about"


@pytest.fixture
def changing(history):
    """Return a history in which message 8 changes message 1 at its place, and device 2 has shown both."""
    history.sent(1)
    history.add(Composed(MessageId(8), DeviceId(0), ConversationId(0), "message", 1))
    history.placed(8, 8)
    history.shown(2, 1)
    history.shown(2, 8)
    return history


def outdated_on(history, device: int) -> list[str]:
    return [complaint for complaint in history.says("convergence") if complaint.startswith(f"device {device} ")]


def test_a_change_that_is_shown_and_not_applied(changing) -> None:
    assert outdated_on(changing, 2) == [DUE]


def test_a_change_that_is_applied_after_it_is_shown(changing) -> None:
    changing.amended(2, 8, 8)
    assert outdated_on(changing, 2) == []


def test_an_older_change_does_not_stand_for_the_one_that_is_shown(changing) -> None:
    changing.amended(2, 7, 7)
    assert outdated_on(changing, 2) == [DUE]


def test_a_change_need_not_be_applied_over_a_later_one(history) -> None:
    history.sent(1, 9)
    history.add(Composed(MessageId(8), DeviceId(0), ConversationId(0), "message", 1))
    history.placed(8, 8)
    history.amended(2, 9, 9)
    history.shown(2, 8)
    assert outdated_on(history, 2) == []


def recalled(history, message: int) -> None:
    """Recall message 1 by this message, at the place of its number."""
    history.add(Composed(MessageId(message), DeviceId(0), ConversationId(0), "message", 1, final=True))
    history.placed(message, message)


def test_an_edit_need_not_be_applied_over_a_recall(history) -> None:
    history.sent(1)
    recalled(history, 8)
    history.changed(9)
    history.amended(2, 8, 8, final=True)
    history.shown(2, 9)
    assert outdated_on(history, 2) == []


def test_a_recall_must_be_applied_over_a_later_edit(history) -> None:
    history.sent(1)
    recalled(history, 8)
    history.changed(9)
    history.amended(2, 9, 9)
    history.shown(2, 8)
    assert outdated_on(history, 2) == [DUE]
    history.amended(2, 10, 10)
    assert outdated_on(history, 2) == [DUE]
    history.amended(2, 8, 8, final=True)
    assert outdated_on(history, 2) == []


def test_a_recall_is_later_than_any_edit(history) -> None:
    history.sent(1)
    recalled(history, 8)
    history.changed(9)
    history.amended(1, 8, 8, final=True)
    history.amended(2, 9, 9)
    assert history.says("convergence") == ["user 1 sees message 1 as message 8 changed it, but not on device 2"]


def test_what_a_device_forgot_it_need_not_apply(changing) -> None:
    changing.forgot(2, 8)
    assert outdated_on(changing, 2) == []


def test_a_retired_device_need_not_apply_what_it_showed(changing) -> None:
    changing.retired(2)
    assert outdated_on(changing, 2) == []


def test_what_all_devices_forgot_is_no_difference(history) -> None:
    amended(history, 1, 2)
    for device in (1, 2):
        history.forgot(device, 8)
        history.shown(device, 8)
    assert history.says("convergence") == []


def test_a_device_that_never_joined_may_forget(history) -> None:
    history.sent(7)
    history.forgot(9, 7)
    assert history.says("convergence") == []


@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1)])
def test_the_later_place_may_be_the_lower(history, first, then) -> None:
    history.sent(7)
    history.shown(1, 7, place=first)
    history.shown(2, 7, place=then)
    assert history.says("convergence") == [
        f"user 1 sees message 7 at place {then} on device 2, but at place {first} on another"
    ]


@pytest.mark.parametrize("device", [1, 2])
def test_one_device_forgets_a_change_that_another_shows(changing, device) -> None:
    changing.shown(1, 8)
    changing.forgot(device, 8)
    assert outdated_on(changing, device) == []
    assert len(outdated_on(changing, 3 - device)) == 1


@pytest.mark.parametrize("device", [1, 2])
def test_one_device_is_retired_and_another_shows_a_change(changing, device) -> None:
    changing.shown(1, 8)
    changing.retired(device)
    assert outdated_on(changing, device) == []
    assert len(outdated_on(changing, 3 - device)) == 1


def test_a_change_by_a_message_that_took_no_place_is_not_compared(history) -> None:
    history.composed(8)
    history.amended(1, 8, 8)
    assert history.says("convergence") == []


def test_a_later_change_stands_for_the_one_that_is_shown(changing) -> None:
    changing.changed(9)
    changing.amended(2, 9, 9)
    assert outdated_on(changing, 2) == []


def test_a_change_may_be_applied_before_it_is_shown(history) -> None:
    history.sent(1)
    history.changed(8)
    history.amended(2, 8, 8)
    history.shown(2, 8)
    assert outdated_on(history, 2) == []


READ = "the read marker of conversation 0"


def test_a_read_marker_at_the_first_place_must_be_applied(history) -> None:
    history.sent(1)
    history.changed(8, what="read", which=0, version=1, device=1)
    history.shown(2, 8)
    assert outdated_on(history, 2) == ["device 2 shows message 8, but does not change the read 0 that it is about"]


def test_what_another_user_has_read_need_not_be_applied(history) -> None:
    history.sent(1)
    history.changed(8, what="read", which=0, version=1)
    history.shown(1, 8)
    history.shown(2, 8)
    assert history.says("convergence") == []


def test_a_read_marker_at_the_first_place_is_compared(history) -> None:
    history.sent(1)
    history.changed(8, what="read", which=0, version=1)
    history.amended(1, 1, 8, what="read", which=0)
    assert history.says("convergence") == [f"user 1 sees {READ} as message 8 changed it, but not on device 2"]


def test_forgetting_another_entry_leaves_a_change_due(changing) -> None:
    changing.forgot(2, 1)
    assert outdated_on(changing, 2) == [DUE]


def test_forgetting_another_entry_undoes_no_change(history) -> None:
    amended(history, 1, 2)
    history.forgot(2, 1)
    history.shown(2, 1)
    assert history.says("convergence") == []


def test_what_is_forgotten_is_the_message_and_not_the_version(history) -> None:
    history.sent(1)
    history.changed(8, what="read", which=0, version=5)
    for device in (1, 2):
        history.shown(device, 1)
        history.shown(device, 8)
        history.amended(device, 5, 8, what="read", which=0)
    history.forgot(2, 8)
    history.shown(2, 8)
    assert f"user 1 sees {READ} as message 8 changed it, but not on device 2" in history.says("convergence")


def test_a_change_that_all_forgot_hides_no_other(history) -> None:
    history.sent(1, 2, 8, 9)
    for device in (1, 2):
        history.amended(device, 8, 8, which=1)
        history.forgot(device, 8)
    history.amended(1, 9, 9, which=2)
    assert history.says("convergence")[0] == "user 1 sees message 2 as message 9 changed it, but not on device 2"
    history.amended(2, 9, 9, which=2)
    assert history.says("convergence") == []


def test_what_only_a_retired_device_had_applied_no_other_needs(history) -> None:
    amended(history, 2)
    history.retired(2)
    assert history.says("convergence") == []
