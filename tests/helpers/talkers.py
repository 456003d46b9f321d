"""Two actors that do what they are told: a phone and a server, in a world of their own."""

from __future__ import annotations

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.links import Link
from syncproof.core.moves import Complete, Connect, Tell
from syncproof.core.observations import Noted, Observation, Pulled
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import SERVER, ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System, World

PHONE = DeviceId(0)
FIRST, SECOND = ConnectionId.of(0, 1), ConnectionId.of(0, 2)


class Say(Packet, frozen=True, gc=False):
    word: str


class Shout(Packet, frozen=True, gc=False):
    link = Link("unordered", lossy=True, while_connected=True)
    word: str


class Saved(Packet, frozen=True, gc=False):
    word: str


@actor
class Talker(Actor):
    heard: list[str] = durable(list)
    saved: list[str] = durable(list)
    connection: Id | None = volatile(type(None))
    shy: bool = volatile(lambda: True)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        self.connection = packet.connection

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.heard.append(f"closed {packet.connection:d}")

    @on(Say)
    def say(self, source: Id, packet: Say, out: Out) -> None:
        """Do what the prefix of the word says; without a prefix add the word to `heard`."""
        if packet.word.startswith("tell:"):
            assert self.connection is not None
            out.send(self.connection, Say(packet.word[5:]))
        elif packet.word.startswith("save:"):
            out.write("disk", 1, 10, Saved(packet.word[5:]))
        elif packet.word.startswith("look:"):
            out.read("disk", 1, 10, Saved(packet.word[5:]))
        elif packet.word.startswith("shout:"):
            out.send(PHONE, Shout(packet.word[6:]))
        else:
            self.heard.append(packet.word)

    @on(Shout)
    def shout(self, source: Id, packet: Shout, out: Out) -> None:
        self.heard.append(packet.word)

    @on(Saved)
    def written(self, source: Id, packet: Saved, out: Out) -> None:
        self.saved.append(packet.word)
        out.observe(Noted("saved", self.id))
        out.send(PHONE, Shout(packet.word))
        out.after(1.0, Say("timer"))

    def restored(self, before: Talker, out: Out) -> None:
        out.observe(Noted(f"restored from {before.saved} to {self.saved}", self.id))
        out.observe(Pulled(PHONE))
        out.send(PHONE, Shout("lost"))

    def steps(self) -> list[Packet]:
        return [] if self.shy else [Say("stepped")]


def world(links: dict[type[Packet], Link] | None = None) -> tuple[World, Talker, Talker, list[Observation]]:
    seen: list[Observation] = []
    phone, server = Talker(id=PHONE), Talker(id=SERVER)
    made = World(System("talk", lambda: {SERVER: server, PHONE: phone}, server=SERVER, links=links), seen.append)
    return made, phone, server, seen


def connected() -> tuple[World, Talker, Talker, list[Observation]]:
    made = world()
    made[0].apply(Connect(PHONE))
    return made


def tell(made: World, actor: ActorId, word: str) -> None:
    made.apply(Tell(actor, Say(word)))


def save(made: World, actor: ActorId, word: str) -> None:
    tell(made, actor, f"save:{word}")
    made.apply(Complete(actor, Saved(word)))
