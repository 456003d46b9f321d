"""State that a device derives from its messages and does not keep up: unread counts, messages that expire."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable
from syncproof.core.values import ConversationId, Message
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.seeded_bugs._record import seeded_bug


@actor
class CountsByAdding(TimelineDevice):
    """Adds one for every new message and starts from 0 at a read marker; it never looks into its database.

    `badge`: the count that is shown of each conversation.
    """

    badge: dict[ConversationId, int] = durable(dict)

    def count_new(self, message: Message, place: int, out: Out) -> None:
        """Add one, also for a message that was read before it came, or recalled."""
        if message.author != self.user:
            self.badge[message.conversation] = self.badge.get(message.conversation, 0) + 1
            self.show_count(message.conversation, out)

    def count_changed(self, what: str, which: int, out: Out) -> None:
        """Start from 0 at a read marker, also at one that is about some of the messages only."""
        conversation = ConversationId(which)
        if what == "read" and self.badge.get(conversation):
            self.badge[conversation] = 0
            self.show_count(conversation, out)

    def count(self, conversation: ConversationId) -> int:
        return self.badge.get(conversation, 0)


F63 = seeded_bug(
    "F63",
    "badge drifts",
    mechanism="each device counts unread messages by adding and subtracting, and never compares with its messages",
    cure="derive the count from the messages that are shown, the read marker and the recalls, each time that one of them changes",
    seen_in="tutanota#10049, Signal-Desktop#6372",
    violates=("unread-agrees",),
    base="timeline-notify",
    world=("two-people", 2, ("recall", "unread")),
    device=CountsByAdding,
)
