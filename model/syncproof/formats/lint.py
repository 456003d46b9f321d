"""The order of a history: which observations come after their first effect, and the history with them moved before it.

Clocks of several machines differ, so a merged log may tell of an effect before its cause. `causal` reads such a history four
times: to find the late causes, to learn with what they keep their order, to collect what moves with them, and to give the
observations in their new order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from syncproof.core.observations import Appended, Composed, Joined, Observation, Placed, Queued
from syncproof.formats.history import Block, read_blocks
from syncproof.properties.references import ORDERED, Late, References
from syncproof.properties.roster import Roster


def late_causes(path: Path) -> list[Late]:
    """Return the causes of a history that come after their first effect. `InputError` for a line that cannot be read."""
    references, roster = References(), Roster()
    for first, block in read_blocks(path)[1]:
        for line, observation in enumerate(block, first):
            references.line = line
            references.see(roster.complete(observation))
    return references.late


def causal(path: Path) -> tuple[Iterator[Block], int]:
    """Return a history in an order in which no cause comes after its first effect, and how many observations were moved.

    Observations of one place keep their order: what a device composed, a conversation's places, the entries of a log, the copies
    of an inbox. So a cause takes along what came before it there, as far as that came after the effect as well. Each
    observation keeps the number of its line.
    """
    late = late_causes(path)
    if not late:
        return read_blocks(path)[1], 0
    moves = _moves(path, late)
    return _moved(path, moves), len(moves)


def _place(o: Any) -> Any:
    """Return what an observation keeps its order with; None for one that is never moved."""
    kind = type(o)
    if kind is Composed:
        return Composed, o.device
    if kind is Placed:
        return Placed, o.conversation
    if kind is Appended:
        return Appended, o.timeline
    if kind is Queued:
        return Queued, o.box
    return (Joined, o.device) if kind is Joined else None


def _moves(path: Path, late: list[Late]) -> dict[int, tuple[int, Observation]]:
    """Return the observations to move, by line, and the line before which each goes."""
    causes = {each.line: each.before for each in late}
    spans: dict[Any, list[tuple[int, int]]] = {}
    for line, observation in _numbered(path):
        if line in causes:
            spans.setdefault(_place(observation), []).append((causes[line], line))
    moves: dict[int, tuple[int, Observation]] = {}
    for line, observation in _numbered(path):
        found = spans.get(_place(observation), ())
        targets = [start for start, end in found if start < line <= end]
        if targets:
            moves[line] = (min(targets), observation)
    return moves


def _moved(path: Path, moves: dict[int, tuple[int, Observation]]) -> Iterator[Block]:
    waiting: dict[int, list[tuple[int, int, Observation]]] = {}
    for line, (before, observation) in moves.items():
        waiting.setdefault(before, []).append((ORDERED.index(type(observation)), line, observation))
    for line, observation in _numbered(path):
        for _, origin, cause in sorted(waiting.pop(line, []), key=lambda each: each[:2]):
            yield origin, [cause]
        if line not in moves:
            yield line, [observation]


def _numbered(path: Path) -> Iterator[tuple[int, Observation]]:
    for first, block in read_blocks(path)[1]:
        yield from enumerate(block, first)
