"""roaming-complete against histories written by hand."""

from __future__ import annotations

import pytest

UNREACHED = "new device 3 cannot reach the {} earlier places of conversation 0"
WRONG = "new device 3 holds at place {} of conversation 0 what was never placed there"


@pytest.fixture
def joined(history):
    """Return a history of messages 1 to 5 at their places, after which device 3 joins."""
    history.sent(1, 2, 3, 4, 5)
    history.joined(3, 1, history=((0, 5),))
    return history


def test_a_new_device_gets_a_part_of_the_history(joined) -> None:
    joined.roamed(3, 0, 4, 1, 2, 3, 4)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_new_device_gets_all_of_it_page_by_page(joined) -> None:
    joined.roamed(3, 0, 4, 1, 2, 3, 4)
    joined.roamed(3, 4, 5, 5)
    assert joined.says("roaming-complete") == []


def test_an_empty_page_does_not_count(joined) -> None:
    joined.roamed(3, 0, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


@pytest.mark.parametrize("page", [(1, 2, 4, 5), (2, 3, 4, 5), (1, 2, 3, 4)])
def test_a_page_that_leaves_a_message_out_does_not_count(joined, page) -> None:
    joined.roamed(3, 0, 5, *page)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_page_that_was_skipped_is_missing(joined) -> None:
    joined.roamed(3, 0, 2, 1, 2)
    joined.roamed(3, 3, 5, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_page_that_overlaps_what_is_there_is_fine(joined) -> None:
    joined.roamed(3, 0, 3, 1, 2, 3)
    joined.roamed(3, 2, 5, 3, 4, 5)
    assert joined.says("roaming-complete") == []


def test_a_message_that_was_never_at_its_place_is_wrong(joined) -> None:
    joined.roamed(3, 0, 5, 1, (2, 9), 3, 4, 5)
    assert WRONG.format(2) in joined.says("roaming-complete")


@pytest.mark.parametrize("page", [(2, 1, 3, 4, 5), (1, 2, 2, 3, 4, 5), (1, 2, 3, 4, 5, 5)])
def test_a_page_out_of_order_or_with_repetitions_is_wrong(joined, page) -> None:
    joined.roamed(3, 0, 5, *page)
    assert joined.says("roaming-complete") != []


def test_another_device_does_not_count(joined) -> None:
    joined.roamed(1, 0, 5, 1, 2, 3, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_an_empty_conversation_and_an_initial_device_need_no_history(history) -> None:
    history.joined(3, 1, history=((0, 0),))
    assert history.says("roaming-complete") == []


def test_what_is_placed_after_the_join_may_be_in_a_page(joined) -> None:
    joined.sent(6)
    joined.roamed(3, 0, 6, 1, 2, 3, 4, 5, 6)
    assert joined.says("roaming-complete") == []


def test_what_a_restore_took_need_not_be_fetched(joined) -> None:
    joined.reverted(3, kind="conversation", owner=0)
    joined.roamed(3, 0, 3, 1, 2, 3)
    assert joined.says("roaming-complete") == []


def test_what_survives_a_restore_must_be_fetched(joined) -> None:
    joined.reverted(3, kind="conversation", owner=0)
    joined.roamed(3, 0, 2, 1, 2)
    assert joined.says("roaming-complete") == [UNREACHED.format(3)]


def test_a_restore_of_a_sync_timeline_removes_no_history(joined) -> None:
    joined.reverted(0)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_page_from_before_a_restore_may_arrive_after_it(joined) -> None:
    joined.reverted(3, kind="conversation", owner=0)
    joined.composed(9)
    joined.placed(9, 4)
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    assert joined.says("roaming-complete") == []


def test_what_is_placed_in_the_new_epoch_may_be_in_the_page(joined) -> None:
    joined.reverted(3, kind="conversation", owner=0)
    joined.composed(9)
    joined.placed(9, 4)
    joined.roamed(3, 0, 4, 1, 2, 3, (4, 9))
    assert joined.says("roaming-complete") == []


def test_what_is_gone_may_be_left_out_until_it_is_placed_again(joined) -> None:
    joined.gone(2)
    joined.roamed(3, 0, 5, 1, 3, 4, 5)
    assert joined.says("roaming-complete") == []
    joined.observations.pop()
    joined.placed(2, 6)
    joined.roamed(3, 0, 5, 1, 3, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_copy_that_is_gone_from_an_inbox_is_still_history(joined) -> None:
    joined.gone(2, box=1)
    joined.roamed(3, 0, 5, 1, 3, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_device_must_fetch_again_what_it_forgot(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    joined.forgot(3, roamed=((0, 2),))
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]
    joined.roamed(3, 2, 5, 3, 4, 5)
    assert joined.says("roaming-complete") == []


def test_a_device_that_is_retired_needs_no_history(joined) -> None:
    joined.retired(3)
    assert joined.says("roaming-complete") == []


def test_a_device_that_joins_again_must_fetch_all_history_again(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    joined.joined(3, 1, history=((0, 5),))
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_places_need_not_be_dense(history) -> None:
    for message, place in ((1, 10), (2, 10**12), (3, 20)):
        history.composed(message)
        history.placed(message, place)
    history.joined(3, 1, history=((0, 10**12),))
    history.roamed(3, 0, 10**12, (10, 1), (20, 3), (10**12, 2))
    assert history.says("roaming-complete") == []


def test_a_place_between_others_is_part_of_the_history(history) -> None:
    history.sent(2, 4)
    history.composed(3)
    history.placed(3, 3)
    history.joined(3, 1, history=((0, 4),))
    history.roamed(3, 0, 4, 2, 4)
    assert history.says("roaming-complete") == [UNREACHED.format(4)]


def test_a_conversation_of_one_message_has_history(history) -> None:
    history.sent(1)
    history.joined(3, 1, history=((0, 1),))
    assert history.says("roaming-complete") == [UNREACHED.format(1)]


def test_the_first_place_must_be_fetched_too(joined) -> None:
    joined.roamed(3, 1, 5, 2, 3, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_device_that_forgot_all_of_it_must_fetch_from_the_first_place(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    joined.forgot(3, roamed=())
    joined.roamed(3, 1, 5, 2, 3, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_an_older_page_that_comes_again_takes_nothing_back(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    joined.roamed(3, 0, 3, 1, 2, 3)
    assert joined.says("roaming-complete") == []


def test_a_device_that_shows_all_of_it_needs_no_page(joined) -> None:
    for message in (1, 2, 3, 4):
        joined.shown(3, message, place=message)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]
    joined.shown(3, 5, place=5)
    assert joined.says("roaming-complete") == []


@pytest.mark.parametrize("device", [2, 4])
def test_another_device_that_is_retired_does_not_count(joined, device) -> None:
    joined.retired(device)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_each_new_device_is_judged_by_itself(joined) -> None:
    joined.joined(5, 1, history=((0, 5),))
    joined.joined(4, 1, history=((0, 5),))
    joined.retired(4)
    assert joined.says("roaming-complete") == [
        UNREACHED.format(5),
        "new device 5 cannot reach the 5 earlier places of conversation 0",
    ]


def test_a_restore_of_another_conversation_removes_no_history(joined) -> None:
    joined.reverted(0, kind="conversation", owner=1)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_restore_of_a_sync_timeline_of_the_same_number_removes_no_history(joined) -> None:
    joined.reverted(3, owner=0)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_page_that_ends_with_what_is_gone_is_complete(joined) -> None:
    joined.gone(5)
    joined.roamed(3, 0, 5, 1, 2, 3, 4)
    assert joined.says("roaming-complete") == []


def test_only_what_is_gone_may_be_left_out(joined) -> None:
    joined.gone(2)
    joined.roamed(3, 0, 5, 1, 4, 5)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_message_that_is_sent_as_another_place_is_wrong(joined) -> None:
    joined.roamed(3, 0, 5, 1, (3, 2), 3, 4, 5)
    assert WRONG.format(3) in joined.says("roaming-complete")


def test_an_earlier_message_at_a_place_is_wrong(joined) -> None:
    joined.roamed(3, 0, 5, 1, (2, 1), 3, 4, 5)
    assert WRONG.format(2) in joined.says("roaming-complete")


def test_a_message_at_a_place_before_its_own_is_wrong(history) -> None:
    for message, place in ((1, 1), (2, 4)):
        history.composed(message)
        history.placed(message, place)
    history.joined(3, 1, history=((0, 4),))
    history.roamed(3, 0, 4, 1, (3, 2))
    assert WRONG.format(3) in history.says("roaming-complete")


def test_a_place_that_comes_again_in_a_page_is_wrong(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 2, 4, 5)
    assert WRONG.format(2) in joined.says("roaming-complete")


def test_after_a_restore_of_a_conversation_in_which_nothing_was_placed_nothing_is_owed(history) -> None:
    history.joined(9, 1, [(0, 5)])
    history.reverted(0, kind="conversation", owner=0)
    history.sent(1)
    assert history.says("roaming-complete") == []


@pytest.mark.parametrize("place", [3, 5])
def test_of_two_messages_at_one_place_the_later_is_history(joined, place) -> None:
    joined.composed(9)
    joined.placed(9, place)
    joined.roamed(3, 0, 5, *[(n, 9 if n == place else n) for n in (1, 2, 3, 4, 5)])
    assert joined.says("roaming-complete") == []


def test_what_one_device_forgot_another_still_holds(joined) -> None:
    joined.joined(4, 1, history=((0, 5),))
    for device in (3, 4):
        joined.roamed(device, 0, 5, 1, 2, 3, 4, 5)
    joined.forgot(3)
    assert joined.says("roaming-complete") == [UNREACHED.format(5)]


def test_a_device_that_forgot_all_of_it_may_fetch_all_of_it_again(joined) -> None:
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    joined.forgot(3, roamed=())
    joined.roamed(3, 0, 5, 1, 2, 3, 4, 5)
    assert joined.says("roaming-complete") == []


def test_no_page_holds_what_a_restore_took_before_the_device_joined(history) -> None:
    history.sent(1, 2, 3, 4, 5)
    history.joined(4, 1, history=((1, 1),))
    history.reverted(3, kind="conversation", owner=0)
    history.joined(3, 1, history=((0, 3),))
    history.roamed(3, 0, 5, 1, 2, 3, 4)
    assert WRONG.format(4) in history.says("roaming-complete")


def test_a_page_above_the_history_may_not_hold_what_was_never_placed(joined) -> None:
    joined.sent(6)
    joined.roamed(3, 6, 7, 7)
    assert WRONG.format(7) in joined.says("roaming-complete")


def test_pages_of_a_conversation_that_was_empty_at_the_join_are_not_judged(history) -> None:
    history.joined(3, 1, history=((0, 0),))
    history.roamed(3, 0, 5, 5)
    assert history.says("roaming-complete") == []


def test_a_history_of_many_messages(history) -> None:
    many = range(1, 301)
    history.sent(*many)
    history.joined(3, 1, history=((0, 300),))
    history.gone(300)
    history.roamed(3, 0, 300, *many[:-1])
    assert history.says("roaming-complete") == []
    history.roamed(3, 300, 301, 301)
    assert history.says("roaming-complete") == [WRONG.format(301)]
