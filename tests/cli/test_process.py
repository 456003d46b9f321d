"""The process of a command: what it loads, and that it ends where an interruption cannot be raised."""

from __future__ import annotations

import subprocess
import sys

import pytest

IN_A_FINALISER = """
import os, signal, time
from syncproof.cli.process import apart

class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass  # the signal is taken here, where what it raises is lost

def command():
    held = Held()
    del held
    begun = time.monotonic()
    while time.monotonic() < begun + 50:
        pass
    return 0

raise SystemExit(apart(command))
"""


def test_a_signal_that_meets_a_finaliser_comes_again() -> None:
    found = subprocess.run([sys.executable, "-c", IN_A_FINALISER], capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stderr) == (3, "")


SLOW_RESULTS = """
import os, signal, time
from syncproof.cli import process
from syncproof.errors import Interrupted

process.GRACE = 0.2

def command():
    try:
        os.kill(os.getppid(), signal.SIGINT)
        while True:
            time.sleep(0.01)
    except Interrupted:
        if TELLS:
            process.report_results()
        begun = time.monotonic()
        while time.monotonic() < begun + 1:
            time.sleep(0.01)
        print("written", flush=True)
        return 3

raise SystemExit(process.apart(command))
"""


@pytest.mark.parametrize(
    ("tells", "out", "says"), [(True, "written\n", ""), (False, "", "syncproof: interrupted; nothing was written\n")]
)
def test_an_interrupted_command_has_the_time_that_its_results_take_once_it_writes_them(
    tells: bool, out: str, says: str
) -> None:
    code = SLOW_RESULTS.replace("TELLS", str(tells))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stdout, found.stderr) == (3, out, says)


OTHER = """
from syncproof.cli.process import apart

class Wrong:
    def __del__(self):
        raise ValueError("said")

def command():
    Wrong()
    return 0

raise SystemExit(apart(command))
"""


def test_what_else_is_lost_is_told() -> None:
    found = subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, timeout=60)
    assert found.returncode == 0
    assert "ValueError: said" in found.stderr


def test_a_search_loads_no_seeded_bug_and_its_progress_no_verification() -> None:
    code = (
        "import sys, syncproof.report.progress\nfound = ['syncproof.studies.verify' in sys.modules]\n"
        "import syncproof.report.verify\nprint(found, 'syncproof.seeded_bugs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["[False]", "False"]
