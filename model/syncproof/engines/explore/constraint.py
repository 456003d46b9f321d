"""A state constraint: a search goes no further than where the constraint holds (`CONSTRAINT` of TLC, Stateright's boundary).

A state that does not satisfy the constraint is not part of the graph: it is neither counted nor expanded. Safety is judged
on the moves that lead to it, as TLC does. The constraint is a function of the actors' fields alone, so it is evaluated once
for each combination of the actors' local states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncproof.core.actor import Actor
from syncproof.core.values import ActorId
from syncproof.engines.explore.encoding import ABSENT, State, pending_slot
from syncproof.engines.explore.tables import Tables
from syncproof.engines.handler_errors import ImpureHandler
from syncproof.errors import InputError

AGAIN_AT_MOST = 1_000
"""About how many combinations of local states the constraint is evaluated on again, spread evenly over all of them."""


@dataclass(frozen=True, slots=True)
class WorldView:
    """The part of a world that a constraint sees: the actors that exist, by id. They are to be read only."""

    actors: Mapping[ActorId, Actor]


Constraint = Callable[[WorldView], bool]
"""A function that says whether a search should go on from a world."""


class Within:
    """Whether states satisfy a constraint.

    `InputError` if the first state does not: then there is nothing to search.
    """

    def __init__(self, tables: Tables, constraint: Constraint) -> None:
        self.tables = tables
        self.constraint = constraint
        self.known: dict[State, bool] = {}
        encoding = tables.encoding
        late = [encoding.place[spawn.actor] for spawn in tables.environment.newcomers]
        replaced = [encoding.place[s.replaces] for s in tables.environment.newcomers if s.replaces is not None]
        self.present = [pending_slot(actor) for actor in sorted({*late, *replaced})]
        """The pending slots of the actors that do not always exist."""
        self._locals = slice(0, encoding.judge_slot, 3)
        if not self(tables.initial):
            raise InputError("constraint: the first state does not satisfy it; allowed: one that holds there")

    def __call__(self, state: State) -> bool:
        """Return whether a state satisfies the constraint."""
        key = state[self._locals]
        if self.present:
            key += tuple([state[slot] == ABSENT for slot in self.present])
        return self.at(key)

    def at(self, key: State) -> bool:
        """Return whether a combination of local states satisfies the constraint."""
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.evaluated(key)
        return found

    def evaluated(self, key: State) -> bool:
        """Evaluate the constraint on a combination of local states. `InputError` if it raises an exception."""
        encoding = self.tables.encoding
        absent = {slot // 3 for slot, gone in zip(self.present, key[len(encoding.names) :], strict=True) if gone}
        actors = {
            name: encoding.actor_in(number, key[number])
            for number, name in enumerate(encoding.names)
            if number not in absent
        }
        try:
            return bool(self.constraint(WorldView(actors)))
        except Exception as error:
            raise InputError(
                f"constraint: {type(error).__name__}: {error}; allowed: a function of the world's actors that returns "
                "True or False"
            ) from error

    def recheck(self, *, every: bool) -> None:
        """Evaluate a sample again, or `every` entry. `ImpureHandler` if the constraint says something else now."""
        keys = list(self.known)
        for key in keys[:: 1 if every else 1 + len(keys) // AGAIN_AT_MOST]:
            if self.evaluated(key) != self.known[key]:
                raise ImpureHandler("the constraint said something else when it was asked again; "
                                    "it may depend on the actors' fields alone")  # fmt: skip
