"""Finding servers: on PATH, where Debian puts them, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.engines.drive.targets import installed


def test_the_last_of_several_versions_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for version in ("15", "16"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "no-such-server").touch(mode=0o755)
    assert installed.program("no-such-server", f"{tmp_path}/*/bin") == f"{tmp_path}/16/bin/no-such-server"
    assert installed.program("no-such-server", f"{tmp_path}/17/bin") == ""


def test_what_is_missing_is_one_line() -> None:
    assert installed.lacking("", "Redis", "Debian's redis-server", "redis") == (
        "Redis is not installed; it comes with Debian's redis-server"
    )
    assert installed.lacking("/bin/x", "Redis", "Debian's redis-server", "no_such_module") == (
        "the Python module no_such_module is not installed; pip install 'syncproof[drive]'"
    )
    assert installed.lacking("/bin/x", "Redis", "Debian's redis-server", "json") == ""


def test_a_command_is_left_alone_for_one_who_is_not_root() -> None:
    assert installed.as_user(None, ["server", "-x"]) == ["server", "-x"]
