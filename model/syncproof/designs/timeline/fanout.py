"""Fan-out on read, and the hybrid that reads only large conversations.

`timeline-read-fanout` keeps no per-user copies: a device has a checkpoint per conversation, and a full pull looks up the
head of every conversation of its user. `timeline-hybrid-fanout` copies small conversations and reads large ones (WeChat
caps write fan-out at 500 members). A conversation that grows past the threshold is read from that place on and never
copied again. Its messages before and after that place are in two timelines, which a device pulls independently, so the
conversation's order is not promised there.
"""

from __future__ import annotations

from syncproof.core.actor import actor, durable
from syncproof.core.values import ConversationId, UserId
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.log import ReadableLog, log_of
from syncproof.designs.timeline.server import TimelineServer


@actor
class ReadFanoutDevice(TimelineDevice):
    """A timeline device whose idle poll looks up the head of every conversation it follows."""

    def rows_of_poll(self) -> tuple[int, str]:
        return len([t for t in self.checkpoints if t.kind == "conversation"]), "sync-store"


@actor
class ReadFanoutServer(TimelineServer):
    """A server whose devices read the conversations' own logs, in the ranges in which their users were members."""

    followed: dict[UserId, tuple[ConversationId, ...]] = durable(dict)

    def receivers(self, conversation: ConversationId) -> tuple[UserId, ...]:
        return ()

    def insert_member(self, conversation: ConversationId, user: UserId) -> None:
        if (user, conversation) not in self.ranges:
            self.followed[user] = (*self.followed.get(user, ()), conversation)
        super().insert_member(conversation, user)

    def readable_logs(self, user: UserId) -> list[ReadableLog]:
        found: list[ReadableLog] = []
        for conversation in self.followed.get(user, ()):
            log = self.store.get(conversation)
            if log is not None:
                found.append((log_of(conversation, self.epoch), log, self.ranges[user, conversation]))
        return found


@actor
class HybridServer(ReadFanoutServer):
    """A server with fan-out on write for small conversations, and on read for large ones.

    `read_from`: for each large conversation, the place after which it is read.
    """

    read_from: dict[ConversationId, int] = durable(dict)

    def receivers(self, conversation: ConversationId) -> tuple[UserId, ...]:
        return () if conversation in self.read_from else self.members.get(conversation, ())

    def insert_member(self, conversation: ConversationId, user: UserId) -> None:
        super().insert_member(conversation, user)
        if len(self.members[conversation]) > self.parameters.fanout_threshold:
            self.read_from.setdefault(conversation, self.last_place(conversation))

    def readable_logs(self, user: UserId) -> list[ReadableLog]:
        found = TimelineServer.readable_logs(self, user)
        for timeline, log, ranges in super().readable_logs(user):
            border = self.read_from.get(ConversationId(timeline.owner))
            if border is not None:
                found.append((timeline, log, tuple([(max(a, border), b) for a, b in ranges])))
        return found
