"""Run one script on one target: start everything, make the steps, let everything come to rest, collect the history."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from syncproof.core.observations import (
    Crashed,
    Disconnected,
    FaultsStopped,
    Joined,
    MemberAdded,
    Observation,
    Quiesced,
    Refused,
    Restarted,
)
from syncproof.core.values import SERVER, ConversationId, DeviceId, UserId
from syncproof.engines.drive import scripts
from syncproof.engines.drive.adapter import Prepared, Target, load
from syncproof.engines.drive.devices import ARMED, Command, Spec
from syncproof.engines.drive.processes import READY_S, Child, DriveError, answers, wait_for
from syncproof.engines.drive.proxy import Proxy
from syncproof.engines.drive.recorder import RunRecorder
from syncproof.engines.drive.scripts import DriveScript, ScriptStep

REST_S = 0.7
"""Seconds without a new observation after which a run counts as having come to rest; more if devices look seldom, or if the
server gives again after a while what nobody confirmed."""
STALLED_S = 5.0
"""Seconds without a new observation after which a script waits no longer for what it expects."""
PATIENCE_S = 60.0
"""Seconds that a run may take to come to rest."""


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """What one run of a script left: its history, whether it came to rest, and the seconds that it took."""

    history: list[Observation]
    rested: bool
    elapsed: float


def quiet_s(target: Target | type[Target]) -> float:
    """Return the seconds without anything new after which a run on this target has come to rest."""
    return max(REST_S, 4 * target.poll_s) + target.gives_again_s


def play(where: str, script: DriveScript, options: Mapping[str, Any] | None = None) -> ScriptRun:
    """Run a script on the target whose class is at `where`. `options`: plain data of the target's own.

    Everything lives in a directory of its own, which is removed. Raises `DriveError` if the script cannot be run to its end.
    """
    kind = load(where)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="syncproof-drive-", ignore_cleanup_errors=True) as folder:
        stage = Stage(kind, where, script, Path(folder), dict(options or {}))
        try:
            rested = stage.run()
        finally:
            stage.clear()
        return ScriptRun(
            stage.recorder.history(kind.reads_whole, kind.places_named), rested, time.perf_counter() - started
        )


class Stage:
    """The server, the proxies and the devices of one run."""

    def __init__(
        self, kind: type[Target], where: str, script: DriveScript, folder: Path, options: dict[str, Any]
    ) -> None:
        self.where, self.script, self.folder = where, script, folder
        self.data = folder / "server"
        self.data.mkdir()
        self.target = kind(Prepared(self.data, script.cast, 0, options))
        self.recorder = RunRecorder()
        self.devices: dict[int, Child] = {}
        self.proxies: dict[int, Proxy] = {}
        self.push_proxies: dict[int, Proxy] = {}
        self.users: dict[int, int] = {}
        self.away: set[int] = set()
        self.armed: set[int] = set()
        self.killed: set[int] = set()
        self.messages = 0
        self.server_down = True
        self.backups = 0

    # ---- the whole

    def run(self) -> bool:
        """Run the script to its end; return whether everything came to rest."""
        self.start_server()
        for journal in self.target.journals():
            self.recorder.follow(journal)
        if not self.target.notes_registry:
            self.open()
        for device, user in enumerate(self.script.cast.owners):
            self.add_device(device, user)
        for device in self.devices:
            self.tell(device, Command("connect"))
        self.wait(lambda: self.recorder.online.issuperset(self.devices), "every device connects")
        for step in self.script.steps:
            MAKE[type(step)](self, step)
        return self.settle()

    def open(self) -> None:
        """Note who takes part from the beginning."""
        cast = self.script.cast
        for device, user in enumerate(cast.owners):
            self.recorder.note(Joined(DeviceId(device), UserId(user)))
        for conversation, users in enumerate(cast.members):
            for user in users:
                self.recorder.note(MemberAdded(ConversationId(conversation), UserId(user)))

    def settle(self) -> bool:
        """End the faults, start and connect everything, and wait until nothing is noted any more."""
        for device in self.devices:
            self.heal(device)
        if self.server_down:
            self.start_server(again=True)
        self.recorder.note(FaultsStopped())
        for device, child in self.devices.items():
            if not child.running():
                self.start_device(device)
        self.away.clear()
        for device in self.devices:
            self.tell(device, Command("connect"))
        quiet = quiet_s(self.target)
        self.recorder.busy_at = time.monotonic()
        deadline = time.monotonic() + PATIENCE_S
        rested = False
        while not rested and time.monotonic() < deadline:
            self.look_after()
            self.recorder.poll()
            rested = self.recorder.rested(self.devices, quiet)
            time.sleep(0.05)
        self.recorder.audit(self.target.audit())
        for device in self.devices:
            self.tell(device, Command("end"))
        for child in self.devices.values():
            wait_for(lambda c=child: not c.running(), f"{child.name} ends", 10.0)  # type: ignore[misc]
        self.target.down()
        self.recorder.poll()
        if rested:
            self.recorder.note(Quiesced())
        return rested

    def clear(self) -> None:
        """End every process of the run, whatever became of it."""
        self.recorder.close()
        for proxy in (*self.proxies.values(), *self.push_proxies.values()):
            proxy.close()
        for child in (*self.devices.values(), *self.target.processes()):
            with suppress(DriveError):
                child.kill()

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = READY_S) -> None:
        """Wait until something was noted. Raises `DriveError` if it is not within so many seconds."""

        def look() -> bool:
            self.look_after()
            self.recorder.poll()
            return condition()

        wait_for(look, f"{self.target.name}, {self.script.name}: {what}", seconds)

    def look_after(self) -> None:
        """Raise `DriveError`, with the end of its output, if a process has ended that nobody has killed."""
        due = [child for device, child in self.devices.items() if device not in self.armed | self.killed]
        for child in (*due, *(() if self.server_down else self.target.processes())):
            if not child.running():
                raise DriveError(f"{self.target.name}, {self.script.name}: {child.name} ended: {child.said()}")

    # ---- the server

    def start_server(self, again: bool = False) -> None:
        """Start the server, for the first time or again on its data."""
        self.target.up()
        self.server_down = False
        if not answers(self.target.endpoint):
            raise DriveError(f"{self.target.name}: nobody answers at its port")
        if again:
            self.recorder.note(Restarted(SERVER))

    def port(self) -> int:
        """Return where the server listens. `ConnectionError` while it is down: its port may be another server's by then."""
        if self.server_down:
            raise ConnectionRefusedError("the server is down")
        return self.target.endpoint

    def kill_server(self) -> None:
        """Kill the server and all its processes."""
        self.server_down = True
        for child in self.target.processes():
            child.kill()
        self.recorder.note(Crashed(SERVER))

    def back_up(self) -> None:
        """Copy the server's directory while its processes are stopped."""
        children = self.target.processes()
        for child in children:
            child.stop()
        self.backups += 1
        shutil.copytree(self.data, self.folder / f"backup-{self.backups}")
        for child in children:
            child.resume()

    def restore(self) -> None:
        """Kill the server, put its directory back to the last backup, and start it. What it held before is audited."""
        self.recorder.audit(self.target.audit())
        self.kill_server()
        self.recorder.poll()
        before = self.folder / f"before-{self.backups}"
        self.data.rename(before)
        shutil.copytree(self.folder / f"backup-{self.backups}", self.data)
        for journal in [each for each in self.target.journals() if each.is_relative_to(self.data)]:
            self.recorder.put_back(journal, before / journal.relative_to(self.data))
        for observation in self.target.restored(before):
            self.recorder.note(observation)
        self.recorder.poll()
        self.start_server(again=True)

    # ---- devices

    def add_device(self, device: int, user: int, new: bool = False) -> None:
        """Add a device with a proxy of its own, and start its process."""
        self.users[device] = user
        self.proxies[device] = Proxy(self.port)
        if self.target.pushes_apart:
            self.push_proxies[device] = Proxy(self.port)
        folder = self.folder / f"device-{device}"
        folder.mkdir()
        spec = Spec(
            target=self.where,
            device=device,
            user=user,
            port=self.proxies[device].port,
            push_port=self.push_proxies[device].port if device in self.push_proxies else 0,
            database=str(folder / "device.db"),
            cast=self.script.cast,
            order=self.script.order,
            new=new,
            options=self.target.options(),
        )
        (folder / "spec.json").write_bytes(msgspec.json.encode(spec))
        command = [sys.executable, "-m", self.target.device_program, str(folder / "spec.json")]
        self.devices[device] = Child(f"device {device}", command, folder / "device.log", told=True)
        self.devices[device].start()
        self.recorder.follow(folder / "device.db")

    def lose_pushes(self, device: int) -> None:
        """Swallow what the server pushes to a device."""
        self.push_proxies.get(device, self.proxies[device]).swallow("down")

    def swallow(self, step: scripts.Swallow) -> None:
        """Swallow what goes to a device, or both ways."""
        for proxy in self.proxies_of(step.device):
            proxy.swallow(*(("up", "down") if step.ways == "both" else ("down",)))

    def heal(self, device: int) -> None:
        """Pass everything again."""
        for proxy in self.proxies_of(device):
            proxy.heal()

    def cut(self, device: int) -> None:
        """Close the connections of a device."""
        for proxy in self.proxies_of(device):
            proxy.cut()

    def proxies_of(self, device: int) -> list[Proxy]:
        """Return the proxies of a device."""
        return [proxies[device] for proxies in (self.proxies, self.push_proxies) if device in proxies]

    def start_device(self, device: int) -> None:
        """Start the process of a device again, on its database; one that is to kill itself has done so by then."""
        if device in self.armed:
            self.crashed_itself(device)
        self.killed.discard(device)
        self.devices[device].start()
        self.recorder.note(Restarted(DeviceId(device)))
        if device not in self.away:
            self.tell(device, Command("connect"))

    def kill_device(self, device: int) -> None:
        """Kill a device's process."""
        self.killed.add(device)
        self.devices[device].kill()
        self.note_crash(device)

    def arm(self, device: int) -> None:
        """Tell a device to kill itself between its two steps, and wait until it knows."""
        self.armed.add(device)
        self.tell(device, Command("crash-between"))
        armed = self.folder / f"device-{device}" / ARMED
        wait_for(armed.exists, f"device {device} knows that it is to crash")

    def crashed_itself(self, device: int) -> None:
        """Wait until a device has killed itself at the point that it was told."""
        self.armed.remove(device)
        child = self.devices[device]
        wait_for(child.ended, f"{self.script.name}: {child.name} crashes between its two steps ({child.said()})")
        self.note_crash(device)

    def note_crash(self, device: int) -> None:
        """Note that a device's process is gone, and with it its end of the connection."""
        self.recorder.poll()
        connected = device in self.recorder.online
        self.recorder.note(Crashed(DeviceId(device)))
        if connected:
            self.recorder.note(Disconnected(DeviceId(device), False))

    def tell(self, device: int, command: Command) -> None:
        """Give a device a command."""
        self.devices[device].tell(msgspec.json.encode(command))

    def send(self, step: scripts.Send) -> None:
        """Let a device compose messages."""
        for _ in range(step.messages):
            self.tell(step.device, Command("compose", self.messages, step.conversation))
            self.messages += 1

    def send_half(self, device: int) -> None:
        """Let a device stop in the middle of sending a message, and wait until it has."""
        self.tell(device, Command("stop-between"))
        self.send(scripts.Send(device))
        self.wait(self.devices[device].stopped, f"device {device} stops in the middle of a send")

    def accepted(self, step: scripts.AwaitAccepted) -> None:
        """Wait for acceptances, as long as anything happens: a server that never accepts is a finding."""
        wanted = self.messages if step.messages is None else step.messages
        noted = self.recorder
        self.await_progress(
            lambda: len(noted.accepted) + noted.counts.get(Refused, 0) >= wanted,
            step.within,
        )

    def everywhere(self, step: scripts.Everywhere) -> None:
        """Wait until every accepted message is shown on some devices, as long as anything happens: losing one is a finding."""
        noted = self.recorder
        self.await_progress(
            lambda: all(noted.accepted <= noted.shown.get(device, set()) for device in step.devices), step.within
        )

    def await_progress(self, condition: Callable[[], bool], within: float | None) -> None:
        """Wait until something was noted, or for so many seconds; by default as long as anything new is noted."""
        begun = time.monotonic()

        def done() -> bool:
            idle = time.monotonic() - max(begun, self.recorder.busy_at)
            return condition() or (idle > STALLED_S if within is None else time.monotonic() - begun > within)

        self.wait(done, "it stalls", 10 * PATIENCE_S)

    def leave(self, device: int) -> None:
        """Take a device offline, and wait until it is."""
        self.away.add(device)
        self.tell(device, Command("disconnect"))
        self.wait(lambda: device not in self.recorder.online, f"device {device} disconnects")

    def join(self, device: int) -> None:
        """Let a device come online."""
        self.away.discard(device)
        self.tell(device, Command("connect"))

    def trim(self) -> None:
        """Delete what retention would delete. What the server held before is audited."""
        self.recorder.audit(self.target.audit())
        for observation in self.target.trim():
            self.recorder.note(observation)

    def appear(self, step: scripts.Appear) -> None:
        """Add a new device, and wait until it is connected."""
        self.add_device(step.device, step.user, new=True)
        self.join(step.device)
        self.wait(lambda: step.device in self.recorder.online, f"device {step.device} registers")


