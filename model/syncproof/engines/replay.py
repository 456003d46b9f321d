"""Makes a run's recorded moves again in a fresh world."""

from __future__ import annotations

from collections.abc import Iterable

from syncproof.core.moves import Move
from syncproof.core.world import System, World
from syncproof.engines.check import Checker


class ReplayError(Exception):
    """A move that failed; `__cause__` is the error. `line`: the number that came with the move."""

    def __init__(self, line: int, move: Move) -> None:
        super().__init__(f"{type(move).__name__} in line {line}")
        self.line = line
        self.move = move


def replay_moves(system: System, moves: Iterable[tuple[int, Move]], properties: Iterable[str]) -> Checker:
    """Make the moves, each given with its line number, and check what is observed against the named properties.

    Raises `ReplayError` for a move that is not enabled, or that a handler fails at.
    """
    checker = Checker(properties)
    world = World(system, checker.observe)
    for line, move in moves:
        try:
            world.apply(move)
        except Exception as error:
            raise ReplayError(line, move) from error
    return checker
