"""Text files read line by line: with or without a byte-order mark, plain or compressed with gzip (`.gz`)."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that say something, with their numbers: no blank lines, and no comments, which begin with `#`.

    Raises `OSError` for a file that cannot be read, also if it is damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                said = line.strip()
                if said and not said.startswith(b"#"):
                    yield number, line
    except (EOFError, zlib.error) as error:
        raise OSError(f"damaged: {error}") from None
