"""Make the searches that only a claim needs: designs that are not among the ready ones, in worlds searched within seconds.

| search | what is searched | for |
|---|---|---|
| `notifications-off` | `timeline-notify` that sends no notification, in the worlds of `small` and two with two messages | C6 |
| `hint-forgotten` | a device that ignores a hint while it pulls and never polls: the seeded bug F26, in its own world | C9 |
| `hint-forgotten-polls` | the same device, which pulls everything again at each poll | C9 |

`claims` judges by the results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncproof.core.actor import actor
from syncproof.designs import DESIGNS, Design, Parameters
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.engines.explore import Exploration
from syncproof.errors import Interrupted
from syncproof.inputs.bounds import SMALL
from syncproof.inputs.small_worlds import SmallWorld, given, small_world
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import lacking
from syncproof.seeded_bugs import BUGS
from syncproof.seeded_bugs.triggers import SwallowsTrigger
from syncproof.studies.results.verification import ClaimSearch, SearchedProperty

NOTIFY = "timeline-notify"
FORGETS = BUGS["F26"]
QUIET: tuple[SmallWorld, ...] = (*SMALL, SmallWorld("two-people", 2, ()), SmallWorld("two-devices", 2, ("push",)))


@actor
class ForgetsHint(SwallowsTrigger):
    """Ignore a hint that comes during a pull, and poll as sound devices do."""

    arm_poll = TimelineDevice.arm_poll


Search = Callable[[Design, SmallWorld], Exploration]


SEARCHES: dict[str, Callable[[], tuple[str, Design, Sequence[SmallWorld]]]] = {
    "notifications-off": lambda: (
        f"{NOTIFY} without notifications",
        DESIGNS[NOTIFY].variant(parameters=Parameters(notifications=False)),
        QUIET,
    ),
    "hint-forgotten": lambda: (FORGETS.id, FORGETS.design, (small_world(*FORGETS.world),)),
    "hint-forgotten-polls": lambda: (
        f"{FORGETS.id} with polls",
        DESIGNS[NOTIFY].variant(device=ForgetsHint),
        (small_world(*FORGETS.world),),
    ),
}
"""Search -> what is searched, in words, its design and its worlds."""


def made(name: str, search: Search) -> ClaimSearch:
    """Return what a search found. `search`: a function that searches one world (`syncproof.studies.verify.search`)."""
    return _found(search, *SEARCHES[name]())


def _found(search: Search, name: str, design: Design, worlds: Sequence[SmallWorld]) -> ClaimSearch:
    states = 0
    properties: dict[str, SearchedProperty] = {}
    met: set[str] = set()
    for world in worlds:
        found = search(design, world)
        if found.graph.ending == "interrupted":
            raise Interrupted
        states += len(found.graph.states)
        for prop, finding in found.findings.items():
            if prop not in PROPERTIES:
                continue
            if finding.met:
                met.add(prop)
            result = properties.setdefault(prop, SearchedProperty("holds", prop in design.promises))
            result.promised = result.promised and set(world.faults) <= set(design.promises[prop])
            if finding.counterexample is not None:
                length = finding.counterexample.length
                result.verdict = "violated"
                result.length = length if result.length is None else min(length, result.length)
            elif finding.verdict == "unknown" and finding.met and result.verdict == "holds":
                result.verdict = "unknown"
    for prop, result in properties.items():
        if prop not in met:
            result.verdict = "unknown"
            result.exercised = not all(lacking(PROPERTIES[prop], given(design, world)) for world in worlds)
    return ClaimSearch(name, len(worlds), states, properties)
