"""A small report, and the folder that it is in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syncproof.studies import small_runs
from tools.gallery import entries
from tools.gallery.entries import Entry
from tools.gallery.index import Row, read
from tools.gallery.making import remake

TINY = """
title = "Tiny"
shows = "Quick."
duration = "20m"
runs = 1
[population]
users = 2
[conversations]
pairs = 1
groups = 0
[traffic]
messages_per_user_per_day = 200.0
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario and its report in reports/."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "tiny.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setitem(small_runs.VALUES, small_runs.DEVICES, (1, 2))
        patch.setattr(entries, "ENTRIES", {"tiny": Entry("tiny", "compare", "tiny.toml")})
        assert remake((), None, folder / "reports", 1, print) == []
    return folder


@pytest.fixture
def tiny(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that folder's reports, which a test may change, with the scenario in the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(small_runs.VALUES, small_runs.DEVICES, (1, 2))
    monkeypatch.setattr(entries, "ENTRIES", {"tiny": Entry("tiny", "compare", "tiny.toml")})
    return tmp_path / "reports"


def only(out: Path) -> Row:
    (row,) = read(out).values()
    return row
