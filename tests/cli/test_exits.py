"""The exit status of the program, whatever a design's code does to the process."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from syncproof.cli.exit_status import ORDER, first
from tests.helpers.command import TINY
from tests.helpers.program import own, run

pytestmark = pytest.mark.slow

RAISED = ["Zero", "Exit", "One", "Stop", "Deep", "Memory"]
ENDED = {"Quit": "exit status 0", "Fault": "SIGSEGV"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own(tmp_path)
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path


def one_line(found: subprocess.CompletedProcess[str], status: int, *parts: str) -> None:
    assert found.returncode == status, found.stderr
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert line.startswith("syncproof: ")
    assert all(part in line for part in parts), line


@pytest.mark.parametrize("name", RAISED)
def test_what_a_handler_raises_in_a_search_is_status_4_with_file_and_line(folder: Path, name: str) -> None:
    one_line(run(folder, "explore", f"own.py:{name}"), 4, ": own.py:", "failed handling Notification")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Exit", "Stop", "Deep"])
def test_what_a_handler_raises_in_a_simulation_is_status_4_with_file_and_line(folder: Path, name: str) -> None:
    one_line(run(folder, "compare", "tiny.toml", "--runs", "1", "--design", f"own.py:{name}"), 4, ": own.py:")


@pytest.mark.parametrize("name", ENDED)
def test_a_process_that_a_handler_ends_is_status_4(folder: Path, name: str) -> None:
    one_line(run(folder, "explore", f"own.py:{name}"), 4, ENDED[name])
    one_line(run(folder, "verify", "--bounds", "small", "--jobs", "1", f"own.py:{name}"), 4, ENDED[name])


@pytest.mark.parametrize(
    "text", ["import os\nos._exit(0)", "raise SystemExit(0)", "1 /", "1 / 0", "raise KeyboardInterrupt"]
)
def test_a_file_that_cannot_be_run_is_status_4(folder: Path, text: str) -> None:
    (folder / "own.py").write_text(text)
    one_line(run(folder, "explore", "own.py:Mine"), 4, "" if "_exit" in text else ": own.py:1: ")


@pytest.mark.slow
def test_a_bad_design_leaves_the_others_their_searches(folder: Path) -> None:
    found = run(folder, "verify", "--bounds", "small", "own.py:Quit", "own.py:Good", "own.py:Zero", "--out", "o")
    assert found.returncode == 4
    ended, raised = found.stderr.splitlines()
    assert ended == "syncproof: own.py:Quit: its process ended without a result (exit status 0)"
    assert raised.startswith("syncproof: own.py:")
    assert "ZeroDivisionError: oops" in raised
    assert "the code of own.py:Quit and own.py:Zero fails" in found.stdout
    assert "| property | Quit | Good | Zero |" in (folder / "o" / "report.md").read_text()


@pytest.mark.slow
def test_a_bad_design_leaves_the_others_their_runs(folder: Path) -> None:
    designs = [word for name in ("Quit", "Good", "Zero") for word in ("--design", f"own.py:{name}")]
    for command in (("compare", "tiny.toml"), ("sweep", "tiny.toml", "--vary", "population.devices_per_user=1,2")):
        found = run(folder, *command, *designs, "--runs", "1", "--out", "o")
        assert found.returncode == 4, found.stderr
        assert len(found.stderr.splitlines()) == 2
        assert "own.py:Good" in found.stdout
        assert "Report: o" in found.stdout


@pytest.mark.slow
def test_a_file_that_fails_leaves_the_other_designs_their_searches(folder: Path) -> None:
    (folder / "bad.py").write_text("1 / 0")
    found = run(folder, "verify", "--bounds", "small", "bad.py:Mine", "own.py:Good", "--out", "o")
    assert found.returncode == 4
    assert found.stderr == "syncproof: bad.py:1: ZeroDivisionError: division by zero\n"
    assert re.search(r"^property +Good", found.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_broken_promise_comes_before_an_error(folder: Path) -> None:
    found = run(folder, "verify", "--bounds", "small", "own.py:Deaf", "own.py:Zero", "--out", "o")
    assert found.returncode == 1
    assert "ZeroDivisionError: oops" in found.stderr


def test_the_order_of_statuses() -> None:
    assert ORDER == (1, 4, 3, 2, 0)
    assert (first(3, 4, 1), first(0, 3, 4), first(0, 3), first(0, 0)) == (1, 4, 3, 0)


def test_debug_shows_the_traceback(folder: Path) -> None:
    for words in (("--debug", "explore", "own.py:Zero"), ("explore", "own.py:Zero", "--debug")):
        found = run(folder, *words)
        assert found.returncode == 4
        assert "Traceback" in found.stderr
        assert "in act" in found.stderr


def test_a_deeply_nested_input_is_an_error_of_input(folder: Path) -> None:
    (folder / "deep.toml").write_text("a = " + "[" * 5000 + "]" * 5000)
    found = run(folder, "compare", "deep.toml")
    assert (found.returncode, found.stderr) == (2, "syncproof: deep.toml: nested too deeply; allowed: fewer levels\n")
