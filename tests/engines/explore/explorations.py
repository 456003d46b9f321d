"""The explorations that `record.py` records: small worlds that together take every path of the explorer, by name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from unittest.mock import patch

import msgspec

from examples import two_phase_commit as two_phase
from syncproof.core.environment import Environment
from syncproof.core.links import ORDERED, UNORDERED, Link
from syncproof.core.moves import Fire, Spawn, Tell
from syncproof.core.packets import Packet
from syncproof.core.values import SERVER, ActorId, ConnectionId, DeviceId, Id, UserId
from syncproof.core.world import System
from syncproof.designs import Population
from syncproof.engines.explore import Exploration, Limits, explore
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property
from tests.core import test_coalescing as speaking
from tests.engines.explore import (
    test_actor_faults,
    test_constraint,
    test_endless,
    test_equal_to_world,
    test_explore,
    test_growth,
    test_guards,
    test_handlers,
    test_purity,
    test_renaming,
    test_representatives,
    test_retransmission,
    test_surroundings,
    test_symmetry,
    test_symmetry_landing,
    test_unchanging,
)
from tests.helpers import alternating_bit, clocks, notebook
from tests.helpers.examples import example
from tests.helpers.notebook import NEW, OTHER, PEN, READER, Retry, world
from tests.helpers.random_protocols import NotAllAtTheEnd, Peer, plant, random_protocol

EXPLORATIONS: dict[str, Callable[[], Exploration]] = {}
NOTHING = Environment()
TWO_PHASE = (two_phase.Consistent, two_phase.Terminates)


def add(name: str, system: System, environment: Environment = NOTHING, properties: Any = (), **options: Any) -> None:
    """Add an exploration. A name may be taken once."""
    made(name, partial(explore, system, environment, properties, **options))


def made(name: str, make: Callable[[], Exploration]) -> None:
    """Add an exploration that a function makes."""
    assert name not in EXPLORATIONS, name
    EXPLORATIONS[name] = make


def managers(count: int) -> list[list[Id]]:
    """Return the group of interchangeable resource managers."""
    return [[two_phase.Resource(n) for n in range(count)]]


# ---- two-phase commit: steps, packets that arrive any number of times, limits, symmetry

for count in (2, 3):
    add(f"two-phase {count}", two_phase.two_phase(count), NOTHING, TWO_PHASE)
    add(f"two-phase {count} symmetric", two_phase.two_phase(count), NOTHING, TWO_PHASE, symmetric=managers(count))
    ordered = dict.fromkeys((two_phase.Prepared, two_phase.Committed, two_phase.Aborted), ORDERED)
    system = two_phase.two_phase(count)
    system.links.update(ordered)
    add(f"two-phase {count} ordered", system, NOTHING, TWO_PHASE, check_every_call=True)
    add(f"two-phase {count} ordered symmetric", system, NOTHING, TWO_PHASE, symmetric=managers(count))
for name, cast in {
    "hasty": {"resource": test_explore.Hasty},
    "silent": {"manager": test_explore.Silent},
}.items():
    add(f"two-phase {name}", two_phase.two_phase(3, **cast), NOTHING, TWO_PHASE)
    add(f"two-phase {name} symmetric", two_phase.two_phase(3, **cast), NOTHING, TWO_PHASE, symmetric=managers(3))
add(
    "two-phase until decided",
    two_phase.two_phase(3, resource=test_explore.Hasty),
    NOTHING,
    [two_phase.Consistent, notebook.WRITTEN_AGAIN],
    until_decided=True,
)
for depth in (1, 5):
    add(f"two-phase depth {depth}", two_phase.two_phase(2), NOTHING, TWO_PHASE, limits=Limits(depth=depth))
add("two-phase states", two_phase.two_phase(5), NOTHING, TWO_PHASE, limits=Limits(states=2_000))
for name, resource in {
    "counting": test_growth.Counting,
    "talking": test_growth.Talking,
}.items():
    growing = two_phase.two_phase(2, resource=resource, manager=test_growth.Silent)
    add(f"growth {name}", growing, NOTHING, TWO_PHASE, limits=Limits(states=2_000))

# ---- other protocols of the examples

for greatest, bad in ((1, True), (2, True), (5, False)):
    made(f"ping-pong {greatest} {bad}", partial(example("ping_pong").search, greatest, bad))
made("mutual exclusion", partial(example("lamport_mutex").search, 2))
register, abd = example("register"), example("abd")
for servers in (1, 2):
    single = register.register("register", servers, lambda n: register.SingleCopy(id=n))
    add(f"register {servers}", single, NOTHING, [register.Linearizable])
replicas = register.register("replicas", 2, lambda n: abd.Replica(id=n, servers=2))
add("replicas", replicas, NOTHING, [register.Linearizable], skip_unchanging=True, check_every_call=True)
for skip in (False, True):
    add(f"door {skip}", test_unchanging.door(), NOTHING, [test_unchanging.Enters], skip_unchanging=skip)

# ---- retransmission

for resends, restless, early in itertools.product(("word", "nothing"), (False, True), (0, 1)):
    add(
        f"alternating bit {resends} {restless} {early}",
        alternating_bit.protocol(resends, restless=restless),
        alternating_bit.environment(1, early=early),
        [alternating_bit.EveryWord],
    )
add(
    "alternating bit twice",
    alternating_bit.protocol(),
    alternating_bit.environment(2, duplicated=1, early=1),
    [alternating_bit.EveryWord],
)
for name, system in {"dithering": test_retransmission.dithering(), "looking": test_retransmission.looking()}.items():
    for early, polls in ((0, "at-rest"), (1, "any")):
        environment = Environment(early={alternating_bit.Again: early}, polls=polls)
        add(f"{name} {early} {polls}", system, environment, [alternating_bit.EveryWord])
for kind, words in itertools.product((speaking.Lossy, speaking.Ordered), ((1, 2, 1), (1, 1, 2))):
    script = tuple([Tell(speaking.ONE, speaking.Say(kind(word))) for word in words])
    environment = Environment(scripts=(script,), budgets={"push-lost": 1, "push-duplicated": 1})
    add(f"speakers {kind.__name__} {words}", speaking.system(), environment)

# ---- guards, endless repetitions, polls

for name, (system, environment) in test_guards.CASES.items():
    add(f"guards {name}", system, environment, [test_guards.AllDone, test_guards.InOrder])
for means, (polls, pauses) in itertools.product(test_endless.MEANS, (("any", False), ("at-rest", True))):
    repeater = partial(test_endless.Repeater, id=ActorId(0), means=means, pauses=pauses)
    system = System("repeater", lambda repeater=repeater: {ActorId(0): repeater()})
    add(f"repeater {means} {polls} {pauses}", system, Environment(polls=polls), [test_endless.AsksTerminate])
for name, askers in {"one": ({},), "two": ({"excuses": True}, {}), "few": ({"times": 2}, {"excuses": True})}.items():
    cast = lambda askers=askers: {  # noqa: E731
        ActorId(n): test_endless.Asker(id=ActorId(n), **each) for n, each in enumerate(askers)
    }
    add(f"askers {name}", System("askers", cast), NOTHING, [test_endless.AsksTerminate])
for means in ("step", "timer", "operation", "packet", "duplicating"):
    restless = partial(test_equal_to_world.Restless, id=ActorId(0), means=means)
    system = System("restless", lambda restless=restless: {ActorId(0): restless()})
    add(f"restless {means}", system, Environment(polls="at-rest"), [test_equal_to_world.NeverLooks])

# ---- moves that need nothing but their actor, and texts that are equal but not the same

TICKS = (clocks.NotAllTick, clocks.TicksAddUp)
ANY: Any = "".join(("a", "ny"))
AT_REST: Any = "-".join(("at", "rest"))
for name, numbers in {"timers": ((1, 2), (1, 2, 5)), "writes": ((3, 4), (2, 3)), "polls": ((5,), (1, 5), (5,))}.items():
    for polls in (ANY, AT_REST):
        add(f"clocks {name} {polls}", clocks.clocks(*numbers), Environment(polls=polls), TICKS)
ticked = tuple([Fire(ActorId(n), clocks.Tick(number)) for n in (0, 1) for number in (2, 1)])
later = Environment(prelude=(*ticked, Fire(ActorId(1), clocks.Tick(5))))
add("clocks violated before", clocks.clocks((1, 2), (1, 2, 5)), later, TICKS)
add("clocks in a chain", clocks.clocks((10,)), NOTHING, [clocks.TicksAddUp], check_every_call=True)
told_often = Environment(scripts=((Tell(ActorId(0), clocks.Tick(1)),) * clocks.LAST,))
add("clocks with a long script", clocks.clocks(()), told_often, [clocks.TicksAddUp])
order: Any = "".join(("order", "ed"))
queued = speaking.system()
queued.links[speaking.Reliable] = Link(order)
words = tuple([Tell(speaking.ONE, speaking.Say(speaking.Reliable(word))) for word in (1, 2, 1)])
add("speakers in order", queued, Environment(scripts=(words,)))
add("clocks with two complaints", clocks.clocks((1, 2)), NOTHING, (clocks.NeverOne, clocks.NoOneAfterTwo))

# ---- symmetry

for seed in (0, 3, 4):
    system, members = random_protocol(seed).system(), [Peer(n) for n in range(3)]
    for group in ((), (members,), (members[1:],)):
        add(f"random {seed} {len(group and group[0])}", system, NOTHING, [NotAllAtTheEnd], symmetric=group)
for seed in (0, 3, 5):
    planted = plant(random_protocol(seed), seed).system()
    add(f"planted {seed}", planted, NOTHING, [NotAllAtTheEnd], symmetric=[[Peer(n) for n in range(3)]])
boxes = (test_renaming.A, test_renaming.B, test_renaming.C, test_renaming.Box(8))
for kept in ("dict", "frozensets", "named tuples"):
    tier = partial(test_renaming.Tier, id=test_renaming.HUB, boxes=boxes[:3], kept=kept)
    system = System("boxes", lambda tier=tier: {test_renaming.HUB: tier()})
    for group in ((), (boxes[:3],)):
        add(f"boxes {kept} {len(group)}", system, NOTHING, [test_renaming.tied_once(2)], symmetric=group)
for groups in (1, 2):
    pairs = [[test_representatives.Box(2 * n), test_representatives.Box(2 * n + 1)] for n in range(groups)]
    both = tuple([box for pair in pairs for box in pair])
    opener = partial(test_representatives.Opener, id=test_representatives.HUB, boxes=both)
    system = System("opener", lambda opener=opener: {test_representatives.HUB: opener()})
    add(f"opener {groups}", system, symmetric=pairs)
binder = partial(
    test_representatives.Binder,
    id=test_representatives.HUB,
    boxes=tuple([test_representatives.Box(n) for n in range(4)]),
)
for group in ([], [[test_representatives.Box(n) for n in range(4)]]):
    add(f"binder {len(group)}", System("binder", lambda: {test_representatives.HUB: binder()}), symmetric=group)
senders = [test_guards.Sender(0), test_guards.Sender(1)]
for link in (UNORDERED, ORDERED):
    bosses = lambda: {  # noqa: E731
        test_guards.SERVER: test_guards.Worker(id=test_guards.SERVER),
        **{name: test_guards.Boss(id=name) for name in senders},
    }
    jobs = System("jobs", bosses, links={test_guards.Job: link})
    add(f"guards symmetric {link.order}", jobs, NOTHING, [test_guards.InOrder], symmetric=[senders])
for of in (1, 2, 3):
    landing = test_symmetry_landing
    add(f"landing {of}", landing.system(), landing.CRASH, [landing.last(of)])
    add(f"landing {of} symmetric", landing.system(), landing.CRASH, [landing.last(of)], symmetric=[landing.ROWS])
for favours in (False, True):
    store = partial(test_symmetry.Store, id=SERVER, favours=favours)
    environment = Environment(scripts=((Tell(SERVER, test_symmetry.Fill()),),), budgets={"server-crash": 2})
    rows = [[test_symmetry.Row(0), test_symmetry.Row(1)]]
    add(f"rows {favours}", System("store", lambda store=store: {SERVER: store()}), environment, symmetric=rows)

# ---- a notebook: connections, storage, every fault

FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "push": {"push-lost": 1, "push-duplicated": 1},
    "disconnect": {"disconnect": 1},
    "half-open": {"half-open": 1},
    "both ends": {"disconnect": 1, "half-open": 1},
    "abandoned": {"abandoned": 1},
    "device-crash": {"device-crash": 1},
    "server-crash": {"server-crash": 1},
    "device-restore": {"device-restore": 1},
    "server-restore": {"server-restore": 2},
    "new-device": {"new-device": 2},
    "reinstall": {"reinstall": 2},
    "trim": {"trim": 1},
}


def notes(name: str, devices: int, environment: Environment, options: dict[str, Any], **fields: Any) -> None:
    """Add a search of a notebook with so many devices."""
    system = notebook.notebook(devices, **fields)
    options = {"properties": notebook.EVERY, "limits": Limits(states=2_000), **options}
    made(f"notebook {name}", partial(explore, system, environment, **options))


SYMMETRIC = {"symmetric": [[READER, OTHER]], "properties": notebook.ALIKE}
for fault, budgets in FAULTS.items():
    alone = {"budgets": budgets, "appears": fault in ("new-device", "reinstall")}
    pen, reader = ({"replaces": name} if fault == "reinstall" else {} for name in (PEN, READER))
    if fault not in ("none", "push", "both ends"):
        notes(f"1 {fault}", 1, world(2, 0, **alone, **pen), {"check_every_call": True})
    notes(f"2 {fault}", 2, world(1, 2, **alone, **reader), {}, careless=True)
    if fault != "push":  # nothing is pushed to a single device
        notes(f"1 {fault} polls", 1, world(1, 1, polls="at-rest", **alone, **pen), {}, polls=True)
    if fault in ("none", "disconnect", "trim", "server-crash"):
        early = {Retry: 0 if fault == "server-crash" else 1}
        notes(f"1 {fault} retries", 1, world(1, 1, early=early, **alone), {}, retries=True)
    if fault not in ("reinstall", "abandoned", "device-restore", "server-restore", "both ends"):
        notes(f"3 {fault} symmetric", 3, world(1, 3, **alone), SYMMETRIC)
tidy = partial(notebook.Notebook, tidies=True)
notes("tidy", 2, world(2, 2, budgets={"trim": 1, "push-lost": math.inf}), {}, server=tidy)
notes("tidy crash", 1, world(1, 1, budgets={"server-crash": 2}), {}, server=tidy)
notes("skipping", 2, world(1, 2, budgets={"push-duplicated": 2}), {"skip_unchanging": True})
for appears, replaces in ((False, None), (True, None), (True, READER)):
    budgets = {"push-lost": 1, "new-device": 1, "reinstall": 1}
    few = world(2, 2, budgets=budgets, appears=appears, replaces=replaces)
    notes(f"few {appears} {replaces}", 2, few, {"constraint": lambda view: len(view.actors[SERVER].notes) < 2})
notes("2 retries", 1, world(2, 1, early={Retry: 1}), {}, retries=True)
for last, budgets in ((PEN, {"reinstall": 2}), (None, {"new-device": 2})):
    newcomers = (Spawn(NEW, UserId(0), last), Spawn(DeviceId(4), UserId(0), last and NEW))
    twice = msgspec.structs.replace(world(0, 0, budgets=budgets), newcomers=newcomers)
    notes(f"two newcomers {last}", 1, twice, {"properties": ()})
torn = Environment(
    scripts=((Tell(SERVER, notebook.Tear()),),), interventions=((notebook.TEAR, "trim"),), budgets={"trim": 1}
)
notes("torn", 1, torn, {"properties": ()})
gone = {"reinstall": 1, "abandoned": 1}
notes("3 both gone", 3, world(1, 3, budgets=gone, appears=True, replaces=READER), {"properties": notebook.ALIKE})
notes("few symmetric", 3, world(2, 3), {"constraint": lambda view: len(view.actors[SERVER].notes) < 2, **SYMMETRIC})
notes("pen symmetric", 3, world(1, 3), {"symmetric": [[PEN, READER]]})
for budget, name in (
    ("server-crash", SERVER),
    ("device-crash", PEN),
    ("server-restore", SERVER),
    ("device-restore", PEN),
):
    clerk = partial(test_actor_faults.Clerk, id=name)
    environment = Environment(scripts=((Tell(name, test_actor_faults.Begin()),),), budgets={budget: 1})
    add(f"clerk {budget}", System("clerks", lambda name=name, clerk=clerk: {name: clerk()}), environment)

# ---- designs of the package


def designed(design: str, population: str, kind: str, **options: Any) -> None:
    """Add a search of a design in a small world."""

    def make() -> Exploration:
        alone = {"one-device": Population((0,), ((0,),))}
        with patch.dict(small_worlds.POPULATIONS, alone):
            system, _, environment = small_worlds.build(design, SmallWorld(population, 1, (kind,) if kind else ()))
        properties = [p for name, p in PROPERTIES.items() if name not in lookup.get(design).not_applicable]
        return explore(system, environment, properties, **options)

    made(f"{design}, {population}, {kind or 'no fault'}", make)


designed("timeline-notify+plain-accept", "one-device", "disconnect")
designed("inbox-store-first", "one-device", "server-crash")
designed("log-device-acks", "two-devices", "push")
designed("inbox-store-first", "three-devices", "", symmetric=[[DeviceId(1), DeviceId(2)]])

# ---- what is refused


def refused(
    name: str, system: Callable[[], System], environment: Environment = NOTHING, *more: Any, **options: Any
) -> None:
    """Add a search that ends with an error. What counts its calls begins anew."""

    def make() -> Exploration:
        test_purity.Counted.calls = itertools.count()
        test_explore.CALLS.clear()
        test_surroundings.MEMORY.clear()
        test_surroundings.InClass.memory.clear()
        return explore(system(), environment, *more, **options)

    made(f"refused: {name}", make)


def told(name: ActorId, *packets: Packet, **more: Any) -> Environment:
    """Return the environment that tells an actor some packets in order."""
    return Environment(scripts=(tuple([Tell(name, packet) for packet in packets]),), **more)


for name, cast in {
    "calls": {"resource": test_explore.Counting},
    "raises": {"resource": test_explore.Failing},
    "favours": {"manager": test_explore.Favouring},
    "offers": {"manager": test_symmetry.Choosy},
    "order": {"manager": test_symmetry.Ignoring, "resource": test_symmetry.Reversing},
}.items():
    refused(name, partial(two_phase.two_phase, 3, **cast), symmetric=managers(3))
before: type[Property] = test_symmetry.before(2, 0)
refused("before", partial(two_phase.two_phase, 3), NOTHING, [before], symmetric=managers(3))
for how in ("sent", "kept", "popped", "observed"):
    keepers = partial(
        System, "keepers", lambda: {n: test_handlers.Keeper(id=n) for n in (test_handlers.NAME, test_handlers.OTHER)}
    )
    packets = (test_handlers.Add(1), test_handlers.Add(0), test_handlers.Ask(how))
    refused(f"order {how}", keepers, told(test_handlers.NAME, *packets), [test_handlers.Ascending])
for how in ("sends", "keeps", "writes", "observes"):
    answering = lambda how=how: System(  # noqa: E731
        "answering", lambda: {n: test_handlers.Answering(id=n, how=how) for n in (ActorId(0), ActorId(1))}
    )
    refused(f"answer {how}", answering, told(ActorId(0), test_handlers.Answer(ConnectionId.of(5, 1))))
for where in ("start", "steps", "restored", "crash", "link", "landing"):
    impure = lambda where=where: System("impure", lambda: {SERVER: test_purity.Impure(id=SERVER, where=where)})  # noqa: E731
    refused(f"impure {where}", impure, told(SERVER, test_purity.Go(), budgets=test_purity.BUDGETS.get(where, {})))
refused(
    "impure property",
    lambda: System("pure", lambda: {SERVER: test_purity.Impure(id=SERVER)}),
    told(SERVER, test_purity.Go()),
    [test_purity.ImpureProperty],
)
MEMORIES: Sequence[Callable[[], Any]] = (
    lambda: test_surroundings.InModule(id=SERVER),
    lambda: test_surroundings.InConstant(id=SERVER, memory=set()),
    lambda: test_surroundings.InClass(id=SERVER),
    lambda: test_surroundings.enclosed()(id=SERVER),
)
for number, memory in enumerate(MEMORIES):
    remembering = lambda memory=memory: (lambda actor: System("one", lambda: {SERVER: actor}))(memory())  # noqa: E731
    refused(f"memory {number}", remembering, told(SERVER, test_surroundings.Put()))
for name, constraint in {"never": lambda view: False, "raises": lambda view: view.actors[ActorId(7)]}.items():
    refused(f"constraint {name}", partial(test_constraint.counters, 1), constraint=constraint)
for name, more in {
    "reinstall": {"budgets": {"reinstall": 1}, "appears": True, "replaces": READER},
    "newcomer": {"budgets": {"new-device": 1}, "appears": True},
    "connected": {"connected": 2},
}.items():
    refused(f"notebook {name}", partial(notebook.notebook, 3), world(**more), symmetric=[[READER, OTHER]])
refused("polls skip", notebook.notebook, world(polls="at-rest"), skip_unchanging=True)
refused("early skip", notebook.notebook, world(early={Retry: 1}), skip_unchanging=True)
