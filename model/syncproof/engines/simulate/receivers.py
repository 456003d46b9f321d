"""The receivers of observations (recorder, properties, meter, engine) in one table by class of observation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.engines.long_history import LongHistory, Receiver


class Recorder(Protocol):
    """A receiver of a run's moves and observations, in order."""

    def move(self, move: Move, /) -> None:
        """Receive the next move."""

    def observation(self, observation: Observation, /) -> None:
        """Receive the next observation."""


def dispatcher(
    history: LongHistory,
    recorder: Recorder | None,
    others: Iterable[Mapping[type[Observation], Callable[[Any], None]]],
) -> Callable[[Observation], None]:
    """Return a function that passes an observation to its receivers: recorder, properties, then the `others`.

    A reaction of a property that returns a line reports a violation. The monitor's watch for evidence is asked as long as it
    waits for observations of the class.
    """
    everything: tuple[Receiver, ...] = () if recorder is None else (("", recorder.observation),)
    listeners = list(others)
    table: dict[type[Observation], tuple[Receiver, ...]] = {}
    monitor = history.monitor
    waited = monitor.watch.pending

    def receivers_of(kind: type[Observation]) -> tuple[Receiver, ...]:
        others_of_kind = [("", each[kind]) for each in listeners if kind in each]
        watching = [("", watch)] if kind in waited else []
        return (*everything, *history.first(kind), *history.judging(kind), *others_of_kind, *watching)

    def watch(observation: Observation) -> None:
        monitor.watch.see(observation)
        if type(observation) not in waited:
            table[type(observation)] = receivers_of(type(observation))

    def observe(observation: Observation) -> None:
        kind = type(observation)
        try:
            receivers = table[kind]
        except KeyError:
            receivers = table[kind] = receivers_of(kind)
        for name, receive in receivers:
            says = receive(observation)
            if says is not None:
                monitor.record(name, says)

    return observe
