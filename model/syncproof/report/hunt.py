"""Hypothesis plays a design in a world too large to be searched, and what it meets is cut down and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncproof import designs, worlds
from syncproof.designs import Design
from syncproof.engines import stateful
from syncproof.engines.stateful import Fallen
from syncproof.minimise import minimise
from syncproof.properties import PROPERTIES
from syncproof.report.diagram import Diagram
from syncproof.story import tell
from syncproof.system import Move
from syncproof.worlds import Shape


@dataclass(frozen=True, repr=False)
class Hunt:
    """What was met. `examples`: how many were played; `moves`: the way to the violation, cut down; none if none was met."""

    design: Design
    shape: Shape
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
        system, _, environment = worlds.build(self.design, self.shape, stateful.BUDGET)
        story = tell(system, self.moves, [PROPERTIES[self.met.name]], prelude=environment.prelude)
        return Diagram(story, repr(self))


def hunt(
    design: str | Design,
    people: str = "three-devices",
    messages: int = 3,
    faults: Sequence[str] = worlds.TOGETHER,
    *,
    profile: str = "ci",
) -> Hunt:
    """Plays a design with all these faults together until a promise is broken, then cuts the way to it down.

    `people`, `faults`: names of `worlds.SHAPES` and `worlds.KINDS`; `profile`: of `stateful.PROFILES`. Raises `InputError`
    for names that there are not.
    """
    entry, shape = designs.get(design), worlds.shape(people, messages, faults)
    met, examples = stateful.count(entry, shape, profile=profile)
    if met is None:
        return Hunt(entry, shape, None, examples)
    system, _, environment = worlds.build(entry, shape, stateful.BUDGET)
    return Hunt(entry, shape, met, examples, minimise(system, environment, met.moves, met.name))
