"""Define small worlds, of which a search visits every interleaving: who takes part, what is sent, which faults may happen.

A small world has two or three devices, one or two messages, and up to two kinds of fault. A fault may happen at any moment,
as often as its record in `core/faults.py` says (mostly once).

| population | devices |
|---|---|
| `two-people` | one device for each of two users, in one conversation; the first device sends every message |
| `two-devices` | two devices of one user; the first one sends the first message, the second one the second |
| `three-devices` | one device of one user, which sends, and two devices of another user |
| `two-conversations` | one device for each of two users, who share two conversations; each sends in one of them |

When a search begins, every device is connected and nothing is under way. In a world with `new-device` the last device of the
population appears during the search, and the first device sends every message. The faults of pushes (loss, duplication,
reordering) are one kind. A poll fires only when nothing else is under way (`Environment.polls`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from syncproof.core.actor import Handler
from syncproof.core.environment import Environment
from syncproof.core.faults import FAULT_KINDS, FAULTS, LATER, Roles
from syncproof.core.links import Link
from syncproof.core.moves import Connect, Move, Spawn, Tell
from syncproof.core.packets import Compose, Packet, Tick
from syncproof.core.values import SERVER, ActorId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.core.world import System, World
from syncproof.designs import Design, Parameters, Population
from syncproof.designs.deployments import DEPLOYMENTS
from syncproof.designs.packets import Notification, Push
from syncproof.errors import InputError, nearest
from syncproof.inputs import arguments, lookup, script
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.evidence import Given, idle

POPULATIONS: dict[str, Population] = {
    "two-people": Population((0, 1), ((0, 1),)),
    "two-devices": Population((0, 0), ((0,),)),
    "three-devices": Population((0, 1, 1), ((0, 1),)),
    "two-conversations": Population((0, 1), ((0, 1), (0, 1))),
}

USUAL = ("push", "device-crash", "server-crash", "disconnect", "half-open", "new-device", "sender-retry")
"""The kinds of fault that happen often."""

CHANGES = {
    "recall": (0, "the second message recalls the first"),
    "edit": (0, "the second message edits the first"),
    "read": (1, "the second message marks the first place as read"),
}
"""Kind of change -> what the second message is about, and in words. Several of them are the second, third and next message."""

ASPECTS: dict[str, tuple[tuple[tuple[str, str | float | bool], ...], str]] = {
    "unread": ((("unread_counts", True),), "devices show how many messages are unread, and the second device reads"),
    "expiring": ((), "the first message expires"),
    "reply": ((), "the second message replies to the first"),
}
"""Kind of world in which devices do something more -> the parameters that let them, and in words."""

KINDS: dict[str, tuple[str, ...]] = {
    **{kind: FAULT_KINDS[kind] for kind in dict.fromkeys((*USUAL, *FAULT_KINDS))},
    **dict.fromkeys(CHANGES, ()),
    **dict.fromkeys(ASPECTS, ()),
}
"""Kind -> its faults, for everything that worlds combine: the kinds of fault, the usual ones first, then `CHANGES` and `ASPECTS`,
which are no faults."""

NAMED: dict[str, tuple[str, ...]] = {
    **KINDS,
    **{fault: (fault,) for faults in FAULT_KINDS.values() for fault in faults if fault not in KINDS},
}
"""The same, and each single fault, which `--fault` takes as well."""

SENDER, READER = DeviceId(0), DeviceId(1)
CONVERSATION = ConversationId(0)
EARLY_FIRINGS = 1
"""How often timers of each class that retransmits may fire while other moves are under way; at rest they always fire."""
IN_ORDER = Link("ordered", lossy=True, while_connected=True)
"""How pushes travel in a world in which they are not reordered."""


@dataclass(frozen=True, slots=True, repr=False)
class SmallWorld:
    """Describe what one search contains."""

    population: str
    """The name of one of `POPULATIONS`."""
    messages: int
    kinds: tuple[str, ...]
    """Names of `NAMED`, each at most once."""
    parameters: tuple[tuple[str, str | float | bool], ...] = ()
    """The parameters that differ from the design's own: (name, value)."""
    script: tuple[tuple[Message, ...], ...] = ()
    """What is composed instead of the usual messages: each part in its order, several beside each other."""
    deployment: str = ""
    """Where the server runs: a name of `DEPLOYMENTS`; empty: in one process, unless a fault needs another deployment."""

    @property
    def deployed(self) -> str:
        """Return the name of the deployment."""
        needed = [FAULTS[fault].deployment for fault in self.faults if FAULTS[fault].deployment]
        return self.deployment or (needed[0] if needed else "single")

    @property
    def faults(self) -> tuple[str, ...]:
        """Return the faults that may happen."""
        return tuple(dict.fromkeys(fault for kind in self.kinds for fault in NAMED[kind]))

    @property
    def budgeted(self) -> tuple[str, ...]:
        """Return the faults that have a budget: those that may happen, or what a search has instead of them (`unlimited`)."""
        return tuple(FAULTS[fault].unlimited or fault for fault in self.faults)

    @property
    def accepted(self) -> int:
        """Return how many of the messages the server takes: not the first, where a limit refuses it."""
        return self.messages - ("largest_message" in dict(self.parameters))

    def parameters_of(self, design: Design) -> Parameters:
        """Return the parameters with which this world searches a design."""
        changed = (*self.parameters, *[each for kind in self.kinds if kind in ASPECTS for each in ASPECTS[kind][0]])
        return design.effective(msgspec.structs.replace(design.parameters, **dict(changed)))

    def __str__(self) -> str:
        faults = " and ".join(self.kinds) or "no fault"
        changed = "".join(f", {name} = {value}" for name, value in self.parameters)
        script = " of a script" if self.script else ""
        where = f", {self.deployment}" if self.deployment else ""
        return f"{self.population}, {self.messages} message{'s' if self.messages > 1 else ''}{script}, {faults}{changed}{where}"

    def __repr__(self) -> str:
        """Return the Python expression that makes this world, for the snippets of reports."""
        parts = [self.population, self.messages, self.kinds, *([self.parameters] if self.parameters else [])]
        script = f", script={self.script!r}" if self.script else ""
        deployment = f", deployment={self.deployment!r}" if self.deployment else ""
        return f"SmallWorld({', '.join(map(repr, parts))}{script}{deployment})"


