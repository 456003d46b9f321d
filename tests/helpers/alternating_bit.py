"""The alternating bit protocol over lossy links: a sender that retransmits, and a receiver that acknowledges."""

from __future__ import annotations

from typing import ClassVar

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.properties import Property, observes

LOSSY = Link("ordered", lossy=True)
SENDER, RECEIVER, TALKER, LISTENER = ActorId(0), ActorId(1), ActorId(2), ActorId(3)


class Put(Packet, frozen=True, gc=False):
    """A user gives the sender one more word."""


class Word(Packet, frozen=True, gc=False):
    link: ClassVar[Link] = LOSSY
    bit: bool


class Received(Packet, frozen=True, gc=False):
    link: ClassVar[Link] = LOSSY
    bit: bool


class Again(Packet, frozen=True, gc=False):
    """The timer of the retransmission."""

    retransmits: ClassVar[bool] = True


class Chat(Packet, frozen=True, gc=False):
    """What two other actors send each other without end."""


class Sent(Observation, frozen=True, gc=False):
    pass


class Delivered(Observation, frozen=True, gc=False):
    pass


@state
class EveryWord(Property):
    """Every word that was given to the sender is delivered."""

    name = "every-word"
    kind = "liveness"
    due: int = 0

    @observes(Sent)
    def on_sent(self, o: Sent) -> None:
        self.due += 1

    @observes(Delivered)
    def on_delivered(self, o: Delivered) -> str | None:
        self.due -= 1
        return "more was delivered than sent" if self.due < 0 else None

    def at_quiescence(self):
        if self.due:
            yield f"{self.due} never delivered"


@actor
class Sender(Actor):
    """Sends one word at a time. `resends`: what its timer does: `word` sends it again, `nothing` only waits again."""

    resends: str = "word"
    waiting: int = durable(int)
    bit: bool = durable(bool)
    busy: bool = durable(bool)

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        out.observe(Sent())
        self.waiting += 1
        self._next(out)

    @on(Received)
    def received(self, source: Id, packet: Received, out: Out) -> None:
        if self.busy and packet.bit == self.bit:
            self.busy, self.bit = False, not self.bit
            out.cancel(Again())
            self._next(out)

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        if self.resends == "word":
            out.send(RECEIVER, Word(self.bit))
        out.after(1.0, Again())

    def _next(self, out: Out) -> None:
        if self.waiting and not self.busy:
            self.waiting, self.busy = self.waiting - 1, True
            out.send(RECEIVER, Word(self.bit))
            if self.resends:
                out.after(1.0, Again())


@actor
class Receiver(Actor):
    """Delivers a word with the expected bit, and acknowledges every one."""

    expected: bool = durable(bool)

    @on(Word)
    def word(self, source: Id, packet: Word, out: Out) -> None:
        if packet.bit == self.expected:
            self.expected = not self.expected
            out.observe(Delivered())
        out.send(SENDER, Received(packet.bit))


@actor
class Talker(Actor):
    """Answers every chat, so that the world is never at rest."""

    @on(Chat)
    def chat(self, source: Id, packet: Chat, out: Out) -> None:
        out.send(LISTENER if self.id == TALKER else TALKER, Chat())

    def start(self, out: Out) -> None:
        if self.id == TALKER:
            out.send(LISTENER, Chat())


def protocol(resends: str = "word", *, restless: bool = False) -> System:
    """Return the protocol. `resends`: see `Sender`; empty: no timer. `restless`: two other actors chat without end."""

    def cast() -> dict[ActorId, Actor]:
        actors: dict[ActorId, Actor] = {SENDER: Sender(id=SENDER, resends=resends), RECEIVER: Receiver(id=RECEIVER)}
        return actors | ({i: Talker(id=i) for i in (TALKER, LISTENER)} if restless else {})

    return System("alternating bit", cast)


def environment(words: int = 2, *, lost: int = 1, duplicated: int = 0, early: int | None = None) -> Environment:
    """Return the environment of a search. `early`: the bound on early firings; None: none."""
    return Environment(
        scripts=((Tell(SENDER, Put()),) * words,),
        budgets={"push-lost": lost, "push-duplicated": duplicated},
        early={} if early is None else {Again: early},
    )
