"""The table of faults: what the environment may do to a system, and where each engine makes it happen.

A fault is one record of `FAULTS`. Everything else that speaks of faults reads this table: which fault a move is
(`fault_of`), which kinds of fault small worlds combine and what the environment tells actors there
(`inputs/small_worlds.py`), what a scenario may configure (`inputs/fault_plan.py`), for which faults a design may promise
a property (`designs/registry.py`). A record whose fault is not simulated or not searched says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from syncproof.core.moves import (
    Abandon,
    Crash,
    Disconnect,
    Duplicate,
    Failover,
    Handover,
    Lose,
    Move,
    Restore,
    Spawn,
    Tell,
)
from syncproof.core.packets import (
    AddMember,
    CacheReply,
    Expire,
    ForgetCursors,
    LoseKey,
    ReceiveKey,
    RemoveMember,
    Resend,
    Throttle,
    Tick,
)
from syncproof.core.values import ActorId, ConversationId, DeviceId, GatewayId, UserId

NO_REPLICA_SIMULATED = "the server of a simulated run has no replica"
ONE_PROCESS_DRIVEN = "the real servers that are driven run as one process each"

EARLIER, LATER = 1, 2
"""Times of the server's clock in a small world, in milliseconds: what it steps back to, and what it shows before."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Name whom and what the environment of a small world speaks to and of.

    `member` may leave `conversation` and join it. `devices`: those that a fault may concern one by one.
    """

    sender: DeviceId
    server: ActorId
    conversation: ConversationId
    member: UserId
    devices: tuple[DeviceId, ...] = ()


def _any_move(move: Move) -> bool:
    return True


def _of_device(move: Move) -> bool:
    return isinstance(cast("Crash | Restore", move).actor, DeviceId)


def _of_gateway(move: Move) -> bool:
    return isinstance(cast("Crash | Restore", move).actor, GatewayId)


def _of_server(move: Move) -> bool:
    return not _of_device(move) and not _of_gateway(move)


def _cuts_gateway(move: Move) -> bool:
    return isinstance(cast(Disconnect, move).client, GatewayId)


def _nothing(roles: Roles) -> tuple[Tell, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What may go wrong, the moves that make it, and where a simulation and a search have it."""

    name: str
    sentence: str
    """What happens, as a clause without a full stop."""
    move: type[Move] | None = None
    """The class of the moves that make it; None if no move does, because the fault is the order of other moves."""
    when: Callable[[Move], bool] = _any_move
    """Which moves of that class."""
    tells: Callable[[Roles], tuple[Tell, ...]] = _nothing
    """For the move `Tell`: what the environment of a small world may tell actors, as far as they take such packets."""
    deployment: str = ""
    """The deployment without which it cannot happen; empty if it may happen in every one."""
    like: str = ""
    """The fault of which it has the consequences too: a property that is about that one is about this one."""
    kind: str = ""
    """The kind of fault of small worlds that it belongs to; faults of one kind are searched together."""
    budget: int = 1
    """How often it may happen in a small world; more than once where a second move may undo the first."""
    unlimited: str = ""
    """The fault that a small world may have any number of times instead, because it can do all that this fault can."""
    setting: str = ""
    """The key of a scenario's `[faults]` table that makes simulated runs have it."""
    needs: tuple[str, object] | None = None
    """A key of a scenario's `[model]` table and the value without which the fault changes nothing."""
    traffic: str = ""
    """What makes it happen in the traffic of a simulated run, where no key of `[faults]` does."""
    not_simulated: str = ""
    """Why no simulated run has it; empty if runs may have it."""
    not_searched: str = ""
    """Why none of the predefined bounds has a world with it; empty if one has."""
    driven: str = ""
    """What `drive` does to real processes that is this fault; empty if it does nothing of the kind."""
    not_driven: str = ""
    """Why `drive` has no deed for it; empty if it has one."""


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            name="push-lost",
            sentence="a push or notification is dropped",
            driven="a proxy swallows what the server pushes to a device",
            move=Lose,
            kind="push",
            setting="push_loss",
            needs=("notifications", True),
        ),
        Fault(
            name="push-duplicated",
            sentence="a push or notification arrives twice",
            not_driven="TCP delivers what is sent once; a server that pushes twice does so of its own accord",
            move=Duplicate,
            kind="push",
            setting="push_duplicate",
            needs=("notifications", True),
        ),
        Fault(
            name="push-reordered",
            sentence="a push or notification arrives after later ones",
            not_driven="TCP keeps the order of a connection",
            kind="push",
            setting="push_reorder",
            needs=("notifications", True),
        ),
        Fault(
            name="push-outage",
            sentence="pushes and notifications are dropped for a while",
            not_driven="it is push-lost for longer, and the deed of that fault has no limit",
            setting="outages",
            needs=("notifications", True),
            kind="push-outage",
            # During an outage every push is lost. A search that may lose any number of pushes visits that case among others.
            unlimited="push-lost",
        ),
        Fault(
            name="disconnect",
            sentence="a device disconnects and the server is told",
            driven="a device closes its connection, or a proxy cuts it at both ends",
            move=Disconnect,
            when=lambda move: cast(Disconnect, move).clean and not _cuts_gateway(move),
            kind="disconnect",
            traffic="sessions that end cleanly before the run does",
        ),
        Fault(
            name="half-open",
            sentence="a device is gone and the server does not know yet",
            driven="a proxy swallows what goes through it and leaves the connection open",
            move=Disconnect,
            when=lambda move: not cast(Disconnect, move).clean and not _cuts_gateway(move),
            kind="half-open",
            traffic="sessions that end without a word before the run does, and gateways that are lost",
        ),
        Fault(
            name="abandoned",
            sentence="a device is gone for good and the server is never told",
            not_driven="no world is searched with it, so there is no prediction to hold it against",
            move=Abandon,
            traffic="devices that nobody uses any more from some time on",
            not_searched=(
                "until the end it does to the others what a device does that is half-open and stays away, which worlds "
                "with that fault contain; and in the end nothing is owed to it"
            ),
        ),
        Fault(
            name="device-crash",
            sentence="a device loses its volatile state",
            driven="a device's process is killed (SIGKILL) between applying and confirming, and started on its database",
            move=Crash,
            when=_of_device,
            kind="device-crash",
            setting="device_crashes_per_day",
        ),
        Fault(
            name="server-crash",
            sentence="the server loses its volatile state; writes under way land or do not",
            driven="all processes of the server are killed (SIGKILL), and started on its directory",
            move=Crash,
            when=_of_server,
            kind="server-crash",
            setting="server_crashes",
        ),
        Fault(
            name="new-device",
            sentence="a device of a known user appears",
            driven="a process with an empty database registers as a new device",
            move=Spawn,
            when=lambda move: cast(Spawn, move).replaces is None,
            kind="new-device",
            traffic="devices that appear during the run and replace none",
        ),
        Fault(
            name="sender-retry",
            sentence="a device sends again what is still being processed",
            driven="a proxy delays requests and replies until the device gives up waiting and sends again",
            move=Tell,
            tells=lambda roles: (Tell(roles.sender, Resend()),),
            kind="sender-retry",
            setting="sender_retry",
        ),
        Fault(
            name="membership",
            sentence="a user joins or leaves a conversation",
            not_driven="a target registers devices; who is a member of what is the application's own affair",
            move=Tell,
            tells=lambda roles: (
                Tell(roles.server, RemoveMember(roles.conversation, roles.member)),
                Tell(roles.server, AddMember(roles.conversation, roles.member)),
            ),
            kind="membership",
            budget=2,
            traffic="users who join or leave conversations during the run",
        ),
        Fault(
            name="clock-step",
            sentence="the server's clock steps back",
            not_driven="the clock of a machine is not set back for a test",
            move=Tell,
            tells=lambda roles: (Tell(roles.server, Tick(EARLIER)),),
            kind="clock-step",
            setting="clock_steps",
            needs=("sequencer", "clock"),
        ),
        Fault(
            name="reinstall",
            sentence="a new installation of a device takes the place of the former one",
            not_driven="a server that is not told which installation a new one replaces sees a new device",
            move=Spawn,
            when=lambda move: cast(Spawn, move).replaces is not None,
            kind="reinstall",
            traffic="devices that appear during the run in the place of another one",
        ),
        Fault(
            name="device-restore",
            sentence="a device's database is put back to a backup",
            not_driven="what a device's backup contains is the application's own affair, no server has a part in it",
            move=Restore,
            when=_of_device,
            kind="device-restore",
            setting="device_restores_per_day",
        ),
        Fault(
            name="server-restore",
            sentence="the server's stores are put back to a backup: the tail since then is lost",
            driven="the server is killed, and its directory is put back to a copy that was made while it was stopped",
            move=Restore,
            when=_of_server,
            kind="server-restore",
            setting="server_restores",
        ),
        Fault(
            name="trim",
            sentence="retention deletes what is kept for delivery, fetched or not",
            driven="what retention would delete is deleted in the server's store",
            move=Tell,
            tells=lambda roles: (Tell(roles.server, Expire()),),
            kind="trim",
            setting="trims",
        ),
        Fault(
            name="rate-limit",
            sentence="a device asks too often, and its requests are refused until it has waited",
            not_driven="the servers that are driven have no limits of their own",
            move=Tell,
            tells=lambda roles: tuple([Tell(roles.server, Throttle(device)) for device in roles.devices]),
            kind="rate-limit",
            setting="rate_limits_per_day",
        ),
        Fault(
            name="cursor-refused",
            sentence="the server cannot continue from a device's cursors any more",
            not_driven="the cursors of the servers that are driven are numbers of their logs, which they always know",
            move=Tell,
            tells=lambda roles: tuple([Tell(roles.server, ForgetCursors(device)) for device in roles.devices]),
            kind="cursor-refused",
            setting="lost_cursors_per_day",
        ),
        Fault(
            name="key-late",
            sentence="a device cannot open what it gets, until its key comes",
            not_driven="what a device can open is the application's own affair, no server has a part in it",
            move=Tell,
            tells=lambda roles: tuple(
                [Tell(device, key) for device in roles.devices for key in (LoseKey(), ReceiveKey())]
            ),
            kind="key-late",
            budget=2,
            setting="keys_late_per_day",
        ),
        Fault(
            name="stale-reply",
            sentence="a cache between a device and the server answers with an earlier reply",
            not_simulated="a reply is kept only of a device that asks for the same numbers again, which few do at random times",
            not_driven="nothing stands between the devices and the servers that are driven but a proxy that does not look inside",
            move=Tell,
            tells=lambda roles: tuple([Tell(roles.server, CacheReply(device)) for device in roles.devices]),
            kind="stale-reply",
        ),
        Fault(
            name="gateway-crash",
            sentence="a gateway is gone with its connections; the store is not told",
            not_driven=ONE_PROCESS_DRIVEN,
            move=Crash,
            when=_of_gateway,
            deployment="cluster",
            kind="gateway-crash",
            setting="gateway_crashes",
        ),
        Fault(
            name="handover",
            sentence="a device reconnects through another gateway while the first still believes in it",
            not_driven=ONE_PROCESS_DRIVEN,
            move=Handover,
            deployment="cluster",
            kind="handover",
            setting="handovers_per_day",
        ),
        Fault(
            name="failover",
            sentence="a replica that lacks the tail takes the store's place",
            not_driven=ONE_PROCESS_DRIVEN,
            move=Failover,
            when=_of_server,
            like="server-restore",
            kind="failover",
            not_simulated=NO_REPLICA_SIMULATED,
        ),
        Fault(
            name="replica-lag",
            sentence="a replica that serves pulls has not yet what the store has",
            not_driven=ONE_PROCESS_DRIVEN,
            deployment="cluster",
            kind="replica-lag",
            not_simulated=NO_REPLICA_SIMULATED,
        ),
        Fault(
            name="partition",
            sentence="a gateway is cut from the store for a while",
            not_driven=ONE_PROCESS_DRIVEN,
            move=Disconnect,
            when=lambda move: not cast(Disconnect, move).clean and _cuts_gateway(move),
            deployment="cluster",
            kind="partition",
            setting="partitions",
        ),
    )
}

