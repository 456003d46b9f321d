"""Moves by index, which fairness each of them has, and offers: what a move does to the slots of a state.

The fairness of a move depends on the move alone, so it is decided when the move is first met: `fair[index]` is `NEVER`,
`WEAK`, `STRONG` or `EARLY`. `liveness.py` says what these mean for cycles. The firing of a bounded timer has two indices:
one at rest, and one while other moves are under way (`early`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from syncproof.core.actor import Actor
from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.moves import Fire, Keep, Move, Tell
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId
from syncproof.engines.explore.budgets import FREE
from syncproof.engines.explore.interned import Interned
from syncproof.engines.explore.queues import Deltas
from syncproof.engines.handler_errors import HandlerError, called

NEVER, WEAK, STRONG, EARLY = 0, 1, 2, 3
"""Fairness demands that a move is taken: never (faults, scripts); if it stays possible; if it is possible infinitely often;
if it stays possible, but the world is at rest beside it (a timer that may fire early)."""


class MoveTable(Interned[Move]):
    """The moves that were met. `armed`: the (actor, packet) pairs that were armed so far, as timers and as polls.

    `stirs[index]`: polls and bounded timers must wait while the move is possible and changes something.
    """

    __slots__ = ("_early", "armed", "bounded", "fair", "patient", "stirs")

    def __init__(self, environment: Environment) -> None:
        super().__init__()
        self.fair: list[int] = []
        self.stirs: list[bool] = []
        self.bounded = environment.early
        self._early: dict[int, int] = {}
        self.patient = environment.polls == "at-rest"
        self.armed: dict[str, set[tuple[ActorId, Packet]]] = {"after": set(), "poll": set()}

    def arm(self, kind: Literal["after", "poll"], name: ActorId, actor: Actor, packet: Packet) -> None:
        """Note that an actor arms a timer (`after`) or a poll. `HandlerError` if it arms the packet as both.

        Firing the one or the other would be the same move, but fairness owes them differently.
        """
        key = (name, packet)
        if key in self.armed["poll" if kind == "after" else "after"]:
            raise HandlerError(
                f"{called(actor)} arms {packet!r} as a timer and as its poll; give one of them a class of its own"
            )
        self.armed[kind].add(key)

    def intern(self, move: Move) -> int:
        """Return the index of a move."""
        found = super().intern(move)
        if found == len(self.fair):
            poll = isinstance(move, Fire) and (move.actor, move.packet) in self.armed["poll"]
            self.fair.append(self._owed(move, poll))
            self.stirs.append(self.fair[found] == WEAK and not poll)
        return found

    def early(self, fire: int) -> int:
        """Return the index of the early firing of a timer, given the index of its firing at rest."""
        found = self._early.get(fire)
        if found is None:
            found = self._early[fire] = len(self.values)
            self.values.append(self.values[fire])
            self.fair.append(EARLY)
            self.stirs.append(False)
        return found

    def at_rest(self) -> list[int]:
        """Return the indices of the firings at rest of bounded timers."""
        return list(self._early)

    def declinable(self, number: int) -> None:
        """Note that the receiver may decline what this move delivers: other moves may make it impossible for a while."""
        self.fair[number] = STRONG

    def _owed(self, move: Move, poll: bool) -> int:
        if isinstance(move, Tell | Keep) or fault_of(move) is not None:
            return NEVER
        if poll:
            return STRONG if self.patient else WEAK
        return STRONG if isinstance(move, Fire) and type(move.packet) in self.bounded else WEAK


class Offer(NamedTuple):
    """A move that a slot's value makes possible.

    `value`: the slot's value after the move. `events`: what handlers then receive, in order, as (actor, event). `budget`:
    the position of the budget that it costs, or `FREE`. `guards`: pending slots of actors that must be running; `~actor`:
    this actor must accept the event. `sets`: other slots' new values. `deltas`: what other slots absorb after the handlers.
    `bundle`: what is observed before them.
    """

    move: int
    value: int
    events: tuple[tuple[int, int], ...]
    budget: int = FREE
    guards: tuple[int, ...] = ()
    sets: tuple[tuple[int, int], ...] = ()
    deltas: Deltas = ()
    bundle: int = 0
