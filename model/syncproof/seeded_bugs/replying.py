"""Replies that wait for the message that they reply to."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable
from syncproof.core.values import Entry, MessageId, Timeline
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.seeded_bugs._record import seeded_bug


@actor
class WaitsForParent(TimelineDevice):
    """Shows a reply once it has shown what that replies to. `held_back`: the replies that wait, by what they wait for."""

    held_back: dict[MessageId, list[tuple[Entry, Timeline | None]]] = durable(dict)

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        """Show a message and the replies that waited for it; hold a reply that comes before its parent."""
        message = entry.message
        if message is None:
            return False
        if isinstance(message.parent, MessageId) and message.parent not in self.shown:
            waiting = self.held_back.setdefault(message.parent, [])
            if (entry, timeline) not in waiting:
                waiting.append((entry, timeline))
            return False
        is_new = super().show(entry, timeline, out)
        for reply, where in self.held_back.pop(message.id, []):
            self.show(reply, where, out)
        return is_new


F67 = seeded_bug(
    "F67",
    "reply waits for its parent",
    mechanism="a device holds a reply back until it has shown what that replies to; a message of before its user joined "
    "never comes",
    cure="show a reply at its own place, and what it replies to as a placeholder beside it while that is not here",
    seen_in="matterhorn#277, element-web#19395",
    violates=("checkpoint-covered", "no-loss"),
    base="timeline-notify",
    world=("two-people", 2, ("membership", "reply")),
    device=WaitsForParent,
)
