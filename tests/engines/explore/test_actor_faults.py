"""The faults of single actors that a search offers: of open operations only writes land, backups are taken and put back."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Complete, Crash, Keep, Move, Restart, Restore, Spawn, Tell
from syncproof.core.packets import Packet
from syncproof.core.values import SERVER, ActorId, DeviceId, Id, UserId
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.engines.explore.encoding import ABSENT, pending_slot
from tests.engines.explore.test_equal_to_world import Walk

PHONE, TABLET = DeviceId(0), DeviceId(1)


class Begin(Packet, frozen=True, gc=False):
    """Begin a read and two writes."""


class Looked(Packet, frozen=True, gc=False):
    """The read is complete."""


class Written(Packet, frozen=True, gc=False):
    """A write is durable."""

    number: int


@actor
class Clerk(Actor):
    """Keeps what was written."""

    done: list[int] = durable(list)

    @on(Begin)
    def begin(self, source: Id, packet: Begin, out: Out) -> None:
        out.read("disk", 1, 1, Looked())
        out.write("disk", 1, 1, Written(1))
        out.write("disk", 1, 1, Written(2))

    @on(Looked)
    def looked(self, source: Id, packet: Looked, out: Out) -> None:
        self.done.append(0)

    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        self.done.append(packet.number)


def moves(budget: str, name: ActorId, newcomers: tuple[Spawn, ...] = ()) -> list[Move]:
    """Return the moves of a search in which one fault may happen, after comparing it with the world at every state."""
    system = System(
        "clerks",
        lambda: {name: Clerk(id=name)},
        spawn=lambda device, user, replaces: Clerk(id=device),
    )
    walk = Walk(system, Environment(scripts=((Tell(name, Begin()),),), budgets={budget: 1}, newcomers=newcomers), [])
    walk.run()
    return walk.tables.moves.values


@pytest.mark.parametrize(("budget", "name"), [("server-crash", SERVER), ("device-crash", PHONE)])
def test_of_what_is_open_in_a_crash_only_writes_land(budget: str, name: ActorId) -> None:
    one, two = Written(1), Written(2)
    landed = {move.landed for move in moves(budget, name) if isinstance(move, Crash)}
    assert landed == {(), (one,), (two,), (one, two), (two, one)}
    assert Complete(name, Looked()) in moves(budget, name)


@pytest.mark.parametrize(("budget", "name"), [("server-restore", SERVER), ("device-restore", PHONE)])
def test_a_backup_is_taken_and_put_back(budget: str, name: ActorId) -> None:
    made = moves(budget, name)
    assert [move for move in made if isinstance(move, Keep | Restore | Restart)] == [
        Keep(name),
        Restore(name),
        Restart(name),
    ]


def test_an_installation_is_replaced() -> None:
    spawn = Spawn(TABLET, UserId(0), PHONE)
    assert [move for move in moves("reinstall", PHONE, (spawn,)) if isinstance(move, Spawn)] == [spawn]


@actor
class Fragile(Actor):
    """Cannot crash twice."""

    crashes: int = durable(int)

    def crash(self) -> None:
        super().crash()
        self.crashes += 1
        assert self.crashes < 2


def test_what_a_crash_beyond_the_budget_would_do_is_never_asked() -> None:
    system = System("fragile", lambda: {SERVER: Fragile(id=SERVER)})
    found = explore(system, Environment(budgets={"server-crash": 1}))
    assert (found.complete, len(found.graph.states)) == (True, 3)


def test_replacements_are_worked_out_only_where_a_budget_is_left() -> None:
    environment = Environment(scripts=((Tell(PHONE, Begin()),),), budgets={"device-restore": 1})
    faults = explore(System("clerks", lambda: {PHONE: Clerk(id=PHONE)}), environment).tables.faults
    lefts = faults.encoding.slots[faults.encoding.environment_slot].values
    assert {value: bool(lefts[value].budgets[0]) for value in faults.afforded[0]} == faults.afforded[0]
    assert {*faults.afforded[0].values()} == {True, False}
    assert all(faults.afforded[0][key[3]] for key in faults.replaced[0])


def test_an_actor_that_has_not_appeared_cannot_crash() -> None:
    spawn = Spawn(TABLET, UserId(0))
    system = System("clerks", lambda: {PHONE: Clerk(id=PHONE)}, spawn=lambda device, user, replaces: Clerk(id=device))
    environment = Environment(budgets={"device-crash": 1, "new-device": 1}, newcomers=(spawn,))
    tables = explore(system, environment).tables
    tablet = tables.encoding.names.index(TABLET)
    assert tables.initial[pending_slot(tablet)] == ABSENT
    assert tables.faults.crash(tablet, tables.initial) == ()
    assert tables.faults.crash(tables.encoding.names.index(PHONE), tables.initial) != ()
