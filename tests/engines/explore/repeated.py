"""Repeat a recorded search: by the plain loop, by the compiled one from the first state on, or as acts lead."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

from syncproof.engines.explore import search
from tests.engines.explore.record import FILE, Kept, differences, kept_of, kept_of_directed, read
from tests.engines.explore.recorded_searches import DIRECTED, EXPLORATIONS

RECORDED = read(FILE.read_text(encoding="utf-8"))
EVERY = {"plain": EXPLORATIONS, "compiled": EXPLORATIONS, "directed": DIRECTED}
"""How a search is repeated -> what can be repeated so."""


def differs(how: str, name: str) -> list[str]:
    """Return a line for each part of a search that is not as it was recorded.

    `compiled` needs numba; whatever search may use the compiled loop then does.
    """
    if how == "directed":
        return differences(RECORDED[f"directed: {name}"], kept_of_directed(DIRECTED[name]))
    return differences(RECORDED[name], _kept_of_compiled(name) if how == "compiled" else kept_of(EXPLORATIONS[name]))


def _kept_of_compiled(name: str) -> Kept:
    from syncproof.engines.explore.compiled import CompiledSearch

    used: list[bool] = []
    finished: list[object] = []
    finish = CompiledSearch.finish

    def switch(tables: Any, restrictions: Any, asked: bool | None) -> float:
        used.append(asked is not False and search.can_compile(restrictions))
        return 0 if used[-1] else sys.maxsize

    counted = patch.object(CompiledSearch, "finish", lambda self: finished.append(finish(self)))
    with patch.object(search, "_switch", switch), counted:
        kept = kept_of(EXPLORATIONS[name])
    assert len(finished) == sum(used)
    return kept
