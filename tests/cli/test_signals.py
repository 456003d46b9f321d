"""Signals end a command with all its processes; the pipe that they share says when the last one is gone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from tests.helpers.program import PROGRAM

pytestmark = pytest.mark.slow

LONG = """
import os
from syncproof.core.actor import actor, on
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

@actor
class Waiting(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        while True:
            try:
                os.write(1, f"begun {os.getpid()}\\n".encode())
                while True:
                    pass
            except CATCH:
                pass

@actor
class Telling(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        os.write(1, f"begun {os.getpid()}\\n".encode())
        super().notified(source, packet, out)

Slow = DESIGNS["timeline-notify"].variant(device=Waiting)
Large = DESIGNS["timeline-notify"].variant(device=Telling)
"""
"""Two designs whose handlers say that they have begun. The one does not end; the other has many states."""
COMMANDS = [
    "explore own.py:Slow",
    "verify own.py:Slow timeline-notify --bounds small --jobs 2",
    "verify own.py:Slow timeline-notify --bounds small --jobs 1",
    "compare commute --design own.py:Slow --runs 2 --jobs 2",
    "sweep commute --design own.py:Slow --vary population.devices_per_user=1,2 --runs 1 --jobs 2",
]


class Running:
    """A command that has come to the handler. `told`: what all its processes printed until they ended."""

    def __init__(self, folder: Path, command: str, catch: str = "ZeroDivisionError") -> None:
        (folder / "own.py").write_text(LONG.replace("CATCH", catch))
        self.process = subprocess.Popen(
            [*PROGRAM, *command.split()],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().split()
        assert line[:1] == ["begun"], self.process.communicate()
        self.worker = os.pidfd_open(int(line[1]))
        self.told = ""

    def end(self, number: signal.Signals, everybody: bool = False) -> tuple[int, str]:
        """Send a signal to the command; return its status and what it said when none of its processes is left.

        `everybody`: send it to all its processes, as a terminal does.
        """
        if everybody:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        try:
            # To the end of the pipes: until all processes have closed them. An ending one does so a moment before its end.
            self.told, says = self.process.communicate(timeout=60)
            ended, _, _ = select.select([self.worker], [], [], 60)
        finally:
            self.process.kill()
            os.close(self.worker)
        assert ended
        return self.process.returncode, says


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_command_and_its_workers_with_status_3(
    tmp_path: Path, command: str, number: signal.Signals
) -> None:
    status, says = Running(tmp_path, command).end(number)
    assert status == 3, says
    assert "Traceback" not in says
    assert "interrupted" in says


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_of_the_terminal_to_all_processes_ends_them_with_status_3(
    tmp_path: Path, number: signal.Signals
) -> None:
    status, says = Running(tmp_path, COMMANDS[1]).end(number, everybody=True)
    assert status == 3, says
    assert "Traceback" not in says
    assert "interrupted" in says


def test_a_handler_that_catches_the_interrupt_is_ended_all_the_same(tmp_path: Path) -> None:
    status, says = Running(tmp_path, "explore own.py:Slow", catch="BaseException").end(signal.SIGTERM)
    assert (status, says) == (3, "syncproof: interrupted; nothing was written\n")


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[1]])
def test_a_command_that_is_killed_leaves_no_process_behind(tmp_path: Path, command: str) -> None:
    status, _ = Running(tmp_path, command).end(signal.SIGKILL)
    assert status == -signal.SIGKILL


def test_a_search_whose_parent_process_is_killed_ends_with_what_it_found(tmp_path: Path) -> None:
    faults = "--fault push --fault disconnect --fault device-crash"
    running = Running(tmp_path, f"explore own.py:Large --world two-devices --messages 3 {faults}")
    status, says = running.end(signal.SIGKILL)
    assert (status, says) == (-signal.SIGKILL, "syncproof: interrupted\n")
    assert "cut short (it was interrupted)" in running.told
