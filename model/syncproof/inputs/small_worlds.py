"""Small worlds, whose every interleaving can be searched: who is there, what is said, what may go wrong.

A *world* is a handful of devices, one or two messages and one or two kinds of fault, each of which may happen once at any
moment. Searching many such worlds completely says more than searching one large world in part: a verdict is *holds* only
if every world that the bounds name was searched to its end.

| world | who |
|---|---|
| `two-people` | one device each, in one conversation; the first sends every message |
| `two-devices` | one person's two devices; the first sends the first message, the second the second one |
| `three-devices` | one person sends from one device to another one's two |

Everyone is connected and at rest when a search begins. Where a device appears, it is the last one of these, and the first
sends everything. Push faults (loss, duplication, reordering) go together. Polls fire when nothing else is under way
(`Environment.polls`).

What bounds contain is what two processors search in the time that they name. `standard`: each single fault with two
messages (two receiving devices, and one sender's order at another person's), each pair of faults with one message, and what
is rarer (`RARE`) with one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Connect, Move, Spawn, Tell
from syncproof.core.packets import AddMember, Compose, Expire, RemoveMember, Resend, Tick
from syncproof.core.values import SERVER, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.core.world import System, World
from syncproof.designs import Design, Population
from syncproof.designs.packets import Notification, Push
from syncproof.errors import InputError
from syncproof.inputs import lookup

POPULATIONS: dict[str, Population] = {
    "two-people": Population((0, 1), ((0, 1),)),
    "two-devices": Population((0, 0), ((0,),)),
    "three-devices": Population((0, 1, 1), ((0, 1),)),
}

KINDS: dict[str, tuple[str, ...]] = {
    "push": ("push-lost", "push-duplicated", "push-reordered"),
    "device-crash": ("device-crash",),
    "server-crash": ("server-crash",),
    "disconnect": ("disconnect",),
    "half-open": ("half-open",),
    "new-device": ("new-device",),
    "sender-retry": ("sender-retry",),
    "membership": ("membership",),
    "clock-step": ("clock-step",),
    "reinstall": ("reinstall",),
    "device-restore": ("device-restore",),
    "server-restore": ("server-restore",),
    "trim": ("trim",),
    "recall": (),
}
"""The kinds of fault that worlds combine, and the faults that each stands for. A recall is none: the second message is one."""

TWICE = ("membership",)
"""Faults with a budget of two: what is taken away may be given back."""

IN_ORDER = Link("ordered", lossy=True, while_connected=True)
CONVERSATION = ConversationId(0)
EARLIER, LATER = 1, 2
NOON: tuple[Move, ...] = (Tell(SERVER, Tick(LATER)),)
"""Where the clock can step back it shows something to begin with."""


@dataclass(frozen=True, slots=True)
class SmallWorld:
    """What one exploration contains."""

    people: str
    messages: int
    kinds: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults that may happen, each once."""
        return tuple(fault for kind in self.kinds for fault in KINDS[kind])

    def __str__(self) -> str:
        faults = " and ".join(self.kinds) or "no fault"
        return f"{self.people}, {self.messages} message{'s' if self.messages > 1 else ''}, {faults}"


USUAL = ("push", "device-crash", "server-crash", "disconnect", "half-open", "new-device", "sender-retry")
TOGETHER = ("push", "device-crash", "server-crash", "disconnect", "half-open", "sender-retry")
"""What a world that is played, not searched, contains at once."""
SINGLES = ((), *[(kind,) for kind in USUAL])
PAIRS = tuple(combinations(USUAL, 2))
GENTLE = ((), ("push",), ("sender-retry",))
RARE = ("reinstall", "device-restore", "server-restore", "trim", "membership")
"""What happens seldom, each alone; retention that is early also while a device is away."""

SMALL = tuple(SmallWorld(people, 1, kinds) for kinds in SINGLES for people in ("two-people", "two-devices"))
STANDARD = (
    *SMALL,
    *[SmallWorld("three-devices", 1, kinds) for kinds in GENTLE],
    *[SmallWorld(people, 2, kinds) for kinds in SINGLES for people in ("two-people", "two-devices")],
    *[SmallWorld("two-devices", 1, kinds) for kinds in PAIRS],
    *[SmallWorld("two-devices", 1, (kind,)) for kind in RARE],
    SmallWorld("two-devices", 1, ("disconnect", "trim")),
    SmallWorld("two-devices", 2, ("recall",)),
    SmallWorld("two-devices", 2, ("push", "recall")),
)
DEEP = (
    *STANDARD,
    *[SmallWorld("two-people", 2, kinds) for kinds in PAIRS],
    *[SmallWorld("three-devices", 2, kinds) for kinds in SINGLES],
    *[SmallWorld("two-people", 2, (kind,)) for kind in RARE],
)
BOUNDS: dict[str, tuple[SmallWorld, ...]] = {"small": SMALL, "standard": STANDARD, "deep": DEEP}

