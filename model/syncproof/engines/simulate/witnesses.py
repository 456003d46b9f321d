"""Who hears an observation: the recorder, the properties, the meter, the engine. One table by class of observation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.properties.monitor import Monitor

Reaction = Callable[[Any], "str | None"]


class Recorder(Protocol):
    """Receives a run's moves and observations in order."""

    def move(self, move: Move, /) -> None:
        """Receive the next move."""

    def observation(self, observation: Observation, /) -> None:
        """Receive the next observation."""


class Witnesses(dict[type[Observation], tuple[Reaction, ...]]):
    """The reactions to each class of observations, in order. A reaction that returns a line says that a property fell."""

    def __init__(
        self,
        monitor: Monitor,
        recorder: Recorder | None,
        others: Iterable[Mapping[type[Observation], Callable[[Any], None]]],
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.everything: tuple[Reaction, ...] = () if recorder is None else (recorder.observation,)
        listeners = list(others)
        for kind in dict.fromkeys([*monitor.reactions, *[kind for each in listeners for kind in each]]):
            judges = [react for _, react in monitor.reactions.get(kind, ())]
            self[kind] = (*self.everything, *judges, *[each[kind] for each in listeners if kind in each])

    def __missing__(self, kind: type[Observation]) -> tuple[Reaction, ...]:
        self[kind] = self.everything
        return self.everything

    def observe(self, observation: Observation) -> None:
        """Hand an observation to everything that reacts to its class."""
        for react in self[type(observation)]:
            says = react(observation)
            if says is not None:
                self.monitor.record(react.__self__.name, says)  # type: ignore[attr-defined]