FAULT_KINDS: dict[str, tuple[str, ...]] = {
    kind: tuple(fault.name for fault in FAULTS.values() if fault.kind == kind)
    for kind in dict.fromkeys(fault.kind for fault in FAULTS.values() if fault.kind)
}
"""The kinds of fault that small worlds combine, and the faults of each."""


def spelled_out(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of faults, each once, in which a kind of fault stands for all of its faults (`push`).

    Promises, headers of histories and searches take the same names. A name that is no fault is returned as it is.
    """
    named = (names,) if isinstance(names, str) else names
    return tuple(dict.fromkeys(fault for name in named for fault in FAULT_KINDS.get(name, (name,))))


OWN_MOVES: tuple[str, ...] = tuple(fault.name for fault in FAULTS.values() if fault.move not in (None, Tell))
"""The faults that are moves of their own. A `Tell` is a fault only where `Environment.interventions` says so."""

_BY_MOVE: dict[type[Move], list[Fault]] = {}
for _name in OWN_MOVES:
    _BY_MOVE.setdefault(cast("type[Move]", FAULTS[_name].move), []).append(FAULTS[_name])


def fault_of(move: Move) -> str | None:
    """Return the fault that a move makes, whose budget it costs; None for a move that makes none.

    Also None for a `Tell`, whose fault `Environment.interventions` says.
    """
    return next((fault.name for fault in _BY_MOVE.get(type(move), ()) if fault.when(move)), None)
