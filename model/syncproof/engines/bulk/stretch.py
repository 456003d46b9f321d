"""A stretch: the rows of a batch from one to below another, with the numbers of its messages among themselves."""

from __future__ import annotations

from typing import Any

import numpy

from syncproof.core.observations import Accepted, Appended, Composed, Observation, Placed, RangeRead, Shown, Stored
from syncproof.engines.bulk.ranks import ranked
from syncproof.formats.columnar import COLUMNS, NONE, WITH_TIMELINE, ClassColumns, Columnar

OF_MESSAGES = (Composed, Placed, Stored, Accepted, Shown)


class Stretch:
    """The rows of a batch from `low` to below `high`, by class: every class that has columns is there, also one that is empty.

    `messages`: the different messages, in growing order; `named`: by class, the number of each row's message among them.
    """

    def __init__(self, batch: Columnar, low: int, high: int) -> None:
        self.batch, self.low, self.high = batch, low, high
        self.parts: dict[type[Observation], ClassColumns] = {
            kind: batch.parts[kind].between(low, high) if kind in batch.parts else _empty(kind) for kind in COLUMNS
        }
        appended = self.parts[Appended].cells["message"]
        columns = [self.parts[kind].cells["message"] for kind in OF_MESSAGES]
        self.messages, numbers = ranked(numpy.concatenate([*columns, appended[appended != NONE]]))
        ends = numpy.cumsum([len(column) for column in columns]).tolist()
        self.named = {
            kind: numbers[end - len(column) : end] for kind, column, end in zip(OF_MESSAGES, columns, ends, strict=True)
        }
        self.named[Appended] = numbers[ends[-1] :]

    def objects(self, rows: Any) -> list[Observation]:
        """Return the observations of some rows, which are in growing order."""
        return self.batch.chosen(rows)


def _empty(kind: type[Observation]) -> ClassColumns:
    nothing = numpy.zeros(0, dtype=numpy.int64)
    part = ClassColumns(nothing, dict.fromkeys(COLUMNS[kind], nothing))
    if kind in WITH_TIMELINE:
        part.timelines = nothing
    if kind is Composed:
        part.changes = numpy.zeros(0, dtype=bool)
    if kind is RangeRead:
        part.ends = part.read = nothing
    return part
