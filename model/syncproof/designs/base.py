"""What every design has: a device with a durable outbox and a database, a server that knows members and connections.

A device sends its outbox in order, one message at a time, whenever it is connected, and keeps each message until the
server has accepted it; on every new connection it begins again with the oldest unaccepted one. So a sender's order
survives anything, and what the server must do is recognise a message that it already has.

What changes earlier messages (recalls, edits, read markers) comes as entries like any other. A device keeps what they say
in its database, whether or not what they are about is there yet; of two changes the one with the higher version wins.
"""

from __future__ import annotations

from collections import deque
from typing import cast

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.observations import (
    Amended,
    Composed,
    Forgot,
    Joined,
    MemberAdded,
    MemberRemoved,
    Pulled,
    Retired,
    Shown,
    Triggered,
)
from syncproof.core.packets import AddMember, Closed, Compose, Idle, Opened, RemoveMember, Resend
from syncproof.core.values import (
    ActorId,
    ConnectionId,
    ConversationId,
    Cursor,
    DeviceId,
    Entry,
    Id,
    Message,
    MessageId,
    Timeline,
    UserId,
)
from syncproof.designs.packets import (
    Accept,
    Enrolled,
    Poll,
    Pull,
    PullReply,
    Register,
    Registered,
    Respond,
    Submit,
    Unknown,
)
from syncproof.designs.parameters import Parameters

ROW_BYTES = 32
"""What a row without a body weighs: an id, a number, a key."""

IDLE_POLL = Idle(Pull(()), PullReply(()))


