"""What searches of several worlds have in common: handler calls and steps of automata, by value.

What a handler does depends on its actor's class, constants and fields and on the packet, and on nothing else; a search checks
that. So worlds that differ in budgets, faults, scripts or links ask for the same calls again and again, and a search takes the
result of one that came before. Every search numbers the values by itself, in the order in which it meets them
(`interned.Renumbered`), so it finds exactly what it would find alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from syncproof.core.actor import Actor
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.engines.explore.interned import Interned
from syncproof.engines.handler_errors import UnfitValue
from syncproof.properties import Property

MOST = 100_000
"""The limit of local states and automata that are kept; above it, `Common` is emptied before the next search."""
BITS = 32
"""The bits of an index in a key of `HandlerResults.made`, which combines two."""

Pending = tuple[tuple[str, Packet], ...]
Sends = tuple[tuple[Id, Packet], ...]


class Made(NamedTuple):
    """The result of a handler call: the next local state, by index, the effects, by index, and what was observed.

    `charge`: a hash of the delays and amounts that it asked for, which change no search and are the same at each call.
    """

    after: int
    effects: int
    observations: tuple[Observation, ...]
    charge: int


class HandlerResults:
    """The handler calls of actors of one class with the same constants.

    `locals`: their local states. `made`: (local state, event) -> the result.
    """

    __slots__ = ("locals", "made")

    def __init__(self) -> None:
        self.locals: Interned[tuple[Any, ...]] = Interned()
        self.made: dict[int, Made] = {}


class Steps:
    """The reactions of one property's automaton: `states`, and (state, observation) -> its state afterwards, complaint."""

    __slots__ = ("made", "states")

    def __init__(self) -> None:
        self.states: Interned[Any] = Interned()
        self.made: dict[tuple[int, int], tuple[int, str | None]] = {}


class Common:
    """What searches of one process know already. Give it to searches of the same code, one after the other.

    `observed`: the observations, numbered. `effects`: the effects of handlers, each as (pending, sends).
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._whole = True
        self.packets: Interned[Packet] = Interned()
        self.observed: Interned[Observation] = Interned()
        self.effects: list[tuple[Pending, Sends]] = []
        self._effects: dict[tuple[Any, ...], int] = {}
        self._events: dict[tuple[type[Id], int, int], int] = {}
        self._actors: Interned[tuple[Any, ...]] = Interned()
        self._calls: list[HandlerResults] = []
        self._steps: dict[type[Property], Steps] = {}

    def begin(self) -> None:
        """Prepare for a search. What one before left is forgotten if that failed or was cut in the middle, or if it is too much."""
        kept = [
            *[len(calls.locals.values) for calls in self._calls],
            *[len(s.states.values) for s in self._steps.values()],
        ]
        if not self._whole or sum(kept) > MOST:
            self.clear()
        self._whole = False

    def end(self) -> None:
        """Note that the search came to its end, with every handler call checked."""
        self._whole = True

    def calls(self, actor: Actor) -> HandlerResults:
        """Return the calls of such actors; new ones for an actor that holds anything that cannot be compared by its value."""
        kind = type(actor)
        constants = [field.name for field in getattr(kind, "__attrs_attrs__", ()) if field.name not in actor._state]
        if getattr(kind, "__dictoffset__", 0):
            return HandlerResults()
        try:
            which = self._actors.intern((kind, *[getattr(actor, name) for name in constants]))
        except UnfitValue:
            return HandlerResults()
        if which == len(self._calls):
            self._calls.append(HandlerResults())
        return self._calls[which]

    def steps(self, kind: type[Property]) -> Steps:
        """Return the reactions of a property's automaton."""
        return self._steps.setdefault(kind, Steps())

    def event(self, source: Id, packet: Packet | None) -> int:
        """Return the index of a packet with its source; without a packet, of the actor's start."""
        key = (type(source), int(source), -1 if packet is None else self.packets.intern(packet))
        return self._events.setdefault(key, len(self._events))

    def effects_of(self, pending: Sequence[tuple[str, Packet]], sends: Sequence[tuple[Id, Packet]]) -> int:
        """Return the index of effects. `UnfitValue` for a packet that cannot be compared."""
        intern = self.packets.intern
        key = (
            tuple([(what, intern(packet)) for what, packet in pending]),
            tuple([(type(receiver), receiver, intern(packet)) for receiver, packet in sends]),
        )
        found = self._effects.get(key)
        if found is None:
            found = self._effects[key] = len(self.effects)
            self.effects.append((tuple(pending), tuple(sends)))
        return found
