"""The windows of a stretch into its logs."""

from __future__ import annotations

from typing import Any, Literal

import numpy

from syncproof.engines.bulk.ranks import BITS


class Window:
    """The windows of all logs of a stretch, one after the other.

    `keys`: the log's number and the entry's number as one, growing; `messages`; `rows`: at which the entry is appended, -1 for
    before the stretch, also after the last one; `solid`: how many entries before this one are no voids. `starts`: where the window
    of each log begins, and `lows` the position in its log of that entry.
    """

    __slots__ = ("keys", "lows", "messages", "rows", "solid", "starts")

    keys: Any
    messages: Any
    rows: Any
    solid: Any
    starts: Any
    lows: Any

    def place(self, logs: Any, seqs: Any, side: Literal["left", "right"] = "left") -> Any:
        """Return where entries are, or would be, by their logs' numbers and their own."""
        return numpy.searchsorted(self.keys, (logs << BITS) | seqs, side=side)
