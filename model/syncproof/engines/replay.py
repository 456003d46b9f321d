"""Replay: the recorded moves of a run are made again in a fresh world."""

from __future__ import annotations

from collections.abc import Iterable

from syncproof.core.moves import Move
from syncproof.core.world import System, World
from syncproof.engines.check import Checker


class ReplayError(Exception):
    """A move failed; `__cause__` is the error. `line`: the line number given with the move."""

    def __init__(self, line: int, move: Move) -> None:
        super().__init__(f"{type(move).__name__} in line {line}")
        self.line = line
        self.move = move


def replay_moves(system: System, moves: Iterable[tuple[int, Move]], properties: Iterable[str]) -> Checker:
    """Make the moves, each given with its line number, and check what is observed against the named properties.

    `ReplayError` for a move that is not enabled, or whose handler raises.
    """
    checker = Checker(properties)
    world = World(system.recorded(), checker.observe)
    for line, move in moves:
        try:
            world.apply(move)
        except Exception as error:
            raise ReplayError(line, move) from error
    return checker
