"""What people and faults may do in one bounded search: who composes what, and how often each fault may happen.

A simulation draws these from a scenario; a search tries them at every moment. So they are given here not as times and
rates but as scripts, each kept in its order and interleaved with everything else, and as budgets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from syncproof.core.moves import Move, Spawn, Tell
from syncproof.core.packets import Packet


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What limits one search.

    `prelude`: moves made before the search begins. `scripts`: what the environment tells actors (mostly `Compose`), each
    script in its order. `interventions`: what it may tell them at any moment, and the fault whose budget that costs.
    `newcomers`: devices that may appear, in this order. `budgets`: how often each fault may happen (`math.inf`: any number
    of times); a fault without a budget does not happen. `polls`: poll timers fire at any moment, or only `at-rest`, when
    nothing else is under way (a poll interval is long compared with everything else; later events may still overlap with
    the pull that it starts).
    `early`: how often timers of a class that `retransmits` may fire while other moves are under way; once that is spent
    they fire only at rest, as polls do. Timers of a class without a bound fire at any moment.
    """

    prelude: tuple[Move, ...] = ()
    scripts: tuple[tuple[Tell, ...], ...] = ()
    interventions: tuple[tuple[Tell, str], ...] = ()
    newcomers: tuple[Spawn, ...] = ()
    budgets: Mapping[str, float] = {}
    polls: Literal["any", "at-rest"] = "any"
    early: Mapping[type[Packet], int] = {}
