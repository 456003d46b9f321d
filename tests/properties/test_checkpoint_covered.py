"""checkpoint-covered against histories written by hand."""

from __future__ import annotations

import pytest


@pytest.fixture
def log(history):
    """Return a history of messages 1 to 3 at numbers 1 to 3 of user 1's sync timeline."""
    history.sent(1, 2, 3)
    for seq in (1, 2, 3):
        history.appended(seq, seq)
    return history


def test_a_checkpoint_passes_what_was_not_shown(log) -> None:
    log.shown(1, 1, seq=1)
    log.shown(1, 3, seq=3)
    log.checkpointed(1, 3)
    log.checkpointed(1, 3)
    assert log.says("checkpoint-covered") == [
        "device 1 moves its checkpoint in sync timeline 1 to 3, past number 2, which it has not shown"
    ]


def test_saved_before_applied(log) -> None:
    log.checkpointed(1, 1)
    log.shown(1, 1, seq=1)
    assert len(log.says("checkpoint-covered")) == 1


def test_shown_first(log) -> None:
    for seq in (1, 2, 3):
        log.shown(1, seq, seq=seq)
    log.checkpointed(1, 2)
    log.checkpointed(1, 3)
    assert log.says("checkpoint-covered") == []


def test_shown_on_another_device_does_not_count(log) -> None:
    log.shown(1, 1, seq=1)
    log.checkpointed(2, 1)
    assert len(log.says("checkpoint-covered")) == 1


def test_shown_from_another_source_counts(log) -> None:
    log.shown(1, 1)
    log.shown(1, 2, seq=9, kind="conversation", owner=0)
    log.checkpointed(1, 2)
    assert log.says("checkpoint-covered") == []


def test_entries_below_the_starting_value_need_no_showing(log) -> None:
    log.checkpointed(1, 2, start=True)
    log.shown(1, 3, seq=3)
    log.checkpointed(1, 3)
    assert log.says("checkpoint-covered") == []


def test_voids_and_messages_of_other_users_need_no_showing(history) -> None:
    history.composed(1)
    history.placed(1, 1, users=(0,), devices=(0,))
    history.appended(1, 1)
    history.appended(2, None)
    history.checkpointed(1, 2)
    assert history.says("checkpoint-covered") == []


def test_the_second_entry_of_a_message_is_covered_by_its_first_showing(history) -> None:
    history.sent(1)
    history.appended(1, 1)
    history.shown(1, 1, seq=1)
    history.checkpointed(1, 1)
    history.placed(1, 2)
    history.appended(2, 1)
    history.checkpointed(1, 2)
    assert history.says("checkpoint-covered") == []


def test_what_is_covered_is_no_longer_kept(log) -> None:
    log.shown(1, 1, seq=1)
    log.shown(1, 2, seq=2)
    log.checkpointed(1, 1)
    assert log.run("checkpoint-covered").ahead == {1: {2}}


def test_a_log_that_grew_out_of_order_is_covered_in_order(history) -> None:
    history.sent(1, 2, 3)
    for seq in (1, 3, 2):
        history.appended(seq, seq)
    history.shown(1, 1, seq=1)
    history.shown(1, 2, seq=2)
    history.checkpointed(1, 2)
    assert history.says("checkpoint-covered") == []


def test_a_checkpoint_of_an_empty_timeline_passes_nothing(history) -> None:
    history.checkpointed(1, 3)
    assert history.says("checkpoint-covered") == []


def test_what_was_shown_early_and_lost_does_not_count(log) -> None:
    log.shown(1, 1)
    log.forgot(1, 1)
    log.checkpointed(1, 1)
    assert len(log.says("checkpoint-covered")) == 1
    log.observations.pop()
    log.shown(1, 1)
    log.checkpointed(1, 1)
    assert log.says("checkpoint-covered") == []


def test_a_checkpoint_moves_back_with_a_restored_database(log) -> None:
    for message in (1, 2, 3):
        log.shown(1, message, seq=message)
    log.checkpointed(1, 3)
    log.checkpointed(1, 1, start=True)
    log.forgot(1, 2, 3)
    log.shown(1, 2, seq=2)
    log.checkpointed(1, 2)
    assert log.says("checkpoint-covered") == []
    log.checkpointed(1, 3)
    assert len(log.says("checkpoint-covered")) == 1


def test_a_backup_that_holds_more_than_its_checkpoint_covers(log) -> None:
    """Shown before the backup, its checkpoint saved after it: nothing has to be shown again."""
    log.shown(1, 1, seq=1)
    log.checkpointed(1, 1)
    log.checkpointed(1, 0, start=True)
    log.forgot(1)
    log.checkpointed(1, 1)
    assert log.says("checkpoint-covered") == []


def test_in_a_new_epoch_entries_of_both_epochs_are_covered(log) -> None:
    for message in (1, 2):
        log.shown(1, message, seq=message)
    log.checkpointed(1, 2)
    log.reverted(2)
    log.sent(4)
    log.appended(3, 4, epoch=1)
    log.checkpointed(1, 2, start=True, epoch=1)
    log.shown(1, 4, seq=3, epoch=1)
    log.checkpointed(1, 3, epoch=1)
    assert log.says("checkpoint-covered") == []


def test_in_a_new_epoch_a_new_number_is_not_a_known_one(log) -> None:
    for message in (1, 2, 3):
        log.shown(1, message, seq=message)
    log.checkpointed(1, 3)
    log.reverted(2)
    log.sent(4)
    log.appended(3, 4, epoch=1)
    log.checkpointed(1, 2, start=True, epoch=1)
    log.checkpointed(1, 3, epoch=1)
    assert log.says("checkpoint-covered") == [
        "device 1 moves its checkpoint in sync timeline 1 to 3, past number 3, which it has not shown"
    ]


def test_a_device_that_starts_for_the_first_time_has_covered_nothing(log) -> None:
    log.checkpointed(2, 0, start=True)
    log.checkpointed(2, 1)
    assert len(log.says("checkpoint-covered")) == 1


def test_a_device_that_starts_at_the_beginning_has_shown_nothing(history) -> None:
    history.sent(1)
    history.appended(1, 1)
    history.checkpointed(1, 0, start=True)
    history.checkpointed(1, 1)
    assert history.says("checkpoint-covered") == [
        "device 1 moves its checkpoint in sync timeline 1 to 1, past number 1, which it has not shown"
    ]


def test_a_checkpoint_above_a_log_of_many_entries(history) -> None:
    many = range(1, 301)
    history.sent(*many)
    for message in many:
        history.appended(message, message)
        history.shown(1, message, seq=message)
    history.checkpointed(1, 300)
    assert history.says("checkpoint-covered") == []


def test_nothing_is_kept_of_a_device_whose_checkpoint_passes_no_entry(history) -> None:
    history.checkpointed(1, 5)
    (log,) = history.run("checkpoint-covered").logs.values()
    assert log.passed == {}
