"""Columns say what the observations say, whether they are made of objects or read from Parquet."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy
import pytest

from syncproof.core.observations import Accepted, Appended, Composed, Observation, RangeRead, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline
from syncproof.formats.columnar import NONE, Columnar, Unfit, columnar_of, merged, timeline_key, timeline_of
from syncproof.formats.header import Header
from syncproof.formats.history import read_batches, write_history
from syncproof.formats.names import Names
from tests.helpers.random_histories import changed, decoded, part, sound

HEADER = Header(schema=2, kind="history", complete=True)


def told(batch: Columnar) -> Any:
    """Return all that the columns of a batch say."""
    found = {}
    for kind, of_kind in batch.parts.items():
        columns = [of_kind.timelines, of_kind.changes, of_kind.ends, of_kind.read]
        lists = [None if column is None else column.tolist() for column in columns]
        cells = {name: column.tolist() for name, column in of_kind.cells.items()}
        found[kind] = of_kind.rows.tolist(), cells, lists, of_kind.groups
    return batch.codes.tolist(), found, batch.objects(0, len(batch))


def written(path: Path, observations: list[Observation]) -> list[tuple[int, Any]]:
    write_history(path, HEADER, [observations])
    return list(read_batches(path)[1])


def test_columns_of_parquet_are_those_of_the_objects(tmp_path: Path) -> None:
    observations = sound(12)
    for seed in range(12):
        draw = Random(seed)
        these = decoded(changed(draw, part(draw, observations)))
        ((first, found),) = written(tmp_path / "run.parquet", these)
        assert first == 2
        assert told(found) == told(columnar_of(these))
        assert found.chosen(numpy.array([1, 3, 90])) == [these[1], these[3], these[90]]
        assert found.objects(5, 9) == these[5:9]


def test_batches_are_merged_as_if_they_had_been_one() -> None:
    observations = sound(12)[:3000]
    parts = [columnar_of(observations[start : start + 700]) for start in range(0, 3000, 700)]
    assert told(merged(parts)) == told(columnar_of(observations))


def test_a_part_of_a_class_has_the_numbers_that_its_reads_returned() -> None:
    log = Timeline("sync", 0)
    reads = [RangeRead(DeviceId(1), log, 0, 9, seqs) for seqs in ((1, 2), (), (3,), (4, 5))]
    found = columnar_of(list(reads)).parts[RangeRead].between(1, 4)
    assert found.ends.tolist() == [0, 1, 3]
    assert found.read.tolist() == [3, 4, 5]


def test_what_is_not_known_has_a_number_of_its_own() -> None:
    found = columnar_of([Accepted(MessageId(1)), Accepted(MessageId(2), 4)]).parts[Accepted]
    assert found.cells["place"].tolist() == [NONE, 4]


@pytest.mark.parametrize(
    "observation",
    [
        Accepted(Names()["text"]),  # type: ignore[arg-type]
        Accepted(MessageId(1 << 62)),
        Accepted(MessageId(1 << 80)),
        Accepted(MessageId(1), NONE),
        Appended(Timeline("sync", 0, 999), 1, None),
        Appended(Timeline("sync", 1 << 61), 1, None),
        Shown(DeviceId(1), MessageId(1), ConversationId(1), 1, Timeline("sync", 0, 999), 1),
        RangeRead(DeviceId(1), Timeline("sync", 0), 0, 1, (1 << 70,)),
    ],
)
def test_what_has_no_place_in_a_column_makes_a_batch_unfit(observation: Observation) -> None:
    with pytest.raises(Unfit):
        columnar_of([observation])


def test_a_history_with_texts_is_read_as_observations(tmp_path: Path) -> None:
    ((_, found),) = written(tmp_path / "run.parquet", [Accepted(Names()["text"])])  # type: ignore[arg-type]
    assert isinstance(found, list)


@pytest.mark.parametrize("kind", ["conversation", "sync", "inbox"])
@pytest.mark.parametrize(("owner", "epoch"), [(0, 0), (17, 3), (-5, 255)])
def test_a_timeline_is_what_its_key_says(kind: Any, owner: int, epoch: int) -> None:
    assert timeline_of(timeline_key(Timeline(kind, owner, epoch))) == Timeline(kind, owner, epoch)


def test_a_change_is_marked_as_one() -> None:
    changes: Any = (
        columnar_of(
            [
                Composed(MessageId(1), DeviceId(1), ConversationId(1)),
                Composed(MessageId(2), DeviceId(1), ConversationId(1), "read", 1, 4),
            ]
        )
        .parts[Composed]
        .changes
    )
    assert changes.tolist() == [False, True]
