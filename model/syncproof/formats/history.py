"""Histories and moves on disk: written by a run, checked by the properties, done again by a replay.

A history is a file of observations in order, JSON lines or (by its ending `.parquet`) Parquet; `docs/history.md` has the
schema, which a real server's log can be turned into as well. The moves that made a run lie beside it, in a file with the
same name and the ending `.moves.jsonl`: enough to build the system again and to do exactly the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from syncproof.core.faults import FAULTS
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.designs import Parameters, Population
from syncproof.errors import InputError
from syncproof.formats.codec import encode
from syncproof.formats.parquet import _write_parquet
from syncproof.properties import PROPERTIES

SCHEMA = 1


class Header(msgspec.Struct, kw_only=True):
    """The first line of both files."""

    schema: int
    """The version of the schema, today `1`."""
    kind: str
    """`history` or `moves`."""
    design: str = ""
    """Any name. If syncproof knows it (a ready design, a seeded bug, a `FILE.py:NAME` that is there), its promises and
    what does not apply to it are used; of any other nothing is promised and every property is judged."""
    faults: tuple[str, ...] = ()
    """Those that the run was configured with; a promise counts only if it covers all of them."""
    population: Population | None = None
    """Each device's user and each conversation's members when the run began. A replay needs it."""
    parameters: Parameters | None = None
    """The design's. A replay needs them."""
    violations: dict[str, int] = {}
    """Property -> how often the run itself saw it violated; a replay must see the same."""
    lines: int | None = None
    """How many lines follow, where the writer says so; a file that has another number was cut short."""


class Recording:
    """Collects a run's observations and moves (a `simulate.Recorder`), then writes both files."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.observations: list[bytes] = []
        self.moves: list[bytes] = []

    def observation(self, observation: Observation) -> None:
        self.observations.append(encode(observation))

    def move(self, move: Move) -> None:
        self.moves.append(encode(move))

    def write(self, path: Path, violations: dict[str, int]) -> None:
        """Writes the history at `path` and the moves beside it."""
        head = msgspec.structs.replace(self.header, kind="history", violations=violations, lines=len(self.observations))
        if path.suffix == ".parquet":
            _write_parquet(path, encode(head), self.observations)
        else:
            path.write_bytes(b"\n".join([encode(head), *self.observations, b""]))
        self.write_moves(moves_path(path), violations)

    def write_moves(self, path: Path, violations: dict[str, int]) -> None:
        """Writes the moves alone."""
        head = msgspec.structs.replace(self.header, kind="moves", violations=violations, lines=len(self.moves))
        path.write_bytes(b"\n".join([encode(head), *self.moves, b""]))


def moves_path(history: Path) -> Path:
    """Where the moves of a history lie."""
    return history.with_suffix(".moves.jsonl")


# ---- reading


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _whole(path: Path, header: Header, lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The lines, if they are as many as the header says."""
    count = 0
    for numbered in lines:
        count += 1
        yield numbered
    if header.lines is not None and count != header.lines:
        raise InputError(
            f"{path}: {count} lines after the header, which says that there are {header.lines}: cut short?"
        )


def _header(path: Path, lines: Iterable[tuple[int, bytes]], kind: str) -> Header:
    first = next(iter(lines), None)
    if first is None:
        raise InputError(f"{path}: the file is empty; allowed: a header line, then one object a line")
    try:
        header = msgspec.json.decode(first[1], type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f'{path}:1: not a header: {error}; allowed: {{"schema": {SCHEMA}, "kind": "{kind}", ...}}'
        ) from None
    if header.schema != SCHEMA:
        raise InputError(f"{path}:1: schema: {header.schema}; allowed: {SCHEMA}")
    if header.kind != kind:
        raise InputError(f"{path}:1: kind: {header.kind!r}; allowed here: {kind!r}")
    for name, count in header.violations.items():
        if name not in PROPERTIES or count < 0:
            allowed = f"{', '.join(PROPERTIES)}, each with a count" if name not in PROPERTIES else "0 or more"
            raise InputError(f"{path}:1: violations: {name!r:.60}: {count}; allowed: {allowed}")
    for fault in header.faults:
        if fault not in FAULTS:
            raise InputError(f"{path}:1: faults: {fault!r:.60} is no fault; allowed: {', '.join(FAULTS)}")
    return header


# ---- Parquet
