"""A checker, which streams observations through the properties."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from syncproof.core.observations import Accepted, Deleted, Observation, Placed, Quiesced
from syncproof.engines.long_history import LongHistory, Receiver
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import HistorySize
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import References

BLOCK = 4096
"""How many observations `check_observations` gives to a checker at once."""
Reactions = tuple[bool, tuple[Receiver, ...]]
"""Whether what an observation of a class leaves out is filled in first, and who reacts to it."""


class AfterRest(ValueError):
    """An observation comes after `Quiesced`, which says that nothing more happens. `line`: its number."""

    def __init__(self, line: int, kind: str) -> None:
        super().__init__(f"{kind} after Quiesced; allowed: nothing, because Quiesced says that nothing more happens")
        self.line = line


class Checker:
    """Automata of the named properties, and what else a verdict needs.

    `count`: how many observations there were; `quiesced`: whether the last one was `Quiesced`, without which liveness
    cannot be judged; `happened`: whether any message was accepted, without which nothing can be judged; `size`: what the
    history had for the evidence of properties; `references`: what its observations refer to; `lacks`: what a history that was
    `recorded` outside never says, by property.
    """

    def __init__(self, properties: Iterable[str], recorded: bool = False) -> None:
        self.monitor = Monitor(properties, recorded=recorded)
        self.kinds: set[type[Observation]] = set()
        self.lacks: dict[str, str] = {}
        self.count = 0
        self.quiesced = False
        self.size = HistorySize()
        self.references = References()
        self.history = LongHistory(self.monitor, self.references)
        self._met = 0
        self._table: dict[type[Observation], Reactions] = {}

    @property
    def happened(self) -> bool:
        return Accepted in self.kinds

    def observe(self, observation: Observation) -> None:
        """Count the observation and pass it on, with what it leaves out filled in as far as earlier ones tell it."""
        self.feed(self.count + 1, [observation])

    def feed(self, first: int, block: list[Observation]) -> None:
        """Pass on observations that follow one another; the line of the first one has the number `first`.

        `AfterRest` for one that follows `Quiesced` in a history that was recorded outside.
        """
        if not block:
            return
        if self.quiesced and self.monitor.recorded:
            raise AfterRest(first, type(block[0]).__name__)
        if len(self.monitor.watch.met) != self._met:  # who has met its evidence is no longer asked
            self._met = len(self.monitor.watch.met)
            self._table.clear()
        table, references = self._table, self.references
        for line, observation in enumerate(block, first):
            kind = type(observation)
            found = table.get(kind)
            if found is None:
                found = table[kind] = self.reactions(kind)
            references.line = line
            fills, reactions = found
            if fills:
                observation = self.history.roster.complete(observation)
            for name, react in reactions:
                says = react(observation)
                if says is not None:
                    self.monitor.record(name, says)
            if kind is Quiesced:
                self._rest(line, line - first + 1, block)
        self.count += len(block)
        self.kinds.update(map(type, block))
        self.quiesced = type(block[-1]) is Quiesced

    def skip(self, count: int, kinds: set[type[Observation]]) -> None:
        """Count observations that somebody else has dealt with; the last one is not `Quiesced`."""
        self.count += count
        self.kinds.update(kinds)
        self.quiesced = False

    def reactions(self, kind: type[Observation]) -> Reactions:
        """Return who reacts to a class of observations, in order."""
        found = self.history.first(kind)
        if kind in self.size.reactions:
            found.append(("", self.size.reactions[kind]))
        judging = self.history.judging(kind)
        if kind in self.references.reactions and kind not in self.history.settling.reactions:
            found.append(("", self.references.reactions[kind]))
        if kind in self.monitor.watch.pending:
            found.append(("", self.monitor.watch.see))
        return kind in (Placed, Deleted), (*found, *judging)

    def _rest(self, line: int, position: int, block: list[Observation]) -> None:
        """Judge what must be so at rest. Nothing may follow in a history that was recorded outside."""
        self.monitor.judge()
        if self.monitor.recorded and position < len(block):
            raise AfterRest(line + 1, type(block[position]).__name__)

    def finish(self) -> None:
        """End the history."""
        self.history.finish()
        if self.monitor.recorded:
            self.lacks = self.monitor.finish(self.kinds)

    def missing(self) -> dict[str, str]:
        """Return what the history lacks and a property needs, by property, in words."""
        found = {}
        for name in self.monitor.automata:
            found[name] = self.lacks.get(name) or self.references.lacking(PROPERTIES[name])
        return found

    def doubted(self) -> dict[str, str]:
        """Return why the order of a history says nothing about a property, by property, in words."""
        if not self.monitor.recorded:
            return {}
        return {name: why for name in self.monitor.automata if (why := self.references.doubt(PROPERTIES[name]))}


def check_observations(
    observations: Iterable[Observation], properties: Iterable[str], recorded: bool = False
) -> Checker:
    """Check recorded observations, in order, against the named properties.

    `recorded`: they are of a history that was recorded outside, and may not say everything.
    """
    rest = iter(observations)

    def blocks() -> Iterator[tuple[int, list[Observation]]]:
        first = 1
        while block := list(islice(rest, BLOCK)):
            yield first, block
            first += len(block)

    return check_blocks(blocks(), properties, recorded)


def check_blocks(
    blocks: Iterable[tuple[int, list[Observation]]], properties: Iterable[str], recorded: bool = False
) -> Checker:
    """Check observations in blocks, each with the number of its first line; otherwise as `check_observations`."""
    checker = Checker(properties, recorded)
    with no_collector():
        for first, block in blocks:
            checker.feed(first, block)
    checker.finish()
    return checker


@contextmanager
def no_collector() -> Iterator[None]:
    """Switch the cyclic garbage collector off: observations and automata have no cycles, and it would visit all of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
