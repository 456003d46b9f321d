"""What was still growing when a search was cut short, so that its message can name it.

Two things can grow without bound: a size (messages in a queue, entries of a log) and a number (a counter). Both are
looked for in every slot, in every property's automaton and in the packets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from syncproof.core.values import Id
from syncproof.engines.explore.tables import Tables

FACTOR = 1.2
"""The largest value of the second half must be so many times the largest of the first half to be called growing.

Values are in the order in which they were met. Of two things that grow together, values are met in the order of their
sum, so the second half goes 1.4 times as far as the first.
"""
ENOUGH = 20
"""The number of values that must have been met before growth is looked for."""
NUMBER = 10
"""The smallest number that is called growing: in a small world some counters exceed its size a little."""


def growth(tables: Tables) -> str:
    """Return a clause that says what has grown most compared with the first half; empty if nothing was growing."""
    worst = ("", FACTOR)
    for title, values, counts in _places(tables):
        if len(values) < ENOUGH:
            continue
        half = len(values) // 2
        measures: list[tuple[str, list[int] | list[float], int]]
        measures = [("was still growing: {} parts by then", [_size(value) for value in values], 0)]
        if counts:
            measures.append(("was still counting: {} by then", [_largest(value) for value in values], NUMBER))
        for words, sizes, least in measures:
            late, early = max(sizes[half:]), max(sizes[:half])
            ratio = late / max(early, 1)
            if late >= least and ratio > worst[1] and late == max(sizes[-(half // 5) :]):
                worst = (f"{title} {words.format(late if isinstance(late, int) else f'{late:g}')}", ratio)
    return worst[0]


def _places(tables: Tables) -> Iterator[tuple[str, Sequence[Any], bool]]:
    """Yield where growth can be: its title, its values as they were met, and whether numbers in them are counts.

    In pending slots and wires packets are held by their index, which counts nothing.
    """
    for number, slot in enumerate(tables.slots[: tables.encoding.judge_slot]):
        yield slot.title, slot.values, number % 3 == 0
    for automaton, states in zip(tables.judging.automata, tables.judging.states, strict=True):
        yield f"the property {automaton.name}", states.values, True
    yield "a packet", tables.encoding.packets.values, True


def _size(value: Any) -> int:
    """Return the number of parts of a nested tuple."""
    return sum(map(_size, value)) if isinstance(value, tuple) and value else 1


def _largest(value: Any) -> float:
    """Return the largest number in a value; ids are names, not numbers."""
    if isinstance(value, tuple):
        return max(map(_largest, value), default=0)
    if isinstance(value, msgspec.Struct):
        return max([_largest(getattr(value, name)) for name in value.__struct_fields__], default=0)
    return value if isinstance(value, int | float) and not isinstance(value, bool | Id) else 0
