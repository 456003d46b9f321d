"""Searches that are made for a claim alone: of designs that are none of the nine, in worlds small enough for seconds.

| search | what is searched | for |
|---|---|---|
| `notifications-off` | `timeline-notify` that neither pushes nor notifies, in the small worlds and two of two messages | C6 |
| `hint-forgotten` | a device that ignores a hint while it pulls and never polls: the seeded bug F26, in its own world | C9 |
| `hint-forgotten-polls` | the same device, which pulls everything again at each poll | C9 |

`claims` judges from what they found; nothing here does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from syncproof.core.actor import actor
from syncproof.designs import DESIGNS, Design, Parameters
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.inputs.small_worlds import SMALL, SmallWorld, small_world
from syncproof.seeded_bugs import BUGS
from syncproof.seeded_bugs.triggers import SwallowsTrigger
from syncproof.studies.verify import search

NOTIFY = "timeline-notify"
FORGETS = BUGS["F26"]
QUIET: tuple[SmallWorld, ...] = (*SMALL, SmallWorld("two-people", 2, ()), SmallWorld("two-devices", 2, ("push",)))


@actor
class ForgetsHint(SwallowsTrigger):
    """Ignores a hint that comes during a pull, and polls as sound devices do."""

    arm_poll = TimelineDevice.arm_poll


def searches() -> dict[str, dict[str, Any]]:
    """What each search found: `design`, `worlds`, `states`, and per property `verdict`, `promised`, `length`."""
    sound = DESIGNS[NOTIFY]
    quiet = sound.variant(parameters=Parameters(notifications=False))
    own = (small_world(*FORGETS.world),)
    return {
        "notifications-off": _found(f"{NOTIFY} without notifications", quiet, QUIET),
        "hint-forgotten": _found(FORGETS.id, FORGETS.design, own),
        "hint-forgotten-polls": _found(f"{FORGETS.id} with polls", sound.variant(device=ForgetsHint), own),
    }


def _found(name: str, design: Design, shapes: Iterable[SmallWorld]) -> dict[str, Any]:
    worlds = list(shapes)
    states = 0
    properties: dict[str, dict[str, Any]] = {}
    for world in worlds:
        found = search(design, world)
        states += len(found.graph.states)
        for prop, finding in found.findings.items():
            cell = properties.setdefault(prop, {"verdict": "holds", "promised": True})
            cell["promised"] = cell["promised"] and set(world.faults) <= set(design.promises.get(prop, ()))
            cell["promised"] = cell["promised"] and prop in design.promises
            if finding.counterexample is not None:
                length = finding.counterexample.length
                cell.update(verdict="violated", length=min(length, cell.get("length", length)))
            elif finding.verdict == "unknown" and cell["verdict"] == "holds":
                cell["verdict"] = "unknown"
    return {"design": name, "worlds": len(worlds), "states": states, "properties": properties}
