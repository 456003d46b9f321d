"""An accepted message is in durable server state, or has been shown on its whole audience."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Audited,
    Composed,
    Deleted,
    Expired,
    Gone,
    Placed,
    Queued,
    Retired,
    Shown,
    Stored,
)
from syncproof.core.values import DeviceId, MessageId, Timeline
from syncproof.properties._base import Property, observes, seen

UNTOLD = "but nothing says that it is on the server"


@state
class Custody:
    """One message: the inboxes with `copies`, where it was `shown`, and where it is `missing` (None: it has no place).

    `audited`: a look into the server's stores found it."""

    copies: set[Timeline]
    accepted: bool
    missing: set[DeviceId] | None
    shown: set[DeviceId]
    audited: bool = False


@state
class AcceptedIsDurable(Property):
    """From Accepted(m) on: m is in the message store, or in an inbox, or shown on all other devices of its audience.

    Of a history that was recorded `outside`, which may not say when a message is stored, it judges what a look into the
    server's stores (`Audited`) does not find; a message of which nothing says where it is leaves it unknown.

    The composing device needs no copy: it holds the message in its durable outbox until it shows it. A Stored without
    a Queued copy is in the message store, which deletes nothing. Once `safe` (stored there, or accepted and shown
    everywhere, or complained of) a message is not judged again, unless a restore takes it from the message store
    (`Gone`): if it was `accepted`, that is a violation, even if every device has shown it. It does not say that a copy is
    in the right inbox (`no-loss` does). A device that was replaced (`Retired`) or is gone for good (`abandoned`) need not
    show it. A message whose time is over (`Expired`) need be nowhere.
    """

    name = "accepted-is-durable"
    keyed_by = "message"
    says = "an accepted message is in durable server state or shown on its whole audience"
    wants = "an accepted message"
    evidence = seen(Accepted)
    by_message = True
    needs = ("Placed.audience",)
    presumes = {UNTOLD: (Stored, Queued)}  # noqa: RUF012
    anomaly = "lost-write"

    composers: dict[MessageId, DeviceId] = attrs.field(factory=dict)
    open: dict[MessageId, Custody] = attrs.field(factory=dict)
    safe: set[MessageId] = attrs.field(factory=set)
    accepted: set[MessageId] = attrs.field(factory=set)
    abandoned: set[DeviceId] = attrs.field(factory=set)
    outside: bool = False

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.composers[o.message] = o.device
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        custody = self._custody(o.message)
        if custody is not None:
            custody.missing = set(o.audience or ())
            custody.missing.discard(self.composers.get(o.message, DeviceId(-1)))
            custody.missing -= custody.shown
            if self.abandoned:
                custody.missing -= self.abandoned
        return None

    @observes(Queued)
    def on_queued(self, o: Queued) -> str | None:
        custody = self._custody(o.message)
        if custody is None:
            return None
        late = self._late(o.message, custody)
        custody.copies.add(o.box)
        return late

    @observes(Stored)
    def on_stored(self, o: Stored) -> str | None:
        custody = self.open.get(o.message)
        late = None if custody is None else self._late(o.message, custody)
        if custody is None or not custody.copies:
            self._close(o.message)
        return late

    @observes(Deleted)
    def on_deleted(self, o: Deleted) -> str | None:
        custody = self.open.get(o.message)
        if custody is None:
            return None
        custody.copies.discard(o.box)
        return self._judge(o.message, custody, "its last copy is deleted")

    @observes(Gone)
    def on_gone(self, o: Gone) -> str | None:
        if o.box is None:
            if o.message in self.safe and o.message in self.accepted:
                return f"message {o.message:d} was in the message store and is gone"
            if o.cause == "crash":  # it is not stored after all; a restore begins another life of the log
                self.safe.discard(o.message)
            return None
        custody = self.open.get(o.message)
        if custody is None:
            return None
        custody.copies.discard(o.box)
        return self._judge(o.message, custody, "its last copy is gone")

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        self.accepted.discard(o.message)
        self._close(o.message)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for message, custody in list(self.open.items()):
            if custody.missing is not None and o.device in custody.missing:
                custody.missing.discard(o.device)
                if custody.accepted and not custody.missing:
                    self._close(message)
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        self.abandoned.add(o.device)
        return self.on_retired(Retired(o.device))

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        self.accepted.add(o.message)
        custody = self._custody(o.message)
        if custody is None:
            return None
        custody.accepted = True
        if self.outside and not custody.copies:  # where it is may be told later, or by an audit
            return None
        return self._judge(o.message, custody, "it is accepted")

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        custody = self.open.get(o.message)
        if custody is None:
            if o.message in self.safe:
                return None
            custody = self._custody(o.message)
            assert custody is not None
        custody.shown.add(o.device)
        if custody.missing is not None:
            custody.missing.discard(o.device)
            if custody.accepted and not custody.missing:
                self._close(o.message)
        return None

    @observes(Audited)
    def on_audited(self, o: Audited) -> str | None:
        """Judge the accepted messages of which nothing else says where they are."""
        found, lost = set(o.messages), []
        for message, custody in self.open.items():
            if message in found:
                custody.audited = True
            elif custody.accepted and not custody.copies and custody.missing != set():
                lost.append(message)
        for message in lost:
            self._close(message)
        if not lost:
            return None
        more = f", and {len(lost) - 1} more," if len(lost) > 1 else ""
        return f"message {min(lost):d}{more} was accepted, and an audit does not find it on the server"

    def recorded(self) -> None:
        self.outside = True

    def at_end(self) -> Iterator[str]:
        for message, custody in sorted(self.open.items(), key=lambda item: item[0]):
            if custody.accepted and not custody.copies and not custody.audited:
                yield f"message {message:d} is accepted, {UNTOLD}"

    def _custody(self, message: MessageId) -> Custody | None:
        """Return the record of a message, or None if it is safe."""
        custody = self.open.get(message)
        if custody is None and message not in self.safe:
            custody = self.open[message] = Custody(set(), False, None, set())
        return custody

    def _late(self, message: MessageId, custody: Custody) -> str | None:
        """Return a complaint if a message that gets its first copy now was accepted before."""
        waits = (
            self.outside
            and custody.accepted
            and not custody.copies
            and not custody.audited
            and custody.missing != set()
        )
        return f"message {message:d} was accepted before it was on the server" if waits else None

    def _judge(self, message: MessageId, custody: Custody, when: str) -> str | None:
        """Return a complaint if an accepted message has no copy left and a device of its audience lacks it."""
        if not custody.accepted:
            return None
        if custody.missing is not None and not custody.missing:
            self._close(message)
            return None
        if custody.copies:
            return None
        self._close(message)
        gone = f"{when}, but message {message:d} is nowhere on the server"
        if custody.missing is None:
            return f"{gone} and has no place"
        return f"{gone} and device {min(custody.missing):d} has not shown it"

    def _close(self, message: MessageId) -> None:
        """Mark a message as safe, and remove its record."""
        self.open.pop(message, None)
        self.composers.pop(message, None)
        self.safe.add(message)
