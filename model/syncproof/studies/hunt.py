"""Play designs with Hypothesis in enlarged small worlds, and minimise a violation that it meets.

The engine (`engines/hypothesis_machine`) takes systems and environments; this module builds them from designs and worlds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from syncproof.core.moves import Move
from syncproof.counterexamples.minimise import minimise
from syncproof.counterexamples.narrate import narrate
from syncproof.designs import Design
from syncproof.engines import hypothesis_machine, hypothesis_runs
from syncproof.engines.hypothesis_machine import BUDGET, Machine, PropertyViolated
from syncproof.engines.hypothesis_runs import Played
from syncproof.inputs import arguments, lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.studies.presentation import Drawing

MORE_MESSAGES = 2
"""How many more messages than a search Hypothesis has."""


def promised(design: str | Design, world: SmallWorld) -> tuple[str, ...]:
    """Return the properties that a design promises under the faults of a world. Raises `InputError` for an unknown design."""
    entry = lookup.get(design)
    promises = entry.promised(world.parameters_of(entry))
    return tuple([name for name, faults in promises.items() if set(world.faults) <= set(faults)])


def larger(world: SmallWorld) -> SmallWorld:
    """Return the world with `MORE_MESSAGES` more messages."""
    return dataclasses.replace(world, messages=world.messages + MORE_MESSAGES)


def machine(design: str | Design, world: SmallWorld, properties: Sequence[str] | None = None) -> type[Machine]:
    """Return the Hypothesis state machine that plays a design in a world, each fault up to twice.

    `properties`: names of those that are judged; by default all that the design promises in this world. Raises
    `InputError` for an unknown design.
    """
    entry = lookup.get(design)
    system, _, environment = small_worlds.build(entry, world, BUDGET)
    asked = promised(entry, world) if properties is None else tuple(properties)
    expression = f"machine({entry.name!r}, {world!r}{'' if properties is None else f', {asked!r}'})"
    return hypothesis_machine.machine(system, environment, asked, title=f"{entry.name} in {world}", name=expression)


def play(
    design: str | Design,
    world: SmallWorld,
    properties: Sequence[str] | None = None,
    *,
    profile: str = "ci",
    shrink: bool = False,
) -> Played:
    """Play the examples of a profile with a design in a world until a property is violated (`hypothesis_runs.play`).

    Raises `InputError` for an unknown design or profile.
    """
    return hypothesis_runs.play(machine(design, world, properties), profile=profile, shrink=shrink)


def cut_down(design: str | Design, world: SmallWorld, violation: PropertyViolated) -> tuple[Move, ...]:
    """Minimise the moves of a violation: return a short sequence of moves that still violates the property."""
    system, _, environment = small_worlds.build(design, world, BUDGET)
    return tuple(minimise(system, environment, violation.moves, violation.name))


@dataclass(frozen=True, repr=False)
class Hunt:
    """Hold what Hypothesis met: the violation, if any, the number of examples played, and the moves to it, cut down.

    `unmet`: the promised properties whose evidence no example met; the examples say nothing about them.
    """

    design: Design
    world: SmallWorld
    violation: PropertyViolated | None
    examples: int
    moves: tuple[Move, ...] = ()
    unmet: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if self.violation is None:
            says = f"; unknown, since no example met its evidence: {', '.join(self.unmet)}" if self.unmet else ""
            return f"{self.design.name}: {self.examples:,} examples played ({self.world}), no promise broken{says}"
        return (
            f"{self.design.name}: {self.violation.name} is violated in example {self.examples:,} after "
            f"{len(self.violation.moves)} moves, cut down to {len(self.moves)} ({self.world})"
        )

    def diagram(self) -> Drawing:
        """Return the sequence diagram of the moves, cut down. Raises `ValueError` if no property was violated."""
        if self.violation is None:
            raise ValueError("no property was violated, so there is nothing to draw")
        system, _, environment = small_worlds.build(self.design, self.world, BUDGET)
        narration = narrate(system, self.moves, [PROPERTIES[self.violation.name]], prelude=environment.prelude)
        # The package `report` is above `studies`, so it is looked up by name; see `presentation`.
        drawing: Drawing = import_module("syncproof.report.diagram").Diagram(narration, repr(self))
        return drawing


def hunt(
    design: str | Design,
    *,
    population: str = "three-devices",
    messages: int = 3,
    faults: Sequence[str] = small_worlds.TOGETHER,
    profile: str = "ci",
) -> Hunt:
    """Play a design under all these kinds of fault together until a promise is broken, and minimise the moves to it.

    Arguments:
        design: a name, a seeded bug's id, `FILE.py:NAME`, or a design made by `Design.variant`.
        population: who takes part: "two-people", "two-devices", "three-devices" or "two-conversations".
        messages: how many messages are written, 1 to 9.
        faults: kinds of fault that may happen, each up to twice, names of `syncproof.inputs.small_worlds.KINDS`; by default
            the usual ones.
        profile: how many examples Hypothesis plays: "few" (15), "dev" (50), "brief" (80), "ci" (1,000)
            or "deep" (20,000).

    Returns a `Hunt`: `violation` (None if no promise was broken), `examples`, `moves` and `diagram()`.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed.
    """
    arguments.whole("messages", messages, least=1, most=9)
    arguments.one_of("profile", profile, hypothesis_runs.PROFILES)
    entry = lookup.get(design)
    world = small_worlds.small_world(population, messages, arguments.names("faults", faults))
    played = play(entry, world, profile=profile)
    if played.violation is None:
        return Hunt(entry, world, None, played.examples, unmet=played.unmet)
    return Hunt(entry, world, played.violation, played.examples, cut_down(entry, world, played.violation))
