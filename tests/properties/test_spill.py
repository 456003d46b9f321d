"""Blocks come back as they were added, from memory or from a file, which leaves nothing behind."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from syncproof.errors import DiskError
from syncproof.properties.spill import BUFFER, SIZE, Spill


def block(number: int, count: int = 1) -> bytes:
    return bytes([number]) * (SIZE * count)


def test_blocks_come_back_from_memory_and_from_the_file() -> None:
    spill = Spill()
    first, pair = spill.add(block(1)), spill.add(block(2, 2))
    assert [spill.read(first), spill.read(pair, 2)] == [block(1), block(2, 2)]
    large = spill.add(block(3, BUFFER // SIZE))  # which is too much for memory
    after = spill.add(block(4))
    assert [spill.read(first), spill.read(pair, 2), spill.read(after)] == [block(1), block(2, 2), block(4)]
    assert spill.read(large, BUFFER // SIZE) == block(3, BUFFER // SIZE)
    assert [first, pair, large, after] == [0, 1, 3, 3 + BUFFER // SIZE]


def test_blocks_are_replaced_in_memory_and_in_the_file() -> None:
    spill = Spill()
    written = spill.add(block(1, BUFFER // SIZE))
    waiting = spill.add(block(2))
    for each in (written, waiting):
        spill.replace(each, block(7))
        assert spill.read(each) == block(7)
    assert spill.read(written + 1) == block(1)


def test_the_file_has_no_name_and_a_short_history_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    spill = Spill()
    spill.add(block(1))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spill.add(block(2, BUFFER // SIZE))
    assert spill.read(0) == block(1)
    assert os.name == "nt" or list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", ["open", "write"])
def test_a_full_disk_is_told_in_one_line(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def seek(self, at: int) -> None:
            pass

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    def opened(**_: Any) -> Full:
        if failing == "open":
            raise OSError(errno.EROFS, "Read-only file system")
        return Full()

    monkeypatch.setattr(tempfile, "TemporaryFile", opened)
    with pytest.raises(
        DiskError, match=r"^the temporary file of a long history cannot be written: .*; allowed: .*TMPDIR$"
    ):
        Spill().add(block(1, BUFFER // SIZE))


def test_what_a_file_takes_only_in_part_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryFile(buffering=0) as file:

        class Slow:
            seek, read, close = file.seek, file.read, file.close

            def write(self, data: memoryview) -> int:
                return file.write(data[:1000])

        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Slow())
        spill = Spill()
        spill.add(block(1, BUFFER // SIZE - 1) + block(2))
        assert spill.read(BUFFER // SIZE - 1) == block(2)
