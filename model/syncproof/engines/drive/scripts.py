"""Scripts: who takes part, what they do, and which faults happen. Data, which `play` carries out.

A step is one record. After the last step of every script the faults end: what is down is started, what is cut is healed, every
device connects, and the script waits until nothing happens any more. So a script is over in every case, and liveness can be
judged. The faults of a script have the names of the table of faults (`core/faults.py`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from syncproof.core.faults import FAULTS
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.devices import Order
from syncproof.errors import nearest


class ScriptStep(msgspec.Struct, frozen=True):
    """One thing that a script does."""


class ComeOnline(ScriptStep, frozen=True):
    """A device comes online, and stays so as long as it can."""

    device: int


class Leave(ScriptStep, frozen=True):
    """A device goes offline and closes its connection."""

    device: int


class Send(ScriptStep, frozen=True):
    """A device composes messages, one after the other."""

    device: int
    messages: int = 1
    conversation: int = 0


class AwaitAccepted(ScriptStep, frozen=True):
    """Wait until so many messages are accepted, all in all; None: every message that was composed.

    `within`: go on after so many seconds, because a sender may have to wait for another one.
    """

    messages: int | None = None
    within: float | None = None


class Everywhere(ScriptStep, frozen=True):
    """Wait until every accepted message is shown on these devices.

    `within`: go on after so many seconds, because a server may have lost some.
    """

    devices: tuple[int, ...]
    within: float | None = None


class Appear(ScriptStep, frozen=True):
    """A new device of a user appears and registers; `device` is its number."""

    device: int
    user: int


class Hot(ScriptStep, frozen=True):
    """A device looks for something new all the time, without a pause."""

    device: int


class CrashBetween(ScriptStep, frozen=True):
    """A device kills itself between the two steps of applying and confirming what it receives next, and stays down."""

    device: int


class SendHalf(ScriptStep, frozen=True):
    """A device composes a message, and its process stops (SIGSTOP) between the steps of sending it."""

    device: int


class Resume(ScriptStep, frozen=True):
    """A device's process that was stopped continues (SIGCONT)."""

    device: int


class KillDevice(ScriptStep, frozen=True):
    """Kill a device's process (SIGKILL)."""

    device: int


class StartDevice(ScriptStep, frozen=True):
    """Start a device's process again, on its database."""

    device: int


class KillServer(ScriptStep, frozen=True):
    """Kill the server and all its processes (SIGKILL)."""


class StartServer(ScriptStep, frozen=True):
    """Start the server again, on its data."""


class Swallow(ScriptStep, frozen=True):
    """The proxy of a device swallows what goes through it, one way or both, and leaves the connection open."""

    device: int
    ways: Literal["down", "both"]


class Delay(ScriptStep, frozen=True):
    """The proxy of a device holds everything so many seconds before it passes it on."""

    device: int
    seconds: float


class SendAgain(ScriptStep, frozen=True):
    """A device of the model sends again what it waits for; a real one does so by itself when it has waited too long."""

    device: int


class LosePushes(ScriptStep, frozen=True):
    """What the server pushes to a device is swallowed; where pushes share the one connection, everything that it says."""

    device: int


class Heal(ScriptStep, frozen=True):
    """The proxy of a device passes everything again; connections that lost something are cut."""

    device: int


class Cut(ScriptStep, frozen=True):
    """The proxy of a device closes its connections."""

    device: int


class Unheard(ScriptStep, frozen=True):
    """Wait so many seconds in which a device hears nothing: nothing that it does can be waited for."""

    seconds: float


class Backup(ScriptStep, frozen=True):
    """Copy the server's directory while its processes are stopped."""


class PutBack(ScriptStep, frozen=True):
    """Kill the server, put its directory back to the backup, and start it."""


class RetentionDeletes(ScriptStep, frozen=True):
    """Delete at the server what retention would delete, fetched or not."""


class HoldReplica(ScriptStep, frozen=True):
    """The replica that serves reads gets nothing new."""


class ReleaseReplica(ScriptStep, frozen=True):
    """The replica that serves reads follows again, and has everything when the step ends."""


Need = Literal["own devices", "pushes", "retention", "history", "backups", "confirmed first", "steps", "replica"]
NEEDS: dict[Need, str] = {
    "own devices": "its devices are actors of the design, which apply and confirm as the design says",
    "pushes": "the server pushes nothing",
    "retention": "nothing deletes what is kept",
    "history": "the server keeps no history",
    "backups": "its directory cannot be put back",
    "confirmed first": "no design is named that confirms before it applies with such a server",
    "steps": "a send is one request: its writer cannot be stopped in the middle",
    "replica": "one server serves writes and reads",
}
"""What a script may need of a target, and the usual reason why one lacks it."""


class DriveScript(msgspec.Struct, frozen=True, kw_only=True):
    """One script. `faults`: what happens in it, by the names of the table of faults; a design promises something under these.

    `order`: how its devices apply and confirm. `repeats`: how often it runs by default; more than once where what it shows is a
    race.
    """

    name: str
    says: str
    cast: Cast
    steps: tuple[ScriptStep, ...]
    faults: tuple[str, ...] = ()
    order: Order = "together"
    needs: tuple[Need, ...] = ()
    repeats: int = 1

    def __post_init__(self) -> None:
        """Raise `ValueError` for a fault that the table of faults does not have."""
        for fault in self.faults:
            if fault not in FAULTS:
                raise ValueError(f"script {self.name}: {fault!r} is no fault{nearest(str(fault), FAULTS)}")


