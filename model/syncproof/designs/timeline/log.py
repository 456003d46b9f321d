"""Append-only logs: entries whose numbers only grow, readable by range; their names, and which part concerns whom."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from syncproof.core.actor import state
from syncproof.core.values import ConversationId, Entry, Timeline, UserId


@state
class Log:
    """Entries in order of number, beside their numbers for bisection.

    `trimmed`: up to where entries were deleted, and in `gone` the last place of each conversation among them. `lives`: for
    each epoch after the first, the last number that the log had when that epoch began.
    """

    seqs: list[int]
    entries: list[Entry]
    trimmed: int
    gone: dict[ConversationId, int]
    lives: tuple[int, ...]

    @classmethod
    def empty(cls, epoch: int = 0) -> Log:
        """A log that begins in this epoch."""
        return cls([], [], 0, {}, (0,) * epoch)

    @property
    def last(self) -> int:
        """The largest number that is or was here; 0 for none."""
        return self.seqs[-1] if self.seqs else self.trimmed

    def append(self, entry: Entry) -> None:
        """Put the entry at the tail; one with a smaller number goes where that belongs, as in any store."""
        if self.seqs and entry.seq < self.seqs[-1]:
            position = bisect_right(self.seqs, entry.seq)
            self.seqs.insert(position, entry.seq)
            self.entries.insert(position, entry)
        else:
            self.seqs.append(entry.seq)
            self.entries.append(entry)

    def after(self, after: int, upto: int | None, limit: int) -> tuple[list[Entry], bool]:
        """At most `limit` entries in `(after, upto]`, and whether that left some."""
        seqs = self.seqs
        if not seqs or seqs[-1] <= after:
            return [], False
        first = bisect_right(seqs, after)
        last = len(seqs) if upto is None else bisect_right(seqs, upto)
        stop = min(last, first + limit)
        return self.entries[first:stop], stop < last

    def holds(self, copy: Entry) -> bool:
        """Whether a copy of the same place is here already; looks from the tail, where a recent one would be."""
        return any(e.message == copy.message and e.place == copy.place for e in reversed(self.entries))

    def begin(self, epoch: int) -> None:
        """A new life begins with what is here; whatever lives there were meanwhile have no more than this in common."""
        self.lives = (*self.lives, *[self.last] * (epoch - len(self.lives)))

    def common(self, epoch: int, after: int) -> int:
        """How far a reader that was at `after` in the life `epoch` has this log."""
        return min(after, *self.lives[epoch:]) if epoch < len(self.lives) else after

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


# ---- names and parts

Span = tuple[int, int | None]
"""The numbers `(start, end]` of a log that concern a reader; None: to its end, whatever is appended."""

Feed = tuple[Timeline, Log, tuple[Span, ...]]
"""A log that a user's devices pull, and the spans of it that concern them."""

WHOLE: tuple[Span, ...] = ((0, None),)


@cache
def sync_of(user: UserId, epoch: int = 0) -> Timeline:
    """The name of a user's timeline in the sync store."""
    return Timeline("sync", int(user), epoch)


@cache
def log_of(conversation: ConversationId, epoch: int = 0) -> Timeline:
    """The name of a conversation's timeline in the message store."""
    return Timeline("conversation", int(conversation), epoch)


Spot = tuple[ConversationId, int]
"""A place in a conversation: what an intent is for. A message that was placed twice has two."""


def spot(entry: Entry) -> Spot:
    """The place that an entry is a copy of."""
    assert entry.message is not None
    return entry.message.conversation, entry.place
