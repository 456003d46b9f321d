"""A checker, which streams observations through the properties."""

from __future__ import annotations

from collections.abc import Iterable

from syncproof.core.observations import Accepted, Observation, Quiesced
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import HistorySize
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import References
from syncproof.properties.roster import Roster


class Checker:
    """Automata of the named properties, and what else a verdict needs.

    `count`: how many observations there were; `quiesced`: whether the last one was `Quiesced`, without which liveness
    cannot be judged; `happened`: whether any message was accepted, without which nothing can be judged; `size`: what the
    history had for the evidence of properties; `references`: what its observations refer to; `lacks`: what a history that was
    `recorded` outside never says, by property.
    """

    def __init__(self, properties: Iterable[str], recorded: bool = False) -> None:
        self.monitor = Monitor(properties, recorded=recorded)
        self.roster = Roster()
        self.kinds: set[type[Observation]] = set()
        self.lacks: dict[str, str] = {}
        self.count = 0
        self.quiesced = False
        self.happened = False
        self.size = HistorySize()
        self.references = References()

    def observe(self, observation: Observation) -> None:
        """Count the observation and pass it on, with what it leaves out filled in as far as earlier ones tell it."""
        observation = self.roster.complete(observation)
        self.count += 1
        self.kinds.add(type(observation))
        self.happened = self.happened or type(observation) is Accepted
        self.size.see(observation)
        self.references.see(observation)
        self.quiesced = type(observation) is Quiesced
        self.monitor.observe(observation)

    def finish(self) -> None:
        """End the history."""
        if self.monitor.recorded:
            self.lacks = self.monitor.finish(self.kinds)

    def missing(self) -> dict[str, str]:
        """Return what the history lacks and a property needs, by property, in words."""
        found = {}
        for name in self.monitor.automata:
            found[name] = self.lacks.get(name) or self.references.lacking(PROPERTIES[name])
        return found


def check_observations(
    observations: Iterable[Observation], properties: Iterable[str], recorded: bool = False
) -> Checker:
    """Check recorded observations, in order, against the named properties.

    `recorded`: they are of a history that was recorded outside, and may not say everything.
    """
    checker = Checker(properties, recorded)
    for observation in observations:
        checker.observe(observation)
    checker.finish()
    return checker
