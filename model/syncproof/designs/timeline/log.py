"""Append-only logs: entries with growing numbers, read by range; their names, and the ranges that a user may read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache

from syncproof.core.actor import state
from syncproof.core.values import ConversationId, Entry, Timeline, UserId
from syncproof.designs.base import ROW_BYTES


@state
class Log:
    """Entries in order of number, with their numbers in a list of their own for bisection.

    `trimmed`: the number up to which entries were deleted; `gone`: the last place of each conversation among these.
    `epoch_starts`: for each epoch after the first, the last number that the log had when that epoch began.
    """

    seqs: list[int]
    entries: list[Entry]
    trimmed: int
    gone: dict[ConversationId, int]
    epoch_starts: tuple[int, ...]

    @classmethod
    def empty(cls, epoch: int = 0) -> Log:
        """Return an empty log that begins in this epoch."""
        return cls([], [], 0, {}, (0,) * epoch)

    @property
    def last(self) -> int:
        """Return the largest number in the log, trimmed entries included; 0 for none."""
        return self.seqs[-1] if self.seqs else self.trimmed

    def append(self, entry: Entry) -> None:
        """Append the entry; insert one with a smaller number than the last by its number, as a store would do."""
        if self.seqs and entry.seq < self.seqs[-1]:
            position = bisect_right(self.seqs, entry.seq)
            self.seqs.insert(position, entry.seq)
            self.entries.insert(position, entry)
        else:
            self.seqs.append(entry.seq)
            self.entries.append(entry)

    def after(self, after: int, upto: int | None, limit: int) -> tuple[list[Entry], bool]:
        """Return at most `limit` entries in `(after, upto]`, and whether there are more."""
        seqs = self.seqs
        if not seqs or seqs[-1] <= after:
            return [], False
        first = bisect_right(seqs, after)
        last = len(seqs) if upto is None else bisect_right(seqs, upto)
        stop = min(last, first + limit)
        return self.entries[first:stop], stop < last

    def make_void(self, entry: Entry) -> None:
        """Leave a void at the number of an entry."""
        self.entries[self.seqs.index(entry.seq)] = Entry(entry.seq, 0, None, "void")

    def holds(self, copy: Entry) -> bool:
        """Return whether a copy of the same message and place is in the log. Searches from the tail, as copies are recent."""
        return any(e.message == copy.message and e.place == copy.place for e in reversed(self.entries))

    def begin_epoch(self, epoch: int) -> None:
        """Begin a new epoch with the present entries, which are also all that it has in common with skipped epochs."""
        self.epoch_starts = (*self.epoch_starts, *[self.last] * (epoch - len(self.epoch_starts)))

    def common(self, epoch: int, after: int) -> int:
        """Return the number up to which a reader with the checkpoint `after` of an earlier epoch has this log."""
        return min(after, *self.epoch_starts[epoch:]) if epoch < len(self.epoch_starts) else after

    def trim(self, upto: int) -> None:
        """Delete the entries up to `upto`."""
        count = bisect_right(self.seqs, upto)
        if count:
            self.trimmed = self.seqs[count - 1]
            for entry in self.entries[:count]:
                if entry.message is not None:
                    self.gone[entry.message.conversation] = entry.place
            del self.seqs[:count]
            del self.entries[:count]


# ---- names and ranges

SeqRange = tuple[int, int | None]
"""The numbers `(start, end]` of a log that a user may read; None: no upper end."""

ReadableLog = tuple[Timeline, Log, tuple[SeqRange, ...]]
"""A log that a user's devices pull: its name, the log, and the ranges of it that the user may read."""

WHOLE: tuple[SeqRange, ...] = ((0, None),)


@cache
def sync_of(user: UserId, epoch: int = 0) -> Timeline:
    """Return the name of a user's timeline in the sync store."""
    return Timeline("sync", int(user), epoch)


@cache
def log_of(conversation: ConversationId, epoch: int = 0) -> Timeline:
    """Return the name of a conversation's timeline in the message store."""
    return Timeline("conversation", int(conversation), epoch)


def bytes_of(entries: Iterable[Entry]) -> int:
    """Return what these entries of a log take in a store: a row each, and the bodies."""
    return sum([ROW_BYTES + (0 if e.message is None else e.message.size) for e in entries])


PlaceKey = tuple[ConversationId, int]
"""A place in a conversation, the key of an intent. A message that was placed twice has two."""


def place_of(entry: Entry) -> PlaceKey:
    """Return the place in its conversation of the message that an entry is a copy of."""
    assert entry.message is not None
    return entry.message.conversation, entry.place
