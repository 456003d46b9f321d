"""Two-phase commit (Gray and Lamport, "Consensus on transaction commit", 2006; their TLA+ module `TwoPhase`) as actors.

A transaction manager and N resource managers over a network that may deliver a packet any number of times. Published
numbers of distinct states: 288 for 3 managers (TLA+), 8,832 for 5 (Stateright's `2pc`).
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.links import DUPLICATING
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.properties import Property, observes


class Resource(ActorId):
    """A resource manager's name."""

    __slots__ = ()


MANAGER = ActorId(100)


class Prepare(Packet, frozen=True, gc=False):
    """A step: prepare."""


class Refuse(Packet, frozen=True, gc=False):
    """A step: abort before having prepared."""


class CommitAll(Packet, frozen=True, gc=False):
    """A step of the transaction manager."""


class AbortAll(Packet, frozen=True, gc=False):
    """A step of the transaction manager."""


class Prepared(Packet, frozen=True, gc=False):
    link = DUPLICATING
    resource: Resource


class Committed(Packet, frozen=True, gc=False):
    link = DUPLICATING


class Aborted(Packet, frozen=True, gc=False):
    link = DUPLICATING


class Decided(Observation, frozen=True, gc=False):
    resource: Resource
    commit: bool


@actor
class Manager(Actor):
    resources: tuple[Resource, ...]
    phase: str = durable(lambda: "init")
    prepared: set[Resource] = durable(set)

    def steps(self) -> Iterable[Packet]:
        if self.phase == "init":
            if len(self.prepared) == len(self.resources):
                yield CommitAll()
            yield AbortAll()

    @on(CommitAll)
    def commit_all(self, source: Id, packet: CommitAll, out: Out) -> None:
        self.phase = "committed"
        for resource in self.resources:
            out.send(resource, Committed())

    @on(AbortAll)
    def abort_all(self, source: Id, packet: AbortAll, out: Out) -> None:
        self.phase = "aborted"
        for resource in self.resources:
            out.send(resource, Aborted())

    @on(Prepared)
    def hear(self, source: Id, packet: Prepared, out: Out) -> None:
        if self.phase == "init":
            self.prepared.add(packet.resource)


@actor
class ResourceManager(Actor):
    id: Resource
    phase: str = durable(lambda: "working")

    def steps(self) -> Iterable[Packet]:
        if self.phase == "working":
            yield Prepare()
            yield Refuse()

    @on(Prepare)
    def prepare(self, source: Id, packet: Prepare, out: Out) -> None:
        self.phase = "prepared"
        out.send(MANAGER, Prepared(self.id))

    @on(Refuse)
    def refuse(self, source: Id, packet: Refuse, out: Out) -> None:
        self.decide(False, out)

    @on(Committed)
    def committed(self, source: Id, packet: Committed, out: Out) -> None:
        self.decide(True, out)

    @on(Aborted)
    def aborted(self, source: Id, packet: Aborted, out: Out) -> None:
        self.decide(False, out)

    def decide(self, commit: bool, out: Out) -> None:
        self.phase = "committed" if commit else "aborted"
        out.observe(Decided(self.id, commit))


@state
class Consistent(Property):
    """No two resource managers decide differently."""

    name = "consistent"
    says = "no two resource managers decide differently"

    decided: dict[Resource, bool] = attrs.field(factory=dict)

    @observes(Decided)
    def on_decided(self, o: Decided) -> str | None:
        self.decided[o.resource] = o.commit
        return "one commits, another aborts" if len(set(self.decided.values())) > 1 else None


@state
class Terminates(Property):
    """Every resource manager decides in the end."""

    name = "terminates"
    kind = "liveness"
    says = "every resource manager decides"

    undecided: set[Resource] = attrs.field(factory=lambda: {Resource(0), Resource(1), Resource(2)})

    @observes(Decided)
    def on_decided(self, o: Decided) -> str | None:
        self.undecided.discard(o.resource)
        return None

    def at_quiescence(self) -> Iterable[str]:
        if self.undecided:
            yield f"resource manager {min(self.undecided):d} never decides"


def two_phase(
    count: int, manager: type[Manager] = Manager, resource: type[ResourceManager] = ResourceManager
) -> System:
    names = tuple([Resource(n) for n in range(count)])

    def cast() -> dict[ActorId, Actor]:
        return {MANAGER: manager(id=MANAGER, resources=names)} | {n: resource(id=n) for n in names}

    return System("two-phase commit", cast)
