"""What several tests need of moves: a recorder that keeps them alone, and which of them change nothing."""

from __future__ import annotations

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.world import World


class Moves:
    """Keep the moves of a run."""

    def __init__(self) -> None:
        self.made: list[Move] = []

    def move(self, move: Move) -> None:
        self.made.append(move)

    def observation(self, observation: Observation) -> None: ...


def only_answers_a_closed_connection(world: World, packet: Packet) -> bool:
    """Return whether handling a packet would only answer over a connection that has a closed end."""
    where = world.system.answers_over(packet)
    if where is None:
        return False
    connection = world.connections.get(where)
    return connection is None or not (connection.client_open and connection.server_open)
