"""All searches that are recorded: those of `explorations.py`, of three and more actors, of gateways, and directed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any
from unittest.mock import patch

import attrs
import msgspec

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.moves import Crash, Disconnect, Fire, Move, Restart, Tell
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import SERVER, ActorId, DeviceId, Id, MessageId
from syncproof.core.world import System
from syncproof.engines.explore import Exploration, Limits, directed, explore, search
from syncproof.engines.explore.directed import Act, Progress
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property, observes
from tests.core import test_coalescing as speaking
from tests.engines.explore import (
    recorded_wires,
    test_constraint,
    test_endless,
    test_explore,
    test_guards,
    test_retransmission,
    test_symmetry,
)
from tests.engines.explore.explorations import EXPLORATIONS, NOTHING, TWO_PHASE, add, made, managers, two_phase
from tests.helpers import clocks, notebook, relay
from tests.helpers.notebook import OTHER, READER, Retry, Write, world
from tests.helpers.random_protocols import HUB

__all__ = ["DIRECTED", "EXPLORATIONS", "recorded_wires"]

OFTEN = 128
"""After how many states the limits are checked in these searches, so that small ones reach them."""


def few(name: str, states: int, system: System, environment: Environment, properties: Any, **options: Any) -> None:
    """Add a search that ends at so many states, or a few more."""

    def make() -> Exploration:
        with patch.object(search, "CHECK_EVERY", OFTEN):
            return explore(system, environment, properties, limits=Limits(states=states), **options)

    made(name, make)


# ---- gateways: connections of clients to several servers, of which each is a client itself

RELAYED = (relay.KeptFirst, relay.AllHear)
for name, budgets in {
    "none": {},
    "push": {"push-lost": 1, "push-duplicated": 1},
    "gateway-crash": {"gateway-crash": 1},
    "handover": {"handover": 2},
    "partition": {"partition": 1},
    "both ends": {"disconnect": 1, "half-open": 1},
    "server-crash": {"server-crash": 1},
    "failover": {"failover": 1},
    "device-crash": {"device-crash": 1},
}.items():
    few(f"relay 1 {name}", 500, relay.relay(1), relay.connected(1, 0, budgets=budgets), RELAYED)
    few(f"relay 3 {name}", 250, relay.relay(3), relay.connected(3, 2, budgets=budgets), RELAYED)
few("relay of two notes", 250, relay.relay(2), relay.connected(2, 1, 0, budgets={"handover": 1}), RELAYED)
few("relay later", 400, relay.relay(2), relay.connected(0, 1), RELAYED)

# ---- faults of the notebook that move its server elsewhere, and several of a kind

for name, budgets in {
    "handover": {"handover": 1},
    "failover": {"failover": 1},
    "failover and restore": {"failover": 1, "server-restore": 1},
    "both restores": {"device-restore": 2, "server-restore": 1},
    "crashes": {"device-crash": 2, "server-crash": 1},
}.items():
    few(f"notebook 2 {name}", 400, notebook.notebook(2), world(1, 2, budgets=budgets), notebook.EVERY)
for last, budget in ((OTHER, "reinstall"), (None, "new-device")):
    environment = world(1, 3, appears=True, replaces=last, budgets={budget: 1, "device-crash": 1})
    few(f"notebook 3 {budget}", 400, notebook.notebook(3), environment, notebook.EVERY)
for name, budgets in {
    "crashes": {"device-crash": 1, "server-crash": 1},
    "restores": {"device-restore": 1, "server-restore": 1},
}.items():
    backwards = notebook.notebook(2)
    backwards.cast = lambda cast=backwards.cast: dict(reversed(cast().items()))  # the server comes last
    few(f"notebook backwards {name}", 300, backwards, world(1, 2, budgets=budgets), notebook.EVERY)
for name in ("abandoned", "device-restore", "device-crash", "half-open"):
    environment = world(1, 3, budgets={name: 1})
    few(f"notebook 3 {name}", 400, notebook.notebook(3), environment, notebook.ALIKE)
few(
    "notebook 3 retries and polls",
    400,
    notebook.notebook(3, retries=True, polls=True),
    msgspec.structs.replace(
        world(1, 3, early={Retry: 2}, polls="at-rest", budgets={"half-open": 1}),
        scripts=((Tell(OTHER, Write(1)),), (Tell(READER, Write(2)),)),
    ),
    notebook.EVERY,
)

# ---- three and more actors of other kinds

add("clocks of three", clocks.clocks((1,), (5,), (1, 2, 3, 5)), Environment(polls="at-rest"), (clocks.TicksAddUp,))
add("clocks of four", clocks.clocks((), (1,), (2,), (3,)), NOTHING, (clocks.NotAllTick, clocks.NeverOne))
three = lambda: {  # noqa: E731
    ActorId(n): test_endless.Asker(id=ActorId(n), excuses=n != 2) for n in range(3)
}
add("askers of three", System("askers", three), NOTHING, [test_endless.AsksTerminate])
three_repeat = lambda: {  # noqa: E731
    ActorId(n): test_endless.Repeater(id=ActorId(n), means=means, pauses=means == "timer")
    for n, means in enumerate(("timer", "packet", "operation"))
}
add("repeaters of three", System("repeaters", three_repeat), NOTHING, [test_endless.AsksTerminate])
add(
    "counters of three",
    test_constraint.counters(3),
    NOTHING,
    [test_constraint.never(3)],
    constraint=lambda view: (
        sum(each.number for each in view.actors.values()) < 4 and view.actors[ActorId(2)].number < 3
    ),
)
bosses = lambda: {  # noqa: E731
    test_guards.SERVER: test_guards.Worker(id=test_guards.SERVER),
    **{test_guards.Sender(n): test_guards.Boss(id=test_guards.Sender(n)) for n in range(2)},
    DeviceId(2): test_guards.Boss(id=DeviceId(2)),
}
few("guards of three", 400, System("jobs", bosses, server=test_guards.SERVER), NOTHING, [test_guards.InOrder])
words = tuple([Tell(by, speaking.Say(speaking.Ordered(word))) for by, word in ((speaking.ONE, 1), (speaking.OTHER, 1))])
again = tuple([Tell(by, speaking.Say(speaking.Reliable(2))) for by in (speaking.OTHER, speaking.ONE)])
lossy = {"push-lost": 2, "push-duplicated": 1}
few("speakers of two", 600, speaking.system(), Environment(scripts=(words, again), budgets=lossy), [])
timers = lambda: {  # noqa: E731
    ActorId(n): test_retransmission.Looking(id=ActorId(n)) for n in range(3)
}
for polls in ("any", "at-rest"):
    environment = Environment(early={test_retransmission.Again: 1}, polls=polls)
    few(f"looking of three {polls}", 300, System("looking", timers), environment, [test_retransmission.EveryWord])


class Begin(Packet, frozen=True, gc=False):
    """A step, or a packet that is always under way."""


class SecondTimer(Packet, frozen=True, gc=False):
    """A second timer of a retransmission."""

    retransmits = True


@actor
class Insisting(test_retransmission.Looking):
    """Has two timers of different classes, the second one again and again. If it is `restless` a packet is always under way."""

    restless: bool = False
    turns: bool = durable(bool)

    def start(self, out: Out) -> None:
        super().start(out)
        out.after(1.0, SecondTimer())
        if self.restless:
            out.send(self.id, Begin())

    @on(Begin)
    def begin(self, source: Id, packet: Begin, out: Out) -> None:
        self.turns = not self.turns
        out.send(self.id, packet)

    @on(SecondTimer)
    def second_timer(self, source: Id, packet: SecondTimer, out: Out) -> None:
        out.after(2.0, SecondTimer())
        if not self.delivered:
            out.send(self.id, test_retransmission.Chat())


for (again, second), restless, count in product(((0, 0), (0, 1), (2, 0), (1, 1)), (False, True), (1, 2)):
    insisting = lambda restless=restless, count=count: {  # noqa: E731
        ActorId(n): Insisting(id=ActorId(n), restless=restless and n == 0) for n in range(count)
    }
    few(
        f"insisting {again} {second} {restless} {count}",
        200,
        System("insisting", insisting),
        Environment(
            early={test_retransmission.Again: again, SecondTimer: second}, polls="at-rest", budgets={"push-lost": 1}
        ),
        [test_retransmission.EveryWord],
    )

# ---- ends

add("decided from the beginning", two_phase.two_phase(2), NOTHING, (), until_decided=True)
DECIDED = (clocks.NotAllTick, clocks.NeverOne)
before = Environment(prelude=(Fire(ActorId(0), clocks.Tick(1)),))
add("decided after a complaint before", clocks.clocks((1,), (1, 2, 5), (1, 2)), before, DECIDED, until_decided=True)
add(
    "decided but for a repetition",
    clocks.clocks((1,)),
    NOTHING,
    (clocks.NeverOne, test_endless.AsksTerminate),
    until_decided=True,
)
add("decided but for the end", clocks.clocks((1,)), NOTHING, (clocks.NeverOne, clocks.TicksAddUp), until_decided=True)

# ---- symmetry: the order in which a handler arms timers for ids


class Ring(Packet, frozen=True, gc=False):
    """A timer or a poll for a row."""

    row: test_symmetry.Row


@actor
class Alarms(Actor):
    """Arms timers for rows, of the kind `how`."""

    rows: tuple[test_symmetry.Row, ...]
    how: str
    begun: bool = durable(bool)
    rung: set[test_symmetry.Row] = durable(set)

    def steps(self) -> Sequence[Packet]:
        return [] if self.begun else [Begin()]

    @on(Begin)
    def begin(self, source: Id, packet: Begin, out: Out) -> None:
        self.begun = True
        for row in self.rows:
            ring = Ring(row)
            match self.how:
                case "timers":
                    out.after(1.0, ring)
                case "cancelled":
                    out.after(1.0, ring)
                    out.cancel(ring)
                case "polls":  # the last one stays
                    out.poll(1.0, ring, Idle(ring, ring))
                case "uneven":
                    if row:
                        out.after(1.0, ring)
                        out.cancel(ring)
                    else:
                        out.cancel(ring)
                        out.after(1.0, ring)
                case "reads":
                    out.read("disk", 1, 1, ring)

    @on(Ring)
    def ring(self, source: Id, packet: Ring, out: Out) -> None:
        self.rung.add(packet.row)


rows = tuple([test_symmetry.Row(n) for n in range(3)])
for how in ("timers", "cancelled", "polls", "uneven", "reads"):
    alarms = partial(Alarms, id=HUB, rows=rows, how=how)
    add(f"alarms {how}", System("alarms", lambda alarms=alarms: {HUB: alarms()}), symmetric=[rows])


@state
class EachRow(Property):
    """Complains of each decision of a manager after the first, in other words each time."""

    name = "each-row"
    count: int = attrs.field(default=0)

    @observes(two_phase.Decided)
    def on_decided(self, o: two_phase.Decided) -> str | None:
        self.count += 1
        return f"decision {self.count}" if self.count > 1 else None


hasty = two_phase.two_phase(3, resource=test_explore.Hasty)
add("two-phase each row", hasty, NOTHING, (*TWO_PHASE, EachRow), symmetric=managers(3))
add("two-phase pairs", two_phase.two_phase(4), NOTHING, TWO_PHASE, symmetric=[managers(2)[0], managers(4)[0][2:]])

# ---- directed searches

DIRECTED: dict[str, Callable[[], directed.ReachedEnds]] = {}


def acted(
    name: str,
    system: System,
    environment: Environment,
    acts: Sequence[Act],
    properties: Sequence[type[Property]],
    states: int = 10_000,
    **amounts: int,
) -> None:
    """Add a directed search. `amounts`: of the module's constants, in small letters."""

    def make() -> directed.ReachedEnds:
        with patch.multiple(directed, **{"DRAWN_AT_MOST": 3, **{each.upper(): n for each, n in amounts.items()}}):
            return directed.directed(system, environment, acts, properties, states=states)

    assert name not in DIRECTED
    DIRECTED[name] = make


