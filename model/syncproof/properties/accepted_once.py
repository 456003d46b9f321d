"""An accepted message has one place, the one that the accepting reply names."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Accepted, Placed, Reverted
from syncproof.core.values import ConversationId, MessageId
from syncproof.properties._base import Property, observes, seen


@state
class AcceptedOnce(Property):
    """Accepted(m, p) => m has taken a place in this life of its conversation's log, p if the reply names one; it takes no
    second place in that life.

    Every accepting reply is judged, the first as well as the answer to a retry. The place that it has, observed again, is
    no second place. Before it is accepted a message may be placed again (a server that crashed may have forgotten the first
    place). A restore begins a new life of the log (`Reverted`): a message whose place it took may take another, and a
    message whose place it left keeps that one. It does not say that the message stays stored (`accepted-is-durable` does).

    `places`: of every message, in this life of its conversation's log. `accepted`: those that were accepted there.
    `complained`: messages whose reply was wrong, which are not judged again.
    """

    name = "accepted-once"
    keyed_by = "message x life of its conversation's log"
    says = "an accepted message has one place, the one that the accepting reply names"
    wants = "an accepted message"
    evidence = seen(Accepted)
    anomaly = "duplicate"

    places: dict[MessageId, tuple[ConversationId, int]] = attrs.field(factory=dict)
    accepted: set[MessageId] = attrs.field(factory=set)
    complained: set[MessageId] = attrs.field(factory=set)

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message in self.accepted:
            conversation, first = self.places[o.message]
            if (conversation, first) == (o.conversation, o.place):
                return None
            elsewhere = "" if o.conversation == conversation else f" of conversation {o.conversation:d}"
            return (
                f"message {o.message:d} was accepted at place {first} of conversation {conversation:d}, "
                f"and takes place {o.place}{elsewhere} as well"
            )
        self.places[o.message] = (o.conversation, o.place)
        return None

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        if o.message in self.complained:
            return None
        found = self.places.get(o.message)
        if found is not None:
            self.accepted.add(o.message)
            if o.place is None or o.place == found[1]:
                return None
        self.complained.add(o.message)
        if found is None:
            return f"message {o.message:d} is accepted and has taken no place"
        return f"message {o.message:d} is accepted at place {o.place}, but its place is {found[1]}"

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Forget the places that a restore took."""
        if o.timeline.kind == "conversation":
            taken = [m for m, (c, place) in self.places.items() if c == o.timeline.owner and place > o.upto]
            for message in taken:
                del self.places[message]
                self.accepted.discard(message)
        return None
