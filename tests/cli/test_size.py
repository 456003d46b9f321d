"""The command `size`: its options, its files, its exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command import TINY, call

pytestmark = pytest.mark.slow

ONE = ("--design", "timeline-notify")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.replace("30m", "1h"))
    return str(path)


def test_it_writes_its_files_and_ends_with_0(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = call("size", tiny, *ONE, "--users", "1000000", "--history", "2y", "--out", str(out))
    assert found.exit_code == 0
    results = json.loads((out / "results.json").read_text())
    assert results["demand"]["users"] == 1_000_000
    assert results["demand"]["history_s"] == 2 * 365 * 86400
    assert "check" not in results


def test_the_check_is_in_the_results(tiny: str, tmp_path: Path) -> None:
    found = call("size", tiny, *ONE, "--check", "--jobs", "1", "--out", str(tmp_path / "out"))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["check"]["removed"] == ["faults"]
    assert found.exit_code == (0 if all(line["within"] for line in results["check"]["designs"][ONE[1]]) else 1)
    assert "lines are within the promised errors" in found.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--history", "1 year"), "--history 1 year: allowed: a number above 0 and its unit"),
        (("--sync-retention", "0d"), "--sync-retention 0d: allowed"),
        (("--prices", "missing.toml"), "missing.toml: cannot be read"),
        (("--utilisation", "1.5"), "'--utilisation': 1.5 is not in the range 0<x<1"),
        (("--devices", "0"), "--devices"),
    ],
)
def test_a_wrong_option_ends_with_2(tiny: str, tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    found = call("size", tiny, *ONE, *options, "--out", str(tmp_path / "out"))
    assert found.exit_code == 2
    assert says in found.output