def tells(environment: Environment) -> list[Act]:
    """Return an act for each message of the scripts, one script after the other."""
    return [Act(partial(_is, tell)) for script in environment.scripts for tell in script]


def _is(wanted: Move, move: Move) -> bool:
    return move == wanted


def crashes(move: Move, *_: Any) -> bool:
    return isinstance(move, Crash) and move.actor == SERVER


def restarts(move: Move) -> bool:
    return isinstance(move, Restart)


def leaves(move: Move, *_: Any) -> bool:
    return isinstance(move, Disconnect) and move.client == READER


def never(progress: Progress) -> bool:
    return False


def alone(progress: Progress) -> bool:
    return READER not in progress.connected


BUDGETS = {"server-crash": 1, "disconnect": 1, "trim": 1}
for polls, retries in product(("any", "at-rest"), (False, True)):
    noted = world(1, 2, budgets=BUDGETS, polls=polls, early={Retry: 1} if retries else {})
    (only,) = tells(noted)
    scripts = {
        "plain": [only],
        "crash": [only, Act(crashes, hinders=restarts), Act(when=never, patient=True, hinders=restarts)],
        "leave": [Act(leaves), only, Act(when=alone, allows=crashes), Act(when=never, patient=True)],
        "void": [Act(leaves), Act(leaves, void=True), only, Act(partial(_is, notebook.TEAR), void=True)],
        "stuck": [only, Act(leaves, when=never)],
    }
    for name, acts in scripts.items():
        written = notebook.notebook(2, polls=polls == "at-rest", retries=retries, careless=True)
        carried = [notebook.ShownOnce, notebook.WrittenIsHeld, notebook.AsksEnd, notebook.ReadEverywhere]
        acted(f"notebook {name} {polls} {retries}", written, noted, acts, carried, states=400)
