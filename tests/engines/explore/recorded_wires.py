"""Searches that are recorded: mail in several orders, connections that a server closes, who exists, and how runs end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any
from unittest.mock import patch

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation, Openable
from syncproof.core.packets import Closed, Idle, Opened, Packet, ReceiveKey
from syncproof.core.values import SERVER, ConnectionId, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Exploration, Limits, explore, search
from syncproof.properties import Property, observes
from syncproof.properties._base import NO_EVIDENCE
from tests.core import test_coalescing as speaking
from tests.engines.explore.explorations import made
from tests.helpers import notebook
from tests.helpers.notebook import OTHER, READER, world

NEW = DeviceId(3)


def few(name: str, states: int, *asked: object, **options: object) -> None:
    """Add a search that ends at so many states, or a few more."""

    def make() -> Exploration:
        with patch.object(search, "CHECK_EVERY", 64):
            return explore(*asked, limits=Limits(states=states), **options)

    made(name, make)


# ---- mail of several senders, in several orders: what is between two identical packets, and what is the last one

ONE, TWO = speaking.Ordered(1), speaking.Ordered(2)
for name, mine, others in (
    ("loose between", (ONE, speaking.Lossy(2), ONE), ()),
    ("reliable between", (ONE, speaking.Reliable(2), ONE), ()),
    ("another between", (ONE, ONE), (TWO,)),
    ("ordered between", (speaking.Lossy(1), TWO, speaking.Lossy(1)), (ONE, TWO)),
):
    scripts = [
        tuple([Tell(by, speaking.Say(word)) for word in words])
        for by, words in ((speaking.ONE, mine), (speaking.OTHER, others))
    ]
    for budgets in ({}, {"push-lost": 1, "push-duplicated": 1}):
        environment = Environment(scripts=tuple(filter(None, scripts)), budgets=budgets)
        few(f"speakers, {name}, {len(budgets)} faults", 400, speaking.system(), environment, [])


# ---- a server that closes connections


@actor
class Switchboard(notebook.Notebook):
    """A notebook that keeps one connection of each device: the `newest`, or else the oldest."""

    newest: bool = True
    lines: dict[DeviceId, ConnectionId] = volatile(dict)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        super().opened(source, packet, out)
        device = DeviceId(packet.peer)
        before = self.lines.get(device)
        if before is not None:
            out.close(before if self.newest else packet.connection)
        if before is None or self.newest:
            self.lines[device] = packet.connection

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        super().closed(source, packet, out)
        device = DeviceId(packet.connection.client)
        if self.lines.get(device) == packet.connection:
            del self.lines[device]


for newest in (True, False):
    board = partial(Switchboard, newest=newest)
    for fault, budgets in {
        "half-open": {"half-open": 2},
        "both ends": {"half-open": 1, "disconnect": 1},
        "handover": {"handover": 2},
        "server-crash": {"half-open": 1, "server-crash": 1},
    }.items():
        few(
            f"switchboard {newest} {fault}",
            600,
            notebook.notebook(2, server=board),
            world(1, 2, budgets=budgets),
            notebook.EVERY,
        )

# ---- constraints on who exists

for name, replaces, budgets, constraint in (
    ("newcomer", None, {"new-device": 1}, lambda view: NEW not in view.actors or len(view.actors[SERVER].notes) < 1),
    ("no newcomer", None, {"new-device": 1}, lambda view: NEW not in view.actors),
    (
        "replaced",
        READER,
        {"reinstall": 1},
        lambda view: READER in view.actors or len(view.actors[SERVER].notes) < 1,
    ),
    ("gone", READER, {"reinstall": 1, "abandoned": 1}, lambda view: READER in view.actors or NEW in view.actors),
    ("other stays", OTHER, {"reinstall": 1}, lambda view: OTHER in view.actors or NEW not in view.actors),
):
    environment = world(2, 3, budgets=budgets, appears=True, replaces=replaces)
    few(f"exists: {name}", 400, notebook.notebook(3), environment, notebook.EVERY, constraint=constraint)

# ---- a run that ends in a cycle of polls, and one that ends for good


class Go(Packet, frozen=True, gc=False):
    """A step to a stage."""

    stage: int


class Turn(Packet, frozen=True, gc=False):
    """A poll that comes round."""


@actor
class Chooser(Actor):
    """Goes to stages in the order of `ways`, from 0 on. At `turning` it only polls."""

    ways: dict[int, tuple[int, ...]]
    turning: int
    stage: int = durable(int)
    turned: bool = durable(bool)

    def steps(self) -> Sequence[Packet]:
        return [Go(stage) for stage in self.ways.get(self.stage, ())]

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        self.stage = packet.stage
        if self.stage == self.turning:
            self.turn(source, Turn(), out)

    @on(Turn)
    def turn(self, source: Id, packet: Turn, out: Out) -> None:
        self.turned = not self.turned
        out.poll(1.0, Turn(), Idle(Turn(), Turn()))


@state
class ComesToAnEnd(Property):
    """Never does."""

    name = "comes-to-an-end"
    kind = "liveness"
    evidence = NO_EVIDENCE

    def at_quiescence(self) -> Any:
        yield "it does not"


for name, ways, turning in (
    ("turns first", {0: (1, 2), 2: (3,)}, 1),
    ("ends first", {0: (1, 2), 2: (3,)}, 3),
    ("both at once", {0: (1, 2)}, 1),
    ("both at once, backwards", {0: (1, 2)}, 2),
    ("turns alone", {0: (1,)}, 1),
):
    chooser = partial(Chooser, id=SERVER, ways=ways, turning=turning)
    for polls in ("any", "at-rest"):
        few(
            f"chooser {name} {polls}",
            100,
            System("chooser", lambda chooser=chooser: {SERVER: chooser()}),
            Environment(polls=polls),
            [ComesToAnEnd],
        )


# ---- what no actor notices does not keep a world from rest


class Hum(Packet, frozen=True, gc=False):
    """A step that changes nothing."""


class Hummed(Observation, frozen=True, gc=False):
    """An actor hums."""


@actor
class Humming(Actor):
    """Hums all the time, and polls `polls` times."""

    polls: int
    polled: int = durable(int)

    def start(self, out: Out) -> None:
        out.poll(1.0, Turn(), Idle(Turn(), Turn()))

    def steps(self) -> Sequence[Packet]:
        return [Hum()]

    @on(Hum)
    def hum(self, source: Id, packet: Hum, out: Out) -> None:
        out.observe(Hummed())

    @on(Turn)
    def turn(self, source: Id, packet: Turn, out: Out) -> None:
        self.polled += 1
        if self.polled < self.polls:
            out.poll(1.0, Turn(), Idle(Turn(), Turn()))


@state
class HumsEvenly(Property):
    """It hums an even number of times."""

    name = "hums-evenly"
    kind = "liveness"
    evidence = NO_EVIDENCE
    odd: bool = False

    @observes(Hummed)
    def on_hummed(self, o: Hummed) -> None:
        self.odd = not self.odd

    def at_quiescence(self) -> Any:
        if self.odd:
            yield "odd"


for polls, times in product(("any", "at-rest"), (1, 3)):
    humming = partial(Humming, id=SERVER, polls=times)
    system = System("humming", lambda humming=humming: {SERVER: humming()})
    few(f"humming {polls} {times}", 100, system, Environment(polls=polls), [HumsEvenly])


# ---- what the environment hands to an actor is observed, and not the same packet from an actor


class Pass(Packet, frozen=True, gc=False):
    """A step that hands a key to this actor itself."""


@actor
class KeyHolder(Actor):
    """Counts the keys that it receives, and hands itself one."""

    keys: int = durable(int)
    passed: bool = durable(bool)

    def steps(self) -> Sequence[Packet]:
        return [] if self.passed else [Pass()]

    @on(Pass)
    def hand(self, source: Id, packet: Pass, out: Out) -> None:
        self.passed = True
        out.send(self.id, ReceiveKey())

    @on(ReceiveKey)
    def receive(self, source: Id, packet: ReceiveKey, out: Out) -> None:
        self.keys += 1


@state
class OpenedOnce(Property):
    """A device gets a key from outside once."""

    name = "opened-once"
    count: int = 0

    @observes(Openable)
    def on_openable(self, o: Openable) -> str | None:
        self.count += 1
        return f"key {self.count}" if self.count > 1 else None


for times in (0, 1, 2):
    told_often = Environment(scripts=((Tell(READER, ReceiveKey()),) * times,) if times else ())
    holder = System("keys", lambda: {READER: KeyHolder(id=READER)})
    few(f"keys from outside {times}", 100, holder, told_often, [OpenedOnce])
