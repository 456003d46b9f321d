"""What people and faults may do in one bounded search: who says what, and how often what may fail.

A simulation draws these from a scenario; a search tries them at every moment. So here they are not times and rates but
scripts, kept in their own order and interleaved with everything else, and budgets, spent one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from syncproof.core.moves import Move, Spawn, Tell


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a search.

    `prelude`: moves made before it begins. `scripts`: what the environment tells actors (composing above all), each
    script in its order. `interventions`: what it may tell them at any moment, and the fault whose budget that costs.
    `newcomers`: devices that may appear, in this order. `budgets`: how often each fault may happen; a fault without a
    budget does not happen. `polls`: poll timers fire at any moment, or only `at-rest`, when nothing else is under way
    (a poll interval is long beside everything else; what happens later may still overlap with the pull that it starts).
    """

    prelude: tuple[Move, ...] = ()
    scripts: tuple[tuple[Tell, ...], ...] = ()
    interventions: tuple[tuple[Tell, str], ...] = ()
    newcomers: tuple[Spawn, ...] = ()
    budgets: Mapping[str, int] = {}
    polls: Literal["any", "at-rest"] = "any"
