"""Shorter ways to a violation, searched for among what one way to it needed.

A counterexample says which messages and which faults its violation needs at most, and a world with these and no others is
small. It is searched whole, from the beginning; if that is too large, with ever more of them, fewest first, which also finds
what is possible with less; at last from later and later places of the way. A limit of states bounds each search, and
another all of them, so that the same way has the same shortcuts on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import msgspec

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.moves import Move
from syncproof.core.world import System
from syncproof.engines.explore import HandlerError, ImpureHandler, Limits, explore
from syncproof.properties import PROPERTIES

STATES = 100_000
"""States of one search, about: less than a second."""
ALTOGETHER = 1_000_000
"""States of all searches for shortcuts of one way, about."""
ACTORS = 8
"""Actors of a system that is searched, at most: what more of them do on the side is more than `STATES`."""
CHOICES = 4_096
"""Smaller environments, at most: more would not be searched anyway."""
PLACES = 10
"""Places of the way from which searches begin, the beginning included."""


def shortcuts(system: System, environment: Environment, moves: Sequence[Move], name: str) -> Iterator[tuple[Move, ...]]:
    """Ways to a violation of the property `name` that are shorter than `moves`, which lead to one, in `environment`.

    The first one is all that most callers want. Without any, no way is shorter that needs no other messages and faults,
    unless a search was cut short. A design that a search cannot take (`ImpureHandler`, `HandlerError`) has none, and
    neither has a system of more than `ACTORS` actors.
    """
    if len(system.cast()) > ACTORS:
        return
    whole = needed(environment, BoundedWorld(system, environment, lambda _: None), moves)
    endless = PROPERTIES[name].endless is not None
    tried = 0
    for place, some in _places(system, environment, moves, whole):
        if tried > ALTOGETHER:
            return
        try:
            found = explore(system, some, [PROPERTIES[name]], limits=Limits(states=STATES))
        except (HandlerError, ImpureHandler):
            return
        tried += len(found.graph.states)
        way = found.findings[name].counterexample
        if way is not None:
            # Only of a livelock is the cycle a part; elsewhere it says that what is left of the world goes on.
            rest = (*way.moves, *way.cycle) if endless else way.moves
            if place + len(rest) < len(moves):
                yield (*moves[:place], *rest)
        # Then there is nothing shorter in parts of it or from later places. (To a livelock there is: a search's way there is
        # a short one, not a shortest.)
        if (some == whole or place) and (way is not None or found.complete) and not endless:
            return


def _places(
    system: System, environment: Environment, moves: Sequence[Move], whole: Environment
) -> Iterator[tuple[int, Environment]]:
    """Where to begin, and what may happen from there on."""
    yield 0, whole
    for some in parts(whole):
        yield 0, some
    step = max(1, len(moves) // PLACES)
    for place in range(step, len(moves) - 1, step):
        play = BoundedWorld(system, environment, lambda _: None)
        for move in moves[:place]:
            play.make(move)
        yield place, needed(environment, play, moves[place:])


def needed(environment: Environment, play: BoundedWorld, moves: Sequence[Move]) -> Environment:
    """What `moves` need of an environment, which a play has come this far in. The play makes the moves."""
    before = tuple(play.world.moves)
    told, newcomers, left = list(play.told), len(play.newcomers), dict(play.left)
    for move in moves:
        play.make(move)
    scripts = zip(environment.scripts, told, play.told, strict=True)
    first = len(environment.newcomers) - newcomers
    return msgspec.structs.replace(
        environment,
        prelude=(*environment.prelude, *before),
        scripts=tuple([script[begin:end] for script, begin, end in scripts if begin < end]),
        newcomers=environment.newcomers[first : len(environment.newcomers) - len(play.newcomers)],
        budgets={fault: left[fault] - rest for fault, rest in play.left.items() if rest < left[fault]},
    )


def parts(whole: Environment) -> Iterator[Environment]:
    """The environments that have less: the beginnings of its scripts, with the smaller budgets. The least come first.

    None where there are more than `CHOICES`.
    """
    if (
        prod([len(script) + 1 for script in whole.scripts]) * prod([most + 1 for most in whole.budgets.values()])
        > CHOICES
    ):
        return
    lengths = product(*[range(len(script) + 1) for script in whole.scripts])
    budgets = product(*[range(most + 1) for most in whole.budgets.values()])
    choices = sorted(product(lengths, budgets), key=lambda choice: (sum(map(sum, choice)), choice))
    for told, spent in choices[:-1]:
        yield msgspec.structs.replace(
            whole,
            scripts=tuple([script[:count] for script, count in zip(whole.scripts, told, strict=True) if count]),
            budgets={fault: count for fault, count in zip(whole.budgets, spent, strict=True) if count},
        )
