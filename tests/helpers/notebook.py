"""A notebook on a server, written and read by devices: a small protocol that meets every kind of move and every fault.

It does not follow the designs of the package, so that what a search of it finds changes only where the explorer does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Connect, Spawn, Tell
from syncproof.core.observations import Abandoned, Connected, Disconnected, Noted, Observation, Restarted
from syncproof.core.packets import Closed, Idle, Opened, Packet
from syncproof.core.values import SERVER, ActorId, ConnectionId, DeviceId, Id, UserId
from syncproof.core.world import System
from syncproof.properties import Property, observes
from syncproof.properties._base import NO_EVIDENCE
from syncproof.properties.sometimes import sometimes

PEN, READER, OTHER, NEW = (DeviceId(n) for n in range(4))

# ---- packets


class Write(Packet, frozen=True, gc=False):
    """A person writes a note."""

    note: int


class Submit(Packet, frozen=True, gc=False):
    """A device asks the server to keep a note."""

    note: int


class Written(Packet, frozen=True, gc=False):
    """The server's write of a note is durable."""

    over: ConnectionId
    note: int


class Confirm(Packet, frozen=True, gc=False):
    """The server has the note."""

    note: int


class Copy(Packet, frozen=True, gc=False):
    """The server pushes a note to a device."""

    link: ClassVar[Link] = Link("unordered", lossy=True, while_connected=True)
    note: int


class Pasted(Packet, frozen=True, gc=False):
    """A device's write of a note is durable."""

    note: int


class Fetch(Packet, frozen=True, gc=False):
    """A device asks for all notes."""


class Found(Packet, frozen=True, gc=False):
    """The server has read all notes for a device."""

    answers: ClassVar[str] = "over"
    over: ConnectionId
    notes: tuple[int, ...]


class Page(Packet, frozen=True, gc=False):
    """All notes."""

    notes: tuple[int, ...]


class Retry(Packet, frozen=True, gc=False):
    """The timer of a device whose note is not confirmed."""

    retransmits: ClassVar[bool] = True


class Tidy(Packet, frozen=True, gc=False):
    """A timer of the server: it drops what devices have."""


class Look(Packet, frozen=True, gc=False):
    """The poll of a device."""


class Tear(Packet, frozen=True, gc=False):
    """The environment tears all notes out."""


TEAR = Tell(SERVER, Tear())


# ---- observations


class Wrote(Observation, frozen=True, gc=False):
    """A person wrote a note."""

    note: int


class Held(Observation, frozen=True, gc=False):
    """The server has a note, or a restore took it away."""

    durable: ClassVar[bool] = True
    note: int
    there: bool = True


class Reads(Observation, frozen=True, gc=False):
    """A device shows a note."""

    durable: ClassVar[bool] = True
    device: DeviceId
    note: int


class Asks(Observation, frozen=True, gc=False):
    """A device asks for all notes."""

    device: DeviceId


class Hears(Observation, frozen=True, gc=False):
    """A device receives a note that it did not have."""

    device: DeviceId


# ---- actors


