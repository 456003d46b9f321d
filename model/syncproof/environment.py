"""What people and faults may do in one bounded search: who says what, and how often what may fail.

A simulation draws these from a scenario; a search tries them at every moment. So here they are not times and rates but
scripts, kept in their own order and interleaved with everything else, and budgets, spent one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from syncproof.system import Crash, Disconnect, Duplicate, Lose, Move, Restore, Spawn, Tell
from syncproof.vocabulary import DeviceId


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


def fault_of(move: Move) -> str | None:
    """The fault that a move is, which pays for it; None for what happens anyway."""
    kind = type(move)
    if kind is Lose:
        return "push-lost"
    if kind is Duplicate:
        return "push-duplicated"
    if kind is Disconnect:
        return "disconnect" if move.clean else "half-open"  # type: ignore[attr-defined]
    if kind is Crash:
        return "device-crash" if isinstance(move.actor, DeviceId) else "server-crash"  # type: ignore[attr-defined]
    if kind is Restore:
        return "device-restore" if isinstance(move.actor, DeviceId) else "server-restore"  # type: ignore[attr-defined]
    if kind is Spawn:
        return "new-device" if move.replaces is None else "reinstall"  # type: ignore[attr-defined]
    return None
