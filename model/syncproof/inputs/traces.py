"""Read traces of real traffic. There are two formats; the first line says which. A line that cannot be read is an error.

Blank lines and comments, lines that begin with `#`, are skipped; a file ending in `.gz` is decompressed.

*SNAP* (`SRC DST UNIXTIME`, such as CollegeMsg: Panzarasa, Opsahl, Carley 2009): private messages. It says nothing about
presence or devices; the scenario supplies both.

*Presence* (`time_s,event,user,dead_s`): one group's connects, disconnects and messages. The time of a `disconnect` is
when the server noticed it; `dead_s` is how long the connection had been dead by then, so the device was gone at
`time_s - dead_s`. The trace of the scenario `irc-group` supports this reading: of 5,603 such windows, all as long as a ping
timeout (240 to 278 s), none contains a message of its user, while windows that began at `time_s` would contain 1,109 of the
users' own reconnects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncproof import textfiles
from syncproof.errors import InputError, nearest

HEADER = "time_s,event,user,dead_s"
EVENTS = ("connect", "disconnect", "message")
LATEST = 10**11
"""The latest time allowed, in seconds from 1970 (the year 5138). A time in milliseconds exceeds it and is refused."""
LONGEST = 100 * 365 * 86400
"""Seconds that a trace may last."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Hold a trace: times in seconds from its first line, users renumbered by first appearance.

    `rows`: SNAP `(time, sender, receiver, 0)`; presence `(time, event index, user, dead_s)`. `length`: seconds in all.
    """

    kind: Literal["snap", "presence"]
    name: str
    users: int
    rows: list[tuple[float, int, int, float]]
    length: float


def read(path: str | Path, take: float | None = None) -> Trace:
    """Read a trace, or its first `take` seconds. Raises `InputError` naming file and line.

    SNAP lines may be in any order and are sorted by time; lines of the same second keep the order of the file.
    """
    path = Path(path)
    try:
        lines = [(number, line.decode("utf-8").strip()) for number, line in textfiles.lines(path)]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8; allowed: a text file in UTF-8") from None
    if not lines:
        raise InputError(f"{path}: the file is empty; allowed: `SRC DST UNIXTIME` lines, or a header `{HEADER}`")
    trace = _presence(path, lines[1:]) if lines[0][1] == HEADER else _snap(path, lines)
    if take is None:
        return trace
    rows = [row for row in trace.rows if row[0] <= take]
    latest = max(max(row[1], row[2]) if trace.kind == "snap" else row[2] for row in rows)
    return Trace(trace.kind, trace.name, 1 + latest, rows, min(take, trace.length))


def _snap(path: Path, lines: list[tuple[int, str]]) -> Trace:
    numbers: dict[int, int] = {}
    rows = []
    for number, line in lines:
        fields = line.split()
        try:
            sender, receiver, at = map(_whole, fields)
        except ValueError:
            raise InputError(
                f"{path}:{number}: {line!r:.60}; allowed: `SRC DST UNIXTIME`, three whole numbers, or a "
                f"first line `{HEADER}`"
            ) from None
        if sender == receiver:
            raise InputError(f"{path}:{number}: user {sender} writes to itself; allowed: two different users")
        if min(sender, receiver, at) < 0:
            raise InputError(f"{path}:{number}: {line!r:.60}; allowed: numbers from 0 up")
        if at > LATEST:
            raise InputError(f"{path}:{number}: {line!r:.60}; allowed: times in seconds, up to {LATEST}")
        rows.append((at, sender, receiver))
    rows.sort(key=lambda row: row[0])
    start = rows[0][0]
    _lasting(path, rows[-1][0] - start)
    renumbered = [
        (float(at - start), numbers.setdefault(a, len(numbers)), numbers.setdefault(b, len(numbers)), 0.0)
        for at, a, b in rows
    ]
    return Trace("snap", path.name, len(numbers), renumbered, renumbered[-1][0])


def _whole(text: str) -> int:
    """Return a whole number. Raises `ValueError` for digits that are not ASCII and for underscores, which `int` takes."""
    if re.fullmatch(r"[+-]?[0-9]+", text) is None:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    """Return a number. Raises `ValueError` as `_whole` does."""
    if re.fullmatch(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", text) is None:
        raise ValueError(text)
    return float(text)


def _lasting(path: Path, length: float) -> None:
    if length > LONGEST:
        raise InputError(
            f"{path}: {length:g} s from the first line to the last; allowed: at most {LONGEST} s, 100 years"
        )


def _presence(path: Path, lines: list[tuple[int, str]]) -> Trace:
    numbers: dict[str, int] = {}
    rows = []
    last = -1.0
    for number, line in lines:
        fields = line.split(",")
        where = f"{path}:{number}"
        if len(fields) != 4:
            raise InputError(f"{where}: {len(fields)} fields; allowed: {HEADER}")
        try:
            at, dead = _number(fields[0]), _number(fields[3])
        except ValueError:
            raise InputError(f"{where}: time_s {fields[0]!r} or dead_s {fields[3]!r}; allowed: numbers") from None
        if fields[1] not in EVENTS:
            raise InputError(f"{where}: event {fields[1]!r}{nearest(fields[1], EVENTS)}")
        if not (0 <= at <= LATEST and 0 <= dead <= LATEST) or not fields[2]:
            raise InputError(f"{where}: {line!r:.60}; allowed: times from 0 up to {LATEST} s, a user's name")
        if at < last:
            raise InputError(f"{where}: time_s {at:g} after {last:g}; allowed: times that do not go back")
        if dead and fields[1] != "disconnect":
            raise InputError(f"{where}: dead_s {dead:g} on a {fields[1]}; allowed: 0 but on a disconnect")
        last = at
        rows.append((at, EVENTS.index(fields[1]), numbers.setdefault(fields[2], len(numbers)), dead))
    if not rows:
        raise InputError(f"{path}: no rows below the header; allowed: at least one")
    start = rows[0][0]
    _lasting(path, rows[-1][0] - start)
    moved = [(at - start, event, user, dead) for at, event, user, dead in rows]
    return Trace("presence", path.name, len(numbers), moved, moved[-1][0])
