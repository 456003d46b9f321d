"""Pulls that are not started, or never stop."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on
from syncproof.core.values import (
    Cursor,
    Id,
    Timeline,
)
from syncproof.designs.refusing import Busy, CursorRefused
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import sync_of
from syncproof.seeded_bugs._record import seeded_bug


@actor
class OnlyNotified(TimelineDevice):
    """Pulls after a notification, and never when it connects or polls."""

    def on_connected(self, out: Out) -> None:
        self.send_next(out)

    def arm_poll(self, out: Out) -> None:
        pass


F25 = seeded_bug(
    "F25",
    "notification is the only trigger",
    mechanism="it is lost, and nothing polls or pulls on reconnect",
    cure="pull on each new connection, and poll from time to time",
    seen_in="Signal-iOS#272, ergo#1527",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 1, ("push",)),
    device=OnlyNotified,
)


@actor
class SwallowsTrigger(TimelineDevice):
    """Ignores a notification that arrives during a pull."""

    def on_hint(self, timeline: Timeline, head: int, cause: str, out: Out) -> None:
        if not self.pulling:
            super().on_hint(timeline, head, cause, out)

    def arm_poll(self, out: Out) -> None:
        pass


F26 = seeded_bug(
    "F26",
    "trigger swallowed",
    mechanism="a notification that arrives during a pull is dropped",
    cure="remember a trigger that comes during a pull, and pull once more after it",
    seen_in="openim-sdk-core, read in code",
    violates=("no-loss",),
    base="timeline-notify",
    world=("two-people", 2, ()),
    device=SwallowsTrigger,
)


@actor
class RepairLoop(TimelineDevice):
    """Pulls until its count of messages equals the head."""

    def save(self, cursors: tuple[Cursor, ...], out: Out) -> None:
        super().save(cursors, out)
        if not self.pulling and len(self.shown) != self.checkpoints.get(sync_of(self.user), 0):
            self.catch_up(out)


F27 = seeded_bug(
    "F27",
    "repair livelock",
    mechanism="mismatch, resync, the same mismatch",
    cure="compare what can become equal (a cursor with the head that was reported), and stop when a pull brings "
    "nothing",
    seen_in="mattermost#30388",
    violates=("pull-terminates",),
    base="timeline-notify",
    world=("two-people", 1, ()),
    device=RepairLoop,
)


@actor
class RetriesTheCursor(TimelineDevice):
    """Sends a pull again whose cursors were refused, with the same cursors."""

    @on(CursorRefused)
    def cursors_refused(self, source: Id, packet: CursorRefused, out: Out) -> None:
        """Pull from the refused cursors."""
        if self.pull_answered(out):
            self.pull(self.cursors(), True, out)


F61 = seeded_bug(
    "F61",
    "refused cursor loops",
    mechanism="a rejected cursor is sent again unchanged, and rejected again",
    cure="read from the beginning, or from a snapshot, when a cursor is refused",
    seen_in="matrix-dart-sdk#2473",
    violates=("pull-terminates",),
    base="timeline-notify",
    world=("two-people", 1, ("cursor-refused",)),
    device=RetriesTheCursor,
)


@actor
class AsksAtOnce(TimelineDevice):
    """Answers a refused pull by the next one, without the wait that the reply names."""

    @on(Busy)
    def told_to_wait(self, source: Id, packet: Busy, out: Out) -> None:
        """Pull again at once."""
        super().told_to_wait(source, packet, out)
        if packet.kind == "pull" and self.answered("pull", out):
            self.pull(self.cursors(), True, out)


F61b = seeded_bug(
    "F61b",
    "429 answered by asking at once",
    mechanism="a refused request is repeated at once; each repetition begins the wait again, so the limit never ends",
    cure="wait as long as the reply says before the request is sent again, and count no refusal as a trigger",
    seen_in="kalium PR#2037",
    violates=("pull-terminates",),
    base="timeline-notify",
    world=("two-people", 1, ("rate-limit",)),
    device=AsksAtOnce,
)
