"""Two-phase commit as actors: a model that is not messaging, its properties, its exact counts, and a command.

    python examples/two_phase_commit.py [MANAGERS]

The protocol is the one of Gray and Lamport, "Consensus on transaction commit" (2006), their TLA+ module `TwoPhase`: one
transaction manager and N resource managers over a network that may deliver a packet any number of times. The search of
every interleaving finds the published numbers of distinct states (`STATES`): 288 for three resource managers (TLA+) and
8,832 for five (Stateright's `2pc`). It needs only `syncproof.core`, one engine and the base class of a property.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import DUPLICATING
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.properties import Property, observes

STATES = {1: 12, 2: 56, 3: 288, 5: 8_832, 7: 296_448}
"""Number of resource managers -> number of distinct states."""


class Resource(ActorId):
    """The id of a resource manager. An id class of its own lets a symmetry reduction rename the managers."""

    __slots__ = ()


MANAGER = ActorId(100)
"""The id of the transaction manager."""


# ---- packets: a step is a packet that an actor sends itself


class Prepare(Packet, frozen=True, gc=False):
    """Step of a resource manager: prepare."""


class Refuse(Packet, frozen=True, gc=False):
    """Step of a resource manager: abort before having prepared."""


class CommitAll(Packet, frozen=True, gc=False):
    """Step of the transaction manager: commit, once all resource managers have prepared."""


class AbortAll(Packet, frozen=True, gc=False):
    """Step of the transaction manager: abort."""


class Prepared(Packet, frozen=True, gc=False):
    """A resource manager reports to the transaction manager that it has prepared."""

    link = DUPLICATING
    resource: Resource


class Committed(Packet, frozen=True, gc=False):
    """The transaction manager orders a resource manager to commit."""

    link = DUPLICATING


class Aborted(Packet, frozen=True, gc=False):
    """The transaction manager orders a resource manager to abort."""

    link = DUPLICATING


# ---- observations: all that a property sees


class TakesPart(Observation, frozen=True, gc=False):
    """A resource manager takes part. Each history begins with these."""

    resource: Resource


class Decided(Observation, frozen=True, gc=False):
    """A resource manager commits or aborts."""

    resource: Resource
    commit: bool


# ---- actors


@actor
class Manager(Actor):
    """The transaction manager: commits when all resource managers have prepared, and may abort before that."""

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
    def count(self, source: Id, packet: Prepared, out: Out) -> None:
        if self.phase == "init":
            self.prepared.add(packet.resource)


@actor
class ResourceManager(Actor):
    """A resource manager: prepares or refuses on its own, then does what the transaction manager says."""

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
        """Enter the final phase and observe it."""
        self.phase = "committed" if commit else "aborted"
        out.observe(Decided(self.id, commit))


# ---- properties


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
    """Every resource manager that takes part decides in the end."""

    name = "terminates"
    kind = "liveness"
    says = "every resource manager decides"

    undecided: set[Resource] = attrs.field(factory=set)

    @observes(TakesPart)
    def on_takes_part(self, o: TakesPart) -> str | None:
        self.undecided.add(o.resource)
        return None

    @observes(Decided)
    def on_decided(self, o: Decided) -> str | None:
        self.undecided.discard(o.resource)
        return None

    def at_quiescence(self) -> Iterable[str]:
        if self.undecided:
            yield f"resource manager {min(self.undecided):d} never decides"


# ---- the system and the command


def two_phase(
    count: int, manager: type[Manager] = Manager, resource: type[ResourceManager] = ResourceManager
) -> System:
    """Return the system of `count` resource managers. Other classes of actors may be given, to see what they violate."""
    names = tuple([Resource(n) for n in range(count)])

    def cast() -> dict[ActorId, Actor]:
        return {MANAGER: manager(id=MANAGER, resources=names)} | {n: resource(id=n) for n in names}

    return System("two-phase commit", cast, opening=tuple([TakesPart(n) for n in names]))


def main(arguments: list[str]) -> int:
    """Search every interleaving, print the number of states and the verdicts, and return 0 if both properties hold."""
    count = int(arguments[0]) if arguments else 3
    found = explore(two_phase(count), Environment(), [Consistent, Terminates])
    print(f"{count} resource managers: {len(found.graph.states):,} states, {found.graph.transitions:,} transitions")
    for name, finding in found.findings.items():
        print(f"{name:12} {finding.verdict}")
    return 0 if all(finding.verdict == "holds" for finding in found.findings.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
