"""Histories as Parquet files: typed columns for queries, and the JSON objects themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from syncproof.errors import InputError

COLUMNS = ("message", "device", "conversation", "place", "seq")
"""The fields of observations that have a column of whole numbers, empty where an observation lacks the field."""


def write_parquet(path: Path, header: bytes, lines: list[bytes]) -> None:
    """Write a history. Its columns are `COLUMNS`, `index`, `type`, `timeline` (`KIND:OWNER`) and `body`, the JSON object.

    The header is the file's metadata `syncproof`.
    """
    import pyarrow
    from pyarrow import parquet

    rows = [msgspec.json.decode(line) for line in lines]
    columns: dict[str, Any] = {
        "index": pyarrow.array(range(len(rows)), pyarrow.int64()),
        "type": pyarrow.array([row["type"] for row in rows], pyarrow.string()),
    }
    for name in COLUMNS:
        columns[name] = pyarrow.array([row.get(name) for row in rows], pyarrow.int64())
    timelines = [row.get("timeline") or row.get("box") for row in rows]
    columns["timeline"] = pyarrow.array([t and f"{t['kind']}:{t['owner']}" for t in timelines], pyarrow.string())
    columns["body"] = pyarrow.array([line.decode() for line in lines], pyarrow.string())
    table = pyarrow.table(columns).replace_schema_metadata({"syncproof": header.decode()})
    parquet.write_table(table, path)


def read_parquet(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield a history's header and objects, numbered from 1 as the lines of a text file would be.

    `InputError` for a file that is not Parquet, is damaged, or is not a history.
    """
    from pyarrow import parquet

    with _readable(path):
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
        metadata = schema.metadata or {}
    if b"syncproof" not in metadata or "body" not in schema.names:
        raise InputError(f"{path}: not a history: the metadata `syncproof` and the column `body` are needed")
    yield 1, metadata[b"syncproof"]
    number = 1
    batches = file.iter_batches(columns=["body"])
    while True:
        with _readable(path):
            batch = next(batches, None)
            bodies = [] if batch is None else batch.column(0).to_pylist()
        if batch is None:
            return
        for body in bodies:
            number += 1
            if not isinstance(body, str):
                raise InputError(f"{path}:{number}: body: {body!r:.40}; allowed: a JSON object as text")
            yield number, body.encode()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever the library raises for a damaged file into an `InputError` of one line."""
    try:
        yield
    except Exception as error:
        says = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: not a Parquet file that can be read: {says:.160}") from error
