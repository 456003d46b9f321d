"""Streams a recorded history through the properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from syncproof.core.observations import Observation, Placed, Quiesced
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import Design
from syncproof.errors import InputError, nearest
from syncproof.formats.codec import _decode
from syncproof.formats.history import _header, _lines, _whole
from syncproof.formats.parquet import _parquet_lines
from syncproof.inputs import lookup
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.properties.verdicts import PropertyResult, judge


@dataclass(frozen=True, slots=True)
class Judged:
    """What a history or a replay says: violations per property, the first few in words, and whether it came to rest.

    `happened`: whether any message was placed. `promised`: what is promised beside what the design promises.
    """

    design: str
    faults: tuple[str, ...]
    monitor: Monitor
    observations: int
    quiesced: bool
    recorded: dict[str, int]
    parameters: Parameters
    happened: bool
    promised: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, PropertyResult]:
        """A verdict per property. Of a design that is not ours everything applies, and `promised` alone is promised.

        Where no message was placed nothing happened, and nothing is known.
        """
        design = ours(self.design)
        promises = {} if design is None else dict(design.promised(self.parameters))
        promises.update(dict.fromkeys(self.promised, self.faults))
        found = judge(
            promises,
            {} if design is None else design.not_applicable,
            self.monitor,
            self.faults,
            self.quiesced,
            self.promised,
        )
        for result in found.values():
            if result.verdict == "holds" and not self.happened:
                result.verdict = "unknown"
        return found


def ours(name: str) -> Design | None:
    """The design that a header names, if it is one that syncproof knows: a ready one, a seeded bug, or a file that is there.

    Raises `InputError` for a file that is there and has no such design.
    """
    if ".py:" in name:
        return lookup.get(name) if Path(name.rpartition(":")[0]).is_file() else None
    try:
        return lookup.get(name)
    except InputError:
        return None


def check(path: Path, promises: Sequence[str] = ()) -> Judged:
    """Streams a history through the properties.

    `promises`: properties that are promised whatever the design promises; `all`: every one that applies to it. Raises
    `InputError` naming the line that cannot be read, or a promise that there is no property for.
    """
    lines = _parquet_lines(path) if path.suffix == ".parquet" else _lines(path)
    header = _header(path, lines, "history")
    design = ours(header.design)
    applicable = _without({} if design is None else design.not_applicable)
    promised = _promised(promises, header.design, applicable)
    monitor = Monitor(applicable)
    count = 0
    quiesced = happened = False
    for number, line in _whole(path, header, lines):
        observation = cast(Observation, _decode(path, number, line, Observation))
        monitor.observe(observation)
        quiesced = isinstance(observation, Quiesced)
        happened = happened or isinstance(observation, Placed)
        count += 1
    parameters = header.parameters or Parameters()
    return Judged(
        header.design, header.faults, monitor, count, quiesced, header.violations, parameters, happened, promised
    )


def _promised(names: Sequence[str], design: str, applicable: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name != "all" and name not in PROPERTIES:
            raise InputError(f"--promise {name}: there is no such property{nearest(name, ['all', *PROPERTIES])}")
        if name != "all" and name not in applicable:
            entry = ours(design)
            why = "does not apply" if entry is None else entry.not_applicable[name]
            raise InputError(f"--promise {name}: {why} in {design}; allowed: all, {', '.join(applicable)}")
    return tuple(applicable) if "all" in names else tuple(names)


def _without(not_applicable: Mapping[str, str]) -> list[str]:
    return [name for name in PROPERTIES if name not in not_applicable]
