"""What a device derives from the messages in its database: how many are unread, and which have to be gone by now.

Both are derived when something changes, never counted or noted apart from the messages, so that they are right after a crash
and after a restore. An expiring message is removed when its time is over on the device: a timer that begins when the message
is there, or when its user has read it (`Parameters.expiry_from`). The device keeps the id, so that the message does not come
back by another way. A time that is the same on all devices is nothing else to the model: in a search a timer may fire at any
moment.
"""

from __future__ import annotations

import msgspec

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.observations import Expired, Unread
from syncproof.core.values import ConversationId, Id, Message, MessageId
from syncproof.designs.opening import OpeningDevice
from syncproof.designs.packets import Elapsed

Where = tuple[ConversationId, int]
"""The conversation and the place of a message."""


@actor
class DerivingDevice(OpeningDevice):
    """What every device does besides showing messages.

    `shown`: the messages that are here, and those that were until they expired. `unread`: where they are counted, the messages
    of others above the read marker. `expiring`: the messages here that will expire.
    """

    shown: set[MessageId] = durable(set)
    unread: dict[MessageId, Where] = durable(dict)
    expiring: dict[MessageId, Where] = durable(dict)

    def signed(self, message: Message) -> Message:
        """Return a message with its author, by whom devices tell messages of others where they count those."""
        return msgspec.structs.replace(message, author=self.user) if self.parameters.unread_counts else message

    def is_read(self, where: Where) -> bool:
        """Return whether a place is not above the read marker of its conversation."""
        conversation, place = where
        return place <= self.versions.get(("read", int(conversation)), (False, 0))[1]

    def derive_from_new(self, message: Message, place: int, out: Out) -> None:
        """Derive what follows from a message that is new here."""
        if self.parameters.unread_counts:
            self.count_new(message, place, out)
        if message.expires is True:
            self.keep_until(message, place, out)

    def derive_from_change(self, what: str, which: int, out: Out) -> None:
        """Derive what follows from a recall, an edit or a read marker that is applied now."""
        if self.parameters.unread_counts:
            self.count_changed(what, which, out)
        if what == "read" and self.parameters.expiry_from == "read":
            for message, where in sorted(self.expiring.items()):
                if where[0] == which:
                    self.await_end(message, where, out)

    # ---- unread counts

    def count_new(self, message: Message, place: int, out: Out) -> None:
        """Show one more unread message, if a message that is shown now is another user's, not read and not recalled."""
        where = (message.conversation, place)
        recalled = self.versions.get(("message", int(message.id)), (False, 0))[0]
        if message.author != self.user and not self.is_read(where) and not recalled:
            self.unread[message.id] = where
            self.show_count(message.conversation, out)

    def count_changed(self, what: str, which: int, out: Out) -> None:
        """Show how many messages are still unread, if a read marker or a recall that is applied now concerns some of them."""
        final, _ = self.versions[what, which]
        for message, where in list(self.unread.items()):
            read = what == "read" and where[0] == which and self.is_read(where)
            if read or (what == "message" and message == which and final):
                self.count_less(message, out)

    def count_less(self, message: MessageId, out: Out) -> None:
        """Show one unread message less."""
        conversation, _ = self.unread.pop(message)
        self.show_count(conversation, out)

    def show_count(self, conversation: ConversationId, out: Out) -> None:
        """Show how many messages of a conversation are unread."""
        out.observe(Unread(self.id, conversation, self.count(conversation)))

    def count(self, conversation: ConversationId) -> int:
        """Return how many messages of a conversation are unread."""
        return [where for where, _ in self.unread.values()].count(conversation)

    # ---- messages that expire

    def keep_until(self, message: Message, place: int, out: Out) -> None:
        """Keep an expiring message until its time is over."""
        where = self.expiring[message.id] = (message.conversation, place)
        self.await_end(message.id, where, out)

    def await_end(self, message: MessageId, where: Where, out: Out) -> None:
        """Arm the timer of an expiring message, if its time has begun."""
        if self.parameters.expiry_from == "shown" or self.is_read(where):
            out.after(self.parameters.lifetime, Elapsed(message))

    def has_removed(self, message: Message) -> bool:
        """Return whether a message was here until it expired."""
        return message.expires is True and message.id in self.shown and message.id not in self.expiring

    @on(Elapsed)
    def remove_expired(self, source: Id, packet: Elapsed, out: Out) -> None:
        """Remove a message whose time is over; its id stays, so that it is not shown again."""
        if self.expiring.pop(packet.message, None) is not None:
            self.shown.add(packet.message)  # also one that was only in a history that the device fetched
            self.placeholders.discard(packet.message)
            out.observe(Expired(packet.message, self.id))
            if packet.message in self.unread:
                self.count_less(packet.message, out)

    def start(self, out: Out) -> None:
        """Arm the timers of the messages here that expire: what was armed before a crash or a restore is lost."""
        for message, where in sorted(self.expiring.items()):
            self.await_end(message, where, out)
