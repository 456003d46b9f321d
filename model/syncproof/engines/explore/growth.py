"""What keeps growing in a search that was cut short, so that its message can name it."""

from __future__ import annotations

from typing import Any

from syncproof.engines.explore.tables import Tables

FACTOR = 1.5
"""How much larger than the largest of the first half something must have become to be called growing."""


def growth(tables: Tables) -> str:
    """The slot whose values have become largest compared with those met first; empty if none keeps growing."""
    worst = ("", FACTOR, 0)
    for slot, names in enumerate(tables.slots):
        if slot == tables.environment_slot or len(names.values) < 20:
            continue
        sizes = [_size(value) for value in names.values]
        half = len(sizes) // 2
        late, early = max(sizes[half:]), max(sizes[:half])
        if late > worst[1] * max(early, 1) or (late > early and worst[0] == "" and late == max(sizes[-half // 5 :])):
            worst = (tables.title(slot), late / max(early, 1), late)
    title, _, size = worst
    return f"{title} keeps growing: {size} parts by then" if title else ""


def _size(value: Any) -> int:
    """The parts of a nested tuple."""
    return sum(map(_size, value)) if isinstance(value, tuple) and value else 1
