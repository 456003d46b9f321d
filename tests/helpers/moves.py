"""A recorder of simulated runs that keeps the moves alone."""

from __future__ import annotations

from syncproof.core.moves import Move
from syncproof.core.observations import Observation


class Moves:
    """Keep the moves of a run."""

    def __init__(self) -> None:
        self.made: list[Move] = []

    def move(self, move: Move) -> None:
        self.made.append(move)

    def observation(self, observation: Observation) -> None: ...
