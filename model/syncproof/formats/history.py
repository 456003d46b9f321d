"""Histories and moves on disk: a run writes both, the properties check the history, a replay makes the moves again.

A history is a file of observations in order, JSON lines or (with the extension `.parquet`) Parquet; `docs/history.md` has
the schema, to which a real server's log can be converted as well. The moves of a run are beside it, in a file with the
same name and the extension `.moves.jsonl`: enough to build the system again and to repeat the run exactly.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sized
from itertools import chain
from pathlib import Path
from typing import TypeVar

import msgspec

from syncproof import textfiles
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.errors import InputError
from syncproof.formats.codec import DecodeError, Decoder, decode, encode
from syncproof.formats.columnar import Columnar
from syncproof.formats.header import SCHEMA, Header, parse_header
from syncproof.formats.parquet import read_parquet, read_parquet_batches, write_parquet

T = TypeVar("T", bound=Sized)
Block = tuple[int, list[Observation]]
"""Observations that follow one another, and the number of the first one's line."""


class Recording:
    """A recorder (see `simulate.Recorder`) of a run's observations and moves, which can write both files."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.observations: list[Observation] = []
        self.moves: list[bytes] = []

    def observation(self, observation: Observation) -> None:
        """Append an observation."""
        self.observations.append(observation)

    def move(self, move: Move) -> None:
        """Append a move."""
        self.moves.append(encode(move))

    def write(self, path: Path, violations: dict[str, int]) -> None:
        """Write the history to `path` and the moves beside it."""
        header = self._header("history", violations, len(self.observations))
        write_history(path, header, [self.observations])
        self.write_moves(moves_path(path), violations)

    def write_moves(self, path: Path, violations: dict[str, int]) -> None:
        """Write the moves alone."""
        header = self._header("moves", violations, len(self.moves))
        path.write_bytes(b"\n".join([encode(header), *self.moves, b""]))

    def _header(self, kind: str, violations: dict[str, int], lines: int) -> Header:
        header = msgspec.structs.replace(self.header, kind=kind, violations=violations, lines=lines)
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
    header, blocks = read_blocks(path)
    return header, (observation for _, block in blocks for observation in block)


def read_blocks(path: Path) -> tuple[Header, Iterator[Block]]:
    """Read a history; return its header, and its observations many at a time.

    The observations of a block are on lines that follow one another; a blank line or a comment ends a block. `InputError` names
    a line that cannot be read, when the iterator reaches its block.
    """
    if path.suffix == ".parquet":
        line, blocks = read_parquet(path)
        header = parse_header(path, line, "history")
    else:
        texts = _checked(path, textfiles.blocks(path))
        header, rest = _first(path, texts)
        blocks = _decoded(path, rest, texts)
    return header, _counted(path, header, blocks)


def read_batches(path: Path) -> tuple[Header, Iterator[tuple[int, list[Observation] | Columnar]]]:
    """Read a history as `read_blocks` does, a Parquet file in batches where it can be, which takes less time."""
    if path.suffix != ".parquet":
        header, blocks = read_blocks(path)
        return header, iter(blocks)
    line, batches = read_parquet_batches(path, batched=True)
    header = parse_header(path, line, "history")
    return header, _counted(path, header, batches)


def write_history(path: Path, header: Header, blocks: Iterable[list[Observation]]) -> None:
    """Write a history in the form that the name of the file asks for: `.parquet`, `.jsonl.gz`, or JSON lines."""
    if path.suffix == ".parquet":
        write_parquet(path, encode(header), blocks)
        return
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        file.write(encode(header) + b"\n")
        for block in blocks:
            file.write(b"".join([encode(observation) + b"\n" for observation in block]))


def read_moves(path: Path) -> tuple[Header, Iterator[tuple[int, Move]]]:
    """Read a moves file; return its header, and its moves one at a time with their line numbers.

    `InputError` names a line that cannot be read; for a move, when the iterator reaches it.
    """
    lines = _checked(path, textfiles.lines(path))
    first = next(lines, None)
    if first is None:
        raise _empty(path)
    header = parse_header(path, first[1], "moves", first[0])
    return header, _moves(path, header, lines)


def count_moves(path: Path) -> int:
    """Return how many moves a file has. `InputError` for a file that cannot be read."""
    return max(0, sum(1 for _ in _checked(path, textfiles.lines(path))) - 1)


def _checked(path: Path, parts: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    try:
        yield from parts
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _empty(path: Path) -> InputError:
    return InputError(f"{path}: the file is empty; allowed: a header line, then one object a line")


def _first(path: Path, texts: Iterator[tuple[int, bytes]]) -> tuple[Header, tuple[int, bytes]]:
    """Return the header of a history, and what follows it in its block."""
    for first, text in texts:
        for number, line in textfiles.said(first, text):
            after = text.split(b"\n", number - first + 1)[number - first + 1 :]
            return parse_header(path, line, "history", number), (number + 1, after[0] if after else b"")
    raise _empty(path)


def _decoded(path: Path, rest: tuple[int, bytes], texts: Iterator[tuple[int, bytes]]) -> Iterator[Block]:
    decoder = Decoder()
    for first, text in chain([rest], texts):
        found = decoder.lines(text)
        if found is not None and len(found) == text.count(b"\n") + (not text.endswith(b"\n") and text != b""):
            yield first, found
            continue
        for number, line in textfiles.said(first, text):
            try:
                observation = decoder.line(line)
            except DecodeError as error:
                raise InputError(f"{path}:{number}: {error}") from None
            yield number, [observation]


def _counted(path: Path, header: Header, blocks: Iterator[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    count = 0
    for block in blocks:
        count += len(block[1])
        yield block
    _check_count(path, header, count)


def _moves(path: Path, header: Header, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, Move]]:
    count = 0
    for number, line in lines:
        count += 1
        try:
            move = decode(line, Move)
        except DecodeError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        yield number, move
    _check_count(path, header, count)


def _check_count(path: Path, header: Header, count: int) -> None:
    if header.lines is not None and count != header.lines:
        raise InputError(
            f"{path}: {count} lines after the header, which says that there are {header.lines}: cut short?"
        )
