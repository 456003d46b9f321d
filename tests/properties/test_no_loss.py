"""no-loss against histories written by hand."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Amended, Appeared, Openable, Placeholder
from syncproof.core.values import DeviceId, MessageId, UserId


def test_a_device_of_the_audience_never_shows_it(history) -> None:
    history.sent(7)
    history.accepted(7)
    history.shown(0, 7)
    history.shown(1, 7)
    assert history.says("no-loss") == ["message 7 was accepted, but device 2 of its audience never shows it"]


def test_shown_on_the_whole_audience(history) -> None:
    history.sent(7)
    history.accepted(7)
    for device in (0, 1, 2):
        history.shown(device, 7)
    assert history.says("no-loss") == []


def test_what_was_not_accepted_may_be_lost(history) -> None:
    history.sent(7)
    assert history.says("no-loss") == []


def test_shown_before_placed_and_accepted_counts(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.placed(7, 7)
    history.shown(2, 7)
    history.accepted(7)
    history.shown(0, 7)
    assert history.says("no-loss") == []


def test_placed_again_before_it_was_accepted(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    history.placed(7, 8, devices=(0, 1, 2))
    history.accepted(7)
    history.shown(0, 7, 8)
    assert history.says("no-loss") == ["message 7 was accepted, but device 2 of its audience never shows it"]


def test_placed_again_after_it_was_accepted(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    history.accepted(7)
    history.placed(7, 8)
    history.accepted(7)
    history.shown(2, 7, 8)
    history.shown(0, 7, 8)
    assert history.says("no-loss") == []


def test_a_second_place_may_widen_the_audience_of_what_is_under_way(history) -> None:
    history.sent(7)
    history.accepted(7)
    history.shown(0, 7)
    history.shown(1, 7)
    history.joined(3, 1)
    history.placed(7, 8, devices=(0, 1, 2, 3))
    history.shown(2, 7)
    assert history.says("no-loss") == ["message 7 was accepted, but device 3 of its audience never shows it"]


def test_a_settled_message_may_be_placed_again(history) -> None:
    history.sent(7)
    history.accepted(7)
    for device in (0, 1, 2):
        history.shown(device, 7)
    history.placed(7, 8)
    history.accepted(7)
    assert history.says("no-loss") == []


def test_outstanding_is_sorted_and_leaves_out_settled_messages(history) -> None:
    history.sent(8, 7, 9)
    for message in (8, 7, 9):
        history.accepted(message)
        history.shown(0, message)
    history.shown(1, 9)
    history.shown(2, 9)
    automaton = history.run("no-loss")
    assert automaton.outstanding() == [(7, 1), (7, 2), (8, 1), (8, 2)]
    assert sorted(automaton.open) == [7, 8]


@pytest.mark.parametrize("last", ["placed", "shown", "accepted"])
def test_settled_whatever_comes_last(history, last) -> None:
    history.composed(7)
    steps = {
        "placed": lambda: history.placed(7, 7),
        "shown": lambda: [history.shown(device, 7) for device in (0, 1, 2)],
        "accepted": lambda: history.accepted(7),
    }
    for step in (*(steps[name] for name in steps if name != last), steps[last]):
        step()
    automaton = history.run("no-loss")
    assert automaton.open == {}
    assert automaton.settled == {7}


LOST = "message 7 was accepted, but device {} of its audience never shows it"


def delivered(history, *devices: int) -> None:
    """Accept message 7 and show it on these devices."""
    history.sent(7)
    history.accepted(7)
    for device in devices:
        history.shown(device, 7)


def test_what_a_restore_took_from_the_message_store_need_not_be_shown(history) -> None:
    delivered(history, 0)
    history.gone(7)
    assert history.says("no-loss") == []


def test_a_message_whose_copy_was_lost_from_an_inbox_must_still_be_shown(history) -> None:
    delivered(history, 0, 1)
    history.gone(7, box=2)
    assert history.says("no-loss") == [LOST.format(2)]


def test_what_is_accepted_again_after_a_restore_must_be_shown(history) -> None:
    delivered(history, 0, 1)
    history.gone(7)
    history.placed(7, 8)
    history.accepted(7)
    assert history.says("no-loss") == [LOST.format(2)]


def test_a_retired_device_need_show_nothing_and_the_others_must(history) -> None:
    delivered(history, 0)
    history.retired(2)
    assert history.says("no-loss") == [LOST.format(1)]
    history.shown(1, 7)
    assert history.says("no-loss") == []


def test_a_device_must_show_again_what_it_forgot(history) -> None:
    delivered(history, 0, 1, 2)
    history.forgot(1, 7)
    assert history.says("no-loss") == [LOST.format(1)]
    history.shown(1, 7)
    assert history.says("no-loss") == []


def test_what_a_device_forgot_while_others_waited_is_due_on_both(history) -> None:
    delivered(history, 0, 1)
    history.forgot(1, 7)
    assert history.says("no-loss") == [LOST.format(1), LOST.format(2)]


def test_a_device_need_not_show_again_what_the_message_store_lost(history) -> None:
    delivered(history, 0, 1, 2)
    history.gone(7)
    history.forgot(1, 7)
    assert history.says("no-loss") == []
    history.observations.pop()
    history.accepted(7)
    history.forgot(1, 7)
    assert history.says("no-loss") == [LOST.format(1)]


def test_a_message_that_takes_a_place_again_is_owed_to_devices_that_joined_since(history) -> None:
    delivered(history, 0, 1, 2)
    history.gone(7)
    history.joined(3, 1)
    history.placed(7, 8, devices=(0, 1, 2, 3))
    assert history.says("no-loss") == []
    history.accepted(7)
    assert history.says("no-loss") == [LOST.format(3)]


def test_a_message_that_was_never_placed_may_be_forgotten(history) -> None:
    history.forgot(1, 5)
    assert history.says("no-loss") == []


# ---- accepted, and never placed


@pytest.fixture
def members(history):
    """Return a history in which users 0 and 1 are members of conversation 0, and message 7 was composed there."""
    for user in (0, 1):
        history.member_added(user)
    history.composed(7)
    return history


def test_accepted_without_a_place_is_owed_to_the_devices_of_the_members(members) -> None:
    members.accepted(7)
    members.shown(0, 7)
    assert members.says("no-loss") == [LOST.format(1), LOST.format(2)]


def test_accepted_without_a_place_and_shown_everywhere(members) -> None:
    members.shown(2, 7)
    members.accepted(7)
    members.shown(0, 7)
    members.shown(1, 7)
    assert members.says("no-loss") == []


def test_accepted_without_a_place_is_owed_to_those_who_are_members_then(members) -> None:
    members.member_removed(0)
    members.retired(2)
    members.accepted(7)
    members.member_added(0)
    members.joined(3, 1)
    assert members.says("no-loss") == [LOST.format(1)]


def test_other_conversations_have_other_members(members) -> None:
    members.member_added(0, conversation=1)
    members.composed(8, conversation=1)
    members.accepted(8)
    assert members.says("no-loss") == ["message 8 was accepted, but device 0 of its audience never shows it"]


def test_a_place_taken_later_says_to_whom_it_is_owed(members) -> None:
    members.accepted(7)
    for device in (0, 1, 2):
        members.shown(device, 7)
    members.joined(3, 1)
    members.placed(7, 7, devices=(0, 1, 2, 3))
    assert members.says("no-loss") == [LOST.format(3)]


def test_a_message_with_a_place_is_not_owed_to_later_members(members) -> None:
    members.placed(7, 7, devices=(0,))
    members.accepted(7)
    members.shown(0, 7)
    assert members.says("no-loss") == []


def test_a_settled_message_leaves_one_id(members) -> None:
    members.placed(7, 7)
    members.accepted(7)
    for device in (0, 1, 2):
        members.shown(device, 7)
    automaton = members.run("no-loss")
    assert (automaton.open, automaton.conversations, automaton.settled) == ({}, {}, {7})


# ---- settled, and due again


def both_delivered(history) -> None:
    """Accept messages 7 and 8, and show them on every device."""
    history.sent(7, 8)
    for message in (7, 8):
        history.accepted(message)
        for device in (0, 1, 2):
            history.shown(device, message)


def test_a_message_that_takes_several_places_after_a_restore_is_owed_to_the_same_devices(history) -> None:
    delivered(history, 0, 1, 2)
    history.gone(7)
    history.joined(3, 1)
    history.placed(7, 8, devices=(0, 1, 2, 3))
    history.placed(7, 9, devices=(0, 1, 2, 3))
    history.accepted(7)
    assert history.says("no-loss") == [LOST.format(3)]


def test_a_message_that_devices_showed_that_joined_since_is_settled_again(history) -> None:
    delivered(history, 0, 1, 2)
    history.gone(7)
    history.joined(3, 1)
    history.placed(7, 8, devices=(0, 1, 2, 3))
    history.accepted(7)
    history.shown(3, 7)
    automaton = history.run("no-loss")
    assert (automaton.open, automaton.settled) == ({}, {7})


def test_what_a_device_forgot_is_due_on_it_alone_also_at_another_place(history) -> None:
    delivered(history, 0, 1, 2)
    history.forgot(2, 7)
    history.placed(7, 9)
    assert history.says("no-loss") == [LOST.format(2)]


def test_what_a_device_forgot_and_showed_again_is_settled(history) -> None:
    delivered(history, 0, 1, 2)
    history.forgot(2, 7)
    history.shown(2, 7)
    automaton = history.run("no-loss")
    assert (automaton.open, automaton.settled) == ({}, {7})


def test_a_settled_message_that_was_not_lost_is_not_owed_to_devices_that_joined_since(history) -> None:
    both_delivered(history)
    history.gone(8)
    history.joined(3, 1)
    history.placed(7, 9, devices=(0, 1, 2, 3))
    history.accepted(7)
    assert history.says("no-loss") == []


def test_a_copy_that_an_inbox_lost_excuses_nobody(history) -> None:
    delivered(history, 0, 1, 2)
    history.gone(7, box=1)
    history.forgot(2, 7)
    assert history.says("no-loss") == [LOST.format(2)]


def test_a_device_is_retired_before_what_it_showed_has_a_place(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.retired(1)
    assert history.says("no-loss") == []


@pytest.mark.parametrize("lost", [True, False])
def test_every_message_that_a_device_forgot_is_judged(history, lost) -> None:
    both_delivered(history)
    if lost:
        history.gone(7)
    history.forgot(2, 7, 8)
    eight = "message 8 was accepted, but device 2 of its audience never shows it"
    assert history.says("no-loss") == ([eight] if lost else [LOST.format(2), eight])


# ---- placeholders


def sealed(history, *devices: int) -> None:
    """Let message 7 be shown on every device, on these as a placeholder."""
    history.sent(7)
    history.accepted(7)
    for device in (0, 1, 2):
        if device in devices:
            history.add(Placeholder(DeviceId(device), MessageId(7)))
        history.shown(device, 7)


def test_a_placeholder_is_enough_as_long_as_the_message_cannot_be_opened(history) -> None:
    sealed(history, 1)
    assert history.says("no-loss") == []


def test_the_message_itself_is_owed_once_it_can_be_opened(history) -> None:
    sealed(history, 1, 2)
    history.add(Openable(DeviceId(1)))
    assert history.says("no-loss") == ["device 1 could open message 7, and never shows more of it than a placeholder"]


@pytest.mark.parametrize("by", [7, 8])
def test_the_message_or_a_change_of_it_takes_the_place_of_the_placeholder(history, by: int) -> None:
    sealed(history, 1)
    history.add(Openable(DeviceId(1)))
    history.add(Amended(DeviceId(1), "message", 7, 0, MessageId(by)))
    assert history.says("no-loss") == []


def test_a_placeholder_that_comes_after_the_key_waits_for_the_next_key(history) -> None:
    history.add(Openable(DeviceId(1)))
    sealed(history, 1)
    assert history.says("no-loss") == []


def test_a_forgotten_placeholder_is_owed_as_every_message(history) -> None:
    sealed(history, 1)
    history.forgot(1, 7)
    history.add(Openable(DeviceId(1)))
    history.shown(1, 7)
    assert history.says("no-loss") == []


def test_a_device_that_is_replaced_opens_nothing(history) -> None:
    sealed(history, 1)
    history.add(Openable(DeviceId(1)))
    history.retired(1)
    assert history.says("no-loss") == []


def test_a_device_that_appears_is_to_be_registered(history) -> None:
    history.add(Appeared(DeviceId(9), UserId(1)))
    assert history.says("no-loss") == ["device 9 appeared and is never registered, so that nothing is for it"]
    history.joined(9, 1)
    assert history.says("no-loss") == []


@pytest.mark.parametrize("leaves", ["retired", "abandoned"])
def test_a_device_that_appeared_and_is_gone_need_not_be_registered(history, leaves: str) -> None:
    history.add(Appeared(DeviceId(9), UserId(1)))
    getattr(history, leaves)(9)
    assert history.says("no-loss") == []
