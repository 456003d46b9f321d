"""Counterexamples cut down: moves are taken out as long as the violation stays (delta debugging; Zeller, Hildebrandt 2002).

A search finds a shortest way at once, but only in worlds that it can search. What a simulation, a Hypothesis machine or a
real run met is long and full of what does not matter. `minimise` tries without ever smaller parts of it, and in the end
without each single move and each two of them. What is left may still be a detour that no move can be taken out of, but
it says what the violation needs: so few messages and faults are a world that can often be searched (`shortcut.py`), and
a shorter way that this finds is cut down in the same manner.

A shortened sequence is played, not copied. Without its beginning the same things happen under other numbers, so for a move
that is no longer possible the first one like it is made, or none if there is none; and where a liveness property is
at stake what is then still under way is completed, since nothing is lost for good before nothing more can happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from syncproof.core.actor import freeze
from syncproof.core.enabled import RECOVERIES, UNDER_WAY, BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce
from syncproof.core.moves import Move
from syncproof.core.observations import Observation, Pulled, Triggered
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId
from syncproof.core.world import System, World
from syncproof.counterexamples.shorten import shortcuts
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

FAIR = (*UNDER_WAY, *RECOVERIES)
"""What is eventually taken without anybody's doing, polls left out."""
COMPLETION = 400
"""Moves, besides as many as there were, within which what is under way must come to rest."""


def minimise(
    system: System,
    environment: Environment,
    moves: Sequence[Move],
    name: str,
    progress: Callable[[int], None] = lambda left: None,
) -> tuple[Move, ...]:
    """A locally minimal way to a violation of the property `name`, from one that is violated after `moves`.

    `progress` is told how many moves are left whenever some could be taken out. Raises `ValueError` if the property is not
    violated after `moves`.
    """
    best = violates(system, environment, moves, name)
    if best is None:
        raise ValueError(f"{name} is not violated by these moves")
    best = _cut_down(system, environment, best, name, progress)
    while True:
        for way in shortcuts(system, environment, best, name):
            # It is played like every other, so what a search says is not taken on trust.
            other = violates(system, environment, way, name)
            if other is not None and len(other) < len(best):
                best = _cut_down(system, environment, other, name, progress)
                break
        else:
            return best


def _cut_down(
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
    """The moves that were possible, up to where the property is violated; None if it is not.

    A liveness property is judged at rest, which is part of the way; one that forbids an endless repetition, by a fair
    cycle, which the way ends with.
    """
    automaton = PROPERTIES[name]
    if automaton.endless is not None:
        return _cycles(system, environment, moves, name)
    monitor = Monitor([name])
    play = BoundedWorld(system, environment, monitor.observe)
    for move in moves:
        _follow(play, move)
        if monitor.violations:
            return tuple(play.world.moves)
    if automaton.kind == "safety":
        return None
    limit = COMPLETION + len(moves)
    for _ in range(limit):
        move = next((found[0] for kind in FAIR if (found := play.possible()[kind])), None)  # type: ignore[assignment]
        if move is None:
            break
        play.make(move)
    way = tuple(play.world.moves)
    quiesce(play.world, limit)
    return way if monitor.violations else None


def _follow(play: BoundedWorld, move: Move) -> None:
    """Makes the move, else the first one like it: what was left out before may have changed its numbers."""
    if not play.attempt(move):
        follow(play, likeness(move))


def follow(play: BoundedWorld, like: Any) -> None:
    """Makes the first possible move of this likeness, if there is one."""
    for found in play.possible().values():
        for move in found:
            if likeness(move) == like and play.attempt(move):
                return


def likeness(value: Any, names: Mapping[ActorId, ActorId] | None = None) -> Any:
    """What is alike in moves: their kind, who makes them, and the classes of the packets that they are about.

    `names`: other names of who makes them.
    """
    if isinstance(value, Move):
        return (type(value), *[likeness(getattr(value, field), names) for field in value.__struct_fields__])
    if isinstance(value, tuple):
        return tuple([likeness(each, names) for each in value])
    if isinstance(value, ConnectionId):
        client = DeviceId(value.client)
        return ("connection", client if names is None else names.get(client, client))
    if isinstance(value, Packet):
        return type(value)
    return value if names is None or not isinstance(value, ActorId) else names.get(value, value)


def _cycles(system: System, environment: Environment, moves: Sequence[Move], name: str) -> tuple[Move, ...] | None:
    """The way to the end of the first fair cycle in which a device pulls and nothing gives it a reason to."""
    marks: list[tuple[int, Observation]] = []
    made = 0

    def observe(observation: Observation) -> None:
        if isinstance(observation, Pulled | Triggered):
            marks.append((made, observation))

    play = BoundedWorld(system, environment, observe)
    marks.clear()
    states: dict[Any, int] = {_state(play.world): 0}
    enabled = [_fair(play)]
    for move in moves:
        _follow(play, move)
        now = len(play.world.moves)
        if now == made:
            continue
        made = now
        enabled.append(_fair(play))
        state = _state(play.world)
        first = states.setdefault(state, now)
        if first < now and _endless(marks, first, now):
            always = set.intersection(*enabled[first:now])
            if not always.difference(play.world.moves[first:now]):
                return tuple(play.world.moves)
    return None


def _endless(marks: list[tuple[int, Observation]], first: int, last: int) -> bool:
    pulled = {o.device for at, o in marks if first <= at < last and isinstance(o, Pulled)}
    return bool(pulled - {o.device for at, o in marks if first <= at < last and isinstance(o, Triggered)})


def _fair(play: BoundedWorld) -> set[Move]:
    return {move for kind in FAIR for move in play.possible()[kind]}


def _state(world: World) -> Any:
    """Everything that decides what can happen from here on."""
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
