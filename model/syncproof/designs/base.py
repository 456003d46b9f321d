"""Base classes of every design: a device with an outbox and a database, a server that keeps members and connections.

A device sends its outbox in order, one message at a time, whenever it is connected, and keeps each message until the
server has accepted it; on every new connection it starts with the oldest unaccepted one. So a sender's order
survives every fault, and the server must recognise a message that it already has.

Changes of earlier messages (recalls, edits, read markers) are entries like any other. A device keeps a change in its
database whether or not it has the changed message yet; of two changes the one with the higher version counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import ClassVar, cast

import msgspec

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import (
    Amended,
    Composed,
    Forgot,
    Joined,
    MemberAdded,
    MemberRemoved,
    Placeholder,
    Retired,
    Shown,
    Triggered,
)
from syncproof.core.packets import AddMember, Closed, Compose, Idle, Opened, Packet, RemoveMember, Resend
from syncproof.core.values import (
    ActorId,
    ConnectionId,
    ConversationId,
    DeviceId,
    Entry,
    Id,
    Message,
    MessageId,
    Timeline,
    UserId,
)
from syncproof.designs.deriving import DerivingDevice
from syncproof.designs.packets import (
    Accept,
    Enrolled,
    Fetch,
    Poll,
    Pull,
    PullReply,
    Register,
    Registered,
    Respond,
    Roam,
    Submit,
    Unknown,
)
from syncproof.designs.parameters import Parameters
from syncproof.designs.pipelining import PipeliningServer
from syncproof.designs.refusing import MessageRefused
from syncproof.designs.requesting import Request

ROW_BYTES = 32
"""The size in bytes of a row without a body: an id, a number, a key."""

IDLE_POLL = Idle(Pull(()), PullReply(()))
"""What a poll costs that finds nothing, in designs where it reads no row."""


def settle(store: str, charged: int, stored: int, out: Out) -> None:
    """Correct the bytes of an operation that has stored another size than it was charged with when it began."""
    if charged != stored:
        out.write(store, 0, max(0, stored - charged), replaces=max(0, charged - stored))


@actor
class Device(DerivingDevice):
    """A user's device. Designs add how it receives messages.

    `failed`: the messages that the server refused for good. `unanswered`: how many of the
    oldest messages of the outbox are submitted and not answered.
    """

    outbox: deque[Message] = durable(deque)
    failed: set[MessageId] = durable(set)
    unanswered: int = volatile(int)

    @on(Compose)
    def compose(self, source: Id, packet: Compose, out: Out) -> None:
        """Put the message into the durable outbox, then send if possible."""
        message = self.signed(packet.message)
        self.outbox.append(message)
        if message.kind == "message":
            out.observe(Composed(message.id, self.id, message.conversation))
        else:
            what, which, version = self.change(message)
            final = message.kind == "recall"
            out.observe(Composed(message.id, self.id, message.conversation, what, which, version, final))
        self.send_next(out)

    @on(Resend)
    def resend(self, source: Id, packet: Resend, out: Out) -> None:
        """Send the submitted, unaccepted message again over the same connection."""
        if self.connection is not None and self.sending and self.outbox:
            out.send(self.connection, self.submission(0))

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Register if new, else catch up; then send the outbox."""
        self.connection = packet.connection
        self.sending = False
        self.unanswered = 0
        self.pulling = False
        self.forget_requests(out)
        if not self.registered:
            self.ask_to_register(out)
        else:
            self.on_connected(out)

    @on(Unknown)
    def unknown(self, source: ConnectionId, packet: Unknown, out: Out) -> None:
        """Register again, keeping the database: the server was restored to a time before this device."""
        if "register" in self.requests or "register" in self.refused:  # the reply to another request said so already
            return
        self.registered = False
        self.pulling = False
        self.superfluous = 0
        self.answered("pull", out)
        self.answered("roam", out)
        self.ask_to_register(out)

    @on(Registered)
    def registered_as_new(self, source: Id, packet: Registered, out: Out) -> None:
        """Start where the server says that this device's timelines begin."""
        if not self.answered("register", out):  # it was answered before
            return
        if not self.registered:
            self.registered = True
            self.start_from(packet, out)
        self.on_connected(out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Forget the connection. What was asked for over it is asked for again over the next one."""
        if packet.connection == self.connection:
            self.connection = None
            self.sending = False
            self.unanswered = 0
            self.pulling = False
            self.forget_requests(out)
            out.cancel(Poll())

    @on(Accept)
    def accepted(self, source: Id, packet: Accept, out: Out) -> None:
        """Remove the message from the outbox and send the next."""
        message = self.take_out(packet.message, out)
        if message is not None:
            self.on_place_known(message, packet.place, out)
            self.send_next(out)

    def submitted(self, message: MessageId) -> Message | None:
        """Return a message of the outbox that the server may have; None if it has left the outbox or was not submitted."""
        for each, _ in zip(self.outbox, range(max(1, self.unanswered)), strict=False):
            if each.id == message:
                return each
        return None

    def take_out(self, id: MessageId, out: Out) -> Message | None:
        """Take a message that is done with out of the outbox, and return it; None if it is not there."""
        message = self.submitted(id)
        if message is not None:
            self.outbox.remove(message)
            self.unanswered = max(0, self.unanswered - 1)
            self.sending = self.unanswered > 0
            if self.unanswered == 0 or "submit" not in self.refused:
                self.answered("submit", out)
            if self.unanswered and self.parameters.request_timeout:
                self.wait_for_reply("submit", Request(self.submission(0), self.parameters.request_timeout, 0), out)
        return message

    @on(MessageRefused)
    def refused_for_good(self, source: Id, packet: MessageRefused, out: Out) -> None:
        """Keep the message as failed, which a person may send again as a new one, and send the next."""
        if self.take_out(packet.message, out) is not None:
            self.failed.add(packet.message)
            self.send_next(out)

    @on(Poll)
    def poll(self, source: Id, packet: Poll, out: Out) -> None:
        """Catch up, because nothing was received for a poll interval."""
        if self.connection is not None and not self.pulling:
            out.observe(Triggered(self.id, "poll"))
            self.catch_up(out)

    def on_connected(self, out: Out) -> None:
        """Catch up, then send the outbox."""
        out.observe(Triggered(self.id, "connect"))
        self.catch_up(out)
        self.send_next(out)

    def send_next(self, out: Out) -> None:
        """Submit the oldest messages of the outbox, as many as may be open at a time, unless the device must wait."""
        if self.connection is None or not self.registered or "submit" in self.refused:
            return
        if not self.sending:
            self.unanswered = 0
        while self.unanswered < min(len(self.outbox), self.parameters.outbox_window):
            self.sending = True
            self.unanswered += 1
            self.request("submit", self.submission(self.unanswered - 1), out)

    def submission(self, position: int) -> Submit:
        """Return the packet that submits the message at a position of the outbox, and names the one before it there."""
        return Submit(self.outbox[position], self.outbox[position - 1].id if position else None)

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        """Put the entry's message into the database unless it is there; return whether it was new."""
        message = entry.message
        if message is None or message.id in self.shown:
            return False
        self.shown.add(message.id)
        if self.is_sealed(message):
            self.seal(message, out)
        seq = None if timeline is None else entry.seq
        out.observe(Shown(self.id, message.id, message.conversation, entry.place, timeline, seq))
        if message.kind != "message":
            self.amend(message, entry.place, out)
        else:
            self.derive_from_new(message, entry.place, out)
        return True

    def amend(self, message: Message, place: int, out: Out) -> None:
        """Record a change of what is shown, even if the changed message is not there yet; ignore an older change.

        A recall is final: it counts more than any edit, in whatever order they come.
        """
        if message.kind == "read" and message.author not in (msgspec.UNSET, self.user):
            return  # what another user has read
        what, which, version = self.change(message)
        applied = (message.kind == "recall", version or place)
        if applied > self.versions.get((what, which), (False, 0)):
            self.versions[what, which] = applied
            out.observe(Amended(self.id, what, which, applied[1], message.id, applied[0]))
            self.derive_from_change(what, which, out)

    @staticmethod
    def change(message: Message) -> tuple[str, int, int]:
        """Return what a change is about and its version.

        That is (`message`, its id, 0 for the change's own place) or (`read`, the conversation, the place read up to).
        """
        if message.kind == "read":
            return "read", int(message.conversation), message.about
        return "message", message.about, 0

    def restored(self, before: Device, out: Out) -> None:
        """Observe the messages that the backup lacks: those shown, and those of the outbox."""
        lost = tuple(sorted(before.shown - self.shown))
        unsent = tuple([message.id for message in before.outbox if message not in self.outbox])
        out.observe(Forgot(self.id, lost, self.progress(), self.fetched_history(), unsent))
        for message in sorted(self.placeholders - before.placeholders):
            out.observe(Placeholder(self.id, message))
        for conversation in sorted({c for c, _ in (*before.unread.values(), *self.unread.values())}):
            self.show_count(conversation, out)

    def progress(self) -> tuple[tuple[ConversationId, int], ...]:
        """Return the last place that the device holds of each conversation; nothing in designs that keep no order."""
        return ()

    def fetched_history(self) -> tuple[tuple[ConversationId, int], ...]:
        """Return the last place fetched of each conversation's earlier history; nothing in designs without roaming."""
        return ()

    def start_from(self, packet: Registered, out: Out) -> None:
        """Set a new device's first state; a hook for designs with checkpoints or history."""

    def arm_poll(self, out: Out) -> None:
        """Arm the poll timer, which fires if nothing is received for a poll interval."""
        out.poll(self.parameters.poll_interval, Poll(), IDLE_POLL)

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        """Receive the place of a message composed here; a hook for designs that show the message at this moment."""


@actor
class Server(PipeliningServer):
    """A server that keeps users, devices, conversations and connections. Designs add storage and delivery of messages.

    `busy`, `backlog`: the submissions in process, and those that wait for one of `Parameters.workers`.
    """

    only_read: ClassVar[tuple[type[Packet], ...]] = (Pull, Roam, Fetch)
    """The requests that only read, so that a replica may serve them."""

    id: ActorId
    parameters: Parameters
    sequencer: str = "dense"
    members: dict[ConversationId, tuple[UserId, ...]] = durable(dict)
    conversations: dict[UserId, tuple[ConversationId, ...]] = durable(dict)
    devices: dict[UserId, tuple[DeviceId, ...]] = durable(dict)
    registrations: dict[DeviceId, Registered] = durable(dict)
    owners: dict[DeviceId, UserId] = durable(dict)
    online: dict[DeviceId, ConnectionId] = volatile(dict)
    busy: int = volatile(int)
    backlog: deque[tuple[ConnectionId, Message]] = volatile(deque)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Note that the device is online over its newest connection.

        Behind gateways that is not the one that was passed up last: news of an earlier one may come after it.
        """
        device = cast(DeviceId, packet.peer)
        self.online[device] = max(packet.connection, self.online.get(device, packet.connection))
        self.peers[packet.connection] = device

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Note that the device is offline, unless a newer connection replaced this one."""
        device = self.peers.pop(packet.connection)
        self.lanes.pop(packet.connection, None)
        if self.online.get(device) == packet.connection:
            del self.online[device]

    @on(Submit)
    def submit(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        """Process the message if a worker is free, else queue it."""
        if self.refuses(source, packet, out):
            return
        if self.parameters.outbox_window > 1:
            self.take_in_turn(source, packet, out)
        else:
            self.process(source, packet.message, out)

    def process(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Process a message if a worker is free, else queue it; refuse one that is too large."""
        if self.is_too_large(message):
            out.send(source, MessageRefused(message.id))
            self.continue_lane(source, out)
        elif self.parameters.workers and self.busy >= self.parameters.workers:
            self.backlog.append((source, message))
        else:
            self.busy += 1
            self.receive(source, message, out)

    def is_too_large(self, message: Message) -> bool:
        """Return whether a message is refused for good, each time that it comes."""
        return 0 < self.parameters.largest_message < message.size

    @on(Respond)
    def respond(self, source: Id, packet: Respond, out: Out) -> None:
        """Send the reply, now that storage has returned its rows."""
        out.send(packet.connection, packet.reply)

    @on(Register)
    def register(self, source: ConnectionId, packet: Register, out: Out) -> None:
        """Write the new device to the registry."""
        if self.refuses(source, packet, out):
            return
        out.write("registry", 1, ROW_BYTES, Enrolled(self.peers[source], packet.user, source, packet.replaces))

    @on(Enrolled)
    def enrolled(self, source: Id, packet: Enrolled, out: Out) -> None:
        """Register the device, which is in audiences from now on, and reply; a retry gets the same reply."""
        registration = self.registrations.get(packet.device)
        if registration is None:
            if packet.replaces is not None:
                if packet.replaces in self.owners:
                    self.retire(packet.replaces, out)
                else:  # the server was restored to a time before that installation, which is replaced all the same
                    out.observe(Retired(packet.replaces))
            self.register_device(packet.device, packet.user)
            history = tuple((c, self.last_place(c)) for c in sorted(self.conversations.get(packet.user, ())))
            out.observe(Joined(packet.device, packet.user, history))
            registration = self.registration(packet.device, packet.user, history)
            self.registrations[packet.device] = registration
        else:  # the device sent its request again
            settle("registry", ROW_BYTES, 0, out)
        out.send(packet.connection, registration)

    @on(AddMember)
    def add_member(self, source: Id, packet: AddMember, out: Out) -> None:
        """Add the user to the members: messages placed from now on are also for this user."""
        if packet.user not in self.members.get(packet.conversation, ()):
            out.write("members", 1, ROW_BYTES)
            self.insert_member(packet.conversation, packet.user)
            out.observe(MemberAdded(packet.conversation, packet.user))

    @on(RemoveMember)
    def remove_member(self, source: Id, packet: RemoveMember, out: Out) -> None:
        """Remove the user from the members: messages placed from now on are not for this user."""
        users = self.members.get(packet.conversation, ())
        if packet.user in users:
            out.delete("members", 1, None, ROW_BYTES)
            self.drop_member(packet.conversation, packet.user)
            out.observe(MemberRemoved(packet.conversation, packet.user))

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Process a submission, then call `release`. Each design overrides this."""

    def release(self, out: Out) -> None:
        """Free a worker, and let it process the oldest queued message."""
        self.busy -= 1
        if self.backlog:
            self.busy += 1
            self.receive(*self.backlog.popleft(), out)

    def register_device(self, device: DeviceId, user: UserId) -> None:
        """Add a device to the registry."""
        self.devices[user] = (*self.devices.get(user, ()), device)
        self.owners[device] = user

    def retire(self, device: DeviceId, out: Out) -> None:
        """Remove an installation that another one has replaced, with everything kept for it."""
        user = self.owners.pop(device)
        self.devices[user] = tuple([d for d in self.devices[user] if d != device])
        self.registrations.pop(device, None)
        out.delete("registry", 1, None, ROW_BYTES)
        out.observe(Retired(device))

    def reject_unregistered(self, source: ConnectionId, out: Out) -> bool:
        """Ask the device to register if it is not registered; return whether it was not."""
        if self.peers[source] in self.owners:
            return False
        out.send(source, Unknown())
        return True

    def declines(self, source: ConnectionId, packet: Packet, out: Out) -> bool:
        """Answer a request of a device that must register, wait or read from the beginning, or one that a cache answers.

        Return whether it is answered.
        """
        return (
            self.reject_unregistered(source, out)
            or self.refuses(source, packet, out)
            or self.is_cached(source, packet, out)
        )

    def insert_member(self, conversation: ConversationId, user: UserId) -> None:
        """Add a user to the members in memory; designs note from which place the user may read."""
        self.members[conversation] = (*self.members.get(conversation, ()), user)
        self.conversations[user] = (*self.conversations.get(user, ()), conversation)

    def drop_member(self, conversation: ConversationId, user: UserId) -> None:
        """Remove a user from the members in memory; designs note up to which place the user may read."""
        self.members[conversation] = tuple([u for u in self.members[conversation] if u != user])
        self.conversations[user] = tuple([c for c in self.conversations[user] if c != conversation])

    def audience(self, conversation: ConversationId) -> tuple[DeviceId, ...]:
        """Return the devices registered now to users who are members now."""
        devices = self.devices
        return tuple([d for u in self.members.get(conversation, ()) for d in devices.get(u, ())])

    def last_place(self, conversation: ConversationId) -> int:
        """Return the last place taken in the conversation; 0 for none."""
        return 0

    def registration(
        self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]
    ) -> Registered:
        """Return the reply to a new device; it is empty in designs without logs."""
        return Registered((), ())

    def held(self) -> Mapping[str, int]:
        """Return the bytes of the rows of devices and members; designs add their own stores."""
        members = sum([len(users) for users in self.members.values()])
        return {"registry": ROW_BYTES * len(self.owners), "members": ROW_BYTES * members}
