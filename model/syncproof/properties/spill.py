"""A temporary file for what a long history says and nobody asks for again soon, so that memory does not grow with its length."""

from __future__ import annotations

import tempfile
from typing import IO

from syncproof.errors import DiskError

NUMBERS = 64
"""How many numbers of 64 bits a block holds."""
SIZE = 8 * NUMBERS
BUFFER = 1 << 20
"""So many bytes wait in memory before they are written: a short history makes no file."""


class Spill:
    """Blocks of bytes by number, in a file without a name, which the system removes when the process ends, however it ends.

    Every block has `SIZE` bytes. The file lies where Python keeps temporary files, which the variable TMPDIR says.
    """

    __slots__ = ("_buffer", "_file", "_written")

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._written = 0
        self._buffer = bytearray()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, blocks: bytes) -> int:
        """Add blocks that follow one another, and return the number of the first one."""
        first = (self._written + len(self._buffer)) // SIZE
        self._buffer += blocks
        if len(self._buffer) >= BUFFER:
            self._write(self._written, self._buffer)
            self._written += len(self._buffer)
            self._buffer = bytearray()
        return first

    def read(self, first: int, count: int = 1) -> bytes:
        """Return blocks that were added together."""
        start = first * SIZE - self._written
        if start >= 0:
            return bytes(self._buffer[start : start + count * SIZE])
        assert self._file is not None
        self._file.seek(first * SIZE)
        return self._file.read(count * SIZE)

    def replace(self, first: int, blocks: bytes) -> None:
        """Write other bytes into blocks that were added together."""
        start = first * SIZE - self._written
        if start >= 0:
            self._buffer[start : start + len(blocks)] = blocks
        else:
            self._write(first * SIZE, blocks)

    def _write(self, at: int, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            self._file.seek(at)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise DiskError(
                f"the temporary file of a long history cannot be written: {error.strerror or error}; "
                "allowed: a folder with room for it, named by the variable TMPDIR"
            ) from error
