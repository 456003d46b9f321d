"""Keys of tables are a tag and two numbers in one word of 64 bits, whose sign stays free."""

from __future__ import annotations

from syncproof.engines.explore import packing
from syncproof.engines.explore.encoding import SHIFT


def test_every_tag_fits_before_two_numbers_and_below_the_sign() -> None:
    most = (1 << SHIFT) - 1
    assert ((packing.TAGS - 1) << 2 * SHIFT) | (most << SHIFT) | most == (1 << packing.BITS - 1) - 1
