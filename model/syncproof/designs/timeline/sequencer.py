"""The numberings of logs. All of them only grow; they differ in whether a reader can see that a number is missing.

| kind | next number | after a restart |
|---|---|---|
| dense | last + 1 | continues |
| sparse | larger than the last, by `STRIDE` here | continues |
| segmented | last + 1 within a block; a block is persisted at once | skips to the next block |
| clock | the wall clock, or last + 1 if that is not larger | continues |

The clock kind does not step back when the clock does (twitter-archive/snowflake#6 is what happens otherwise).
"""

from __future__ import annotations

from syncproof.core.actor import state

STRIDE = 3
"""Any constant above 1 makes a numbering in which a reader cannot tell a gap from the ordinary step."""

CLOCK_BITS = 12
"""Numbers per millisecond of a clock-based numbering, as a power of two (Snowflake has 12 sequence bits)."""


@state
class NumberBlocks:
    """The durable state of a segmented sequencer: per timeline owner, the last number of the block in use."""

    limits: dict[int, int]

    def next(self, owner: int, given: dict[int, int], block: int) -> tuple[int, bool]:
        """Return the next number, and whether a new block has to be persisted.

        `given`: the last number given to each owner, volatile. `block`: numbers per block.
        """
        limit = self.limits.get(owner, 0)
        last = given.get(owner, limit)
        number = last + 1
        opened = number > limit
        if opened:
            self.limits[owner] = limit + block
        given[owner] = number
        return number, opened


def next_number(kind: str, last: int, milliseconds: int) -> int:
    """Return the number after `last`, for the kinds of numbering without state of their own."""
    if kind == "dense":
        return last + 1
    if kind == "sparse":
        return last + STRIDE
    return max(last + 1, milliseconds << CLOCK_BITS)
