"""Random protocols of interchangeable peers and a hub, into which an asymmetry may be planted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.links import DUPLICATING, ORDERED, UNORDERED, Link
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.properties import Property
from syncproof.properties._base import NO_EVIDENCE, observes

STAGES = 2
KINDS = 2
HUB = ActorId(50)


class Peer(ActorId):
    """The id of a peer."""

    __slots__ = ()


class Advance(Packet, frozen=True, gc=False):
    """Step of a peer."""

    kind: int


class Note(Packet, frozen=True, gc=False):
    """A packet between any two actors; `about` is a peer."""

    kind: int
    about: Peer


class Entered(Observation, frozen=True, gc=False):
    """A peer enters a stage."""

    peer: Peer
    stage: int


@dataclass(frozen=True)
class Rule:
    """What an actor does: how many stages it advances, and whom it sends a packet of which kind."""

    advance: int
    sends: tuple[tuple[str, int], ...]
    remembers: bool


@dataclass
class Protocol:
    """The rules of peers by (stage, kind of packet), those of the hub, and a peer that breaks one of them at one place.

    `steps`: stage -> the kinds of step that a peer offers. `met`: whether the planted asymmetry was ever met.
    """

    peers: int
    link: Link
    steps: dict[int, tuple[int, ...]]
    of_peer: dict[tuple[int, int], Rule]
    of_hub: dict[tuple[int, int], Rule]
    planted: tuple[Peer, int, int] | None = None
    met: list[bool] = field(default_factory=list)

    def rule(self, peer: Peer, stage: int, kind: int, *, heard: bool) -> Rule:
        """Return the rule of a peer; at the planted place one peer does something else.

        `heard`: it knows the peer that the packet is about, so that remembering it makes no difference.
        """
        rule = self.of_peer[stage, kind]
        if self.planted is not None and self.planted == (peer, stage, kind):
            self.met += [] if heard else [True]
            return Rule(rule.advance, rule.sends, not rule.remembers)
        return rule

    def system(self) -> System:
        """Return the system."""
        names = tuple([Peer(n) for n in range(self.peers)])

        def cast() -> dict[ActorId, Actor]:
            found: dict[ActorId, Actor] = {HUB: Hub(id=HUB, protocol=self, names=names)}
            return found | {name: PeerActor(id=name, protocol=self, names=names) for name in names}

        return System("random protocol", cast, links={Note: self.link})


def random_protocol(seed: int, peers: int = 3) -> Protocol:
    """Return the protocol of a seed. A packet is sent only together with an advance, so every protocol ends."""
    random = Random(seed)

    def rule(receivers: tuple[str, ...]) -> Rule:
        advance = random.choice((0, 1, 1, 2))
        sends = [(random.choice(receivers), random.randrange(KINDS)) for _ in range(random.choice((0, 1, 1)))]
        return Rule(advance, tuple(sends) if advance else (), random.random() < 0.5)

    def rules(receivers: tuple[str, ...]) -> dict[tuple[int, int], Rule]:
        return {(stage, kind): rule(receivers) for stage in range(STAGES + 1) for kind in range(KINDS)}

    steps = {stage: tuple([kind for kind in range(KINDS) if random.random() < 0.6]) for stage in range(1, STAGES)}
    steps[0] = (random.randrange(KINDS),)
    link = random.choice((UNORDERED, UNORDERED, ORDERED, DUPLICATING))
    return Protocol(peers, link, steps, rules(("hub", "others")), rules(("about", "all")))


def plant(protocol: Protocol, seed: int) -> Protocol:
    """Return the protocol with an asymmetry at a place that the seed draws."""
    random = Random(f"plant {seed}")
    place = (Peer(random.randrange(protocol.peers)), random.randrange(STAGES), random.randrange(KINDS))
    return Protocol(protocol.peers, protocol.link, protocol.steps, protocol.of_peer, protocol.of_hub, place)


@actor
class PeerActor(Actor):
    """Advances by its rules, and remembers some of the peers that it heard of."""

    id: Peer
    protocol: Protocol
    names: tuple[Peer, ...]
    stage: int = durable(int)
    known: set[Peer] = durable(set)

    def steps(self) -> Iterable[Packet]:
        return [Advance(kind) for kind in self.protocol.steps.get(self.stage, ())]

    @on(Advance)
    def step(self, source: Id, packet: Advance, out: Out) -> None:
        self.follow(packet.kind, self.id, out)

    @on(Note)
    def note(self, source: Id, packet: Note, out: Out) -> None:
        self.follow(packet.kind, packet.about, out)

    def follow(self, kind: int, about: Peer, out: Out) -> None:
        """Do what the rule says."""
        rule = self.protocol.rule(self.id, self.stage, kind, heard=about in self.known)
        advance = min(rule.advance, STAGES - self.stage)
        if rule.remembers:
            self.known.add(about)
        if not advance:
            return
        self.stage += advance
        out.observe(Entered(self.id, self.stage))
        for whom, sent in rule.sends:
            if whom == "hub":
                out.send(HUB, Note(sent, self.id))
            else:
                for other in self.names:
                    if other != self.id:
                        out.send(other, Note(sent, self.id))


@actor
class Hub(Actor):
    """Answers the peer that a packet is about, or all of them, while it advances itself."""

    protocol: Protocol
    names: tuple[Peer, ...]
    stage: int = durable(int)
    known: set[Peer] = durable(set)

    @on(Note)
    def note(self, source: Id, packet: Note, out: Out) -> None:
        rule = self.protocol.of_hub[self.stage, packet.kind]
        advance = min(rule.advance, STAGES - self.stage)
        if rule.remembers:
            self.known.add(packet.about)
        if not advance:
            return
        self.stage += advance
        for whom, sent in rule.sends:
            for peer in (packet.about,) if whom == "about" else self.names:
                out.send(peer, Note(sent, packet.about))


@state
class NotAllAtTheEnd(Property):
    """No three peers reach the last stage."""

    name = "not-all-at-the-end"
    says = "no three peers reach the last stage"
    evidence = NO_EVIDENCE

    there: set[Peer] = attrs.field(factory=set)

    @observes(Entered)
    def on_entered(self, o: Entered) -> str | None:
        if o.stage == STAGES:
            self.there.add(o.peer)
        return f"{o.peer!r} came too" if len(self.there) > 2 else None
