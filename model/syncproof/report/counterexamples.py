"""Narrate, record and repeat counterexamples: those of a verification, and those found for a comparison.

Every counterexample of a verification is written in three forms: a moves file that `syncproof replay` reads, Python lines, and
a sequence diagram.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from syncproof.core.moves import Move, Rest, Stop
from syncproof.core.world import World
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Parameters
from syncproof.engines.explore import Counterexample
from syncproof.formats.header import SCHEMA, Header, deployed, system_of
from syncproof.formats.history import Recording
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.studies.smallest_world import Way
from syncproof.studies.verification import Cell, Verification

REPEAT = 200
"""How often a cycle is repeated in a moves file at most, until an automaton reports a violation."""


# ---- of a verification


@dataclass(frozen=True)
class DrawnCounterexample:
    """Hold a violated cell and the narration of its counterexample."""

    design: str
    name: str
    cell: Cell
    narration: Narration

    @property
    def file(self) -> str:
        """Return the path of its moves file, relative to the report's folder."""
        return f"counterexamples/{self._stem}.moves.jsonl"

    @property
    def page(self) -> str:
        """Return the path of the page on which a reader steps through it, relative to the report's folder."""
        return f"counterexamples/{self._stem}.html"

    @property
    def _stem(self) -> str:
        return f"{file_name(self.design)}.{self.name}"


def file_name(design: str) -> str:
    """Return the name of a design as part of the name of a file."""
    return re.sub(r"[^\w.-]+", "_", design).lstrip("._")


def drawn(verification: Verification) -> list[DrawnCounterexample]:
    """Return every violated cell, broken promises first, then by length."""
    found = [
        DrawnCounterexample(design, name, cell, narrate_cell(design, name, cell))
        for design, row in verification.matrix().items()
        for name, cell in row.items()
        if cell.counterexample is not None
    ]
    return sorted(found, key=lambda shown: (not shown.cell.broken, shown.cell.length))


def narrate_cell(design: str, name: str, cell: Cell) -> Narration:
    """Narrate a cell's counterexample step by step."""
    assert cell.counterexample is not None
    assert cell.world is not None
    found = cell.counterexample
    system, _, _ = build(design, cell.world)
    return narrate(system, found.moves, [PROPERTIES[name]], prelude=found.prelude, cycle=found.cycle)


def repeated(design: str, name: str, small_world: SmallWorld, found: Counterexample) -> Iterator[Move]:
    """Yield the moves of a counterexample; a cycle is repeated until an automaton reports a violation."""
    monitor = Monitor([name])
    system, _, _ = build(design, small_world)
    world = World(system, monitor.observe)
    for move in (*found.prelude, *found.moves):
        world.apply(move)
        yield move
    if PROPERTIES[name].kind == "safety":
        return
    endless = PROPERTIES[name].endless is not None
    for _ in range(REPEAT if endless else 1):
        for move in found.cycle:
            world.apply(move)
            yield move
        if monitor.counts.get(name):
            return
    yield from (Stop(), Rest())


def record(shown: DrawnCounterexample, path: Path) -> None:
    """Write the moves as a file that `syncproof replay` reads."""
    assert shown.cell.world is not None
    assert shown.cell.counterexample is not None
    moves = repeated(shown.design, shown.name, shown.cell.world, shown.cell.counterexample)
    write_moves(shown.design, shown.cell.world, moves, path)


def write_moves(design: str, small_world: SmallWorld, moves: Iterable[Move], path: Path) -> None:
    """Write moves of a small world, its prelude included, as a file that `syncproof replay` reads."""
    entry = lookup.get(design)
    _, population, _ = build(design, small_world)
    parameters = small_world.parameters_of(entry)
    header = Header(
        schema=SCHEMA,
        kind="moves",
        design=design,
        faults=small_world.faults,
        population=population,
        parameters=parameters,
        deployment=deployed(small_world.deployed),
    )
    recording = Recording(header)
    monitor = Monitor([name for name in PROPERTIES if name not in entry.inapplicable])
    world = World(system_of(header, entry), monitor.observe)
    for move in moves:
        world.apply(move)
        recording.move(move)
    recording.write_moves(path, dict(monitor.counts))


def snippet(shown: DrawnCounterexample) -> str:
    """Return Python lines that search the world again and print the diagram."""
    world = shown.cell.world
    assert world is not None
    if world.parameters or world.deployment:
        return (
            "from syncproof.inputs.small_worlds import SmallWorld\n"
            "from syncproof.studies.verify import search\n\n"
            f"found = search({shown.design!r}, {world!r})\n"
            f"print(found.findings[{shown.name!r}].counterexample)\n"
        )
    return (
        "from syncproof import explore\n\n"
        f"found = explore({shown.design!r}, {world.population!r}, messages={world.messages}, faults={world.kinds!r})\n"
        f"print(found.diagram({shown.name!r}))\n"
    )


# ---- of a comparison


UNTIMED = {"poll_interval": 0.0, "ack_timeout": 0.0}
"""Parameters that do not matter in a search, because a pending timer may fire at any moment."""

LEGEND = (
    "Each of these properties was violated in the runs. The counterexample comes from a search of every interleaving of small "
    "worlds (two or three devices, the kinds of fault that the scenario configured); the first world that violates the "
    "property is shown. It is not an excerpt of the runs."
)


def narrate_way(way: Way, parameters: Parameters) -> Narration:
    """Narrate the counterexample of a way step by step."""
    assert way.world is not None
    assert way.counterexample is not None
    found = way.counterexample
    system, _, _ = build(lookup.get(way.design).variant(parameters=parameters.without_timeouts()), way.world)
    return narrate(system, found.moves, [PROPERTIES[way.name]], prelude=found.prelude, cycle=found.cycle)


def again(way: Way, scenario: Scenario) -> str:
    """Return the command or the Python lines that search the world again."""
    assert way.world is not None
    entry = lookup.get(way.design)
    world, parameters = way.world, scenario.parameters().without_timeouts()
    if _plain(parameters) == _plain(entry.parameters):
        words = ["syncproof", "explore", way.design, "--world", world.population, "--messages", str(world.messages)]
        return shlex.join([*words, *[word for kind in world.kinds for word in ("--fault", kind)]])
    return (
        "from syncproof.inputs.lookup import get\n"
        "from syncproof.inputs.scenario import load\n"
        "from syncproof.studies.verify import search\n"
        "from syncproof.inputs.small_worlds import SmallWorld\n\n"
        f"design = get({way.design!r}).variant(parameters=load({scenario.name!r}).parameters().without_timeouts())\n"
        f"found = search(design, SmallWorld({world.population!r}, {world.messages}, {world.kinds!r}))\n"
        f"print(found.findings[{way.name!r}].counterexample)"
    )


def _plain(parameters: Parameters) -> Parameters:
    return msgspec.structs.replace(parameters, **UNTIMED)
