"""prefix-order against histories written by hand."""

from __future__ import annotations

import pytest


@pytest.fixture
def log(history):
    """Return a history of messages 1 to 4 at numbers 10, 20, 30, 40 of user 1's sync timeline."""
    history.sent(1, 2, 3, 4)
    for message in (1, 2, 3, 4):
        history.appended(10 * message, message)
    return history


def test_a_skip_is_reported_once(log) -> None:
    log.shown(1, 1, seq=10)
    log.shown(1, 3, seq=30)
    log.shown(1, 4, seq=40)
    assert log.says("prefix-order") == ["device 1 shows number 30 of sync timeline 1 and skips 20"]


def test_a_step_back(log) -> None:
    log.shown(1, 1, seq=10)
    log.shown(1, 2, seq=20)
    log.shown(1, 1, seq=10)
    log.shown(1, 3, seq=30)
    assert log.says("prefix-order") == ["device 1 shows number 10 of sync timeline 1 after number 20"]


def test_a_number_that_is_not_there(log) -> None:
    log.shown(1, 1, seq=11)
    assert log.says("prefix-order") == ["device 1 shows number 11 of sync timeline 1, which is not there"]


def test_each_device_has_its_own_pointer(log) -> None:
    for device in (1, 2):
        for message in (1, 2, 3, 4):
            log.shown(device, message, seq=10 * message)
    assert log.says("prefix-order") == []


def test_entries_below_the_starting_checkpoint_are_not_skipped(log) -> None:
    log.checkpointed(2, 20, start=True)
    log.shown(2, 3, seq=30)
    assert log.says("prefix-order") == []


def test_an_ordinary_checkpoint_excuses_no_skip(log) -> None:
    log.checkpointed(2, 20)
    log.shown(2, 3, seq=30)
    assert log.says("prefix-order") == ["device 2 shows number 30 of sync timeline 1 and skips 10"]


