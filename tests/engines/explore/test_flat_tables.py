"""Flat tables have room for so many situations, and slots for so many values: one more ends the search in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.environment import Environment
from syncproof.engines.explore.encoding import SHIFT, Slot, ValueCount
from syncproof.engines.explore.exploration import compiled


def long(kind: Callable[[], Any], length: int) -> Any:
    """Return an empty list or dict that says that it is so long."""
    return type("Long", (kind,), {"__len__": lambda self: length})()  # type: ignore[arg-type]


@pytest.mark.parametrize("found", [(1 << SHIFT) - 1, 1 << SHIFT, (1 << SHIFT) + 1])
def test_a_slot_has_as_many_values_as_a_key_has_room_for(found: int) -> None:
    slot = Slot("the mail", ValueCount())
    slot.values, slot.offers = long(list, found), long(list, found)
    if found < 1 << SHIFT:
        assert (slot.intern("value"), slot.tally.values) == (found, 1)
    else:
        with pytest.raises(MemoryError, match=f"^the mail has more than {found} values$"):
            slot.intern("value")


@pytest.mark.parametrize("found", [(1 << SHIFT) - 1, 1 << SHIFT, (1 << SHIFT) + 1])
def test_faults_are_met_in_as_many_situations_as_a_key_has_room_for(found: int) -> None:
    flat_tables = pytest.importorskip("syncproof.engines.explore.flat_tables")
    flat = flat_tables.FlatTables(compiled(two_phase.two_phase(2), Environment(), []))
    flat._pairs = long(dict, found)
    if found < 1 << SHIFT:
        assert flat._pair(1, 2, 3) == found
        assert flat._pair(1, 2, 3) == found
    else:
        with pytest.raises(MemoryError, match=f"^faults were met in more than {found} situations of single actors$"):
            flat._pair(1, 2, 3)
