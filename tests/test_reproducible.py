"""The same command writes the same bytes, whatever the hash seed and the number of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = ("results.json", "report.html", "report.md")


@pytest.mark.parametrize(
    "command",
    [
        ("kill-matrix", "F09", "F25", "--profile", "brief"),
        ("verify", "inbox-shared", "timeline-read-fanout", "--bounds", "small"),
    ],
    ids=["kill-matrix", "verify"],
)
@pytest.mark.slow
def test_reports_are_the_same_bytes(tmp_path: Path, command: tuple[str, ...]) -> None:
    found = []
    for seed, jobs in (("1", "1"), ("99", "2")):
        out = tmp_path / seed
        words = [sys.executable, "-m", "syncproof", *command, "--jobs", jobs, "--out", str(out)]
        done = subprocess.run(words, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.append([(out / name).read_bytes() for name in FILES])
    assert found[0] == found[1]
