"""Observations that a process notes in its own SQLite database, each with the time of the machine's monotonic clock.

A process that may be killed at any moment must not have done a thing and left no trace of it. So an observation of durable
state is written in the transaction that makes it true. The stamp is taken before the commit, and so before anybody can see
the effect: sorted by their stamps, causes come before effects, also between processes.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from syncproof.core.observations import Observation
from syncproof.formats.codec import decode, encode

TABLE = "CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, line BLOB NOT NULL)"


def connect(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """Open a database; transactions are begun by hand. What is committed survives the process, and with `FULL` the machine."""
    database = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {synchronous}")
    database.execute(TABLE)
    return database


def note(database: sqlite3.Connection, *observations: Observation, at: int | None = None) -> None:
    """Write observations, in the present transaction if there is one. `at`: nanoseconds; default: now."""
    stamp = time.monotonic_ns() if at is None else at
    rows = [(stamp, encode(observation)) for observation in observations]
    database.executemany("INSERT INTO journal (at, line) VALUES (?, ?)", rows)


class Reader:
    """Read the journal of another process, each row once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = 0
        self._database: sqlite3.Connection | None = None

    def fresh(self) -> list[tuple[int, Observation]]:
        """Return the rows that were not read before: (stamp, observation). Nothing while there is no journal yet."""
        if self._database is None:
            if not self.path.exists():
                return []
            self._database = sqlite3.connect(self.path, isolation_level=None, timeout=30.0, check_same_thread=False)
        try:
            rows = self._database.execute(
                "SELECT id, at, line FROM journal WHERE id > ? ORDER BY id", (self.last,)
            ).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        if rows:
            self.last = rows[-1][0]
        return [(at, decode(line, Observation)) for _, at, line in rows]

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def rest(self, moved: Path) -> list[tuple[int, Observation]]:
        """Return the rows that were not read before of the journal, whose process was killed, and which is at `moved` now.

        A process that is killed while it commits may have written what no open connection sees: SQLite finds it when nobody has
        the database open and somebody opens it.
        """
        self.close()
        reader = Reader(moved)
        reader.last = self.last
        rows = reader.fresh()
        reader.close()
        return rows

    def skip(self) -> None:
        """Take everything that is there as read: the file was put back to an older state, which was read before."""
        self.last = 0
        self.fresh()