@actor
class Notebook(Actor):
    """The server. `tidies`: it drops a note after a while, although no device may have it."""

    tidies: bool = False
    notes: set[int] = durable(set)
    peers: set[DeviceId] = volatile(set)

    def restored(self, before: Any, out: Out) -> None:
        for note in sorted(before.notes - self.notes):
            out.observe(Held(note, False))

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        self.peers.add(DeviceId(packet.peer))

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.peers.discard(DeviceId(packet.connection.client))

    @on(Submit)
    def submit(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        out.write("disk", 1, 1, Written(source, packet.note))

    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        if packet.note not in self.notes:
            self.notes.add(packet.note)
            out.observe(Held(packet.note))
            for peer in sorted(self.peers):
                if peer != packet.over.client:
                    out.send(peer, Copy(packet.note))
            if self.tidies:
                out.after(1.0, Tidy())
        else:
            out.observe(Noted("written-again", self.id))
        out.send(packet.over, Confirm(packet.note))

    @on(Fetch)
    def fetch(self, source: ConnectionId, packet: Fetch, out: Out) -> None:
        out.read("disk", 1, 1, Found(source, tuple(sorted(self.notes))))

    @on(Found)
    def found(self, source: Id, packet: Found, out: Out) -> None:
        out.send(packet.over, Page(packet.notes))

    @on(Tidy)
    def tidy(self, source: Id, packet: Tidy, out: Out) -> None:
        self.notes.clear()

    @on(Tear)
    def tear(self, source: Id, packet: Tear, out: Out) -> None:
        for note in sorted(self.notes):
            out.observe(Held(note, False))
        self.notes.clear()
        out.cancel(Tidy())


@actor
class Device(Actor):
    """A device. `polls`: it asks for all notes; `careless`: it shows a note again; `retries`: it submits again."""

    polls: bool = False
    careless: bool = False
    retries: bool = False
    drafts: set[int] = durable(set)
    shown: set[int] = durable(set)
    over: ConnectionId | None = volatile(lambda: None)

    def start(self, out: Out) -> None:
        if self.polls:
            out.poll(60.0, Look(), Idle(Fetch(), Page(())))

    @on(Opened)
    def opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
        self.over = source
        self._submit(out)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.over = None
        out.cancel(Retry())

    @on(Write)
    def write(self, source: Id, packet: Write, out: Out) -> None:
        self.drafts.add(packet.note)
        out.observe(Wrote(packet.note))
        self._submit(out)

    @on(Retry)
    def retry(self, source: Id, packet: Retry, out: Out) -> None:
        self._submit(out)

    @on(Confirm)
    def confirm(self, source: Id, packet: Confirm, out: Out) -> None:
        self.drafts.discard(packet.note)
        if not self.drafts:
            out.cancel(Retry())
        self._show(packet.note, out)

    @on(Copy)
    def copy(self, source: Id, packet: Copy, out: Out) -> None:
        out.write("database", 1, 1, Pasted(packet.note))

    @on(Pasted)
    def pasted(self, source: Id, packet: Pasted, out: Out) -> None:
        self._show(packet.note, out)

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        if self.over is not None:
            out.observe(Asks(self.id))
            out.send(self.over, Fetch())
        out.poll(60.0, Look(), Idle(Fetch(), Page(())))

    @on(Page)
    def page(self, source: Id, packet: Page, out: Out) -> None:
        for note in packet.notes:
            self._show(note, out)

    def _submit(self, out: Out) -> None:
        if self.over is not None and self.drafts:
            for note in sorted(self.drafts):
                out.send(self.over, Submit(note))
            if self.retries:
                out.after(1.0, Retry())

    def _show(self, note: int, out: Out) -> None:
        if note not in self.shown:
            out.observe(Hears(self.id))
        if self.careless or note not in self.shown:
            self.shown.add(note)
            out.observe(Reads(self.id, note))


# ---- properties


@state
class ShownOnce(Property):
    """No device shows a note twice."""

    name = "shown-once"
    shown: set[tuple[DeviceId, int]] = attrs.field(factory=set)

    @observes(Reads)
    def on_reads(self, o: Reads) -> str | None:
        if (o.device, o.note) in self.shown:
            return f"device {o.device:d} shows note {o.note} again"
        self.shown.add((o.device, o.note))
        return None


@state
class HeldFirst(Property):
    """What a device shows is what the server holds."""

    name = "held-first"
    notes: set[int] = attrs.field(factory=set)

    @observes(Held)
    def on_held(self, o: Held) -> None:
        (self.notes.add if o.there else self.notes.discard)(o.note)

    @observes(Reads)
    def on_reads(self, o: Reads) -> str | None:
        return None if o.note in self.notes else f"note {o.note} is not held"


@state
class WrittenIsHeld(Property):
    """What was written is held in the end."""

    name = "written-is-held"
    kind = "liveness"
    evidence = NO_EVIDENCE
    missing: set[int] = attrs.field(factory=set)

    @observes(Wrote)
    def on_wrote(self, o: Wrote) -> None:
        self.missing.add(o.note)

    @observes(Held)
    def on_held(self, o: Held) -> None:
        (self.missing.discard if o.there else self.missing.add)(o.note)

    def at_quiescence(self) -> Any:
        for note in sorted(self.missing):
            yield f"note {note} is not held"


@state
class ReadEverywhere(Property):
    """Both first devices show some note in the end, once one was written."""

    name = "read-everywhere"
    kind = "liveness"
    due: bool = False
    readers: set[DeviceId] = attrs.field(factory=set)

    @observes(Wrote)
    def on_wrote(self, o: Wrote) -> None:
        self.due = True

    @observes(Reads)
    def on_reads(self, o: Reads) -> None:
        self.readers.add(o.device)

    def at_quiescence(self) -> Any:
        for device in (PEN, READER):
            if self.due and device not in self.readers:
                yield f"device {device:d} shows nothing"


@state
class AsksEnd(Property):
    """No device asks endlessly without hearing of anything new."""

    name = "asks-end"
    kind = "liveness"
    endless = (Asks, Hears)
    endless_key = "device"


@state
class ComesAndGoes(Property):
    """No device that has ended a connection cleanly ends one uncleanly, and none comes back after a second restart."""

    name = "comes-and-goes"
    evidence = NO_EVIDENCE
    clean: set[Id] = attrs.field(factory=set)
    here: set[Id] = attrs.field(factory=set)
    restarted: int = 0

    @observes(Connected)
    def on_connected(self, o: Connected) -> str | None:
        self.here.add(o.device)
        return f"device {o.device:d} comes back" if self.restarted > 1 else None

    @observes(Disconnected)
    def on_disconnected(self, o: Disconnected) -> str | None:
        self.here.discard(o.device)
        if o.clean:
            self.clean.add(o.device)
        return f"device {o.device:d} is cut off" if not o.clean and o.device in self.clean else None

    @observes(Restarted)
    def on_restarted(self, o: Restarted) -> None:
        self.restarted += 1

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        return f"device {o.device:d} is left while it is connected" if o.device in self.here else None


WRITTEN_AGAIN = sometimes("written-again", "a note is written again", {Noted: lambda o: o.situation == "written-again"})
EVERY: tuple[type[Property], ...] = (
    ShownOnce,
    HeldFirst,
    WrittenIsHeld,
    ReadEverywhere,
    AsksEnd,
    ComesAndGoes,
    WRITTEN_AGAIN,
)

ALIKE: tuple[type[Property], ...] = (ShownOnce, HeldFirst, WrittenIsHeld, AsksEnd, ComesAndGoes)
"""Those that treat all devices alike."""

# ---- the system


def notebook(
    devices: int = 2, *, server: Callable[..., Notebook] = Notebook, device: type[Device] = Device, **fields: bool
) -> System:
    """Return a notebook with so many devices. `fields`: of the devices."""

    def cast() -> dict[ActorId, Actor]:
        actors: dict[ActorId, Actor] = {SERVER: server(id=SERVER)}
        return actors | {DeviceId(n): device(id=DeviceId(n), **fields) for n in range(devices)}

    return System("notebook", cast, server=SERVER, spawn=lambda name, user, replaces: device(id=name, **fields))


def world(notes: int = 1, connected: int = 2, *, replaces: DeviceId | None = None, **more: Any) -> Environment:
    """Return the environment in which the first device writes so many notes, and the first devices are connected.

    A new device may appear: one of the next number, or in the place of `replaces`.
    """
    return Environment(
        prelude=tuple([Connect(DeviceId(n)) for n in range(connected)]),
        scripts=(tuple([Tell(PEN, Write(n)) for n in range(1, notes + 1)]),),
        interventions=((TEAR, "trim"),),
        newcomers=(Spawn(NEW, UserId(0), replaces),) if more.pop("appears", False) else (),
        **more,
    )
