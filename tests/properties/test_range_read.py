"""range-read against histories written by hand."""

from __future__ import annotations

import pytest


@pytest.fixture
def log(history):
    """Return a history of messages 1 to 4 at numbers 1 to 4 of user 1's sync timeline, 3 being a void."""
    history.sent(1, 2, 4)
    for seq in (1, 2, 3, 4):
        history.appended(seq, None if seq == 3 else seq)
    return history


@pytest.mark.parametrize(
    ("seqs", "wrong"),
    [
        ((1, 2, 4), "leaves out 3"),
        ((), "leaves out 1"),
        ((1, 2, 3, 4, 5), "returns 5, which is not there"),
        ((2, 1, 3, 4), "repeats entries or returns them out of order"),
        ((1, 2, 2, 3, 4), "repeats entries or returns them out of order"),
    ],
)
def test_a_read_of_something_else(log, seqs, wrong) -> None:
    log.read(1, 0, 5, *seqs)
    assert log.says("range-read") == [f"a read of (0, 5] in sync timeline 1 {wrong}"]


def test_exactly_what_is_there(log) -> None:
    log.read(1, 0, 4, 1, 2, 3, 4)
    log.read(1, 1, 3, 2, 3)
    log.read(1, 4, 9)
    assert log.says("range-read") == []


def test_what_was_trimmed_is_not_there(log) -> None:
    log.trimmed(2)
    log.read(1, 0, 4, 3, 4)
    assert log.says("range-read") == []


def test_what_was_trimmed_must_not_come_back(log) -> None:
    log.trimmed(2)
    log.read(1, 0, 4, 2, 3, 4)
    assert log.says("range-read") == ["a read of (0, 4] in sync timeline 1 returns 2, which is not there"]


def test_a_reader_may_get_only_what_concerns_its_user(history) -> None:
    history.composed(1)
    history.placed(1, 1, users=(0,), devices=(0,))
    history.appended(1, 1, kind="conversation", owner=0)
    history.sent(2)
    history.appended(2, 2, kind="conversation", owner=0)
    history.read(1, 0, 2, 2, kind="conversation", owner=0)
    assert history.says("range-read") == []


def test_a_reader_gets_all_that_concerns_its_user(history) -> None:
    history.sent(1, 2)
    history.appended(1, 1, kind="conversation", owner=0)
    history.appended(2, 2, kind="conversation", owner=0)
    history.read(1, 0, 2, 2, kind="conversation", owner=0)
    assert history.says("range-read") == ["a read of (0, 2] in conversation timeline 0 leaves out 1"]


def test_an_entry_that_appeared_below_the_tail_is_read_in_its_place(history) -> None:
    history.sent(1, 2, 3)
    for seq in (1, 3, 2):
        history.appended(seq, seq)
    history.read(1, 0, 3, 1, 2, 3)
    assert history.says("range-read") == []


def test_inboxes_are_not_judged(history) -> None:
    history.read(1, 0, 9, 4, 2, kind="inbox")
    assert history.says("range-read") == []


def test_a_timeline_that_has_no_entries(history) -> None:
    history.read(1, 0, 3)
    history.read(1, 0, 3, 1)
    assert history.says("range-read") == ["a read of (0, 3] in sync timeline 1 returns 1, which is not there"]


def test_of_several_entries_that_are_not_there_the_first_is_named(history) -> None:
    history.appended(1, 1)
    history.read(1, 0, 5, 1, 2, 3)
    assert history.says("range-read") == ["a read of (0, 5] in sync timeline 1 returns 2, which is not there"]
