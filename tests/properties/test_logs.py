"""What the base of the log properties knows: whose log an entry is in, and what a device knows from another epoch."""

from __future__ import annotations

import pytest


@pytest.fixture
def log(history):
    """Return a history of messages 1 to 3 at numbers 1 to 3 of user 1's sync timeline."""
    history.sent(1, 2, 3)
    for seq in (1, 2, 3):
        history.appended(seq, seq)
    return history


def new_epoch(log, upto: int, device: int, start: int) -> None:
    """Revert the log to `upto`, append message 4 above it, and let a device start after `start` and show message 4."""
    log.reverted(upto)
    log.sent(4)
    log.appended(upto + 1, 4, epoch=1)
    log.checkpointed(device, start, start=True, epoch=1)
    log.shown(device, 4, seq=upto + 1, epoch=1)


@pytest.mark.parametrize("start", [0, 1, 2])
def test_what_a_device_showed_in_another_epoch_it_need_not_show_again(log, start) -> None:
    for message in (1, 2, 3):
        log.shown(1, message, seq=message)
    new_epoch(log, 2, 1, start)
    assert log.says("prefix-order") == []


def test_what_another_device_showed_counts_for_that_device_only(log) -> None:
    for message in (1, 2, 3):
        log.shown(1, message, seq=message)
    new_epoch(log, 2, 2, 0)
    assert log.says("prefix-order") == ["device 2 shows number 3 of sync timeline 1 and skips 1"]


def test_what_a_device_skipped_in_another_epoch_it_does_not_know(log) -> None:
    log.checkpointed(1, 2, start=True)
    log.shown(1, 3, seq=3)
    new_epoch(log, 3, 1, 0)
    assert log.says("prefix-order") == ["device 1 shows number 4 of sync timeline 1 and skips 1"]


def test_what_was_skipped_in_both_epochs_may_stay_unknown(log) -> None:
    log.checkpointed(1, 2, start=True)
    log.shown(1, 3, seq=3)
    new_epoch(log, 3, 1, 2)
    assert log.says("prefix-order") == []


def test_what_a_device_showed_from_another_log_is_not_known_of_this_one(log) -> None:
    for seq in (1, 2, 3):
        log.appended(seq, seq, kind="conversation", owner=0)
        log.shown(1, seq, seq=seq, kind="conversation", owner=0)
    new_epoch(log, 2, 1, 0)
    assert log.says("prefix-order") == ["device 1 shows number 3 of sync timeline 1 and skips 1"]


def test_a_restore_of_one_log_makes_no_entry_of_another_a_second_one(history) -> None:
    history.sent(5, 6)
    history.appended(1, 5, kind="conversation", owner=0)
    history.reverted(0)
    history.appended(1, 5, epoch=1)
    history.appended(2, 6, epoch=1)
    history.shown(1, 6, seq=2, epoch=1)
    assert history.says("prefix-order") == ["device 1 shows number 2 of sync timeline 1 and skips 1"]


def test_what_a_restore_kept_has_its_first_entry_in_other_logs(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1)
    history.reverted(1)
    history.appended(1, 1, kind="conversation", owner=0)
    history.appended(2, 2, kind="conversation", owner=0)
    history.shown(1, 2, seq=2, kind="conversation", owner=0)
    assert history.says("prefix-order") == ["device 1 shows number 2 of conversation timeline 0 and skips 1"]


@pytest.mark.parametrize("shown", [1, 2])
def test_an_entry_inserted_above_what_a_device_showed_is_due(history, shown) -> None:
    history.sent(1, 2, 3, 4)
    for seq in (1, 2, 4):
        history.appended(seq, seq)
    for message in (1, 2)[:shown]:
        history.shown(1, message, seq=message)
    history.appended(3, 3)
    for message in (2, 3, 4)[shown - 1 :]:
        history.shown(1, message, seq=message)
    assert history.says("prefix-order") == []
    del history.observations[-2]
    assert history.says("prefix-order") == ["device 1 shows number 4 of sync timeline 1 and skips 3"]
