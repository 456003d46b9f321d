"""A plain breadth-first search of worlds that leaves out what a caller says, to compare an explorer's restrictions with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.moves import Arrive, Move
from syncproof.core.world import System, World
from tests.helpers.brute_force import Judge, Key, Node


def plain_search(
    system: System,
    environment: Environment,
    *,
    within: Callable[[World], bool] = lambda _: True,
    skip: bool = False,
    depth: int | None = None,
) -> dict[Key, int]:
    """Return every state that can be reached, and its depth.

    `within`: states where it is false are left out. `skip`: arrivals over links without order that change nothing but their
    own packet are left out. `depth`: the most moves of a run.
    """
    judge = Judge(system, environment, ())
    first = Node(BoundedWorld(system, environment, lambda _: None), ())
    found = {judge._key(first): 0}
    queue = deque([(judge._key(first), first)])
    while queue:
        key, node = queue.popleft()
        if found[key] == depth:
            continue
        for move in dict.fromkeys(node.bounded.every()):
            bounded = node.bounded.fork(lambda _: None)
            bounded.make(move)
            if not within(bounded.world) or (skip and _only_removes(node.bounded.world, move, bounded.world)):
                continue
            there = Node(bounded, ())
            target = judge._key(there)
            if target not in found:
                found[target] = found[key] + 1
                queue.append((target, there))
    return found


def _only_removes(before: World, move: Move, after: World) -> bool:
    """Return whether a move is an arrival over a link without order that only removes its packet."""
    if not isinstance(move, Arrive) or before.system.link(move.packet).order != "unordered":
        return False
    mail = {name: list(items) for name, items in before.mail.items()}
    mail[move.receiver].remove((move.source, move.packet))
    rest = {name: sorted(map(repr, items)) for name, items in mail.items() if items}
    return (
        rest == {name: sorted(map(repr, items)) for name, items in after.mail.items()}
        and all(before.actors[name].snapshot() == after.actors[name].snapshot() for name in before.actors)
        and before.timers == after.timers
        and before.operations == after.operations
        and before.polls == after.polls
        and before.connections == after.connections
    )
