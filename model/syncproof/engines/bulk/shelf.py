"""The plain lives that no stretch has settled yet, as columns. `Settling` takes one from the shelf when it is observed singly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from syncproof.core.observations import Composed
from syncproof.engines.bulk.ranks import BITS, LIMIT, located
from syncproof.engines.settling import Life

NAMES = ("message", "composer", "conversation", "place", "group", "index", "placed", "stored", "accepted")


class Shelf:
    """Lives, one a row of `columns`. `pairs`: where they are not shown yet, as (row << 40 | device), growing."""

    def __init__(self) -> None:
        nothing = numpy.zeros(0, dtype=numpy.int64)
        self.columns: dict[str, Any] = dict.fromkeys(NAMES, nothing)
        self.pairs = nothing
        self._taken = numpy.zeros(0, dtype=bool)
        self._order = self._sorted = nothing

    def __len__(self) -> int:
        return len(self._taken)

    def find(self, messages: Any) -> Any:
        """Return the rows of messages, -1 for those that are not here."""
        places, found = located(self._sorted, messages)
        rows = numpy.full(len(messages), -1)
        rows[found] = self._order[places[found]]
        rows[found] = numpy.where(self._taken[rows[found]], -1, rows[found])
        return rows

    def take(self, message: int) -> Life | None:
        """Remove the life of a message, and return it; None if it is not here."""
        if not len(self):
            return None
        place = int(self._sorted.searchsorted(message))
        if place == len(self._sorted) or self._sorted[place] != message:
            return None
        row = int(self._order[place])
        if self._taken[row]:
            return None
        self._taken[row] = True
        values = {name: int(column[row]) for name, column in self.columns.items()}
        life = Life(Composed(message, values["composer"], values["conversation"]))  # type: ignore[arg-type]
        life.place, life.group, life.index = values["place"], values["group"], values["index"]
        life.stored, life.accepted = bool(values["stored"]), bool(values["accepted"])
        if values["placed"]:
            low, high = numpy.searchsorted(self.pairs, (row << BITS, (row + 1) << BITS)).tolist()
            life.missing = set((self.pairs[low:high] & (LIMIT - 1)).tolist())
        return life

    def messages(self) -> list[int]:
        """Return the messages whose lives are here, in the order in which they were composed."""
        found: list[int] = self.columns["message"][~self._taken].tolist()
        return found

    def put(self, lives: Iterable[tuple[int, Life]]) -> None:
        """Add lives."""
        rows: dict[str, list[int]] = {name: [] for name in NAMES}
        pairs: list[int] = []
        for number, (message, life) in enumerate(lives, len(self)):
            composed, missing = life.composed, life.missing
            values = (message, composed.device, composed.conversation, life.place, life.group, life.index)
            for name, value in zip(NAMES, (*values, missing is not None, life.stored, life.accepted), strict=True):
                rows[name].append(int(value))
            pairs += [(number << BITS) | device for device in sorted(missing or ())]
        added = {name: numpy.array(values, dtype=numpy.int64) for name, values in rows.items()}
        whole = {name: numpy.concatenate([column, added[name]]) for name, column in self.columns.items()}
        taken = numpy.concatenate([self._taken, numpy.zeros(len(added["message"]), dtype=bool)])
        self.replace(whole, numpy.concatenate([self.pairs, numpy.array(pairs, dtype=numpy.int64)]), ~taken)

    def replace(self, columns: dict[str, Any], pairs: Any, kept: Any) -> None:
        """Replace all lives by those of other columns that are to be kept, and their pairs."""
        moved = numpy.cumsum(kept) - 1
        owners = pairs >> BITS
        self.columns = {name: column[kept] for name, column in columns.items()}
        self.pairs = ((moved[owners] << BITS) | (pairs & (LIMIT - 1)))[kept[owners]]
        self._order = numpy.argsort(self.columns["message"], kind="stable")
        self._sorted = self.columns["message"][self._order]
        self._taken = numpy.zeros(len(self._order), dtype=bool)

    def kept(self) -> Any:
        """Return the truth values of which rows are still here."""
        return ~self._taken
