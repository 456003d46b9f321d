"""Does a run's recorded moves again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from syncproof import designs
from syncproof.core.moves import Move, MoveError
from syncproof.core.observations import Observation, Placed, Quiesced
from syncproof.core.world import System, World
from syncproof.engines.check import Judged, _without
from syncproof.errors import InputError
from syncproof.formats.codec import _decode
from syncproof.formats.history import Header, _header, _lines, _whole
from syncproof.inputs import lookup
from syncproof.properties.monitor import Monitor


def replay(path: Path) -> Judged:
    """Does a run's moves again in a fresh world. Raises `InputError` for a move that is not enabled there."""
    header, system, moves = recorded(path)
    monitor = Monitor(_without(lookup.get(header.design).not_applicable))
    seen = Counter(monitor)
    world = World(system, seen.observe)
    for number, move in moves:
        try:
            with designs.blaming(header.design):
                world.apply(move)
        except MoveError as error:
            raise InputError(f"{path}:{number}: {type(move).__name__} is not possible here: {error}") from None
        except (LookupError, TypeError, ValueError, AssertionError) as error:  # unknown ids, a packet for somebody else
            what = "its packet lacks something" if isinstance(error, AssertionError) else str(error).split(". ")[0]
            raise InputError(f"{path}:{number}: {type(move).__name__} makes no sense here: {what}") from None
    assert header.parameters is not None
    return Judged(
        header.design,
        header.faults,
        monitor,
        seen.count,
        seen.quiesced,
        header.violations,
        header.parameters,
        seen.happened,
    )


def recorded(path: Path) -> tuple[Header, System, Iterator[tuple[int, Move]]]:
    """A moves file: its header, a fresh system like the run's, and the moves with their lines.

    Raises `InputError` for what cannot be read, for a move only when it is its turn.
    """
    lines = _lines(path)
    header = _header(path, lines, "moves")
    if header.population is None or header.parameters is None:
        raise InputError(f"{path}:1: the header needs `population` and `parameters` to build the system again")
    users = [*header.population.owners, *[user for members in header.population.members for user in members]]
    if min(users, default=0) < 0:
        raise InputError(f"{path}:1: population: {min(users)} is no user; allowed: whole numbers from 0")
    try:
        design = lookup.get(header.design)
    except InputError as error:
        raise InputError(f"{path}:1: design: {error}") from None
    system = design.system(header.population, header.parameters)
    whole = _whole(path, header, lines)
    return header, system, ((number, cast(Move, _decode(path, number, line, Move))) for number, line in whole)


def length(path: Path) -> int:
    """How many moves a file holds."""
    return max(0, sum(1 for _ in _lines(path)) - 1)


class Counter:
    """Passes observations to a monitor and remembers how many there were, whether the last one was rest, and whether any
    message was placed."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.count = 0
        self.quiesced = False
        self.happened = False

    def observe(self, observation: Observation) -> None:
        self.count += 1
        self.happened = self.happened or type(observation) is Placed
        self.quiesced = type(observation) is Quiesced
        self.monitor.observe(observation)
