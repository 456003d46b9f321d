"""Hypothesis plays a design in a world too large to be searched, and what it meets is cut down and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncproof.core.moves import Move
from syncproof.counterexamples.minimise import minimise
from syncproof.counterexamples.narrate import narrate
from syncproof.designs import Design
from syncproof.engines import hypothesis_machine
from syncproof.engines.hypothesis_machine import Fallen
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.report.diagram import Diagram


@dataclass(frozen=True, repr=False)
class Hunt:
    """What was met. `examples`: how many were played; `moves`: the way to the violation, cut down; none if none was met."""

    design: Design
    shape: SmallWorld
    met: Fallen | None
    examples: int
    moves: tuple[Move, ...] = ()

    def __repr__(self) -> str:
        if self.met is None:
            return f"{self.design.name}: {self.examples:,} examples played ({self.shape}), no promise broken"
        return (
            f"{self.design.name}: {self.met.name} is violated in example {self.examples:,} after {len(self.met.moves)} "
            f"moves, cut down to {len(self.moves)} ({self.shape})"
        )

    def diagram(self) -> Diagram:
        """The way that was cut down. Raises `ValueError` if nothing was met."""
        if self.met is None:
            raise ValueError("nothing was met")
        system, _, environment = small_worlds.build(self.design, self.shape, hypothesis_machine.BUDGET)
        narration = narrate(system, self.moves, [PROPERTIES[self.met.name]], prelude=environment.prelude)
        return Diagram(narration, repr(self))


def hunt(
    design: str | Design,
    people: str = "three-devices",
    messages: int = 3,
    faults: Sequence[str] = small_worlds.TOGETHER,
    *,
    profile: str = "ci",
) -> Hunt:
    """Plays a design with all these faults together until a promise is broken, then cuts the way to it down.

    `people`, `faults`: names of `worlds.SHAPES` and `worlds.KINDS`; `profile`: of `stateful.PROFILES`. Raises `InputError`
    for names that there are not.
    """
    entry, shape = lookup.get(design), small_worlds.small_world(people, messages, faults)
    met, examples = hypothesis_machine.count(entry, shape, profile=profile)
    if met is None:
        return Hunt(entry, shape, None, examples)
    system, _, environment = small_worlds.build(entry, shape, hypothesis_machine.BUDGET)
    return Hunt(entry, shape, met, examples, minimise(system, environment, met.moves, met.name))