TOGETHER = ("push", "device-crash", "server-crash", "disconnect", "half-open", "sender-retry")
"""The kinds of fault that Hypothesis plays at once, in worlds too large for a search."""


def small_world(population: str, messages: int, kinds: Iterable[str], deployment: str = "") -> SmallWorld:
    """Return the small world with these names, its kinds in the order of `NAMED`. Raises `InputError` for unknown names.

    `deployment`: a name of `DEPLOYMENTS`; by default one process, unless a fault needs more.
    """
    if not isinstance(population, str) or population not in POPULATIONS:
        raise InputError(f"unknown world {population!r}{nearest(str(population), POPULATIONS)}")
    arguments.whole("messages", messages, least=1, needed=True)
    chosen = arguments.names("faults", kinds)
    for kind in chosen:
        if kind not in NAMED:
            raise InputError(f"unknown kind of fault {kind!r}{nearest(str(kind), NAMED)}")
    if deployment and deployment not in DEPLOYMENTS:
        raise InputError(f"unknown deployment {deployment!r}{nearest(str(deployment), DEPLOYMENTS)}")
    world = SmallWorld(population, messages, tuple(kind for kind in NAMED if kind in chosen), deployment=deployment)
    for fault in world.faults:
        if FAULTS[fault].deployment not in ("", world.deployed):
            raise InputError(
                f"{fault} cannot happen in the deployment {deployment!r}; allowed: {FAULTS[fault].deployment}"
            )
    return world


def actors(world: SmallWorld) -> int:
    """Return how many actors a world has at most: server processes and devices, also one that appears during the search."""
    servers = 1 + len(DEPLOYMENTS[world.deployed].gateways)
    return servers + len(POPULATIONS[world.population].owners) + ("reinstall" in world.faults)


