"""dense against histories written by hand."""

from __future__ import annotations


def test_a_missing_number_is_reported_once(history) -> None:
    history.appended(1, 1)
    history.appended(3, 2)
    history.appended(4, 3)
    assert history.says("dense") == ["number 3 of sync timeline 1 follows 1"]


def test_the_first_number_is_1(history) -> None:
    history.appended(2, 1)
    assert history.says("dense") == ["number 2 of sync timeline 1 follows 0"]


def test_voids_count(history) -> None:
    history.appended(1, 1)
    history.appended(2, None)
    history.appended(3, 2)
    assert history.says("dense") == []


def test_only_sync_timelines_are_judged(history) -> None:
    history.appended(5, 1, kind="conversation")
    assert history.says("dense") == []


def test_a_new_epoch_continues_after_the_last_surviving_entry(history) -> None:
    for seq in (1, 2, 3):
        history.appended(seq, seq)
    history.reverted(2)
    history.appended(3, 4, epoch=1)
    assert history.says("dense") == []
    history.appended(5, 5, epoch=1)
    assert history.says("dense") == ["number 5 of sync timeline 1 follows 3"]


def test_a_new_epoch_may_not_begin_after_a_gap(history) -> None:
    history.appended(1, 1)
    history.reverted(1)
    history.appended(3, 2, epoch=1)
    assert history.says("dense") == ["number 3 of sync timeline 1 follows 1"]


def test_a_number_that_comes_again(history) -> None:
    history.appended(1, 1)
    history.appended(1, 2)
    assert history.says("dense") == ["number 1 of sync timeline 1 follows 1"]


def test_nothing_is_kept_of_a_restored_conversation(history) -> None:
    history.reverted(3, kind="conversation", owner=0)
    assert history.run("dense").last == {}