PAIR = Cast((0, 1, 1), ((0, 1),))
"""One device of the sender, two devices of the receiver."""
FOUR = Cast((0, 0, 0, 0, 0), ((0,),))
"""Five devices of one user: four that write, and one that reads."""

SCRIPTS: dict[str, DriveScript] = {
    script.name: script
    for script in (
        DriveScript(
            name="later-device",
            says="a second device of the receiver is offline while messages are sent, and connects later",
            cast=PAIR,
            faults=("disconnect",),
            steps=(Leave(2), Send(0, 3), AwaitAccepted(), ComeOnline(2), Everywhere((1, 2), within=3.0), Send(0)),
        ),
        DriveScript(
            name="new-device",
            says="a new device of the receiver registers and wants the history",
            cast=PAIR,
            faults=("new-device",),
            steps=(Send(0, 3), AwaitAccepted(), Appear(3, 1), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="crash-applied",
            says="a device is killed when it has applied what it received and has not confirmed it",
            cast=PAIR,
            faults=("device-crash",),
            order="apply-confirm",
            steps=(CrashBetween(1), Send(0, 3), StartDevice(1), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="crash-confirmed",
            says="a device that confirms first is killed when it has confirmed what it received and has not applied it",
            cast=PAIR,
            faults=("device-crash",),
            order="confirm-apply",
            needs=("own devices", "confirmed first"),
            steps=(CrashBetween(1), Send(0, 3), StartDevice(1), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="server-killed",
            says="the server is killed after 200 acceptances, while two devices send, and started on the same data",
            cast=PAIR,
            faults=("server-crash",),
            steps=(Send(0, 150), Send(1, 150), AwaitAccepted(200), KillServer(), StartServer()),
        ),
        DriveScript(
            name="concurrent-writers",
            says="four devices write at the same time, and a fifth one reads without a pause",
            cast=FOUR,

            repeats=5,
            steps=(Hot(4), Send(0, 8), Send(1, 8), Send(2, 8), Send(3, 8), AwaitAccepted()),
        ),
        DriveScript(
            name="stopped-writer",
            says="a writer is stopped between its write and its commit, while another one writes and all others read",
            cast=PAIR,
            needs=("steps",),
            steps=(
                SendHalf(0), Send(1), AwaitAccepted(1, within=2.0), Everywhere((1, 2), within=10.0), Resume(0),
                AwaitAccepted(),
            ),
        ),
        DriveScript(
            name="replica-behind",
            says="the replica that serves reads gets nothing while messages are sent and devices read; then it follows again",
            cast=PAIR,
            needs=("replica",),
            steps=(HoldReplica(), Send(0, 2), AwaitAccepted(), Unheard(0.5), ReleaseReplica(), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="pushes-lost",
            says="pushes from the server to a device are dropped; then the device reconnects",
            cast=PAIR,
            faults=("push-lost", "disconnect"),
            needs=("pushes",),
            steps=(LosePushes(1), Send(0, 3), AwaitAccepted(), Unheard(0.5), Heal(1), Cut(1), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="half-open",
            says="the connections of a sender and a receiver stay open but carry nothing; then both reconnect",
            cast=PAIR,
            faults=("half-open",),
            steps=(
                Swallow(1, "both"), Send(0, 2), AwaitAccepted(), Swallow(0, "down"), Send(0), Unheard(1.5), Heal(0), Heal(1),
                AwaitAccepted(),
            ),
        ),
        DriveScript(
            name="impatient-sender",
            says="requests and replies of a sender take longer than it waits: it sends again what is being processed",
            cast=PAIR,
            faults=("sender-retry",),
            steps=(Delay(0, 0.7), Send(0), Unheard(0.3), SendAgain(0), Unheard(1.5), Heal(0), Send(0), AwaitAccepted()),
        ),
        DriveScript(
            name="restored",
            says="the server is put back to a backup: what was accepted since then is lost, and new messages follow",
            cast=PAIR,
            faults=("server-restore",),
            needs=("backups",),
            steps=(
                Send(0, 2), AwaitAccepted(), Everywhere((1, 2)), Backup(), Leave(2), Send(0, 3), AwaitAccepted(), Everywhere((1,)),
                PutBack(), Send(0, 2), AwaitAccepted(), ComeOnline(2),
            ),
        ),
        DriveScript(
            name="trimmed",
            says="retention deletes what is kept for delivery while a device is away that has not fetched it",
            cast=PAIR,
            faults=("disconnect", "trim"),
            needs=("retention",),
            steps=(
                Leave(2), Send(0, 3), AwaitAccepted(), Everywhere((1,)), RetentionDeletes(), Send(0), AwaitAccepted(),
                ComeOnline(2),
            ),
        ),
    )
}  # fmt: skip
"""Every script, by name."""
