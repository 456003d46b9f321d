"""The memory that is free: that of the machine, within the limit of a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.engines.memory import available_memory


def root(folder: Path, **files: str) -> Path:
    """Return a root with a machine that has 8 GiB free, and these files of control groups, `__` for a slash."""
    (folder / "proc").mkdir()
    (folder / "proc" / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable:  8388608 kB\n")
    for name, text in files.items():
        path = (
            folder
            / "sys"
            / "fs"
            / "cgroup"
            / name.replace("__", "/").replace("_max", ".max").replace("_now", ".current")
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "gib"),
    [
        ({}, 8),
        ({"memory_max": "max\n", "memory_now": "5\n"}, 8),
        ({"memory_max": str(4 << 30), "memory_now": str(1 << 30)}, 3),
        ({"memory_max": str(1 << 30), "memory_now": str(2 << 30)}, 0),
        ({"memory_max": str(99 << 30), "memory_now": "0"}, 8),
    ],
)
def test_the_smaller_of_machine_and_container_counts(tmp_path: Path, files: dict[str, str], gib: int) -> None:
    assert available_memory(root(tmp_path, **files)) == gib << 30


def test_a_platform_that_does_not_say_has_no_number(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None
