"""Every accepted message is shown on every device of its audience."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Amended,
    Appeared,
    Composed,
    Expired,
    Forgot,
    Gone,
    Joined,
    MemberAdded,
    MemberRemoved,
    Openable,
    Placed,
    Placeholder,
    Retired,
    Shown,
    Subscribed,
    Unsubscribed,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.properties._base import Property, observes, seen


@state
class Delivery:
    """One message on its way: where it was `shown`, and where it is still `missing` (None: nobody is owed it yet).

    `again`: it had been shown everywhere, and is missing only on devices that forgot it, or on new devices. `placed`: it
    has taken a place.
    """

    missing: set[DeviceId] | None
    shown: set[DeviceId]
    accepted: bool
    again: bool
    placed: bool


@state
class NoLoss(Property):
    """At quiescence: Accepted(m) => Shown(d, m) for every d of m's audience.

    If a message is placed again before it is `settled` (accepted, and shown on its whole audience), the later audience
    counts, without the devices that have shown it already. A settled message that is placed again (a retry that was
    mistaken for a new message) need not be shown again. It does not say how often, when or at which place it is shown.

    A message that is accepted without having a place is owed to the devices of those who are members then (`members` and
    `users` say who; `conversations`: of the messages without a place), until it takes one. Where devices subscribe
    (`subscribed`), it is owed to those that are subscribed then.

    Four things are excused, because no design could prevent them: a message that a restore or retention took from the
    message store (`Gone`; one that a crash took is no excuse), a device that was replaced by another installation
    (`Retired`), one that is gone for good (`abandoned`: later audiences still contain it), and a message whose time is over
    (`expired`). A settled message that a
    restore took (`gone`) and that is placed again must be shown on the devices that joined in the meantime (`late`). What
    a device showed and then lost with its database (`Forgot`) it must show again. A placeholder (`sealed`) is enough as long
    as the device cannot open the message; from then on (`opening`) the message itself is owed, or a change of it.

    A device that appears (`Appeared`) is in no audience until it is registered; that it never is (`strangers`), is a loss too.

    In a search every timer has fired by quiescence, so an expiring message is owed only in worlds where its time never begins:
    it begins when the message is read (`Parameters.expiry_from`), and nobody reads.
    """

    name = "no-loss"
    kind = "liveness"
    keyed_by = "message x device"
    says = "every accepted message is shown on every device of its audience"
    wants = "an accepted message"
    evidence = seen(Accepted)
    by_message = True
    needs = ("Placed.audience",)
    anomaly = "lost-write"

    open: dict[MessageId, Delivery] = attrs.field(factory=dict)
    settled: set[MessageId] = attrs.field(factory=set)
    gone: set[MessageId] = attrs.field(factory=set)
    late: set[DeviceId] = attrs.field(factory=set)
    users: dict[DeviceId, UserId] = attrs.field(factory=dict)
    members: dict[ConversationId, set[UserId]] = attrs.field(factory=dict)
    conversations: dict[MessageId, ConversationId] = attrs.field(factory=dict)
    abandoned: set[DeviceId] = attrs.field(factory=set)
    subscribed: dict[ConversationId, set[DeviceId]] = attrs.field(factory=dict)
    sealed: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)
    opening: dict[DeviceId, set[MessageId]] = attrs.field(factory=dict)
    expired: set[MessageId] = attrs.field(factory=set)
    strangers: set[DeviceId] = attrs.field(factory=set)

    @observes(Appeared)
    def on_appeared(self, o: Appeared) -> str | None:
        self.strangers.add(o.device)
        return None

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        self.strangers.discard(o.device)
        if o.device in self.abandoned:
            return None
        self.users[o.device] = o.user
        if self.gone:
            self.late.add(o.device)
        return None

    @observes(MemberAdded)
    def on_member_added(self, o: MemberAdded) -> str | None:
        self.members.setdefault(o.conversation, set()).add(o.user)
        return None

    @observes(MemberRemoved)
    def on_member_removed(self, o: MemberRemoved) -> str | None:
        self.members.get(o.conversation, set()).discard(o.user)
        return None

    @observes(Subscribed)
    def on_subscribed(self, o: Subscribed) -> str | None:
        self.subscribed.setdefault(o.conversation, set()).add(o.device)
        return None

    @observes(Unsubscribed)
    def on_unsubscribed(self, o: Unsubscribed) -> str | None:
        self.subscribed.get(o.conversation, set()).discard(o.device)
        return None

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.conversations[o.message] = o.conversation
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        self.conversations.pop(o.message, None)
        delivery = self._delivery(o.message)
        if delivery is None and o.message in self.gone:
            newcomers = self.late.intersection(o.audience or ())
            if newcomers:
                self.settled.discard(o.message)
                self.open[o.message] = Delivery(newcomers, set(), False, True, True)
        elif delivery is not None and not delivery.again:
            delivery.placed = True
            delivery.missing = set(o.audience or ())
            if delivery.shown or self.abandoned:
                delivery.missing -= delivery.shown | self.abandoned
            self._settle(o.message, delivery)
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        delivery = self.open.get(o.message)
        if delivery is None:
            if o.message in self.settled or o.message in self.expired:
                return None
            delivery = self._delivery(o.message)
            assert delivery is not None
        delivery.shown.add(o.device)
        missing = delivery.missing
        if missing is not None:
            missing.discard(o.device)
            if not missing:
                self._settle(o.message, delivery)
        return None

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        delivery = self._delivery(o.message)
        if self.gone:
            self.gone.discard(o.message)
        if delivery is not None:
            delivery.accepted = True
            if delivery.missing is None:
                delivery.missing = self._owed(o.message) - delivery.shown
            self._settle(o.message, delivery)
        return None

    @observes(Gone)
    def on_gone(self, o: Gone) -> str | None:
        """Excuse a message that the message store lost, until it is accepted again."""
        if o.cause == "crash":
            return None
        delivery = self.open.get(o.message)
        if o.box is None and delivery is not None:
            delivery.accepted = False
        elif o.box is None and o.message in self.settled:
            self.gone.add(o.message)
        return None

    @observes(Placeholder)
    def on_placeholder(self, o: Placeholder) -> str | None:
        self.sealed.setdefault(o.device, set()).add(o.message)
        return None

    @observes(Openable)
    def on_openable(self, o: Openable) -> str | None:
        if o.device in self.sealed:
            self.opening.setdefault(o.device, set()).update(self.sealed.pop(o.device))
        return None

    @observes(Amended)
    def on_amended(self, o: Amended) -> str | None:
        if o.what == "message":
            self._open(o.device, (MessageId(o.which),))
        return None

    def _open(self, device: DeviceId, messages: Iterable[MessageId]) -> None:
        """Forget that the device shows placeholders of these messages."""
        for waiting in (self.sealed, self.opening):
            if device in waiting:
                waiting[device].difference_update(messages)
                if not waiting[device]:
                    del waiting[device]

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        self.expired.add(o.message)
        self.open.pop(o.message, None)
        self.settled.discard(o.message)
        self.gone.discard(o.message)
        for device in [*self.sealed, *self.opening]:
            self._open(device, (o.message,))
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        self.users.pop(o.device, None)
        self.strangers.discard(o.device)
        self.sealed.pop(o.device, None)
        self.opening.pop(o.device, None)
        for devices in self.subscribed.values():
            devices.discard(o.device)
        for message, delivery in list(self.open.items()):
            if delivery.missing is not None and o.device in delivery.missing:
                delivery.missing.discard(o.device)
                self._settle(message, delivery)
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        self.abandoned.add(o.device)
        self.late.discard(o.device)
        return self.on_retired(Retired(o.device))

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        self._open(o.device, o.messages)
        for message in o.messages:
            if message in self.gone or message in self.expired:
                continue
            if message in self.settled:
                self.settled.discard(message)
                self.open[message] = Delivery({o.device}, set(), True, True, True)
                continue
            delivery = self.open.get(message)
            if delivery is not None:
                delivery.shown.discard(o.device)
                if delivery.missing is not None:
                    delivery.missing.add(o.device)
        return None

    def _delivery(self, message: MessageId) -> Delivery | None:
        """Return the record of a message, or None if it is settled."""
        delivery = self.open.get(message)
        if delivery is None and message not in self.settled and message not in self.expired:
            delivery = self.open[message] = Delivery(None, set(), False, False, False)
        return delivery

    def _owed(self, message: MessageId) -> set[DeviceId]:
        """Return the audience that a message which has no place would have now."""
        conversation = self.conversations.get(message)
        if conversation is None:
            return set()
        if conversation in self.subscribed:
            return set(self.subscribed[conversation])
        members = self.members.get(conversation, ())
        return {device for device, user in self.users.items() if user in members}

    def _settle(self, message: MessageId, delivery: Delivery) -> None:
        """Mark a message as settled if it is placed, accepted and shown on its whole audience."""
        if delivery.placed and delivery.accepted and delivery.missing is not None and not delivery.missing:
            del self.open[message]
            self.settled.add(message)

    def outstanding(self) -> list[tuple[MessageId, DeviceId]]:
        """Return the (message, device) pairs that are accepted and not shown, sorted."""
        due = [(m, d.missing) for m, d in self.open.items() if d.accepted and d.missing]
        return sorted((message, device) for message, missing in due for device in missing)

    def at_quiescence(self) -> Iterator[str]:
        for message, device in self.outstanding():
            yield f"message {message:d} was accepted, but device {device:d} of its audience never shows it"
        for device in sorted(self.strangers):
            yield f"device {device:d} appeared and is never registered, so that nothing is for it"
        for device, messages in sorted(self.opening.items()):
            for message in sorted(messages):
                yield f"device {device:d} could open message {message:d}, and never shows more of it than a placeholder"
