"""The faults: what the environment may do to a system."""

from __future__ import annotations

from syncproof.core.moves import Crash, Disconnect, Duplicate, Lose, Move, Restore, Spawn
from syncproof.core.values import DeviceId

FAULTS: dict[str, str] = {
    "push-lost": "a push or notification is dropped",
    "push-duplicated": "a push or notification arrives twice",
    "push-reordered": "a push or notification arrives after later ones",
    "push-outage": "pushes and notifications are dropped for a while",
    "disconnect": "a device disconnects and the server is told",
    "half-open": "a device is gone and the server does not know yet",
    "device-crash": "a device loses its volatile state",
    "server-crash": "the server loses its volatile state; writes under way land or do not",
    "new-device": "a device of a known user appears",
    "sender-retry": "a device sends again what is still being processed",
    "membership": "a user joins or leaves a conversation",
    "clock-step": "the server's clock steps back",
    "reinstall": "a device is installed anew and takes the place of its former installation",
    "device-restore": "a device's database is put back to a backup",
    "server-restore": "the server's stores are put back to a backup: the tail since then is lost",
    "trim": "retention deletes what is kept for delivery, whoever has not fetched it",
}


EVERY_FAULT = tuple(FAULTS)


def fault_of(move: Move) -> str | None:
    """The fault that a move is, which pays for it; None for what happens anyway."""
    kind = type(move)
    if kind is Lose:
        return "push-lost"
    if kind is Duplicate:
        return "push-duplicated"
    if kind is Disconnect:
        return "disconnect" if move.clean else "half-open"  # type: ignore[attr-defined]
    if kind is Crash:
        return "device-crash" if isinstance(move.actor, DeviceId) else "server-crash"  # type: ignore[attr-defined]
    if kind is Restore:
        return "device-restore" if isinstance(move.actor, DeviceId) else "server-restore"  # type: ignore[attr-defined]
    if kind is Spawn:
        return "new-device" if move.replaces is None else "reinstall"  # type: ignore[attr-defined]
    return None
