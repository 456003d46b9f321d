"""Histories and moves on disk: a run writes both, the properties check the history, a replay makes the moves again.

A history is a file of observations in order, JSON lines or (with the extension `.parquet`) Parquet; `docs/history.md` has
the schema, to which a real server's log can be converted as well. The moves of a run are beside it, in a file with the
same name and the extension `.moves.jsonl`: enough to build the system again and to repeat the run exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from syncproof import textfiles
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.errors import InputError
from syncproof.formats.codec import DecodeError, decode, encode
from syncproof.formats.header import SCHEMA, Header, parse_header
from syncproof.formats.parquet import read_parquet, write_parquet

T = TypeVar("T", Observation, Move)


class Recording:
    """A recorder (see `simulate.Recorder`) of a run's observations and moves, which can write both files."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.observations: list[bytes] = []
        self.moves: list[bytes] = []

    def observation(self, observation: Observation) -> None:
        """Append an observation."""
        self.observations.append(encode(observation))

    def move(self, move: Move) -> None:
        """Append a move."""
        self.moves.append(encode(move))

    def write(self, path: Path, violations: dict[str, int]) -> None:
        """Write the history to `path` and the moves beside it."""
        self.write_history(path, violations)
        self.write_moves(moves_path(path), violations)

    def write_history(self, path: Path, violations: dict[str, int]) -> None:
        """Write the history alone."""
        header = self._header("history", violations, self.observations)
        if path.suffix == ".parquet":
            write_parquet(path, encode(header), self.observations)
        else:
            path.write_bytes(b"\n".join([encode(header), *self.observations, b""]))

    def write_moves(self, path: Path, violations: dict[str, int]) -> None:
        """Write the moves alone."""
        path.write_bytes(b"\n".join([encode(self._header("moves", violations, self.moves)), *self.moves, b""]))

    def _header(self, kind: str, violations: dict[str, int], lines: list[bytes]) -> Header:
        header = msgspec.structs.replace(self.header, kind=kind, violations=violations, lines=len(lines))
        if kind == "history":
            header.schema, header.complete = SCHEMA, True
        return header


def moves_path(history: Path) -> Path:
    """Return the path of the moves file that belongs to a history."""
    return history.with_suffix(".moves.jsonl")


def read_history(path: Path) -> tuple[Header, Iterator[Observation]]:
    """Read a history; return its header, and its observations one at a time.

    `InputError` names a line that cannot be read; for an observation, when the iterator reaches it.
    """
    lines = read_parquet(path) if path.suffix == ".parquet" else _read_lines(path)
    header = _header(path, lines, "history")
    return header, (observation for _, observation in _decoded(path, header, lines, Observation))


def read_moves(path: Path) -> tuple[Header, Iterator[tuple[int, Move]]]:
    """Read a moves file; return its header, and its moves one at a time with their line numbers.

    `InputError` names a line that cannot be read; for a move, when the iterator reaches it.
    """
    lines = _read_lines(path)
    header = _header(path, lines, "moves")
    return header, _decoded(path, header, lines, Move)


def count_moves(path: Path) -> int:
    """Return how many moves a file has. `InputError` for a file that cannot be read."""
    return max(0, sum(1 for _ in _read_lines(path)) - 1)


def _read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        yield from textfiles.lines(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _header(path: Path, lines: Iterator[tuple[int, bytes]], kind: str) -> Header:
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path}: the file is empty; allowed: a header line, then one object a line")
    return parse_header(path, first[1], kind)


def _decoded(path: Path, header: Header, lines: Iterable[tuple[int, bytes]], base: type[T]) -> Iterator[tuple[int, T]]:
    count = 0
    for number, line in lines:
        count += 1
        try:
            value = decode(line, base)
        except DecodeError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        yield number, value
    if header.lines is not None and count != header.lines:
        raise InputError(
            f"{path}: {count} lines after the header, which says that there are {header.lines}: cut short?"
        )
