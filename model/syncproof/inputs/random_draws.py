"""Draw random numbers by key: a draw depends on its purpose and its integers, not on the draws before it.

A draw is a function of up to three integers and a salt, which is made from the seed and the purpose. So two designs
under the same seed meet the same losses and latencies for the same message and device (common random numbers), and a
run does not change when something else is drawn in between.

The function is CPython's hash of a tuple of integers, which does not depend on PYTHONHASHSEED, followed by two
look-ups in a random permutation of 16-bit numbers (tabulation hashing). The hash alone is not enough: its values for
consecutive messages are correlated. The result has 16 bits, enough for probabilities down to 1 in 65,536. A draw costs
about 0.2 µs, a quarter of a counter-based generator written in Python. `tests/inputs/test_random_draws.py` tests uniformity
and correlation.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from itertools import chain
from typing import Any

SIZE = 65536
MASK = SIZE - 1
COARSE = 4
"""Bits of an index that a table of quantiles drops: 4,096 quantiles fit into a processor's cache, 65,536 do not."""

BLOCK = 4096


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

    def stream(self, salt: int, table: array[float]) -> Iterator[float]:
        """Yield values of a `lognormal_table`, one for each of 1, 2, 3, ...: number and salt pick the value.

        A block of values is drawn at a time by `_hashes`, if that agrees with the interpreter's hash of two integers.
        """
        return chain.from_iterable(self._blocks(salt, table))

    def _blocks(self, salt: int, table: array[float]) -> Iterator[list[float]]:
        import numpy

        scramble = numpy.frombuffer(self.scramble, dtype=numpy.uint16)
        values = numpy.frombuffer(table, dtype=numpy.float64)
        first = 1
        while True:
            numbers = numpy.arange(first, first + BLOCK, dtype=numpy.uint64)
            mixed = _hashes(numbers, salt)
            if mixed[0] != hash((first, salt)) % 2**64 or mixed[-1] != hash((first + BLOCK - 1, salt)) % 2**64:
                mixed = numpy.array([hash((n, salt)) % 2**64 for n in range(first, first + BLOCK)], dtype=numpy.uint64)
            low, high = (mixed >> numpy.uint64(20)) & MASK, (mixed >> numpy.uint64(40)) & MASK
            yield values[scramble[scramble[low] ^ high] >> COARSE].tolist()
            first += BLOCK

    def uniform(self, salt: int, a: int, b: int = 0, c: int = 0) -> float:
        """Return a number in [0, 1), a multiple of 1/65536."""
        return self.index(salt, a, b, c) / SIZE


def _hashes(numbers: Any, salt: int) -> Any:
    """Return CPython's hash of `(number, salt)` (xxHash, `Objects/tupleobject.c`) for a block of numbers, modulo 2**64."""
    import numpy

    one, two, five = (
        numpy.uint64(prime) for prime in (11400714785074694791, 14029467366897019727, 2870177450012600261)
    )
    mixed = numpy.full(len(numbers), five)
    for lane in (numbers, numpy.full(len(numbers), salt, dtype=numpy.uint64)):
        mixed += lane * two
        mixed = (mixed << numpy.uint64(31) | mixed >> numpy.uint64(33)) * one
    return mixed + (numpy.uint64(2) ^ five ^ numpy.uint64(3527539))


def lognormal_table(median: float, sigma: float) -> array[float]:
    """Return 4,096 equally likely values of a lognormal distribution in ascending order (`index >> COARSE` picks one)."""
    size = SIZE >> COARSE
    if sigma == 0 or median == 0:
        return array("d", [median]) * size
    import numpy
    from scipy.special import ndtri

    return array("d", (median * numpy.exp(sigma * ndtri((numpy.arange(size) + 0.5) / size))).tolist())
