"""An accepted message has one place, the one that the accepting reply names."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Accepted, Placed, Reverted
from syncproof.core.values import ConversationId, MessageId
from syncproof.properties._base import Property, observes, seen

UNPLACED = "and has taken no place"


@state
class AcceptedOnce(Property):
    """Accepted(m, p) => m has taken a place in this life of its conversation's log, p if the reply names one; it takes no
    second place in that life.

    Every accepting reply is judged, the first as well as the answer to a retry. The place that it has, observed again, is
    no second place. Before it is accepted a message may be placed again (a server that crashed may have forgotten the first
    place). A restore begins a new life of the log (`Reverted`): a message whose place it took may take another, and a
    message whose place it left keeps that one. It does not say that the message stays stored (`accepted-is-durable` does).

    Where nobody knows the place that a message has taken, it is the one that the first reply names, and another place is
    not told from it.

    `places`: of every message, in this life of its conversation's log, None for one that nobody knows. `accepted`: those
    that were accepted there. `complained`: messages whose reply was wrong, which are not judged again.
    """

    name = "accepted-once"
    keyed_by = "message x life of its conversation's log"
    says = "an accepted message has one place, the one that the accepting reply names"
    wants = "an accepted message"
    evidence = seen(Accepted)
    by_message = True
    anomaly = "duplicate"
    needs = ("Placed.place",)
    presumes = {UNPLACED: (Placed,)}  # noqa: RUF012

    places: dict[MessageId, tuple[ConversationId, int | None]] = attrs.field(factory=dict)
    accepted: set[MessageId] = attrs.field(factory=set)
    complained: set[MessageId] = attrs.field(factory=set)

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message in self.accepted:
            conversation, first = self.places[o.message]
            if conversation == o.conversation and (first == o.place or first is None or o.place is None):
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
            if found[1] is None:
                self.places[o.message] = (found[0], o.place)
                return None
        self.complained.add(o.message)
        if found is None:
            return f"message {o.message:d} is accepted {UNPLACED}"
        return f"message {o.message:d} is accepted at place {o.place}, but its place is {found[1]}"

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Forget the places that a restore took."""
        if o.timeline.kind == "conversation":
            for message, (conversation, place) in list(self.places.items()):
                if conversation == o.timeline.owner and (place is None or place > o.upto):
                    self.accepted.discard(message)
                    if place is not None:
                        del self.places[message]
        return None
