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
from itertools import islice
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


class Attempts(dict[int, int]):
    """The attempts at each key, the hash of what is drawn for: a message that is sent again is drawn anew.

    Above `LIMIT` keys the half is forgotten that was drawn for least recently, so that a long run stays small.
    """

    __slots__ = ()

    LIMIT = 4096

    def draw(self, key: int) -> int:
        """Count an attempt at a key, and return the hash that its draws are made from."""
        attempt = self.pop(key, 0) + 1
        self[key] = attempt
        if len(self) > self.LIMIT:
            for old in list(islice(self, self.LIMIT >> 1)):
                del self[old]
        return hash((attempt, key))


def lognormal_table(median: float, sigma: float) -> array[float]:
    """Return 4,096 equally likely values of a lognormal distribution in ascending order (`index >> COARSE` picks one)."""
    size = SIZE >> COARSE
    if sigma == 0 or median == 0:
        return array("d", [median]) * size
    import numpy
    from scipy.special import ndtri

    return array("d", (median * numpy.exp(sigma * ndtri((numpy.arange(size) + 0.5) / size))).tolist())
