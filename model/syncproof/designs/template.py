"""A design of your own: replace what is marked MINE by what your design does.

    syncproof explore {file}:Template --messages 2 --fault push
    syncproof verify {file}:Template --bounds small
    python -m pytest {test}

As it stands it works: `timeline-notify`, whose announcement goes through a push service that is not trusted, so that it says only
that something is new. docs/own-design.md says what each part is for, and which other hooks there are.
"""

from __future__ import annotations

from typing import ClassVar

from syncproof.core.actor import Out, actor, on
from syncproof.core.links import PUSH, Link
from syncproof.core.observations import Triggered
from syncproof.core.packets import Packet
from syncproof.core.values import Entry, Id, Timeline
from syncproof.designs import DESIGNS
from syncproof.designs.packets import NUMBER_BYTES
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer
from syncproof.properties.sometimes import sometimes

# ---- MINE: a packet. Packets are immutable, and equal when their fields are.


class Ring(Packet, frozen=True, gc=False):
    """The server says that a timeline has something new, and not what."""

    # How it travels to an actor's id: pushes may be lost, duplicated and reordered. Over a connection nothing is.
    link: ClassVar[Link] = PUSH
    # Packets of one purpose meet the same losses and delays in every design that is compared.
    purpose: ClassVar[str] = "push"
    timeline: Timeline

    @property
    def body_bytes(self) -> int:
        """Return what it costs on the wire."""
        return NUMBER_BYTES


UNKNOWN_HEAD = 2**53
"""Up to where a timeline reaches if nobody says so: a device that is pulling already pulls once more after that."""


@actor
class TemplateServer(TimelineServer):
    """A server of timelines that announces without saying what."""

    # A field is constant, `durable(...)` (survives a crash) or `volatile(...)` (lost in a crash), such as
    #     rung: int = volatile(int)

    # MINE: a hook of the server.
    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        """Return the packet that announces an entry to a device."""
        return Ring(timeline)


@actor
class TemplateDevice(TimelineDevice):
    """A device that pulls what it was rung for, and sends before it pulls when it connects."""

    @on(Ring)
    def rang(self, source: Id, packet: Ring, out: Out) -> None:
        """Pull, now or as soon as the pull under way is done."""
        self.on_hint(packet.timeline, UNKNOWN_HEAD, "notification", out)

    # MINE: a hook of the device.
    def on_connected(self, out: Out) -> None:
        """Send what was written offline first; then catch up, as every device does."""
        self.send_next(out)
        super().on_connected(out)


ANY_DEVICE_FAULT = ("device-crash", "disconnect", "half-open", "new-device")
ANY_FAULT = ("push", "server-crash", "sender-retry", *ANY_DEVICE_FAULT)
"""`push` stands for pushes that are lost, duplicated or reordered. `syncproof faults` lists all faults."""

# MINE: some search must reach this. Without it "holds" would say nothing: a server that never rings breaks no promise.
RUNG = sometimes(
    "rung", "a device pulls because it was rung", {Triggered: lambda reason: reason.cause == "notification"}
)

Template = DESIGNS["timeline-notify"].variant(
    device=TemplateDevice,
    server=TemplateServer,
    summary="As timeline-notify; a push says only that something is new.",
    # MINE: property -> the faults under which it is promised. `syncproof properties` lists all properties.
    promises={
        "no-loss": ANY_FAULT,
        "no-duplicate": ANY_FAULT,
        "prefix-order": ANY_FAULT,
        "convergence": ANY_FAULT,
        "accepted-once": ANY_FAULT,
        "accepted-is-durable": ANY_FAULT,
        "outbox-drained": ANY_FAULT,
        "roaming-complete": ANY_FAULT,
        "pull-terminates": ANY_FAULT,
    },
    sometimes={RUNG: ()},
)
