"""A monitor, which runs automata over a stream of observations and keeps their complaints."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
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
    class that it still waits for. `sometimes`: what else `watch` looks for. `recorded`: the observations are of a history that
    was recorded outside and may not say everything; complaints that presume so are `withheld` until `finish`.
    """

    def __init__(
        self,
        names: Iterable[str] | None = None,
        sometimes: Iterable[type[Property]] = (),
        *,
        recorded: bool = False,
    ) -> None:
        self.automata: dict[str, Property] = {
            name: PROPERTIES[name]() for name in (PROPERTIES if names is None else names)
        }
        self.watch = Watch([*map(type, self.automata.values()), *sometimes])
        self.counts: dict[str, int] = {}
        self.violations: dict[str, list[Violation]] = {}
        self.recorded = recorded
        self.withheld: dict[tuple[str, tuple[type[Observation], ...]], list[str]] = {}
        self._withheld: dict[tuple[str, tuple[type[Observation], ...]], int] = {}
        if recorded:
            for automaton in self.automata.values():
                automaton.recorded()
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
        if self.recorded:
            for words, kinds in PROPERTIES[name].presumes.items():
                if words in says:
                    self._withhold((name, kinds), says)
                    return
        self._keep(name, says)

    def _withhold(self, key: tuple[str, tuple[type[Observation], ...]], says: str) -> None:
        self._withheld[key] = self._withheld.get(key, 0) + 1
        first = self.withheld.setdefault(key, [])
        if len(first) < KEPT:
            first.append(says)

    def _keep(self, name: str, says: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        kept = self.violations.setdefault(name, [])
        if len(kept) < KEPT:
            kept.append(Violation(name, says))

    def finish(self, observed: Container[type[Observation]]) -> dict[str, str]:
        """End a recorded history, in which these classes were `observed`: record the complaints that were withheld.

        Return, by property, what the history lacks where they presume what was never observed.
        """
        for name, automaton in self.automata.items():
            for says in automaton.at_end():
                self.record(name, says)
        lacks: dict[str, str] = {}
        for (name, kinds), complaints in self.withheld.items():
            if any(kind in observed for kind in kinds):
                for says in complaints:
                    self._keep(name, says)
                self.counts[name] += self._withheld[name, kinds] - len(complaints)
            else:
                lacks.setdefault(name, f"the history has no {' or '.join(kind.__name__ for kind in kinds)}")
        self.withheld.clear()
        return lacks

    def judge(self) -> None:
        """Ask every automaton what is wrong now that nothing more will happen."""
        for name, automaton in self.automata.items():
            for says in automaton.at_quiescence():
                self.record(name, says)
