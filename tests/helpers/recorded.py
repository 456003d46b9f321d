"""Histories as a recorder outside of a server writes them, a dict a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from syncproof.studies.recordings import CheckedRun, check

Row = dict[str, Any]
PEOPLE: tuple[Row, ...] = (
    {"type": "Joined", "device": "phone", "user": "ann"},
    {"type": "Joined", "device": "laptop", "user": "bob"},
    {"type": "MemberAdded", "conversation": "lunch", "user": "ann"},
    {"type": "MemberAdded", "conversation": "lunch", "user": "bob"},
)
"""Two people with a device each, in one conversation; lines 2 to 5."""
REST: Row = {"type": "Quiesced"}


def composed(message: str, device: str = "phone", **more: Any) -> Row:
    return {"type": "Composed", "message": message, "device": device, "conversation": "lunch", **more}


def placed(message: str, **more: Any) -> Row:
    return {"type": "Placed", "message": message, "conversation": "lunch", **more}


def accepted(message: str, **more: Any) -> Row:
    return {"type": "Accepted", "message": message, **more}


def shown(device: str, message: str, **more: Any) -> Row:
    return {"type": "Shown", "device": device, "message": message, "conversation": "lunch", **more}


def of(kind: str, **fields: Any) -> Row:
    return {"type": kind, **fields}


def written(path: Path, *rows: Row, **header: Any) -> Path:
    """Write a history of schema 2 of an unknown design, and return its path."""
    lines = [{"schema": 2, "kind": "history", **header}, *rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def judged(
    folder: Path, *rows: Row, promises: tuple[str, ...] = (), order: Any = "as-written", **header: Any
) -> CheckedRun:
    """Return what `check` says of a history."""
    return check(written(folder / "run.jsonl", *rows, **header), promises=promises, order=order)


def verdict(run: CheckedRun, name: str) -> tuple[str, str]:
    """Return the verdict on a property, and its reason or its first violation."""
    found = run.verdicts()[name]
    return found.verdict, (found.examples or [found.why])[0]
