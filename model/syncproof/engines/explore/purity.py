"""What a search keeps besides handler calls is computed again, as a sample: whatever is kept must depend on its key alone.

These are the steps that actors offer, the moves that wires offer (which ask for a packet's link), writes that land in a crash,
restores of backups, reactions of automata, and the world at the beginning. `HandlerCalls.rerun` makes handler calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from syncproof.core.actor import Actor, freeze, thaw
from syncproof.core.moves import MoveError
from syncproof.core.world import World
from syncproof.engines.explore.encoding import ABSENT, SHIFT, State, local_slot, pending_slot, wire_slot
from syncproof.engines.explore.moves import Offer
from syncproof.engines.explore.tables import Tables
from syncproof.engines.handler_errors import ImpureHandler, called

T = TypeVar("T")
Sample = Callable[[Iterable[Any]], Sequence[Any]]
"""Picks the entries to compute again."""

AT_MOST = 8
"""About how many entries of each kind are computed again, spread evenly over all of them."""
LOW = (1 << SHIFT) - 1


def recheck(tables: Tables, *, every: bool) -> None:
    """Compute a sample of what a search kept again, or `every` entry. `ImpureHandler` if anything is different now."""
    sample: Sample = list if every else _sample
    _beginning(tables)
    for number, thing in enumerate(tables.encoding.actors):
        if thing.offers_steps:
            _offers(sample, tables, local_slot(number), f"{called(thing)} offered other steps when it was asked again")
        _offers(
            sample,
            tables,
            wire_slot(number),
            f"the network to {called(thing)} offered other moves when it was asked again: a packet's link changes",
        )
        _guards(sample, tables, number, thing)
        _crashes(sample, tables, number, thing)
        _replacements(sample, tables, number, thing)
    _automata(sample, tables)


def _sample(entries: Iterable[T]) -> Sequence[T]:
    found = list(entries)
    return found[:: max(1, len(found) // AT_MOST)]


def _refuse(says: str, may: str = "the actor's fields and the packet") -> ImpureHandler:
    return ImpureHandler(f"{says}; it may depend on {may} alone")


def _beginning(tables: Tables) -> None:
    """Set the world up again: actors are made, started, and given the moves before the search."""
    encoding = tables.encoding
    world = World(encoding.system)
    differs = "its class and the moves before the search"
    for move in tables.environment.prelude:
        try:
            world.apply(move)
        except MoveError as error:
            raise _refuse(f"the world went another way when it was set up again ({error})", differs) from error
    for number, name in enumerate(encoding.names):
        if name in world.actors:
            here = [local_slot(number), pending_slot(number), wire_slot(number)]
            values = encoding.encode_one(world, number)
            if values != [tables.initial[slot] for slot in here]:
                raise _refuse(
                    f"{called(world.actors[name])} began differently when the world was set up again",
                    differs,
                )


def _offers(sample: Sample, tables: Tables, slot: int, says: str) -> None:
    known = tables.slots[slot].offers
    for value in sample([value for value, offers in enumerate(known) if offers is not None]):
        if sorted(tables.offers.computed(slot, value)) != sorted(known[value] or ()):
            raise _refuse(says)


def _guards(sample: Sample, tables: Tables, actor: int, thing: Actor) -> None:
    for key, accepted in sample(tables.handlers.accepted[actor].items()):
        if tables.handlers.asked(actor, key >> SHIFT, key & LOW) != accepted:
            raise _refuse(f"a guard of {called(thing)} said something else when it was asked again")


def _state(tables: Tables, actor: int, local: int, pending: int, wire: int, environment: int = 0) -> State:
    """Return a state of which only one actor's slots and the environment's are meant."""
    state = list(tables.initial)
    state[local_slot(actor)], state[pending_slot(actor)], state[wire_slot(actor)] = local, pending, wire
    state[tables.encoding.environment_slot] = environment
    return tuple(state)


def _crashes(sample: Sample, tables: Tables, actor: int, thing: Actor) -> None:
    for key, offers in sample(tables.faults.crashes[actor].items()):
        local, pending = tables.faults.crashed(key)
        if pending > ABSENT:
            again = tables.faults.crashes_of(actor, _state(tables, actor, local, pending, key & LOW))
            _same(again, offers, f"{called(thing)} left something else behind when it crashed again")


def _replacements(sample: Sample, tables: Tables, actor: int, thing: Actor) -> None:
    for key, offers in sample(tables.faults.replaced[actor].items()):
        if key[1] != ABSENT:
            again = tables.faults.replacements_of(actor, _state(tables, actor, *key))
            _same(again, offers, f"{called(thing)} was something else when it was restored again")


def _same(again: tuple[Offer, ...], before: tuple[Offer, ...], says: str) -> None:
    if again != before:
        raise _refuse(says)


def _automata(sample: Sample, tables: Tables) -> None:
    judging = tables.judging
    for (number, state, observed), (after, says) in sample(judging.stepped.items()):
        observation = judging.common.observed.values[observed]
        automaton = thaw(judging.states[number].values[state])
        now = automaton.react(observation)
        if now != says or freeze(automaton) != judging.states[number].values[after]:
            raise _refuse(
                f"the property {automaton.name} reacted differently when it observed {observation!r} again",
                "its state and the observation",
            )
