"""A checker, which streams observations through the properties."""

from __future__ import annotations

from collections.abc import Iterable

from syncproof.core.observations import Accepted, Observation, Quiesced
from syncproof.properties.evidence import HistorySize
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import References


class Checker:
    """Automata of the named properties, and what else a verdict needs.

    `count`: how many observations there were; `quiesced`: whether the last one was `Quiesced`, without which liveness
    cannot be judged; `happened`: whether any message was accepted, without which nothing can be judged; `size`: what the
    history had for the evidence of properties; `references`: what its observations refer to.
    """

    def __init__(self, properties: Iterable[str]) -> None:
        self.monitor = Monitor(properties)
        self.count = 0
        self.quiesced = False
        self.happened = False
        self.size = HistorySize()
        self.references = References()

    def observe(self, observation: Observation) -> None:
        """Count the observation and pass it on."""
        self.count += 1
        self.happened = self.happened or type(observation) is Accepted
        self.size.see(observation)
        self.references.see(observation)
        self.quiesced = type(observation) is Quiesced
        self.monitor.observe(observation)


def check_observations(observations: Iterable[Observation], properties: Iterable[str]) -> Checker:
    """Check recorded observations, in order, against the named properties."""
    checker = Checker(properties)
    for observation in observations:
        checker.observe(observation)
    return checker
