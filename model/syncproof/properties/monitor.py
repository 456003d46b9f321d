"""A monitor, which runs automata over a stream of observations and keeps their complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

import msgspec

from syncproof.core.observations import Observation, Quiesced
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.evidence import Watch

KEPT = 5
"""How many violations of each property are kept as text; all are counted."""


class Violation(msgspec.Struct, frozen=True):
    """A complaint of an automaton."""

    property: str
    says: str


class Monitor:
    """Fresh automata of the named properties (default: all), fed with `observe`.

    `reactions` is the dispatch table, `(property, reaction)` pairs by observation class, for engines that run their own
    loop over it: a reaction that returns a line is to be passed to `record`, and `watch` is to see each observation of a
    class that it still waits for. `sometimes`: what else `watch` looks for.
    """

    def __init__(self, names: Iterable[str] | None = None, sometimes: Iterable[type[Property]] = ()) -> None:
        self.automata: dict[str, Property] = {
            name: PROPERTIES[name]() for name in (PROPERTIES if names is None else names)
        }
        self.watch = Watch([*map(type, self.automata.values()), *sometimes])
        self.counts: dict[str, int] = {}
        self.violations: dict[str, list[Violation]] = {}
        self.reactions: dict[type[Observation], list[tuple[str, Callable[[Any], str | None]]]] = {}
        for name, automaton in self.automata.items():
            for kind, reaction in automaton.reactions.items():
                self.reactions.setdefault(kind, []).append((name, MethodType(reaction, automaton)))

    def observe(self, observation: Observation) -> None:
        """Pass the observation to every automaton that reacts to it; at quiescence, judge all of them."""
        if type(observation) in self.watch.pending:
            self.watch.see(observation)
        for name, react in self.reactions.get(type(observation), ()):
            says = react(observation)
            if says is not None:
                self.record(name, says)
        if type(observation) is Quiesced:
            self.judge()

    def record(self, name: str, says: str) -> None:
        """Count a violation, and keep its text if it is one of the first `KEPT`."""
        self.counts[name] = self.counts.get(name, 0) + 1
        kept = self.violations.setdefault(name, [])
        if len(kept) < KEPT:
            kept.append(Violation(name, says))

    def judge(self) -> None:
        """Ask every automaton what is wrong now that nothing more will happen."""
        for name, automaton in self.automata.items():
            for says in automaton.at_quiescence():
                self.record(name, says)
