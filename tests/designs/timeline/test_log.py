"""A log: ranges, epochs and what retention leaves."""

from __future__ import annotations

import pytest

from syncproof.core.values import ConversationId, DeviceId, Entry, Message, MessageId
from syncproof.designs.timeline.log import Log


def entry(seq: int, conversation: int = 0, place: int | None = None) -> Entry:
    message = Message(MessageId(seq), DeviceId(0), ConversationId(conversation))
    return Entry(seq, seq if place is None else place, message)


def log(*seqs: int) -> Log:
    made = Log.empty()
    for seq in seqs:
        made.append(entry(seq))
    return made


def test_a_trimmed_log_continues_after_the_trimmed_entries() -> None:
    made = log(3, 6, 9)
    made.trim(7)
    assert (made.seqs, made.trimmed, made.last) == ([9], 6, 9)
    made.trim(9)
    assert (made.seqs, made.entries, made.trimmed, made.last) == ([], [], 9, 9)


def test_trimming_below_the_first_entry_changes_nothing() -> None:
    made = log(3, 6)
    made.trim(2)
    assert (made.seqs, made.trimmed, made.gone) == ([3, 6], 0, {})


def test_a_trim_keeps_the_last_place_of_each_conversation() -> None:
    made = Log.empty()
    for one in (entry(1, 0, 1), entry(2, 5, 1), entry(3, 0, 2), Entry(4, 0, None, "void"), entry(5, 5, 2)):
        made.append(one)
    made.trim(4)
    assert made.gone == {ConversationId(0): 2, ConversationId(5): 1}
    assert made.after(0, None, 10) == ([entry(5, 5, 2)], False)


def test_a_reader_of_an_old_epoch_has_the_common_entries() -> None:
    made = log(1, 2, 3)
    made.begin_epoch(1)
    made.append(entry(4))
    assert made.common(0, 2) == 2
    assert made.common(0, 3) == 3
    assert made.common(0, 9) == 3
    assert made.common(1, 4) == 4


def test_a_reader_that_missed_an_epoch_has_the_smallest_common_number() -> None:
    made = log(1, 2, 3)
    made.begin_epoch(1)
    restored = log(1)
    restored.begin_epoch(2)
    assert restored.epoch_starts == (1, 1)
    assert [restored.common(epoch, 9) for epoch in (0, 1, 2)] == [1, 1, 9]
    made.append(entry(4))
    made.begin_epoch(2)
    assert made.epoch_starts == (3, 4)
    assert [made.common(epoch, 9) for epoch in (0, 1, 2)] == [3, 4, 9]


def test_a_log_that_begins_in_a_later_epoch_has_nothing_in_common_with_earlier_ones() -> None:
    made = Log.empty(2)
    made.append(entry(1))
    assert [made.common(epoch, 1) for epoch in (0, 1, 2)] == [0, 0, 1]


@pytest.mark.parametrize("epoch", [1, 3])
def test_beginning_an_epoch_a_second_time_changes_nothing(epoch: int) -> None:
    made = log(1)
    made.begin_epoch(epoch)
    assert len(made.epoch_starts) == epoch
    made.append(entry(2))
    made.begin_epoch(epoch)
    assert made.epoch_starts == (1,) * epoch
