"""Child processes: started on free loopback ports, ready by probing, killed with their children, never left behind.

A child is started by a launcher of a few lines that asks the kernel to kill it when its parent ends (Linux), however the
parent ends; elsewhere the parent's own exit handler does it. Its output goes to a file, of which an error shows the end.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar

from syncproof.errors import InputError

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
PROBE_S = 0.02
"""Seconds between two looks at whether something is ready."""
READY_S = 30.0
"""Seconds that a process may take until it is ready."""

LAUNCHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""1 is PR_SET_PDEATHSIG. The parent may have ended before the call: then the process has another parent already."""


class DriveError(InputError):
    """A target or a device does not do what a script needs, so that the script cannot be run to its end."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Return whether somebody accepts connections at a port of the loopback interface."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1.0):
        return True
    return False


def wait_for(condition: Callable[[], T], what: str, seconds: float = READY_S, pause: float = PROBE_S) -> T:
    """Return the first true value of a condition. Raises `DriveError` if it is not true within so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DriveError(f"{what}: not within {seconds:g} s")
        time.sleep(pause)


class Child:
    """A child process with its children. It can be killed, stopped and continued, and started again."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, told: bool = False
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.env = None if env is None else dict(env)
        self.told = told
        """Whether it takes lines on its standard input."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process. Raises `DriveError` if there is no such program."""
        assert not self.running()
        launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), *self.command]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                launch,
                stdin=subprocess.PIPE if self.told else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.env,
                start_new_session=True,
            )
        _RUNNING[self.process.pid] = self

    def running(self) -> bool:
        """Return whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def ready(self, probe: Callable[[], bool], seconds: float = READY_S) -> None:
        """Wait until the probe succeeds. Raises `DriveError`, with the end of its output, if the process ends or is late."""

        def look() -> bool:
            if not self.running():
                raise DriveError(f"{self.name} ended: {self.said()}")
            return probe()

        wait_for(look, f"{self.name} is ready ({self.said()})", seconds)

    def said(self) -> str:
        """Return the last line of its output."""
        lines = self.log.read_bytes().decode(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1][:300] if lines else "it said nothing"

    def tell(self, line: bytes) -> None:
        """Write a line to its standard input. A process that has ended does not read it."""
        stdin: IO[bytes] | None = self.process.stdin if self.process is not None else None
        assert stdin is not None
        with suppress(BrokenPipeError):
            stdin.write(line + b"\n")
            stdin.flush()

    def kill(self) -> None:
        """Kill the process and its children (SIGKILL), and wait until it is gone."""
        if self.process is None:
            return
        for pid in self._family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.reap()

    def end(self, seconds: float = 5.0) -> None:
        """Ask the process to end (SIGTERM), and kill what is left after so many seconds."""
        if self.running():
            assert self.process is not None
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()

    def reap(self) -> None:
        """Wait for the end of the process."""
        assert self.process is not None
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        _RUNNING.pop(self.process.pid, None)

    def ended(self) -> bool:
        """Return whether the process has ended by itself; it is then reaped."""
        if self.process is None or self.process.poll() is None:
            return False
        self.reap()
        return True

    def stop(self) -> None:
        """Stop the process and its children (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the process and its children continue (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def stopped(self) -> bool:
        """Return whether the process is stopped, by itself or by `stop`."""
        assert self.process is not None
        stat = Path(f"/proc/{self.process.pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "T"

    def _signal(self, number: int) -> None:
        for pid in self._family():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _family(self) -> list[int]:
        """Return the ids of the process and of its descendants, which may have sessions of their own."""
        assert self.process is not None
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError, ValueError, IndexError):
                children.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.parent.name)
                )
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found


_RUNNING: dict[int, Child] = {}


@atexit.register
def end_all() -> None:
    """Kill every child that still runs."""
    for child in list(_RUNNING.values()):
        child.kill()
