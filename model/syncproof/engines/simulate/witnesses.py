"""The receivers of observations (recorder, properties, meter, engine) in one table by class of observation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.properties.monitor import Monitor

Reaction = Callable[[Any], "str | None"]


class Recorder(Protocol):
    """A receiver of a run's moves and observations, in order."""

    def move(self, move: Move, /) -> None:
        """Receive the next move."""

    def observation(self, observation: Observation, /) -> None:
        """Receive the next observation."""


def witnesses(
    monitor: Monitor,
    recorder: Recorder | None,
    others: Iterable[Mapping[type[Observation], Callable[[Any], None]]],
) -> Callable[[Observation], None]:
    """Return a function that passes an observation to its receivers: recorder, properties, then the `others`.

    A reaction of a property that returns a line reports a violation.
    """
    everything: tuple[Reaction, ...] = () if recorder is None else (recorder.observation,)
    listeners = list(others)
    table: dict[type[Observation], tuple[Reaction, ...]] = {}
    for kind in dict.fromkeys([*monitor.reactions, *[kind for each in listeners for kind in each]]):
        judges = [react for _, react in monitor.reactions.get(kind, ())]
        table[kind] = (*everything, *judges, *[each[kind] for each in listeners if kind in each])

    def observe(observation: Observation) -> None:
        try:
            reactions = table[type(observation)]
        except KeyError:
            reactions = table[type(observation)] = everything
        for react in reactions:
            says = react(observation)
            if says is not None:
                monitor.record(react.__self__.name, says)  # type: ignore[attr-defined]

    return observe
