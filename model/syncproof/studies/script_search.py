"""Search a script of `drive` itself: its cast, its steps in their order, its own faults at their own places.

What a script does to real processes is translated into acts (`engines/explore/directed.py`): each step becomes moves of the
world, or a wait for what the step waits for. A search then follows every run of the script on a design, and returns what its
ends violate. A script of hundreds of messages is searched with fewer of them (`messages` of each `Send`): with one each, then
with two, then with three (`SIZES`). Where a size has too many runs to follow them all, some are drawn: then more ends may exist
than are known, and `Predicted.complete` says so.

| step | in the search |
|---|---|
| Send | the device composes, one message after the other |
| AwaitAccepted, Everywhere, Appear | the same condition; or nothing moves any more |
| Leave, ComeOnline | the device disconnects, and does not connect until it comes |
| CrashBetween | the device crashes at some moment between its two steps, before it is started again |
| KillServer, PutBack | the server crashes, and any of its open writes land; is restored |
| SendHalf, Resume | the message takes no place until its writer continues; what comes next waits until nothing else moves |
| Swallow, LosePushes, Delay | nothing arrives over the connection; pushes are lost; until it is healed |
| HoldReplica, ReleaseReplica | the copies to the replica do not complete; then nothing moves any more |
| Hot, Unheard | a device may read at any moment anyway; nothing moves any more |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from typing import Any

import msgspec

from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS, Roles
from syncproof.core.moves import (
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Keep,
    Lose,
    Move,
    Restart,
    Restore,
    Spawn,
    Tell,
)
from syncproof.core.packets import Compose, Resend
from syncproof.core.values import SERVER, ConnectionId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.designs import Design, Population
from syncproof.designs.servers import ReplicaFollowed
from syncproof.engines.drive import scripts as steps
from syncproof.engines.drive.scripts import DriveScript, ScriptStep
from syncproof.engines.explore.directed import Act, Outcome, Progress, ReachedEnds, directed
from syncproof.inputs import lookup, small_worlds
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import Given, idle

STATES = 20_000
"""How many states the search of one size of a script visits at most, and as many again in drawn runs."""
FURTHER = 5
"""How many times as many where a run is none of the ends that are known, and not all are."""
SIZES = (1, 2, 3)
"""The most messages of each `Send`, one size after the other. The last one only if the one before was searched to its end."""


class Predicted(msgspec.Struct, frozen=True):
    """What a script can come to on a design.

    `outcomes`: the sets of properties that its ends violate. `judged`: the properties that these say something about.
    `messages`: of how many messages of each `Send` every run was followed to its end; 0: of none, and only some ends are known.
    `fewer`: the script sends more than was searched. `complete`: every end of every size that was begun is known.
    """

    outcomes: frozenset[Outcome]
    judged: frozenset[str]
    messages: int
    fewer: bool
    complete: bool


@cache
def script_ends(design: str, script: DriveScript, pushes: bool = True, states: int = STATES) -> Predicted:
    """Search a script on a design, with more and more messages as far as the states suffice.

    `pushes`: whether the server tells devices of what is new; else they look at any moment.
    """
    entry = lookup.get(design)
    most = most_messages(script)
    outcomes: set[Outcome] = set()
    judged: frozenset[str] = frozenset()
    followed, complete = 0, True
    for messages in [size for size in SIZES if size <= most]:
        if messages > largest(script, followed):
            break
        ends = search(entry, script, messages, pushes=pushes, states=states)
        outcomes |= ends.outcomes
        judged = ends.judged
        complete = complete and ends.complete
        followed = messages if complete else followed
    return Predicted(frozenset(outcomes), judged, followed, largest(script, followed) < most, complete)


def most_messages(script: DriveScript) -> int:
    """Return the most messages of a `Send` of a script."""
    return max([step.messages for step in script.steps if isinstance(step, steps.Send)], default=1)


def largest(script: DriveScript, followed: int) -> int:
    """Return the largest size of a script that is searched, if every run was followed with so many messages of each `Send`."""
    return min(most_messages(script), SIZES[-1] if followed >= SIZES[-2] else SIZES[-2])


def search(
    design: str | Design, script: DriveScript, messages: int, *, pushes: bool = True, states: int = STATES
) -> ReachedEnds:
    """Follow the runs of a script on a design, with at most so many messages of each `Send`."""
    entry = lookup.get(design)
    if not pushes:
        silent = msgspec.structs.replace(entry.parameters, notifications=False)
        entry = msgspec.structs.replace(entry, parameters=silent)
    found = _ends(entry, script, messages, states, strict=True)
    if not found.outcomes and found.complete and script.order == "confirm-apply":
        # Nothing that this design confirms is lost: no device of it ever has confirmed what it has not applied.
        found = _ends(entry, script, messages, states, strict=False)
    return found


def _ends(entry: Design, script: DriveScript, messages: int, states: int, strict: bool) -> ReachedEnds:
    """Search one size of a script. `strict`: a device crashes only when it has confirmed something."""
    plan = ScriptPlan(script, messages, strict)
    population = Population(script.cast.owners, script.cast.members)
    system = entry.system(population, entry.parameters)
    small_worlds.keep_pushes_in_order(system)
    environment = Environment(
        prelude=small_worlds.connected_and_at_rest(system),
        scripts=(tuple(plan.composed),),
        interventions=tuple(plan.interventions),
        newcomers=tuple(plan.newcomers),
        budgets=plan.budgets,
        polls="at-rest" if entry.parameters.notifications else "any",
        early=small_worlds.early_firings(entry),
    )
    shown = Given((), 0, 0, unread=entry.parameters.unread_counts)
    wanted = [each for name, each in PROPERTIES.items() if name not in entry.inapplicable and not idle(each, shown)]
    return directed(system, environment, plan.acts, wanted, states=states)


def never(progress: Progress) -> bool:
    """Return False: an act that waits until nothing moves any more."""
    return False


@dataclass
class OutOfOrder:
    """What is out of order at a place of a script: who is away, armed or down, and whose connection carries nothing."""

    away: set[DeviceId] = field(default_factory=set)
    armed: set[DeviceId] = field(default_factory=set)
    deaf: set[DeviceId] = field(default_factory=set)
    mute: set[DeviceId] = field(default_factory=set)
    unpushed: set[DeviceId] = field(default_factory=set)
    stopped: set[MessageId] = field(default_factory=set)

    held: bool = False
    strict: bool = True

    def acting(self, act: Act, order: str) -> Act:
        """Return an act with what is out of order while it is next."""
        away, deaf, mute = frozenset(self.away), frozenset(self.deaf), frozenset(self.mute)
        unpushed, armed = frozenset(self.unpushed), frozenset(self.armed)
        held, strict = self.held, self.strict

        def hinders(move: Move) -> bool:
            if isinstance(move, Restart):
                return True
            if isinstance(move, Connect):
                return move.client in away
            if isinstance(move, Deliver):
                client = DeviceId(ConnectionId(move.connection).client)
                return client in (deaf if move.end == "client" else mute)
            if held and isinstance(move, Complete):
                return isinstance(move.packet, ReplicaFollowed)
            return isinstance(move, Arrive) and move.receiver in (deaf | unpushed)

        def allows(move: Move, progress: Progress) -> bool:
            if isinstance(move, Lose):
                return move.receiver in (deaf | unpushed)
            if not (isinstance(move, Crash) and move.actor in armed) or move.landed:
                return False
            shown = any(device == move.actor for device, _ in progress.shown)
            if order != "confirm-apply":
                return shown
            return not shown and (move.actor in progress.confirmed or not strict)

        return replace(act, hinders=hinders, allows=allows, withheld=frozenset(self.stopped))


class ScriptPlan:
    """A script as acts, and what the environment of its search has."""

    def __init__(self, script: DriveScript, messages: int, strict: bool = True) -> None:
        self.script = script
        self.messages = messages
        self.composed: list[Tell] = []
        self.interventions: list[tuple[Tell, str]] = []
        self.newcomers: list[Spawn] = []
        self.budgets: dict[str, float] = {}
        self.setting = OutOfOrder(strict=strict)
        self.acts: list[Act] = []
        self.sent = sum(self.count(step) for step in script.steps)
        for step in script.steps:
            for act in ACTS[type(step)](self, step):
                self.acts.append(self.setting.acting(act, script.order))

    def count(self, step: ScriptStep) -> int:
        """Return how many messages a step sends in this search."""
        if isinstance(step, steps.Send):
            return min(step.messages, self.messages)
        return int(isinstance(step, steps.SendHalf))

    def compose(self, device: DeviceId, conversation: ConversationId) -> Act:
        """Return the act by which a device composes the next message."""
        tell = Tell(device, Compose(Message(MessageId(len(self.composed)), device, conversation)))
        self.composed.append(tell)
        return Act(lambda move: move == tell)

    def may(self, fault: str, times: float = 1) -> None:
        """Allow a fault to happen so often more."""
        self.budgets[fault] = self.budgets.get(fault, 0) + times

    def awaited(self, step: steps.AwaitAccepted) -> int:
        """Return how many acceptances a step waits for in this search: the same share of the messages."""
        so_far = len(self.composed)
        if step.messages is None:
            return so_far
        whole = sum(step.messages if isinstance(step, steps.Send) else 1 for step in self.script.steps
                    if isinstance(step, (steps.Send, steps.SendHalf)))  # fmt: skip
        return min(so_far, max(1, step.messages * self.sent // whole))


# ---- the acts of each step


def _leave(plan: ScriptPlan, step: steps.Leave) -> Iterator[Act]:
    device = DeviceId(step.device)
    plan.may("disconnect")
    yield Act(lambda move: move == Disconnect(device, True), lambda progress: device in progress.connected)
    plan.setting.away.add(device)


def _come(plan: ScriptPlan, step: steps.ComeOnline) -> Iterator[Act]:
    plan.setting.away.discard(DeviceId(step.device))
    yield from ()


def _send(plan: ScriptPlan, step: steps.Send) -> Iterator[Act]:
    for _ in range(plan.count(step)):
        yield plan.compose(DeviceId(step.device), ConversationId(step.conversation))


def _send_half(plan: ScriptPlan, step: steps.SendHalf) -> Iterator[Act]:
    plan.setting.stopped.add(MessageId(len(plan.composed)))
    yield plan.compose(DeviceId(step.device), ConversationId(0))
    yield Act(when=never, patient=True)


def _resume(plan: ScriptPlan, step: steps.Resume) -> Iterator[Act]:
    plan.setting.stopped = {m for m in plan.setting.stopped if plan.composed[m].actor != step.device}
    yield from ()


def _accepted(plan: ScriptPlan, step: steps.AwaitAccepted) -> Iterator[Act]:
    wanted = plan.awaited(step)
    yield Act(when=lambda progress: len(progress.answered) >= wanted, patient=True)


def _everywhere(plan: ScriptPlan, step: steps.Everywhere) -> Iterator[Act]:
    def shown(progress: Progress) -> bool:
        return all((DeviceId(d), message) in progress.shown for d in step.devices for message in progress.answered)

    yield Act(when=shown, patient=True)


def _appear(plan: ScriptPlan, step: steps.Appear) -> Iterator[Act]:
    device, spawn = DeviceId(step.device), Spawn(DeviceId(step.device), UserId(step.user))
    plan.newcomers.append(spawn)
    plan.may("new-device")
    yield Act(lambda move: move == spawn)
    yield Act(when=lambda progress: device in progress.joined, patient=True)


def _crash_between(plan: ScriptPlan, step: steps.CrashBetween) -> Iterator[Act]:
    plan.setting.armed.add(DeviceId(step.device))
    plan.may("device-crash")
    yield from ()


def _start_device(plan: ScriptPlan, step: steps.StartDevice) -> Iterator[Act]:
    yield Act(lambda move: move == Restart(DeviceId(step.device)))
    plan.setting.armed.discard(DeviceId(step.device))


def _kill_device(plan: ScriptPlan, step: steps.KillDevice) -> Iterator[Act]:
    plan.may("device-crash")
    yield Act(lambda move: isinstance(move, Crash) and move.actor == step.device)


def _kill_server(plan: ScriptPlan, step: steps.KillServer) -> Iterator[Act]:
    plan.may("server-crash")
    yield Act(lambda move: isinstance(move, Crash) and move.actor == SERVER)


def _start_server(plan: ScriptPlan, step: steps.StartServer) -> Iterator[Act]:
    yield Act(lambda move: move == Restart(SERVER))


def _swallow(plan: ScriptPlan, step: steps.Swallow) -> Iterator[Act]:
    plan.setting.deaf.add(DeviceId(step.device))
    plan.may("push-lost", inf)
    if step.ways == "both":
        plan.setting.mute.add(DeviceId(step.device))
    yield from ()


def _lose_pushes(plan: ScriptPlan, step: steps.LosePushes) -> Iterator[Act]:
    plan.setting.unpushed.add(DeviceId(step.device))
    plan.may("push-lost", inf)
    yield from ()


def _delay(plan: ScriptPlan, step: steps.Delay) -> Iterator[Act]:
    plan.setting.deaf.add(DeviceId(step.device))
    yield from ()


def _send_again(plan: ScriptPlan, step: steps.SendAgain) -> Iterator[Act]:
    again = Tell(DeviceId(step.device), Resend())
    plan.interventions.append((again, "sender-retry"))
    plan.may("sender-retry")
    yield Act(lambda move: move == again, void=True)
    plan.setting.deaf.discard(DeviceId(step.device))


def _heal(plan: ScriptPlan, step: steps.Heal) -> Iterator[Act]:
    device = DeviceId(step.device)
    setting = plan.setting
    if device in setting.deaf | setting.mute | setting.unpushed:
        plan.may("half-open")
        yield Act(lambda move: move == Disconnect(device, False), void=True)
    for those in (setting.deaf, setting.mute, setting.unpushed):
        those.discard(device)


def _cut(plan: ScriptPlan, step: steps.Cut) -> Iterator[Act]:
    device = DeviceId(step.device)
    plan.may("disconnect")
    yield Act(lambda move: move == Disconnect(device, True), void=True)


def _unheard(plan: ScriptPlan, step: steps.Unheard) -> Iterator[Act]:
    yield Act(when=never, patient=True)


def _backup(plan: ScriptPlan, step: steps.Backup) -> Iterator[Act]:
    plan.may("server-restore")
    yield Act(lambda move: move == Keep(SERVER))


def _put_back(plan: ScriptPlan, step: steps.PutBack) -> Iterator[Act]:
    yield Act(lambda move: move == Restore(SERVER))
    yield Act(lambda move: move == Restart(SERVER))


def _retention(plan: ScriptPlan, step: steps.RetentionDeletes) -> Iterator[Act]:
    roles = Roles(DeviceId(0), SERVER, ConversationId(0), UserId(0))
    tells = FAULTS["trim"].tells(roles)
    plan.interventions += [(tell, "trim") for tell in tells]
    plan.may("trim")
    yield Act(lambda move: move in tells, void=True)
    yield Act(when=never, patient=True)  # the step ends when everything is deleted


def _hold(plan: ScriptPlan, step: steps.HoldReplica) -> Iterator[Act]:
    plan.setting.held = True
    yield from ()


def _release(plan: ScriptPlan, step: steps.ReleaseReplica) -> Iterator[Act]:
    plan.setting.held = False
    yield Act(when=never, patient=True)


def _nothing(plan: ScriptPlan, step: ScriptStep) -> Iterator[Act]:
    yield from ()


ACTS: dict[type[ScriptStep], Callable[[ScriptPlan, Any], Iterator[Act]]] = {
    steps.ComeOnline: _come,
    steps.Leave: _leave,
    steps.Send: _send,
    steps.AwaitAccepted: _accepted,
    steps.Everywhere: _everywhere,
    steps.Appear: _appear,
    steps.Hot: _nothing,
    steps.CrashBetween: _crash_between,
    steps.SendHalf: _send_half,
    steps.Resume: _resume,
    steps.KillDevice: _kill_device,
    steps.StartDevice: _start_device,
    steps.KillServer: _kill_server,
    steps.StartServer: _start_server,
    steps.Swallow: _swallow,
    steps.Delay: _delay,
    steps.SendAgain: _send_again,
    steps.LosePushes: _lose_pushes,
    steps.Heal: _heal,
    steps.Cut: _cut,
    steps.Unheard: _unheard,
    steps.Backup: _backup,
    steps.PutBack: _put_back,
    steps.HoldReplica: _hold,
    steps.ReleaseReplica: _release,
    steps.RetentionDeletes: _retention,
}
"""Step -> its acts. A step that only changes what is out of order has none."""
