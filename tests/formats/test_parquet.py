"""Damaged Parquet files: whatever the library raises is told as one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.core.observations import Composed, Observation, Quiesced
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.errors import InputError
from syncproof.formats.parquet import read_parquet, write_parquet

HISTORY: list[Observation] = [Composed(MessageId(0), DeviceId(0), ConversationId(0)), Quiesced()]


def read(path: Path) -> list[Observation]:
    """Return all observations of a file."""
    _, blocks = read_parquet(path)
    return [observation for _, block in blocks for observation in block]


@pytest.mark.slow
def test_no_damaged_byte_raises_anything_but_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    write_parquet(path, b"{}", [HISTORY])
    assert read(path) == HISTORY
    whole = path.read_bytes()
    refused = 0
    for at in range(4, len(whole), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xAC]) + whole[at + 1 :])
        try:
            read(path)
        except InputError:
            refused += 1
    assert refused
