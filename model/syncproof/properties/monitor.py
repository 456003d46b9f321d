"""Runs automata over a stream of observations and keeps what they complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from syncproof.actor import Observation
from syncproof.observations import Quiesced
from syncproof.properties import PROPERTIES, Property

KEPT = 5
"""Violations kept in words per property; all are counted."""


class Violation(msgspec.Struct, frozen=True):
    """What an automaton said."""

    property: str
    says: str


class Monitor:
    """Fresh automata of the named properties (default: all). Feed it with `observe`, or call `listeners` directly."""

    def __init__(self, names: Iterable[str] | None = None) -> None:
        self.automata: dict[str, Property] = {name: PROPERTIES[name]() for name in (names or PROPERTIES)}
        self.counts: dict[str, int] = {}
        self.violations: dict[str, list[Violation]] = {}
        self.listeners: dict[type[Observation], list[Callable[[Any], None]]] = {}
        for name, automaton in self.automata.items():
            for kind, method in automaton.reactions.items():
                self.listeners.setdefault(kind, []).append(self._listener(name, getattr(automaton, method)))
        self.listeners.setdefault(Quiesced, []).append(self._judge)

    def observe(self, observation: Observation) -> None:
        """Hands the observation to every automaton that wants it."""
        for listen in self.listeners.get(type(observation), ()):
            listen(observation)

    def record(self, name: str, says: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        kept = self.violations.setdefault(name, [])
        if len(kept) < KEPT:
            kept.append(Violation(name, says))

    def _listener(self, name: str, react: Callable[[Any], str | None]) -> Callable[[Any], None]:
        def listen(observation: Any) -> None:
            says = react(observation)
            if says is not None:
                self.record(name, says)

        return listen

    def _judge(self, _: Observation) -> None:
        for name, automaton in self.automata.items():
            for says in automaton.at_quiescence():
                self.record(name, says)