def test_voids_may_be_skipped(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.appended(2, None)
    history.appended(3, 2)
    history.shown(1, 1, seq=1)
    history.shown(1, 2, seq=3)
    assert history.says("prefix-order") == []


def test_entries_from_before_the_user_was_a_member_may_be_skipped(history) -> None:
    history.composed(1)
    history.placed(1, 1, users=(0,), devices=(0,))
    history.appended(1, 1, kind="conversation", owner=0)
    history.sent(2)
    history.appended(2, 2, kind="conversation", owner=0)
    history.shown(1, 2, seq=2, kind="conversation", owner=0)
    assert history.says("prefix-order") == []


def test_entries_from_when_the_user_was_a_member_may_not_be_skipped(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1, kind="conversation", owner=0)
    history.appended(2, 2, kind="conversation", owner=0)
    history.shown(1, 2, seq=2, kind="conversation", owner=0)
    assert history.says("prefix-order") == ["device 1 shows number 2 of conversation timeline 0 and skips 1"]


def test_the_second_entry_of_a_message_may_be_skipped(history) -> None:
    history.sent(1)
    history.appended(1, 1)
    history.placed(1, 2)
    history.appended(2, 1)
    history.sent(3)
    history.appended(3, 3)
    history.shown(1, 1, seq=1)
    history.shown(1, 3, seq=3)
    assert history.says("prefix-order") == []


def test_a_log_that_grew_out_of_order_is_still_shown_in_order(history) -> None:
    history.sent(1, 2, 3)
    for seq in (1, 3, 2):
        history.appended(seq, seq)
    for seq in (1, 2, 3):
        history.shown(1, seq, seq=seq)
    assert history.says("prefix-order") == []


def test_an_entry_that_appears_below_the_pointer_does_not_shift_it(history) -> None:
    history.sent(1, 2, 3, 4)
    history.appended(1, 1)
    history.appended(3, 3)
    history.shown(1, 1, seq=1)
    history.shown(1, 3, seq=3)
    history.appended(2, 2)
    history.appended(4, 4)
    history.shown(1, 4, seq=4)
    assert history.says("prefix-order") == []


def test_inboxes_and_own_messages_are_not_judged(history) -> None:
    history.sent(1, 2)
    history.shown(0, 2)
    history.shown(1, 2, seq=2, kind="inbox")
    history.shown(1, 1, seq=1, kind="inbox")
    assert history.says("prefix-order") == []


def test_an_entry_that_appears_at_the_pointer_is_next(history) -> None:
    history.sent(1, 2, 3)
    history.appended(1, 1)
    history.appended(3, 3)
    history.shown(1, 1, seq=1)
    history.appended(2, 2)
    history.shown(1, 2, seq=2)
    history.shown(1, 3, seq=3)
    assert history.says("prefix-order") == []


def test_the_same_number_twice(log) -> None:
    log.shown(1, 1, seq=10)
    log.shown(1, 1, seq=10)
    assert log.says("prefix-order") == ["device 1 shows number 10 of sync timeline 1 after number 10"]


def test_a_number_beyond_the_end(log) -> None:
    for message in (1, 2, 3, 4):
        log.shown(1, message, seq=10 * message)
    log.shown(1, 5, seq=50)
    assert log.says("prefix-order") == ["device 1 shows number 50 of sync timeline 1, which is not there"]


def test_a_timeline_that_has_no_entries(history) -> None:
    history.shown(1, 1, seq=1)
    assert history.says("prefix-order") == ["device 1 shows number 1 of sync timeline 1, which is not there"]


@pytest.fixture
def reverted(log):
    """Device 1 has shown 10 to 30; a restore took 30 and 40, and messages 5 and 6 are at 30 and 40 of the new epoch."""
    for message in (1, 2, 3):
        log.shown(1, message, seq=10 * message)
    log.reverted(20)
    log.sent(5, 6)
    log.appended(30, 5, epoch=1)
    log.appended(40, 6, epoch=1)
    return log


def test_a_device_continues_in_the_new_epoch_after_the_common_entries(reverted) -> None:
    reverted.checkpointed(1, 20, start=True, epoch=1)
    reverted.shown(1, 5, seq=30, epoch=1)
    reverted.shown(1, 6, seq=40, epoch=1)
    assert reverted.says("prefix-order") == []


def test_a_device_that_mistakes_a_new_number_for_a_known_one_skips(reverted) -> None:
    reverted.checkpointed(1, 20, start=True, epoch=1)
    reverted.shown(1, 6, seq=40, epoch=1)
    assert reverted.says("prefix-order") == ["device 1 shows number 40 of sync timeline 1 and skips 30"]


def test_the_new_epoch_lacks_the_entries_that_the_restore_took(reverted) -> None:
    reverted.checkpointed(1, 20, start=True, epoch=1)
    reverted.shown(1, 4, seq=45, epoch=1)
    assert reverted.says("prefix-order") == ["device 1 shows number 45 of sync timeline 1, which is not there"]


def test_a_device_that_had_shown_less_shows_the_rest_in_the_new_epoch(reverted) -> None:
    reverted.shown(2, 1, seq=10)
    reverted.checkpointed(2, 10, start=True, epoch=1)
    reverted.shown(2, 5, seq=30, epoch=1)
    assert reverted.says("prefix-order") == ["device 2 shows number 30 of sync timeline 1 and skips 20"]


def test_an_entry_that_a_restore_took_and_that_returns_may_be_skipped(reverted) -> None:
    """Message 3 was in the old epoch; device 1 showed it there and does not show it again."""
    reverted.placed(3, 7)
    reverted.appended(50, 3, epoch=1)
    reverted.sent(8)
    reverted.appended(60, 8, epoch=1)
    reverted.checkpointed(1, 20, start=True, epoch=1)
    for message, seq in ((5, 30), (6, 40), (8, 60)):
        reverted.shown(1, message, seq=seq, epoch=1)
    assert reverted.says("prefix-order") == []


def test_a_new_epoch_of_an_unknown_log(history) -> None:
    history.reverted(0)
    history.sent(1)
    history.appended(1, 1, epoch=1)
    history.shown(1, 1, seq=1, epoch=1)
    assert history.says("prefix-order") == []


def test_a_third_epoch_begins_with_the_one_it_was_restored_to(reverted) -> None:
    reverted.reverted(30, epoch=2, of=1)
    reverted.checkpointed(2, 0, start=True, epoch=2)
    for message, seq in ((1, 10), (2, 20), (5, 30)):
        reverted.shown(2, message, seq=seq, epoch=2)
    assert reverted.says("prefix-order") == []


def test_a_number_shown_twice_is_a_step_back(log) -> None:
    log.shown(1, 1, seq=10)
    log.shown(1, 2, seq=20)
    log.shown(1, 2, seq=20)
    assert log.says("prefix-order") == ["device 1 shows number 20 of sync timeline 1 after number 20"]


def test_a_number_above_a_log_of_many_entries_is_not_there(history) -> None:
    many = range(1, 301)
    history.sent(*many)
    for message in many:
        history.appended(message, message)
        history.shown(1, message, seq=message)
    history.shown(1, 301, seq=301)
    assert history.says("prefix-order") == ["device 1 shows number 301 of sync timeline 1, which is not there"]
