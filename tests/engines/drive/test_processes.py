"""Child processes: ready by probing, killed with their children, stopped, never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from syncproof.engines.drive.processes import Child, DriveError, wait_for

FAMILY = """
import os, subprocess, sys, time
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open(sys.argv[1], "w").write(f"{inner.pid} ")
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from syncproof.engines.drive.processes import Child
child = Child("a child", [sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
child.start()
print(child.process.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    child = Child("the server", [sys.executable, "-c", "raise SystemExit('no disk')"], tmp_path / "log")
    child.start()
    with pytest.raises(DriveError, match="the server ended: no disk"):
        child.ready(lambda: False)
    child.kill()


def test_a_condition_that_never_holds_is_an_error_that_says_what_was_awaited() -> None:
    with pytest.raises(DriveError, match=r"the moon rises: not within 0\.05 s"):
        wait_for(lambda: False, "the moon rises", 0.05)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="descendants are found in /proc")
def test_killing_a_child_kills_its_children_in_sessions_of_their_own(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    child = Child("a family", [sys.executable, "-c", FAMILY, str(told)], tmp_path / "log")
    child.start()
    child.ready(lambda: told.exists() and told.read_text().endswith(" "))
    inner = int(told.read_text())
    assert alive(inner)
    child.kill()
    wait_for(lambda: not alive(inner), "the grandchild is gone")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="states are read from /proc")
def test_a_child_is_stopped_and_continued(tmp_path: Path) -> None:
    child = Child("a child", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
    child.start()
    assert child.process is not None
    pid = child.process.pid
    child.stop()
    wait_for(lambda: state(pid) == "T", "it stands still")
    child.resume()
    wait_for(lambda: state(pid) != "T", "it continues")
    child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel kills orphans where it can be asked to")
def test_no_child_survives_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_for(lambda: alive(pid), "the child runs")
    time.sleep(0.2)  # the launcher asks the kernel before it becomes the program
    os.kill(parent.pid, 9)
    parent.wait()
    wait_for(lambda: not alive(pid), "the child is gone")
    parent.stdout.close()
