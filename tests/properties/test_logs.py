"""What all properties that compare a device with the entries of its logs have in common, seen through prefix-order."""

from __future__ import annotations

import pytest


@pytest.fixture
def log(history):
    """Return a history of messages 1 to 4 at numbers 1 to 4 of user 1's sync timeline."""
    history.sent(1, 2, 3, 4)
    for seq in (1, 2, 3, 4):
        history.appended(seq, seq)
    return history


def shows(history, device: int, *numbers: int, epoch: int = 0) -> None:
    """Let a device show these messages, which are at their own numbers."""
    for number in numbers:
        history.shown(device, number, seq=number, epoch=epoch)


def test_a_device_that_first_reads_a_new_epoch_has_passed_what_it_knows_from_the_old_one(log) -> None:
    shows(log, 1, 1, 2)
    log.reverted(4)
    log.checkpointed(1, 0, start=True, epoch=1)
    shows(log, 1, 3, epoch=1)
    assert log.says("prefix-order") == []


def test_what_a_device_had_not_passed_in_the_old_epoch_it_must_show_in_the_new_one(log) -> None:
    shows(log, 1, 1, 2)
    log.reverted(4)
    log.checkpointed(1, 0, start=True, epoch=1)
    shows(log, 1, 4, epoch=1)
    assert log.says("prefix-order") == ["device 1 shows number 4 of sync timeline 1 and skips 3"]


def test_what_a_device_knows_from_a_later_epoch_it_has_passed_as_well(log) -> None:
    log.reverted(4, epoch=1)
    log.reverted(4, epoch=2, of=1)
    shows(log, 1, 1, 2, epoch=2)
    log.checkpointed(1, 0, start=True, epoch=1)
    shows(log, 1, 3, epoch=1)
    assert log.says("prefix-order") == []


def test_what_a_device_skipped_and_then_passed_in_the_old_epoch_it_has_passed_in_the_new_one(log) -> None:
    log.checkpointed(1, 1, start=True)
    shows(log, 1, 2, 3)
    log.reverted(4)
    log.checkpointed(1, 2, start=True, epoch=1)
    shows(log, 1, 4, epoch=1)
    assert log.says("prefix-order") == []


def test_what_a_device_skipped_in_the_old_epoch_it_has_not_passed_in_the_new_one(log) -> None:
    log.checkpointed(1, 2, start=True)
    shows(log, 1, 3)
    log.reverted(4)
    log.checkpointed(1, 0, start=True, epoch=1)
    shows(log, 1, 4, epoch=1)
    assert log.says("prefix-order") == ["device 1 shows number 4 of sync timeline 1 and skips 1"]


def test_an_older_message_at_a_known_number_of_the_new_epoch_is_not_known(log) -> None:
    shows(log, 1, 1, 2, 3)
    log.reverted(2)
    log.sent(0)
    log.appended(3, 0, epoch=1)
    log.appended(4, 5, epoch=1)
    log.checkpointed(1, 2, start=True, epoch=1)
    log.shown(1, 5, seq=4, epoch=1)
    assert log.says("prefix-order") == ["device 1 shows number 4 of sync timeline 1 and skips 3"]


def test_a_device_that_reads_a_new_epoch_again_has_passed_what_lies_before_its_checkpoint_there(log) -> None:
    """It moves back to an older state of its database, which knows of the new epoch and not what came after."""
    shows(log, 1, 1, 2, 3)
    log.reverted(4)
    log.checkpointed(1, 3, start=True, epoch=1)
    log.checkpointed(1, 1, start=True, epoch=1)
    shows(log, 1, 2, 3, epoch=1)
    assert log.says("prefix-order") == []


def test_the_other_logs_of_the_user_say_nothing_about_a_new_epoch(log) -> None:
    for seq in (1, 2):
        log.appended(seq, seq, kind="conversation")
        log.shown(1, seq, seq=seq, kind="conversation")
    log.reverted(4)
    log.checkpointed(1, 0, start=True, epoch=1)
    shows(log, 1, 3, epoch=1)
    assert log.says("prefix-order") == ["device 1 shows number 3 of sync timeline 1 and skips 1"]


def test_a_message_that_a_restore_left_in_one_log_is_still_due_in_another(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.reverted(1)
    for seq in (1, 2):
        history.appended(seq, seq, owner=0)
    history.shown(0, 2, seq=2, owner=0)
    assert history.says("prefix-order") == ["device 0 shows number 2 of sync timeline 0 and skips 1"]


def test_an_entry_that_appears_above_the_pointer_does_not_move_it(history) -> None:
    history.sent(1, 2, 3, 4)
    for seq in (1, 2, 4):
        history.appended(seq, seq)
    history.shown(1, 1, seq=1)
    history.appended(3, 3)
    history.shown(1, 3, seq=3)
    assert history.says("prefix-order") == ["device 1 shows number 3 of sync timeline 1 and skips 2"]


def test_a_message_that_a_restore_took_and_that_returns_with_its_old_place_may_be_skipped(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.reverted(0)
    for seq in (1, 2):
        history.appended(seq, seq, epoch=1)
    shows(history, 1, 2, epoch=1)
    assert history.says("prefix-order") == []
