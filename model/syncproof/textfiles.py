"""Text files read line by line: with or without a byte-order mark, plain or compressed with gzip (`.gz`)."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 21
"""How many bytes of a file are read at once."""


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that say something, with their numbers: no blank lines, and no comments, which begin with `#`.

    Raises `OSError` for a file that cannot be read, also if it is damaged.
    """
    for first, block in blocks(path):
        yield from said(first, block)


def said(first: int, block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a block that say something, with their numbers; the first line of the block has the number `first`."""
    for number, line in enumerate(block.split(b"\n"), first):
        stripped = line.strip()
        if stripped and not stripped.startswith(b"#"):
            yield number, line


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield a file in blocks of whole lines, each with the number of its first line. No line is in two blocks.

    Raises `OSError` for a file that cannot be read, also if it is damaged.
    """
    first, rest = 1, b""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while read := file.read(BLOCK):
                if first == 1 and not rest:
                    read = read.removeprefix(codecs.BOM_UTF8)
                end = read.rfind(b"\n") + 1
                if not end:
                    rest += read
                    continue
                block, rest = rest + read[:end], read[end:]
                yield first, block
                first += block.count(b"\n")
    except (EOFError, zlib.error) as error:
        raise OSError(f"damaged: {error}") from None
    if rest:
        yield first, rest