def given(design: str | Design, world: SmallWorld) -> Given:
    """Return what a search of this world of a design has for the evidence of properties; all its devices have joined."""
    owners = POPULATIONS[world.population].owners
    composed = [tell.packet for part in _scripts(world, len(owners)) for tell in part]
    messages = [packet.message for packet in composed if isinstance(packet, Compose)]
    conversations = [message.conversation for message in messages]
    most = max(map(conversations.count, conversations), default=0)
    changes = any(message.kind != "message" for message in messages)
    unread = world.parameters_of(lookup.get(design)).unread_counts
    expires = any(message.expires is True for message in messages)
    return Given(world.faults, most, max(map(owners.count, owners)), changes, unread, expires)


def judged(design: str | Design, world: SmallWorld) -> list[type[Property]]:
    """Return the properties that a search of this world of a design judges: what applies, and is about something that happens."""
    gives, not_applicable = given(design, world), lookup.get(design).inapplicable
    return [each for name, each in PROPERTIES.items() if name not in not_applicable and not idle(each, gives)]


def scripted(file: str | Path, kinds: Iterable[str], deployment: str = "") -> SmallWorld:
    """Return the small world in which a script file says what is composed. Raises `InputError` for one that is not allowed."""
    found = script.read(file, POPULATIONS)
    world = small_world(found.world, sum(map(len, found.parts)), kinds, deployment)
    changes = [kind for kind in world.kinds if kind in CHANGES]
    if changes:
        raise InputError(
            f"unknown kind of fault {changes[0]!r} beside a script, which has changes of its own; allowed: faults"
        )
    return replace(world, script=found.parts)


def interchangeable(world: SmallWorld) -> tuple[tuple[DeviceId, ...], ...]:
    """Return groups of devices that nothing in this world distinguishes: those of one user who only receives.

    The search checks whether a design treats them alike. Raises `InputError` if there are no such devices.
    """
    distinguished = {"new-device", "reinstall", "device-restore", "server-restore", "failover"} & set(world.faults)
    sends = {message.sender for part in world.script for message in part}
    if world.population != "three-devices" or distinguished or sends - {SENDER} or world.deployed != "single":
        raise InputError(
            f"{world}: no two devices are interchangeable here; allowed: three-devices, whose two receiving devices are, "
            "without new devices, reinstalls and restores, which concern one certain device, and without gateways"
        )
    return ((DeviceId(1), DeviceId(2)),)


def build(design: str | Design, world: SmallWorld, budget: int = 1) -> tuple[System, Population, Environment]:
    """Return the system, its population at the beginning, and the environment of one search.

    `budget`: how often each fault may happen, at least what the table of faults says. Raises `InputError` for an unknown
    design.
    """
    entry = lookup.get(design)
    everyone = POPULATIONS[world.population]
    faults = world.faults
    appears = "new-device" in faults
    population = Population(everyone.owners[:-1], everyone.members) if appears else everyone
    system = entry.system(population, world.parameters_of(entry), world.deployed, "replica-lag" in faults)
    if "push-reordered" not in faults:
        keep_pushes_in_order(system)
    clocked = Tick in entry.server.handlers
    first = (Tell(SERVER, Tick(LATER)),) if clocked and "clock-step" in faults else ()
    environment = Environment(
        prelude=connected_and_at_rest(system, first),
        scripts=_scripts(world, len(population.owners), world.parameters_of(entry).largest_message),
        interventions=_interventions(entry, everyone),
        newcomers=_newcomers(faults, population, UserId(everyone.owners[-1])),
        budgets=_budgets(world, budget, len(everyone.owners)),
        polls="at-rest",
        early=early_firings(entry),
    )
    return system, population, environment


def _budgets(world: SmallWorld, budget: int, devices: int) -> dict[str, int]:
    """Return how often each fault may happen. An unlimited fault has a budget of one for each message and device."""
    unlimited = world.messages * devices
    return {
        spent: unlimited if FAULTS[fault].unlimited else budget + FAULTS[fault].budget - 1
        for fault, spent in zip(world.faults, world.budgeted, strict=True)
    }


