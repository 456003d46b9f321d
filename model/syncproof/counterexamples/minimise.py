"""Minimisation of counterexamples: moves are removed as long as the violation stays (delta debugging; Zeller, Hildebrandt 2002).

A search finds a shortest path directly, but only in worlds small enough to search. A counterexample of a simulation, a
Hypothesis machine or a real run is long, and most of its moves do not matter. `minimise` removes smaller and smaller
parts of it, at last each single move and each pair of moves. The result may still be longer than necessary, though no
move of it can be removed, but it shows what the violation needs; a world with these few messages and faults can often be
searched (`shorten.py`), and a shorter path found there is minimised in the same way.

The remaining moves are made in a fresh world. Without earlier moves the same packets have other numbers, so for a move
that is no longer possible the first possible one with the same signature is made, or none. For a liveness property,
everything that is still under way after the moves is completed, because it is violated only when nothing more can happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from syncproof.core.enabled import RECOVERIES, UNDER_WAY, BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce
from syncproof.core.images import freeze
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId
from syncproof.core.world import System, World
from syncproof.counterexamples.shorten import shorter_paths
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.monitor import Monitor

FAIR = (*UNDER_WAY, *RECOVERIES)
"""The kinds of move that fairness demands, in the order in which they are made; polls are left out."""
COMPLETION_MOVES = 400
"""The world must come to rest within so many moves, and as many again as the path has."""


def minimise(
    system: System,
    environment: Environment,
    moves: Sequence[Move],
    name: str,
    progress: Callable[[int], None] = lambda left: None,
) -> tuple[Move, ...]:
    """Return a locally minimal path to a violation of the property `name`, which is violated after `moves`.

    `progress` is called with the number of moves left whenever it has decreased. `ValueError` if the property is not
    violated after `moves`.
    """
    best = violates(system, environment, moves, name)
    if best is None:
        raise ValueError(f"{name} is not violated by these moves")
    best = _delta_debug(system, environment, best, name, progress)
    while best:
        for path in shorter_paths(system, environment, best, name):
            # Checked in a world as every other path, so that the result does not depend on the search alone.
            other = violates(system, environment, path, name)
            if other is not None and len(other) < len(best):
                best = _delta_debug(system, environment, other, name, progress)
                break
        else:
            break
    return best


def _delta_debug(
    system: System, environment: Environment, best: tuple[Move, ...], name: str, progress: Callable[[int], None]
) -> tuple[Move, ...]:
    size = max(1, len(best) // 2)
    while True:
        progress(len(best))
        shorter = _without_one_part(system, environment, best, name, size)
        if shorter is None and size == 1:
            shorter = _without_two(system, environment, best, name)
            if shorter is None:
                return best
        if shorter is None:
            size //= 2
        else:
            best = shorter
            size = max(1, min(size, len(best) // 2))


def _without_one_part(
    system: System, environment: Environment, best: tuple[Move, ...], name: str, size: int
) -> tuple[Move, ...] | None:
    for start in range(0, len(best), size):
        found = violates(system, environment, best[:start] + best[start + size :], name)
        if found is not None and len(found) < len(best):
            return found
    return None


def _without_two(
    system: System, environment: Environment, best: tuple[Move, ...], name: str
) -> tuple[Move, ...] | None:
    for one, other in combinations(range(len(best)), 2):
        found = violates(system, environment, best[:one] + best[one + 1 : other] + best[other + 1 :], name)
        if found is not None and len(found) < len(best):
            return found
    return None


def violates(system: System, environment: Environment, moves: Sequence[Move], name: str) -> tuple[Move, ...] | None:
    """Make the moves; return those that were possible, up to the violation of the property, or None if it is not violated.

    A liveness property is judged at rest, and the moves that lead there are part of the path. A property that forbids an
    endless repetition is violated by a fair cycle, with which the path ends.
    """
    automaton = PROPERTIES[name]
    if automaton.endless is not None:
        return _livelock(system, environment, moves, automaton)
    monitor = Monitor([name])
    bounded = BoundedWorld(system, environment, monitor.observe)
    if monitor.violations:  # while the world was set up
        return ()
    for move in moves:
        _make_or_similar(bounded, move)
        if monitor.violations:
            return tuple(bounded.world.moves)
    if automaton.kind == "safety":
        return None
    limit = COMPLETION_MOVES + len(moves)
    for _ in range(limit):
        move = next((found[0] for kind in FAIR if (found := bounded.possible()[kind])), None)  # type: ignore[assignment]
        if move is None:
            break
        bounded.make(move)
    path = tuple(bounded.world.moves)
    quiesce(bounded.world, limit)
    return path if monitor.violations else None


def _make_or_similar(bounded: BoundedWorld, move: Move) -> None:
    """Make the move, or the first similar one: without the moves that were removed its packets may have other numbers."""
    if not bounded.attempt(move):
        make_similar(bounded, signature(move))


def make_similar(bounded: BoundedWorld, wanted: Any) -> None:
    """Make the first possible move with this signature, if there is one."""
    for found in bounded.possible().values():
        for move in found:
            if signature(move) == wanted and bounded.attempt(move):
                return


def signature(value: Any, names: Mapping[ActorId, ActorId] | None = None) -> Any:
    """Return what similar moves have in common: their class, the actors' ids, and the classes of their packets.

    `names`: new ids of actors; others keep theirs.
    """
    if isinstance(value, Move):
        # A packet that another actor sent is similar too, and moves files of earlier versions do not name the sender.
        fields = [field for field in value.__struct_fields__ if field != "source"]
        return (type(value), *[signature(getattr(value, field), names) for field in fields])
    if isinstance(value, tuple):
        return tuple([signature(each, names) for each in value])
    if isinstance(value, ConnectionId):
        client = DeviceId(value.client)
        return ("connection", client if names is None else names.get(client, client))
    if isinstance(value, Packet):
        return type(value)
    return value if names is None or not isinstance(value, ActorId) else names.get(value, value)


def _livelock(
    system: System, environment: Environment, moves: Sequence[Move], automaton: type[Property]
) -> tuple[Move, ...] | None:
    """Return the path to the end of the first fair cycle that repeats what the property forbids to repeat endlessly."""
    assert automaton.endless is not None
    repeated, excuse = automaton.endless
    marks: list[tuple[int, bool, Any]] = []
    """The number of the move, whether it is the repeated observation rather than the excuse, and its key."""
    made = 0

    def observe(observation: Observation) -> None:
        if isinstance(observation, (repeated, excuse)):
            marks.append((made, isinstance(observation, repeated), getattr(observation, automaton.endless_key)))

    bounded = BoundedWorld(system, environment, observe)
    marks.clear()
    states: dict[Any, int] = {whole_state(bounded.world): 0}
    enabled = [_fair_moves(bounded)]
    for move in moves:
        _make_or_similar(bounded, move)
        now = len(bounded.world.moves)
        if now == made:
            continue
        made = now
        enabled.append(_fair_moves(bounded))
        state = whole_state(bounded.world)
        first = states.setdefault(state, now)
        if first < now and _without_excuse(marks, first, now):
            always = set.intersection(*enabled[first:now])
            if not always.difference(bounded.world.moves[first:now]):
                return tuple(bounded.world.moves)
    return None


def _without_excuse(marks: list[tuple[int, bool, Any]], first: int, last: int) -> bool:
    within = [(is_repeated, key) for at, is_repeated, key in marks if first <= at < last]
    excused = {key for is_repeated, key in within if not is_repeated}
    return any(is_repeated and key not in excused for is_repeated, key in within)


def _fair_moves(bounded: BoundedWorld) -> set[Move]:
    return {move for kind in FAIR for move in bounded.possible()[kind]}


def whole_state(world: World) -> Any:
    """Return everything that determines what can happen next, as one value."""
    return (
        tuple([(name, actor.snapshot()) for name, actor in world.actors.items()]),
        tuple(world.down),
        tuple([freeze(connection) for connection in world.connections.values()]),
        freeze(world.mail),
        freeze(world.operations),
        freeze(world.timers),
        freeze(world.polls),
        freeze(world.backups),
    )
