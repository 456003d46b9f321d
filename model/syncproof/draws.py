"""Draws that are keyed by what they are for, not by the order in which they are asked.

A draw is a function of up to three integers and a salt, which is made from the seed and the purpose. So two designs
under the same seed meet the same losses and latencies for the same message and device (common random numbers), and a
run does not change when something else is drawn in between.

The function is CPython's hash of a tuple of integers, which does not depend on PYTHONHASHSEED, followed by two
look-ups in a random permutation of 16-bit numbers (tabulation hashing). The hash alone will not do: over consecutive
messages its values walk along a lattice. The result has 16 bits, enough for probabilities down to 1 in 65,536;
together it costs about 0.2 µs, a quarter of a counter-based generator written in Python. `tests/test_draws.py` tests
uniformity and correlation.
"""

from __future__ import annotations

import hashlib
from array import array

SIZE = 65536
MASK = SIZE - 1
COARSE = 4
"""Bits of an index that a table of quantiles drops: 4,096 quantiles stay in a processor's cache, 65,536 do not."""


class Draws:
    """Draws of one seed. `scramble` is the permutation; hot code may inline `index`."""

    def __init__(self, seed: int) -> None:
        import numpy

        self.seed = seed
        generator = numpy.random.Generator(numpy.random.Philox(key=[seed, 0]))
        self.scramble: array[int] = array("H", generator.permutation(SIZE).tolist())

    def key(self, purpose: str) -> int:
        """The salt of a purpose: 60 bits from the seed and the name."""
        digest = hashlib.blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 4

    def index(self, salt: int, a: int, b: int = 0, c: int = 0) -> int:
        """A number in 0..65535."""
        mixed = hash((a, b, c, salt))
        return self.scramble[self.scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)]

    def uniform(self, salt: int, a: int, b: int = 0, c: int = 0) -> float:
        """A number in [0, 1), a multiple of 1/65536."""
        return self.index(salt, a, b, c) / SIZE


def lognormal_table(median: float, sigma: float) -> array[float]:
    """4,096 equally likely values, in order, of a lognormal distribution (`index >> COARSE` picks one)."""
    size = SIZE >> COARSE
    if sigma == 0 or median == 0:
        return array("d", [median]) * size
    import numpy
    from scipy.special import ndtri

    return array("d", (median * numpy.exp(sigma * ndtri((numpy.arange(size) + 0.5) / size))).tolist())
