"""Searches for shorter paths to a violation, in a small world that has what one path to the violation needed.

A counterexample bounds the messages and faults that its violation needs, and a world with these and no others is small.
All of it is searched first, from the beginning. If that takes too many states, the worlds with fewer of these messages
and faults are searched, fewest first; at last, searches begin at later and later points of the path. One limit of states
bounds each search, another bounds all of them, so that the result is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import inf, prod

import msgspec

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.moves import Move
from syncproof.core.world import System
from syncproof.engines.explore import Limits, explore
from syncproof.errors import DesignError, Interrupted
from syncproof.properties import PROPERTIES

SEARCH_STATES = 100_000
"""The limit of states of one search: less than a second."""
TOTAL_STATES = 1_000_000
"""The limit of states of all searches for one path, approximately."""
MOST_ACTORS = 8
"""A system with more actors is not searched: the search would reach `SEARCH_STATES` without a result."""
MOST_ENVIRONMENTS = 4_096
"""The limit of smaller environments that are listed: with more of them `TOTAL_STATES` would be reached first."""
STARTS = 10
"""The limit of points of the path at which searches begin, its beginning included."""


def shorter_paths(
    system: System, environment: Environment, moves: Sequence[Move], name: str
) -> Iterator[tuple[Move, ...]]:
    """Yield paths to a violation of the property `name` that are shorter than `moves`, which lead to one in `environment`.

    Most callers need only the first. If nothing is yielded, no path with the same or fewer messages and faults is
    shorter, unless a search reached its limit. Nothing is yielded for a design whose search raises
    `DesignError`, nor for a system of more than `MOST_ACTORS` actors.
    """
    if len(system.cast()) > MOST_ACTORS:
        return
    whole = needed_environment(environment, BoundedWorld(system, environment, lambda _: None), moves)
    endless = PROPERTIES[name].endless is not None
    states = 0
    for start, some in _starts(system, environment, moves, whole):
        if states > TOTAL_STATES:
            return
        try:
            found = explore(system, some, [PROPERTIES[name]], limits=Limits(states=SEARCH_STATES))
        except DesignError:
            return
        if found.graph.ending == "interrupted":
            raise Interrupted
        states += len(found.graph.states)
        counterexample = found.findings[name].counterexample
        if counterexample is not None:
            # A livelock's cycle is part of the path. Any other cycle only shows that the rest of the world continues.
            rest = (*counterexample.moves, *counterexample.cycle) if endless else counterexample.moves
            if start + len(rest) < len(moves):
                yield (*moves[:start], *rest)
        # After this search no other can find a shorter path. (But a search's path to a livelock is not a shortest one.)
        if (some == whole or start) and (counterexample is not None or found.complete) and not endless:
            return


def _starts(
    system: System, environment: Environment, moves: Sequence[Move], whole: Environment
) -> Iterator[tuple[int, Environment]]:
    """Yield the number of the move at which to begin a search, and the environment from there on."""
    yield 0, whole
    for some in smaller_environments(whole):
        yield 0, some
    step = max(1, len(moves) // STARTS)
    for start in range(step, len(moves) - 1, step):
        bounded = BoundedWorld(system, environment, lambda _: None)
        for move in moves[:start]:
            bounded.make(move)
        yield start, needed_environment(environment, bounded, moves[start:])


def needed_environment(environment: Environment, bounded: BoundedWorld, moves: Sequence[Move]) -> Environment:
    """Make `moves` in `bounded`; return the part of an environment that they need, beginning at the state of `bounded`."""
    before = tuple(bounded.world.moves)
    told, newcomers, left, early = list(bounded.told), len(bounded.newcomers), dict(bounded.left), dict(bounded.early)
    for move in moves:
        bounded.make(move)
    scripts = zip(environment.scripts, told, bounded.told, strict=True)
    first = len(environment.newcomers) - newcomers
    return msgspec.structs.replace(
        environment,
        prelude=(*environment.prelude, *before),
        scripts=tuple([script[begin:end] for script, begin, end in scripts if begin < end]),
        newcomers=environment.newcomers[first : len(environment.newcomers) - len(bounded.newcomers)],
        budgets={
            fault: rest if rest == inf else left[fault] - rest
            for fault, rest in bounded.left.items()
            if rest < left[fault] or rest == inf
        },
        early=early,
    )


def smaller_environments(whole: Environment) -> Iterator[Environment]:
    """Yield the environments with shorter scripts or smaller budgets, smallest first; none if there are too many.

    A script is shortened at its end. The limit is `MOST_ENVIRONMENTS`.
    """
    count = prod([len(script) + 1 for script in whole.scripts]) * prod([most + 1 for most in whole.budgets.values()])
    if count > MOST_ENVIRONMENTS:
        return
    lengths = product(*[range(len(script) + 1) for script in whole.scripts])
    budgets = product(*[range(int(most) + 1) for most in whole.budgets.values()])
    choices = sorted(product(lengths, budgets), key=lambda choice: (sum(map(sum, choice)), choice))
    for kept, spent in choices[:-1]:
        yield msgspec.structs.replace(
            whole,
            scripts=tuple([script[:count] for script, count in zip(whole.scripts, kept, strict=True) if count]),
            budgets={fault: count for fault, count in zip(whole.budgets, spent, strict=True) if count},
        )