MAKE: dict[type[ScriptStep], Callable[[Stage, Any], None]] = {
    scripts.ComeOnline: lambda stage, step: stage.join(step.device),
    scripts.Leave: lambda stage, step: stage.leave(step.device),
    scripts.Send: Stage.send,
    scripts.AwaitAccepted: Stage.accepted,
    scripts.Everywhere: Stage.everywhere,
    scripts.Appear: Stage.appear,
    scripts.Hot: lambda stage, step: stage.tell(step.device, Command("hot")),
    scripts.CrashBetween: lambda stage, step: stage.arm(step.device),
    scripts.SendHalf: lambda stage, step: stage.send_half(step.device),
    scripts.Resume: lambda stage, step: stage.devices[step.device].resume(),
    scripts.KillDevice: lambda stage, step: stage.kill_device(step.device),
    scripts.StartDevice: lambda stage, step: stage.start_device(step.device),
    scripts.KillServer: lambda stage, step: stage.kill_server(),
    scripts.StartServer: lambda stage, step: stage.start_server(again=True),
    scripts.Swallow: Stage.swallow,
    scripts.Delay: lambda stage, step: stage.proxies[step.device].delay(step.seconds),
    scripts.SendAgain: lambda stage, step: stage.tell(step.device, Command("resend")),
    scripts.LosePushes: lambda stage, step: stage.lose_pushes(step.device),
    scripts.Heal: lambda stage, step: stage.heal(step.device),
    scripts.Cut: lambda stage, step: stage.cut(step.device),
    scripts.Unheard: lambda stage, step: time.sleep(step.seconds),
    scripts.Backup: lambda stage, step: stage.back_up(),
    scripts.PutBack: lambda stage, step: stage.restore(),
    scripts.HoldReplica: lambda stage, step: stage.target.hold_replica(),
    scripts.ReleaseReplica: lambda stage, step: stage.target.release_replica(),
    scripts.RetentionDeletes: lambda stage, step: stage.trim(),
}
"""What makes a step of each class."""
