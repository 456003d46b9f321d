"""A handler that does not end is ended: by `--time` where the command has it, and by the watchdog."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.program import own

pytestmark = pytest.mark.slow

QUICK = """
import sys
from syncproof.engines import watchdog
watchdog.TICK, watchdog.PATIENCE = 0.05, 0.2
from syncproof.cli.main import main
main()
"""
"""The program, with a watchdog of little patience."""
CATCHES = """
from syncproof.core.actor import actor, on
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

@actor
class Stubborn(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass

Mine = DESIGNS["timeline-notify"].variant(device=Stubborn)
"""


def quick(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own(folder)
    return subprocess.run(
        [sys.executable, "-c", QUICK, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "explore own.py:Loop",
        "verify own.py:Loop --bounds small --jobs 1",
        "compare commute --design own.py:Loop --runs 1 --jobs 1",
    ],
)
def test_an_endless_handler_is_named(tmp_path: Path, command: str) -> None:
    found = quick(tmp_path, *command.split())
    assert (found.returncode, found.stdout) == (4, "")
    (line,) = found.stderr.splitlines()
    assert line.startswith(
        "syncproof: own.py:13: Odd.notified handling Notification has not come to its end within 0.2 s"
    )


def test_a_handler_that_catches_everything_is_ended_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(CATCHES)
    found = quick(tmp_path, "explore", "stubborn.py:Mine")
    assert (found.returncode, found.stdout) == (4, "")
    assert "Stubborn.notified handling Notification has not come to its end" in found.stderr.splitlines()[0]


def test_time_ends_a_search_inside_a_handler(tmp_path: Path) -> None:
    found = quick(tmp_path, "explore", "own.py:Loop", "--time", "0.01")
    assert found.returncode == 3, found.stderr
    assert "cut short" in found.stdout
    assert found.stderr == ""
