"""Repeat a recorded search: by the plain loop, by the compiled one in several ways, or as acts lead."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from syncproof.engines.explore import exploration, packing, search
from tests.engines.explore.record import ARRAYS, FILE, Kept, differences, kept_of, kept_of_directed, read
from tests.engines.explore.recorded_searches import DIRECTED, EXPLORATIONS

RECORDED = read(FILE.read_text(encoding="utf-8"))
LATE = 5
"""From how many states on the compiled loop is used where it takes over later."""
COLLIDING = 3 << 33
"""The bits that hashes have where they collide: above those of a place in the table, so that all begin at the first place."""
EVERY = {
    "plain": list(EXPLORATIONS),
    "compiled": list(EXPLORATIONS),
    "directed": list(DIRECTED),
    "cramped": [
        name
        for name in list(EXPLORATIONS)[::3]
        if int(RECORDED[name].get("states", 0)) > LATE and name != "decided from the beginning"
    ],
    "lean": list(EXPLORATIONS)[1::3],
    "collided": list(EXPLORATIONS)[2::6] if os.environ.get("NUMBA_DISABLE_JIT") else [],
}
"""How a search is repeated -> what is repeated so. `compiled`: with the compiled loop from the first state on. `cramped`: it takes
over later, and has hardly any room at first. `lean`: without arcs, where none are needed. `collided`: many states have one hash,
and only where Python interprets the loop: compiled code has its own hash."""


def differs(how: str, name: str) -> list[str]:
    """Return a line for each part of a search that is not as it was recorded. All but `plain` and `directed` need numba."""
    if how == "directed":
        return differences(RECORDED[f"directed: {name}"], kept_of_directed(DIRECTED[name]))
    if how == "plain":
        return differences(RECORDED[name], kept_of(EXPLORATIONS[name]))
    with _compiled(how):
        kept = kept_of(EXPLORATIONS[name])
    recorded = RECORDED[name]
    if how == "lean":
        kept, recorded = (_without_arcs(each) for each in (kept, recorded))
    return differences(recorded, kept)


def _without_arcs(kept: Kept) -> Kept:
    return {part: value for part, value in kept.items() if part not in ARRAYS or part == "levels"}


@contextmanager
def _compiled(how: str) -> Iterator[None]:
    """Let searches use the compiled loop where they can, and check that those which began with it ended with it."""
    from syncproof.engines.explore import compiled, flat_tables, kernel

    little = [
        (compiled, "ROOM", 1),
        (compiled, "SUCCESSORS", 1),
        (compiled, "AT_ONCE", 2),
        (flat_tables, "ROOM", 1),
        (flat_tables, "WANTED", 2),
    ]
    used: list[bool] = []
    finished: list[object] = []
    finish, mixed = compiled.CompiledSearch.finish, kernel.mixed
    after = LATE if how == "cramped" else 0

    def switch(tables: Any, restrictions: Any, asked: bool | None) -> float:
        used.append(asked is not False and search.can_compile(restrictions))
        return after if used[-1] else sys.maxsize

    with ExitStack() as patches:
        patches.enter_context(patch.object(search, "_switch", switch))
        patches.enter_context(
            patch.object(compiled.CompiledSearch, "finish", lambda self: finished.append(finish(self)))
        )
        if how == "cramped":
            for module, name, value in (*little, (packing, "BITS", 6)):
                patches.enter_context(patch.object(module, name, value))
        elif how == "lean":
            patches.enter_context(patch.object(exploration, "LEAN_FROM", 0))
            patches.enter_context(patch.object(compiled, "ROOM", 1))
        elif how == "collided":
            patches.enter_context(patch.object(kernel, "mixed", lambda key: int(mixed(key)) & COLLIDING))
        yield
    assert len(finished) == sum(used)