BEYOND = {"inbox-sync-first": (SmallWorld("two-devices", 2, ("server-crash",)),)}
"""Worlds that only `deep` tries with a design: more than 60 million states each."""


def within(bounds: str, design: str) -> list[SmallWorld]:
    """The worlds in which these bounds search a design. Raises `InputError` for unknown bounds."""
    if bounds not in BOUNDS:
        raise InputError(f"unknown bounds {bounds!r}; allowed: {', '.join(BOUNDS)}")
    return [s for s in BOUNDS[bounds] if bounds == "deep" or s not in BEYOND.get(design, ())]


def shape(people: str, messages: int, kinds: Iterable[str]) -> SmallWorld:
    """A shape by its names. Raises `InputError` for names that there are not."""
    if people not in POPULATIONS:
        raise InputError(f"unknown world {people!r}; allowed: {', '.join(POPULATIONS)}")
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"unknown kind of fault {kind!r}; allowed: {', '.join(KINDS)}")
    return SmallWorld(people, messages, tuple(kind for kind in KINDS if kind in tuple(kinds)))


def interchangeable(shape: SmallWorld) -> tuple[tuple[DeviceId, ...], ...]:
    """Groups of devices that nothing in this world tells apart: those of one person who only receives.

    Raises `InputError` for a world without any. Whether a design treats them alike is another question: a search asks it.
    """
    single = {"new-device", "reinstall", "device-restore", "server-restore"} & set(shape.faults)
    if shape.people != "three-devices" or single:
        raise InputError(
            f"{shape}: no two devices are interchangeable here; allowed: three-devices, whose two receiving devices are, "
            "without new devices, reinstalls and restores, which single one out"
        )
    return ((DeviceId(1), DeviceId(2)),)


def build(design: str | Design, shape: SmallWorld, budget: int = 1) -> tuple[System, Population, Environment]:
    """The system and the environment of one exploration. `budget`: how often each fault may happen.

    Raises `InputError` for an unknown design.
    """
    everyone = POPULATIONS[shape.people]
    joins = "new-device" in shape.faults
    population = Population(everyone.owners[:-1], everyone.members) if joins else everyone
    entry = lookup.get(design)
    system = entry.system(population, entry.parameters)
    clocked = Tick in entry.server.handlers
    if "push-reordered" not in shape.faults:
        system.links.update({Push: IN_ORDER, Notification: IN_ORDER})
    sender = DeviceId(0)
    last = UserId(everyone.owners[-1])
    # In a world of one person's devices each of them speaks; else one sender's messages keep their order.
    recalls = "recall" in shape.kinds
    speakers = 1 if joins or recalls or shape.people != "two-devices" else min(shape.messages, len(population.owners))
    scripts: list[list[Tell]] = [[] for _ in range(speakers)]
    for number in range(shape.messages):
        speaker = DeviceId(number % speakers)
        message = Message(MessageId(number), speaker, CONVERSATION)
        if recalls and number == 1:
            message = Message(MessageId(number), speaker, CONVERSATION, 0, "recall", 0)
        scripts[speaker].append(Tell(speaker, Compose(message)))
    newcomer = DeviceId(len(population.owners))
    appears = (Spawn(newcomer, last),) if joins else ()
    if "reinstall" in shape.faults:
        appears = (Spawn(newcomer, last, DeviceId(newcomer - 1)),)
    environment = Environment(
        prelude=_opening(system, NOON if "clock-step" in shape.faults and clocked else ()),
        scripts=tuple(map(tuple, scripts)),
        interventions=(
            (Tell(sender, Resend()), "sender-retry"),
            (Tell(SERVER, RemoveMember(CONVERSATION, last)), "membership"),
            (Tell(SERVER, AddMember(CONVERSATION, last)), "membership"),
            (Tell(SERVER, Expire()), "trim"),
            *([(Tell(SERVER, Tick(EARLIER)), "clock-step")] if clocked else []),
        ),
        newcomers=appears,
        budgets={fault: budget + (fault in TWICE) for fault in shape.faults},
        polls="at-rest",
    )
    return system, population, environment


def _opening(system: System, first: tuple[Move, ...]) -> tuple[Move, ...]:
    """After what comes first everyone connects, and what that causes comes to rest."""
    world = World(system)
    moves: list[Move] = [*first, *[Connect(client) for client in world.clients() if isinstance(client, DeviceId)]]
    for move in moves:
        world.apply(move)
    while (pending := next(world.pending(), None)) is not None:
        world.apply(pending)
        moves.append(pending)
    return tuple(moves)
