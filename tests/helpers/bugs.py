"""What the engines find in each seeded bug, computed once for all tests of a process."""

from __future__ import annotations

from functools import cache

from syncproof.engines.hypothesis_machine import PropertyViolated
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.seeded_bugs import BUGS
from syncproof.studies import verify
from syncproof.studies.hunt import larger, play
from syncproof.studies.verification import Explored


def world_of(bug: str) -> SmallWorld:
    """Return the small world in which a bug violates its properties."""
    return small_worlds.small_world(*BUGS[bug].world)


@cache
def searched(design: str, world: SmallWorld) -> Explored:
    """Return what a complete search of a design or a bug finds in a world."""
    return verify.explore_one(design, world)


@cache
def played(bug: str) -> PropertyViolated:
    """Return the violation that Hypothesis finds of a bug's first property, in the bug's world with more messages."""
    found = play(bug, larger(world_of(bug)), BUGS[bug].violates[:1]).violation
    assert found is not None, f"Hypothesis does not find {bug}"
    return found
