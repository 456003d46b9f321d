"""The automata of a long history: what they keep is shared and small, and settled messages are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syncproof.core.observations import Observation
from syncproof.engines.settling import Settling
from syncproof.properties._logs import Logs
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import References
from syncproof.properties.roster import Roster
from syncproof.properties.spill import Spill

Receiver = tuple[str, Callable[[Any], "str | None"]]
"""The name of a property, or empty text, and the function that receives an observation."""


class LongHistory:
    """Say who receives an observation, so that the verdicts are those of the monitor's automata, in less memory and time.

    `references`: what the observations refer to; those of a history that an engine makes refer to nothing (`NothingMissing`).
    """

    def __init__(self, monitor: Monitor, references: References) -> None:
        self.monitor = monitor
        self.references = references
        self.roster = Roster()
        self.spill = Spill()
        self.settling = Settling(monitor, references, self.roster, self.spill)
        self._told = self._sharing()

    def first(self, kind: type[Observation]) -> list[Receiver]:
        """Return who receives an observation of a class before the properties do."""
        return [("", each[kind]) for each in (self.settling.before, self.roster.reactions) if kind in each]

    def judging(self, kind: type[Observation]) -> list[Receiver]:
        """Return the receivers of a class that judge: what is kept of plain messages, and the properties."""
        settles = kind in self.settling.reactions
        found: list[Receiver] = [("", self.settling.reactions[kind])] if settles else []
        for name, react in self.monitor.reactions.get(kind, ()):
            shared = react.__func__.__name__ in self._told.get(name, ())  # type: ignore[attr-defined]
            if not shared and not (settles and self.monitor.automata[name].by_message):
                found.append((name, react))
        return found

    def finish(self) -> None:
        """End the history: pass on what was kept from the properties."""
        self.settling.finish()

    def _sharing(self) -> dict[str, tuple[str, ...]]:
        """Let properties of logs share what the first of them keeps; return, by property, the methods that it does for them."""
        for automaton in self.monitor.automata.values():
            automaton.compact(self.spill)
        logs = {name: each for name, each in self.monitor.automata.items() if isinstance(each, Logs)}
        owner = next((each for each in logs.values() if each.passes), None)
        return {} if owner is None else {n: each.share(owner) for n, each in logs.items() if each is not owner}
