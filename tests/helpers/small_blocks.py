"""Blocks and pages so small that short histories are kept in a file as long ones are."""

from __future__ import annotations

import pytest

from syncproof.properties import compact, long_column, spill


def use_small_blocks(patch: pytest.MonkeyPatch, numbers: int = 2) -> None:
    """Let a block hold so few numbers, a column keep one block to two in memory, and a mapping one page or two."""
    patch.setattr(spill, "SIZE", 8 * numbers)
    patch.setattr(spill, "BUFFER", 24 * numbers)
    patch.setattr(long_column, "NUMBERS", numbers)
    patch.setattr(long_column, "MOST", 2 * numbers)
    patch.setattr(compact, "PAGE", (4 << compact.BITS) // (8 * numbers))
    patch.setattr(compact, "LEAST", 1)
    patch.setattr(compact, "MOST", 2)