for name, amounts in {
    "drawn": {"drawn_at_most": 6},
    "short": {"drawn_at_most": 4, "longest": 9},
    "unsettled": {"drawn_at_most": 2, "settled_within": 2},
}.items():
    noted = world(2, 2, polls="at-rest", budgets=BUDGETS)
    acts = [*tells(noted), Act(when=never, patient=True, allows=crashes)]
    acted(f"notebook {name}", notebook.notebook(2, polls=True), noted, acts, notebook.EVERY, states=60, **amounts)
for count, most in product((2, 3), range(6, 11)):
    rested, devices = world(0, count, polls="at-rest"), notebook.notebook(count, polls=True)
    few_of = {"drawn_at_most": 1, "longest": 90, "closed_at_most": most}
    acted(f"closed {count} {most}", devices, rested, [], [notebook.ShownOnce], 5, **few_of)
for early, polls in product(({}, {test_retransmission.Again: 0}, {test_retransmission.Again: 1}), ("any", "at-rest")):
    limits = Environment(early=early, polls=polls)
    for name, system in {
        "looking": test_retransmission.looking(),
        "dithering": test_retransmission.dithering(),
    }.items():
        acted(f"{name} {polls} {[*early.values()]}", system, limits, [], [test_retransmission.EveryWord], 400)
for design, message in product(("timeline-notify", "F01"), (None, 0, 1)):
    built, _, composed = small_worlds.build(design, SmallWorld("two-people", 2, ()))
    held = frozenset() if message is None else frozenset([MessageId(message)])
    stopped = [replace(act, withheld=held) for act in tells(composed)]
    acts = [*stopped, Act(when=never, patient=True, withheld=held)]
    acted(f"{design} withholds {message}", built, composed, acts, [PROPERTIES["no-loss"]], states=400)
for polls, heard in product(("any", "at-rest"), (recorded_wires.HumsEvenly, notebook.ShownOnce)):
    humming = lambda: {SERVER: recorded_wires.Humming(id=SERVER, polls=2)}  # noqa: E731
    acted(f"humming {polls} {heard.name}", System("humming", humming), Environment(polls=polls), [], [heard], 50)
