"""The logs as readers see them, for the properties that compare what a device does with the entries of its logs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, ClassVar, cast

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Appended, Expired, Joined, Placed, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.properties._base import Property, observes
from syncproof.properties.compact import NOTHING, FewValues, Rows
from syncproof.properties.long_column import LongColumn
from syncproof.properties.spill import Spill

VOID = MessageId(NOTHING)
"""Stands for the message of a void in an array."""


class LongLog:
    """The entries of a log in a long history, in columns; otherwise as `Entries`.

    `views`: the same entries as other properties see them, which have their own `passed` and `skipped`.
    """

    __slots__ = ("messages", "passed", "seqs", "skipped", "views")

    def __init__(self, seqs: LongColumn, messages: LongColumn) -> None:
        self.seqs, self.messages = seqs, messages
        self.passed: dict[DeviceId, int] = {}
        self.skipped: dict[DeviceId, int] = {}
        self.views: list[LongLog] = []

    def add(self, seq: int, message: int) -> bool:
        """Append an entry; return False, and do nothing, if its number is not above the last one."""
        seqs, messages = self.seqs, self.messages
        tail = seqs.tail
        if tail and seq <= tail[-1]:
            return False
        tail.append(seq)
        messages.tail.append(message)
        if len(tail) >= seqs.most:
            seqs.move()
            messages.move()
        return True

    def view(self) -> LongLog:
        """Return the same entries for another property."""
        made = LongLog(self.seqs, self.messages)
        self.views.append(made)
        return made


class LongLogs(dict[Timeline, Any]):
    """The logs of a long history. One property keeps the entries; others see them in logs that are `shared`."""

    def __init__(self, spill: Spill, keeper: LongLogs | None = None) -> None:
        super().__init__()
        self.spill = spill
        self.keeper = keeper
        self._seen_by: list[LongLogs] = []

    def shared(self) -> LongLogs:
        """Return the same logs for another property."""
        made = LongLogs(self.spill, self)
        self._seen_by.append(made)
        return made

    def begin(self, timeline: Timeline) -> LongLog:
        """Return a log that is not known here yet."""
        if self.keeper is None:
            log = self.made()
        else:
            known = self.keeper.get(timeline)
            log = (known or self.keeper.begin(timeline)).view()
        self[timeline] = log
        return log

    def made(self, seqs: Iterable[int] = (), messages: Iterable[MessageId | None] = ()) -> LongLog:
        """Return a log with these entries, which is not put here."""
        return LongLog(LongColumn(self.spill, seqs), LongColumn(self.spill, cast("Iterable[int]", messages)))

    def __setitem__(self, timeline: Timeline, log: Any) -> None:
        """Replace a log, also for those who see it here."""
        super().__setitem__(timeline, log)
        for other in self._seen_by:
            other.pop(timeline, None)


@state
class Entries:
    """One log in order of number: `seqs`, and the message of each.

    `passed`: how many entries each device has passed; of these it `skipped` the first ones, because its starting
    checkpoint was above them.
    """

    seqs: list[int]
    messages: list[MessageId | None]
    passed: dict[DeviceId, int]
    skipped: dict[DeviceId, int]

    def add(self, seq: int, message: MessageId | None) -> bool:
        """Append an entry; return False, and do nothing, if its number is not above the last one."""
        if self.seqs and seq <= self.seqs[-1]:
            return False
        self.seqs.append(seq)
        self.messages.append(message)
        return True


@state
class Logs(Property):
    """The users of devices, the members of messages, and the entries of every log. A base, not a property of its own.

    A void concerns no device, nor does a message that became one (`Expired`), nor one that the device has `removed`. Neither
    does a second entry of a message (one in `again`: it may have had another place before, or a restore took its entry from a
    log); it is kept as a void, because a device that has shown the first entry does not show the message again. `places`: of
    messages, in this life of their conversation's log; the same place or entry observed again is no second one. Entries that
    become readable below the tail are inserted where their number belongs, so that the rest is judged as readers see it (`tail-
    append` complains of them).
    """

    passes: ClassVar[bool] = True
    """Whether it notes which entries devices have passed; otherwise it may look into the logs of one that does."""

    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    members: dict[MessageId, tuple[UserId, ...]] = attrs.field(factory=dict)
    places: dict[MessageId, tuple[ConversationId, int | None]] = attrs.field(factory=dict)
    again: set[MessageId] = attrs.field(factory=set)
    removed: set[tuple[MessageId, DeviceId]] = attrs.field(factory=set)
    logs: dict[Timeline, Entries] = attrs.field(factory=dict)
    compacted: bool = False

    def compact(self, spill: Spill) -> None:
        """Keep what a long history says of messages and entries in columns, most of it in a file."""
        self.members, self.places = cast(Any, FewValues(spill)), cast(Any, Rows(2, spill))
        self.logs = LongLogs(spill)
        self.compacted = True

    def share(self, other: Logs) -> tuple[str, ...]:
        """Look at what another property keeps of the same history, and return the methods whose work it does."""
        self.users, self.members, self.places, self.again = other.users, other.members, other.places, other.again
        self.removed = other.removed
        if self.passes:
            self.logs = cast(LongLogs, other.logs).shared()
            return ("on_joined", "on_placed", "on_appended", "on_reverted", "on_expired")
        self.logs = other.logs
        return ("on_joined", "on_placed", "on_appended", "on_reverted", "on_expired")

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.users[o.device] = o.user
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message not in self.members:
            self.members[o.message] = o.members or ()
        elif o.place is None or self.places.get(o.message) != (o.conversation, o.place):
            self.again.add(o.message)
        self.places[o.message] = (o.conversation, o.place)
        return None

    @observes(Appended)
    def on_appended(self, o: Appended) -> str | None:
        log = self.logs.get(o.timeline)
        if log is None:
            log = self.log(o.timeline)
        message = None if o.message in self.again else o.message
        if message is None and self.compacted:
            message = VOID
        if log.add(o.seq, message):
            return None
        seqs = log.seqs
        position = bisect_right(seqs, o.seq)
        before = (seqs[position - 1], log.messages[position - 1]) if position else None
        if message not in (None, VOID) and before == (o.seq, message):
            return None
        seqs.insert(position, o.seq)
        log.messages.insert(position, message)
        for each in (log, *log.views) if isinstance(log, LongLog) else (log,):
            for device, passed in each.passed.items():
                if passed > position:
                    each.passed[device] = passed + 1
        return None

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        """Note that a message which left a void in the logs concerns nobody any more, or not the device that removed it."""
        if o.device is not None:
            self.removed.add((o.message, o.device))
        elif o.message in self.members:
            self.members[o.message] = ()
        return None

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Begin a new epoch of a log with the entries that the epoch `of` had up to `upto`."""
        if o.timeline.kind == "conversation":
            for message in [m for m, (c, at) in self.places.items() if c == o.timeline.owner and at and at > o.upto]:
                del self.places[message]
        old = self.logs.get(Timeline(o.timeline.kind, o.timeline.owner, o.of))
        count = 0 if old is None else bisect_right(old.seqs, o.upto)
        kept = self._new([], []) if old is None else self._new(old.seqs[:count], old.messages[:count])
        here = {VOID, *kept.messages}
        for other, log in self.logs.items():
            if other.same_log(o.timeline):
                self.again.update([m for m in log.messages if m is not None and m not in here])
        self.logs[o.timeline] = kept
        return None

    def begun(self, timeline: Timeline, seq: int, device: DeviceId) -> int:
        """Return how many entries of a timeline a device has passed that starts after `seq`.

        When a device first reads a new epoch of a log, it has also passed the entries that it knows from another epoch,
        except those that it skipped there.
        """
        log = self.log(timeline)
        position = bisect_right(log.seqs, seq)
        first = device not in log.passed
        log.skipped[device] = position
        if timeline.epoch and first:
            for other, old in self.logs.items():
                if (
                    other.same_log(timeline)
                    and other.epoch != timeline.epoch
                    and old.skipped.get(device, 0) <= position
                ):
                    known = zip(old.seqs[: old.passed.get(device, 0)], old.messages, strict=False)
                    here = zip(log.seqs, log.messages, strict=True)
                    same = takewhile(lambda pair: pair[0] == pair[1], zip(known, here, strict=False))
                    position = max(position, sum(1 for _ in same))
        return position

    def log(self, timeline: Timeline) -> Entries:
        """Return the timeline's entries, which may be none."""
        log = self.logs.get(timeline)
        if log is not None:
            return log
        if isinstance(self.logs, LongLogs):
            return cast(Entries, self.logs.begin(timeline))
        log = self.logs[timeline] = Entries([], [], {}, {})
        return log

    def _new(self, seqs: list[int], messages: list[MessageId | None]) -> Entries:
        """Return the entries of a log that no device has passed yet."""
        if isinstance(self.logs, LongLogs):
            return cast(Entries, self.logs.made(seqs, messages))
        return Entries(seqs, messages, {}, {})

    def concerns(self, message: MessageId | None, device: DeviceId) -> bool:
        """Return whether the device's user was a member when the message was placed. A void concerns no device."""
        if message is None or (self.removed and (message, device) in self.removed):
            return False
        return self.users.get(device) in self.members.get(message, ())