def _scripts(world: SmallWorld, devices: int, largest: int = 0) -> tuple[tuple[Tell, ...], ...]:
    """Return what each sending device composes. In `two-devices` and `two-conversations` both send in turn, unless the kinds
    demand one sender. Where devices show what is unread, it is the second device that reads, not the sender. `largest`: the size
    that the first message exceeds, where a server refuses it."""
    if world.script:
        return tuple([tuple([Tell(message.sender, Compose(message)) for message in part]) for part in world.script])
    changes = [kind for kind in world.kinds if kind in CHANGES]
    both = world.population in ("two-devices", "two-conversations")
    one_sender = bool(changes) or "new-device" in world.faults or "reply" in world.kinds or not both
    senders = 1 if one_sender else min(world.messages, devices)
    reads = "unread" in world.kinds and "read" in changes
    conversations = len(POPULATIONS[world.population].members)
    scripts: list[list[Tell]] = [[] for _ in range(2 if reads else senders)]
    for number in range(world.messages):
        sender = DeviceId(number % senders)
        conversation = ConversationId(0 if changes else number % conversations)
        message = Message(MessageId(number), sender, conversation)
        if largest and not number:
            message = msgspec.structs.replace(message, size=largest + 1)
        if number == 0 and "expiring" in world.kinds:
            message = msgspec.structs.replace(message, expires=True)
        if number == 1 + len(changes) and "reply" in world.kinds:
            message = msgspec.structs.replace(message, parent=MessageId(0))
        if 1 <= number <= len(changes):
            kind = changes[number - 1]
            sender = READER if reads and kind == "read" else sender
            message = msgspec.structs.replace(message, sender=sender, kind=kind, about=CHANGES[kind][0])
        scripts[sender].append(Tell(sender, Compose(message)))
    return tuple(map(tuple, scripts))


def _interventions(design: Design, everyone: Population) -> tuple[tuple[Tell, str], ...]:
    """Return what the environment may tell actors that take such packets, with the fault that each is."""
    devices = tuple(map(DeviceId, range(len(everyone.owners))))
    roles = Roles(SENDER, SERVER, CONVERSATION, UserId(everyone.owners[-1]), devices)
    taken: dict[ActorId, Mapping[type[Packet], Handler]] = {SERVER: design.server.handlers}
    taken.update(dict.fromkeys(devices, design.device.handlers))
    return tuple(
        (tell, fault.name)
        for fault in FAULTS.values()
        for tell in fault.tells(roles)
        if type(tell.packet) in taken[tell.actor]
    )


def early_firings(design: Design) -> dict[type[Packet], int]:
    """Return how often timers of each class of the design's that retransmits may fire early."""
    handled = (*design.server.handlers, *design.device.handlers)
    return {kind: EARLY_FIRINGS for kind in handled if kind.retransmits}


def _newcomers(faults: tuple[str, ...], population: Population, user: UserId) -> tuple[Spawn, ...]:
    """Return the device that may appear: a new one of `user`, or a reinstall of the last device of the population."""
    number = DeviceId(len(population.owners))
    if "reinstall" in faults:
        return (Spawn(number, user, DeviceId(number - 1)),)
    return (Spawn(number, user),) if "new-device" in faults else ()


def keep_pushes_in_order(system: System) -> None:
    """Let what is pushed to a device arrive in the order in which it was sent."""
    system.links.update({Push: IN_ORDER, Notification: IN_ORDER})


def connected_and_at_rest(system: System, first: tuple[Move, ...] = ()) -> tuple[Move, ...]:
    """Return the moves before a search: `first`, then every device connects, then everything under way is delivered."""
    world = World(system)
    moves: list[Move] = [*first, *[Connect(client) for client in world.connecting()]]
    for move in moves:
        world.apply(move)
    while (pending := next(world.pending(), None)) is not None:
        world.apply(pending)
        moves.append(pending)
    return tuple(moves)