@actor
class Device(Actor):
    """One of a person's endpoints. Designs add how it receives."""

    id: DeviceId
    user: UserId
    parameters: Parameters
    replaces: DeviceId | None = None
    registered: bool = durable(bool)
    outbox: deque[Message] = durable(deque)
    shown: set[MessageId] = durable(set)
    versions: dict[tuple[str, int], int] = durable(dict)
    connection: ConnectionId | None = volatile(type(None))
    sending: bool = volatile(bool)
    pulling: bool = volatile(bool)

    @on(Compose)
    def compose(self, source: Id, packet: Compose, out: Out) -> None:
        """Put the message into the durable outbox, then send if possible."""
        message = packet.message
        self.outbox.append(message)
        if message.kind == "message":
            out.observe(Composed(message.id, self.id, message.conversation))
        else:
            what, which, version = self.change(message)
            out.observe(Composed(message.id, self.id, message.conversation, what, which, version))
        self.send_next(out)

    @on(Resend)
    def resend(self, source: Id, packet: Resend, out: Out) -> None:
        """Send the message under way once more over the same connection."""
        if self.connection is not None and self.sending and self.outbox:
            out.send(self.connection, Submit(self.outbox[0]))

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """Register if new, else catch up; then send what waits."""
        self.connection = packet.connection
        self.sending = False
        self.pulling = False
        if not self.registered:
            out.send(packet.connection, Register(self.user, self.replaces))
        else:
            self.on_connected(out)

    @on(Unknown)
    def unknown(self, source: ConnectionId, packet: Unknown, out: Out) -> None:
        """A server that was restored to a time before this device: register again, and keep what is here."""
        self.registered = False
        self.pulling = False
        out.send(source, Register(self.user, self.replaces))

    @on(Registered)
    def accepted_as_new(self, source: Id, packet: Registered, out: Out) -> None:
        """Start from where the server says this device's timelines begin."""
        if not self.registered:
            self.registered = True
            self.begin(packet, out)
        self.on_connected(out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Forget the connection; what was asked over it will be asked again over the next."""
        if packet.connection == self.connection:
            self.connection = None
            self.sending = False
            self.pulling = False
            out.cancel(Poll())

    @on(Accept)
    def accepted(self, source: Id, packet: Accept, out: Out) -> None:
        """Take the message from the outbox and send the next."""
        if self.outbox and self.outbox[0].id == packet.message:
            message = self.outbox.popleft()
            self.sending = False
            self.placed(message, packet.place, out)
            self.send_next(out)

    @on(Poll)
    def poll(self, source: Id, packet: Poll, out: Out) -> None:
        """Nothing was heard for a while: ask."""
        if self.connection is not None and not self.pulling:
            out.observe(Triggered(self.id, "poll"))
            self.catch_up(out)

    def on_connected(self, out: Out) -> None:
        """Connected: first what was missed, then what waits in the outbox."""
        out.observe(Triggered(self.id, "connect"))
        self.catch_up(out)
        self.send_next(out)

    def send_next(self, out: Out) -> None:
        if self.outbox and not self.sending and self.connection is not None and self.registered:
            self.sending = True
            out.send(self.connection, Submit(self.outbox[0]))

    def pull(self, cursors: tuple[Cursor, ...], full: bool, out: Out) -> None:
        """Ask; at most one request is outstanding."""
        if self.connection is not None:
            self.pulling = True
            out.observe(Pulled(self.id))
            out.send(self.connection, Pull(cursors, full))

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> bool:
        """Put the entry's message into the database unless it is there; says whether it was new."""
        message = entry.message
        if message is None or message.id in self.shown:
            return False
        self.shown.add(message.id)
        seq = None if timeline is None else entry.seq
        out.observe(Shown(self.id, message.id, message.conversation, entry.place, timeline, seq))
        if message.kind != "message":
            self.amend(message, entry.place, out)
        return True

    def amend(self, message: Message, place: int, out: Out) -> None:
        """Change what is shown, now or as soon as it is there; an older change than the one known says nothing."""
        what, which, version = self.change(message)
        version = version or place
        if version > self.versions.get((what, which), 0):
            self.versions[what, which] = version
            out.observe(Amended(self.id, what, which, version, message.id))

    @staticmethod
    def change(message: Message) -> tuple[str, int, int]:
        """What a change is about: `message` and its id, or `read` and the conversation; and its version, 0 for its place."""
        if message.kind == "read":
            return "read", int(message.conversation), message.about
        return "message", message.about, 0

    def restored(self, before: Device, out: Out) -> None:
        lost = tuple(sorted(before.shown - self.shown))
        out.observe(Forgot(self.id, lost, self.progress(), self.fetched_history()))

    def progress(self) -> tuple[tuple[ConversationId, int], ...]:
        """The last place held of each conversation, where the design keeps its order."""
        return ()

    def fetched_history(self) -> tuple[tuple[ConversationId, int], ...]:
        """The last place held of each conversation's history from before the device, where the design has roaming."""
        return ()

    def begin(self, packet: Registered, out: Out) -> None:
        """A new device's first state; nothing unless the design has checkpoints or history."""

    def catch_up(self, out: Out) -> None:
        """Ask for everything that came since; the design says how."""

    def arm_poll(self, out: Out) -> None:
        """Nothing is left to do: ask again if nothing is heard for a while."""
        out.poll(self.parameters.poll_interval, Poll(), IDLE_POLL)

    def placed(self, message: Message, place: int, out: Out) -> None:
        """The server told the place of an own message; the design says whether that is when it is shown."""


@actor
class Server(Actor):
    """Knows users, devices, conversations and connections. Designs add how messages are stored and delivered."""

    id: ActorId
    parameters: Parameters
    sequencer: str = "dense"
    members: dict[ConversationId, tuple[UserId, ...]] = durable(dict)
    conversations: dict[UserId, tuple[ConversationId, ...]] = durable(dict)
    devices: dict[UserId, tuple[DeviceId, ...]] = durable(dict)
    enrolments: dict[DeviceId, Registered] = durable(dict)
    owners: dict[DeviceId, UserId] = durable(dict)
    online: dict[DeviceId, ConnectionId] = volatile(dict)
    peers: dict[ConnectionId, DeviceId] = volatile(dict)
    busy: int = volatile(int)
    backlog: deque[tuple[ConnectionId, Message]] = volatile(deque)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        """The device is online over its newest connection."""
        device = cast(DeviceId, packet.peer)
        self.online[device] = packet.connection
        self.peers[packet.connection] = device

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        """Offline, unless a newer connection replaced this one."""
        device = self.peers.pop(packet.connection)
        if self.online.get(device) == packet.connection:
            del self.online[device]

    @on(Submit)
    def submit(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        """Take the message on if a worker is free, else let it wait."""
        if self.parameters.workers and self.busy >= self.parameters.workers:
            self.backlog.append((source, packet.message))
        else:
            self.busy += 1
            self.receive(source, packet.message, out)

    @on(Respond)
    def respond(self, source: Id, packet: Respond, out: Out) -> None:
        """Storage returned what was asked for: send it."""
        out.send(packet.connection, packet.reply)

    @on(Register)
    def register(self, source: ConnectionId, packet: Register, out: Out) -> None:
        """A new device: record it."""
        out.write("registry", 1, ROW_BYTES, Enrolled(self.peers[source], packet.user, source, packet.replaces))

    @on(Enrolled)
    def enrolled(self, source: Id, packet: Enrolled, out: Out) -> None:
        """From here on the device is in audiences; say where its timelines start (the same at every retry)."""
        welcome = self.enrolments.get(packet.device)
        if welcome is None:
            if packet.replaces is not None and packet.replaces in self.owners:
                self.retire(packet.replaces, out)
            self.enrol(packet.device, packet.user)
            history = tuple((c, self.last_place(c)) for c in sorted(self.conversations.get(packet.user, ())))
            out.observe(Joined(packet.device, packet.user, history))
            welcome = self.welcome(packet.device, packet.user, history)
            self.enrolments[packet.device] = welcome
        out.send(packet.connection, welcome)

    @on(AddMember)
    def add_member(self, source: Id, packet: AddMember, out: Out) -> None:
        """The user receives what is placed from here on."""
        if packet.user not in self.members.get(packet.conversation, ()):
            out.write("members", 1, ROW_BYTES)
            self.include(packet.conversation, packet.user)
            out.observe(MemberAdded(packet.conversation, packet.user))

    @on(RemoveMember)
    def remove_member(self, source: Id, packet: RemoveMember, out: Out) -> None:
        """The user receives nothing that is placed from here on."""
        users = self.members.get(packet.conversation, ())
        if packet.user in users:
            out.delete("members", 1)
            self.exclude(packet.conversation, packet.user)
            out.observe(MemberRemoved(packet.conversation, packet.user))

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Handle a submission; call `release` when a worker is free for the next."""

    def release(self, out: Out) -> None:
        self.busy -= 1
        if self.backlog:
            self.busy += 1
            self.receive(*self.backlog.popleft(), out)

    def enrol(self, device: DeviceId, user: UserId) -> None:
        self.devices[user] = (*self.devices.get(user, ()), device)
        self.owners[device] = user

    def retire(self, device: DeviceId, out: Out) -> None:
        """The installation is gone: nothing is kept for it any more."""
        user = self.owners.pop(device)
        self.devices[user] = tuple([d for d in self.devices[user] if d != device])
        self.enrolments.pop(device, None)
        out.delete("registry", 1)
        out.observe(Retired(device))

    def stranger(self, source: ConnectionId, out: Out) -> bool:
        """Whether nothing is known of who asks; who is still there is told so."""
        if self.peers[source] in self.owners:
            return False
        out.send(source, Unknown())
        return True

    def include(self, conversation: ConversationId, user: UserId) -> None:
        self.members[conversation] = (*self.members.get(conversation, ()), user)
        self.conversations[user] = (*self.conversations.get(user, ()), conversation)

    def exclude(self, conversation: ConversationId, user: UserId) -> None:
        self.members[conversation] = tuple([u for u in self.members[conversation] if u != user])
        self.conversations[user] = tuple([c for c in self.conversations[user] if c != conversation])

    def audience(self, conversation: ConversationId) -> tuple[DeviceId, ...]:
        """The devices registered now to users who are members now."""
        devices = self.devices
        return tuple([d for u in self.members.get(conversation, ()) for d in devices.get(u, ())])

    def last_place(self, conversation: ConversationId) -> int:
        """The last place taken in the conversation; 0 for none."""
        return 0

    def welcome(self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]) -> Registered:
        """What a new device is told; designs without logs have nothing to say."""
        return Registered((), ())
