"""Blocks of a file are judged together where their lines follow one another, and in the order of the file in any case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncproof.core.observations import Accepted, Observation, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline
from syncproof.engines.bulk.history import check_in_bulk, gathered
from syncproof.engines.check import check_blocks
from syncproof.formats.columnar import Columnar
from syncproof.formats.names import Names
from syncproof.properties import PROPERTIES
from tests.helpers.random_histories import sound

Blocks = list[tuple[int, list[Observation]]]


def accepted(*messages: int) -> list[Observation]:
    return [Accepted(MessageId(message)) for message in messages]


def shape(blocks: Blocks) -> list[tuple[int, int]]:
    return [(first, len(block)) for first, block in gathered(blocks)]


def test_blocks_that_follow_one_another_are_one() -> None:
    assert shape([(2, accepted(1, 2)), (4, accepted(3)), (5, accepted(4))]) == [(2, 4)]


def test_a_gap_between_lines_begins_another() -> None:
    assert shape([(2, accepted(1, 2)), (6, accepted(3))]) == [(2, 2), (6, 1)]


def test_a_block_without_columns_stays_as_it_is() -> None:
    text = Names()["a"]
    named: list[Observation] = [Accepted(text)]  # type: ignore[arg-type]
    found = list(gathered([(2, accepted(1)), (3, named), (4, accepted(2))]))
    assert [type(block) for _, block in found] == [Columnar, list, Columnar]


def test_what_cannot_be_read_is_said_after_what_came_before_it() -> None:
    def blocks() -> Iterator[tuple[int, list[Observation]]]:
        yield 2, accepted(1)
        raise ValueError

    seen = gathered(blocks())
    assert len(next(seen)[1]) == 1
    with pytest.raises(ValueError):  # noqa: PT011
        next(seen)


def test_a_history_in_blocks_is_judged_as_one_by_one() -> None:
    observations = sound(12)
    observations.insert(4000, Shown(DeviceId(1), MessageId(1), ConversationId(0), 99, Timeline("sync", 0), 9999))
    blocks: Blocks = [(2 + start, observations[start : start + 700]) for start in range(0, len(observations), 700)]
    found, plain = check_in_bulk(blocks, PROPERTIES), check_blocks(blocks, PROPERTIES)
    assert found.monitor.violations == plain.monitor.violations != {}
    assert found.count == plain.count
