"""Draw random numbers by key: a draw depends on its purpose and its integers, not on the draws before it.

A draw is a function of a few integers and a salt, which is made from the seed and the purpose: the message, the device and
the attempt, where there is a message, else the device and a running number of the purpose. So two designs under the same
seed meet the same losses, latencies and service times for the same message and device (common random numbers), and a run
does not change when something else is drawn in between.

The function is CPython's hash of a tuple of integers, which does not depend on PYTHONHASHSEED, followed by two
look-ups in a random permutation of 16-bit numbers (tabulation hashing). The hash alone is not enough: its values for
consecutive messages are correlated. The result has 16 bits, enough for probabilities down to 1 in 65,536. A draw costs
about 0.2 µs, a quarter of a counter-based generator written in Python. `tests/inputs/test_random_draws.py` tests uniformity
and correlation.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

SIZE = 65536
MASK = SIZE - 1
COARSE = 4
"""Bits of an index that a table of quantiles drops: 4,096 quantiles fit into a processor's cache, 65,536 do not."""


class Draws:
    """Make the draws of one seed. `scramble` is the permutation; code that runs often may inline `index`."""

    def __init__(self, seed: int) -> None:
        import numpy

        self.seed = seed
        generator = numpy.random.Generator(numpy.random.Philox(key=[seed, 0]))
        self.scramble: array[int] = array("H", generator.permutation(SIZE).tolist())

    def key(self, purpose: str) -> int:
        """Return the salt of a purpose: 60 bits from the seed and the name."""
        digest = hashlib.blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 4

    def index(self, salt: int, a: int, b: int = 0, c: int = 0) -> int:
        """Return a number in 0..65535."""
        mixed = hash((a, b, c, salt))
        return self.scramble[self.scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)]

    def uniform(self, salt: int, a: int, b: int = 0, c: int = 0) -> float:
        """Return a number in [0, 1), a multiple of 1/65536."""
        return self.index(salt, a, b, c) / SIZE


class Numbers:
    """Make a numpy generator for each (purpose, index)."""

    def __init__(self, seed: int) -> None:
        self.draws = Draws(seed)
        self.salts: dict[str, int] = {}

    def of(self, purpose: str, index: int = 0) -> Generator:
        """Return the generator of a purpose and an index, at its beginning."""
        import numpy

        salt = self.salts.setdefault(purpose, self.draws.key(purpose))
        return numpy.random.Generator(numpy.random.Philox(key=[salt, index]))


class Attempts:
    """The attempts at each message and purpose: a message that is sent again is drawn anew.

    Nearly every draw is the first for its message, and messages come in nearly growing order. So each purpose has a column of
    messages in growing order, and of the numbers of the draws at which they were last drawn for: 12 bytes for each. `_again`:
    how often, for those that were drawn for more than once.

    Above `LIMIT` entries the half is forgotten that was drawn for least recently, so that a long run stays small.
    """

    __slots__ = ("_again", "_columns", "_draws", "_size")

    LIMIT = 4096

    def __init__(self) -> None:
        self._columns: dict[int, tuple[array[int], array[int]]] = {}
        self._again: dict[tuple[int, int], int] = {}
        self._draws = 0
        self._size = 0

    def draw(self, message: int, purpose: int, key: int) -> int:
        """Count an attempt, and return the hash that its draws are made from.

        `purpose`: the salt, mixed with the owner where there are several. `key`: the hash of all that is drawn for.
        """
        try:
            messages, last = self._columns[purpose]
        except KeyError:
            messages, last = self._columns[purpose] = array("q"), array("I")
        self._draws += 1
        if not messages or message > messages[-1]:
            messages.append(message)
            last.append(self._draws)
        else:
            row = bisect_left(messages, message)
            if messages[row] == message:
                last[row] = self._draws
                attempt = self._again[purpose, message] = self._again.get((purpose, message), 1) + 1
                return hash((attempt, key))
            messages.insert(row, message)
            last.insert(row, self._draws)
        self._size += 1
        if self._size > self.LIMIT:
            self._forget()
        return hash((1, key))

    def _forget(self) -> None:
        """Forget what was drawn for least recently, half of `LIMIT`."""
        oldest = sorted([draw for _, last in self._columns.values() for draw in last])[self.LIMIT >> 1]
        for purpose, (messages, last) in list(self._columns.items()):
            rows = list(zip(messages, last, strict=True))
            kept = [row for row in rows if row[1] >= oldest]
            if self._again:
                for message in [message for message, draw in rows if draw < oldest]:
                    self._again.pop((purpose, message), None)
            if kept:
                self._columns[purpose] = array("q", [row[0] for row in kept]), array("I", [row[1] for row in kept])
            else:
                del self._columns[purpose]
            self._size -= len(rows) - len(kept)


def lognormal_table(median: float, sigma: float) -> array[float]:
    """Return 4,096 equally likely values of a lognormal distribution in ascending order (`index >> COARSE` picks one)."""
    size = SIZE >> COARSE
    if sigma == 0 or median == 0:
        return array("d", [median]) * size
    import numpy
    from scipy.special import ndtri

    return array("d", (median * numpy.exp(sigma * ndtri((numpy.arange(size) + 0.5) / size))).tolist())
