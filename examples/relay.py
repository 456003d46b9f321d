"""Write a design of your own from the base classes: a relay, which stores no message and forwards each to who is online.

syncproof verify examples/relay.py:Relay --bounds small
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.links import PUSH, Link
from syncproof.core.observations import Placed
from syncproof.core.packets import Packet
from syncproof.core.values import ConnectionId, ConversationId, Entry, Id, Message, MessageId
from syncproof.designs import Design
from syncproof.designs.base import ROW_BYTES, Device, Server, settle
from syncproof.designs.packets import MESSAGE_BYTES, Accept


class Seen(Packet, frozen=True, gc=False):
    """From the server to itself: the row that says that it knows the message is durable."""

    message: Message
    source: ConnectionId


class Forward(Packet, frozen=True, gc=False):
    """From the server to a device: a message, as a push, which may be lost."""

    link: ClassVar[Link] = PUSH
    purpose: ClassVar[str] = "push"
    message: Message
    place: int

    @property
    def body_bytes(self) -> int:
        """Return its size on the wire without headers."""
        return MESSAGE_BYTES + self.message.size


@actor
class RelayServer(Server):
    """A server that knows which messages it has seen, so that a retry is not forwarded twice, and nothing else."""

    index: dict[MessageId, int] = durable(dict)
    places: dict[ConversationId, int] = durable(dict)

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Write the row; what follows waits until it is durable."""
        out.write("index", 1, ROW_BYTES, Seen(message, source))

    @on(Seen)
    def seen(self, source: Id, packet: Seen, out: Out) -> None:
        """Place the message and forward it, unless it was there already; accept it."""
        message = packet.message
        if message.id in self.index:
            settle("index", ROW_BYTES, 0, out)  # put if absent: nothing was stored, although a row was charged
        else:
            self.forward(message, out)
        out.send(packet.source, Accept(message.id, self.index[message.id]))
        self.release(out)

    def forward(self, message: Message, out: Out) -> None:
        """Give the message the next place of its conversation, and send it to the devices that are online."""
        conversation = message.conversation
        place = self.places[conversation] = self.index[message.id] = self.last_place(conversation) + 1
        audience = self.audience(conversation)
        out.observe(Placed(message.id, conversation, place, self.members[conversation], audience))
        for device in audience:
            if device in self.online and device != message.sender:
                out.send(device, Forward(message, place))

    def last_place(self, conversation: ConversationId) -> int:
        """Return the last place taken."""
        return self.places.get(conversation, 0)

    def held(self) -> Mapping[str, int]:
        """Return the bytes in each store, which a simulation compares with what was written."""
        return {**super().held(), "index": ROW_BYTES * len(self.index)}


@actor
class RelayDevice(Device):
    """A device that shows what it is sent, and never asks for anything."""

    @on(Forward)
    def forwarded(self, source: Id, packet: Forward, out: Out) -> None:
        """Show the message; `show` does nothing if it is there already."""
        self.show(Entry(0, packet.place, packet.message), None, out)

    def on_place_known(self, message: Message, place: int, out: Out) -> None:
        """Show a message of one's own when it is accepted."""
        self.show(Entry(0, place, message), None, out)


HARMLESS = ("sender-retry", "clock-step")
ALL = ("push", "device-crash", "server-crash", "disconnect", "half-open", "new-device", *HARMLESS)

Relay = Design(
    name="relay",
    family="relay",
    summary="Stores no message: forwards each to who is online.",
    device=RelayDevice,
    server=RelayServer,
    promises={
        "no-duplicate": ALL,
        "no-creation": ALL,
        "accepted-once": ALL,
        "outbox-drained": ALL,
        "no-loss": HARMLESS,
        "convergence": HARMLESS,
    },
    not_applicable={
        **dict.fromkeys(("prefix-order", "tail-append", "range-read", "dense", "epoch-learnt"), "there is no log"),
        **dict.fromkeys(("checkpoint-monotonic", "checkpoint-covered"), "a device has no checkpoint"),
        **dict.fromkeys(("no-early-delete", "inbox-drained"), "there is no inbox"),
        "pull-terminates": "a device never pulls",
    },
)
