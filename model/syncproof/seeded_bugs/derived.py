"""State that a device derives from its messages and does not keep up: unread counts, messages that expire."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.values import ConversationId, Id, Message
from syncproof.designs.packets import Elapsed
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.push import PushDevice
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


@actor
class TimersInMemory(TimelineDevice):
    """Arms the timer of an expiring message when the message comes, and not again after a restart."""

    def start(self, out: Out) -> None:
        """Arm nothing."""


F62 = seeded_bug(
    "F62",
    "expiry differs",
    mechanism="a device forgets in a restart which of its messages expire: what is gone on the user's other device stays on it",
    cure="arm the timers from the database at each start",
    seen_in="Signal-Desktop#7211",
    violates=("expires", "convergence"),
    base="timeline-notify",
    world=("two-devices", 1, ("device-crash", "expiring")),
    device=TimersInMemory,
)


@actor
class RemovesIdsToo(PushDevice):
    """Removes an expired message with its id."""

    @on(Elapsed)
    def remove_expired(self, source: Id, packet: Elapsed, out: Out) -> None:
        """Remove everything that is known of the message."""
        super().remove_expired(source, packet, out)
        self.shown.discard(packet.message)


F62B = seeded_bug(
    "F62b",
    "expired message comes back",
    mechanism="a message is removed with its id, and the sync that brings it once more shows it again",
    cure="keep the id of a removed message as long as any way may still bring it",
    seen_in="session-ios#110",
    violates=("expires", "no-duplicate"),
    base="timeline-push",
    world=("two-people", 1, ("expiring",)),
    device=RemovesIdsToo,
)
