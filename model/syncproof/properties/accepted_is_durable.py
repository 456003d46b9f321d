"""What was accepted is in durable server state, or has been shown on its whole audience."""

from __future__ import annotations

import attrs

from syncproof.actor import state
from syncproof.observations import Accepted, Composed, Deleted, Placed, Queued, Shown, Stored
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId


@state
class Custody(Property):
    """Where one message is: `copies` in inboxes, `kept` in a message store, `shown` on and `missing` on these devices."""

    copies: int
    kept: bool
    accepted: bool
    missing: set[DeviceId]
    shown: set[DeviceId]


@state
class AcceptedIsDurable(Property):
    """From Accepted(m) on: m is in the message store, or in an inbox, or shown on all other devices of its audience.

    The composing device needs no server: it holds the message in its durable outbox until it shows it. A Stored without a
    Queued copy is the message store's, which never forgets.
    """

    name = "accepted-is-durable"
    keyed_by = "message"
    says = "an accepted message is in durable server state or shown on its whole audience"
    anomaly = "lost-write"

    composers: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    open: dict[MessageId, Custody] = attrs.field(factory=dict)
    safe: set[MessageId] = attrs.field(factory=set)

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.composers[o.message] = o.device
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        old = self.open.get(o.message)
        missing = set(o.audience)
        missing.discard(self.composers.get(o.message, DeviceId(-1)))
        if old is None:
            self.open[o.message] = Custody(0, False, False, missing, set())
        else:
            old.missing = missing - old.shown
        return None

    @observes(Queued)
    def on_queued(self, o: Queued) -> str | None:
        custody = self.open.get(o.message)
        if custody is not None:
            custody.copies += 1
        return None

    @observes(Stored)
    def on_stored(self, o: Stored) -> str | None:
        custody = self.open.get(o.message)
        if custody is not None and custody.copies == 0:
            custody.kept = True
            self._close(o.message, custody)
        return None

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        custody = self.open.get(o.message)
        if custody is None:
            return None
        custody.copies -= 1
        return self._judge(o.message, custody, "its last copy is deleted")

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        custody = self.open.get(o.message)
        if custody is None:
            return None if o.message in self.safe else f"message {o.message:d} is accepted, but it was never placed"
        custody.accepted = True
        return self._judge(o.message, custody, "it is accepted")

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        custody = self.open.get(o.message)
        if custody is not None:
            custody.missing.discard(o.device)
            custody.shown.add(o.device)
            if custody.accepted and not custody.missing:
                self._close(o.message, custody)
        return None

    def _judge(self, message: MessageId, custody: Custody, when: str) -> str | None:
        if not custody.accepted:
            return None
        if not custody.missing:
            self._close(message, custody)
        elif custody.copies <= 0 and not custody.kept:
            device = min(custody.missing)
            self._close(message, custody)
            return f"{when}, but message {message:d} is nowhere on the server and device {device:d} has not shown it"
        return None

    def _close(self, message: MessageId, custody: Custody) -> None:
        del self.open[message]
        self.composers.pop(message, None)
        self.safe.add(message)
