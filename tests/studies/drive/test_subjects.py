"""The targets that a name stands for."""

from __future__ import annotations

import pytest

from syncproof.engines.drive.processes import DriveError
from syncproof.engines.drive.targets import TARGETS, installed
from syncproof.inputs import lookup
from syncproof.studies.drive.subjects import subjects


def test_every_target_names_designs_that_there_are_and_known_needs() -> None:
    for name in TARGETS:
        found, missing = subjects(name, None, None) if name in ("sqlite-log", "sqlite-inbox") else ([], {})
        for subject in found:
            lookup.get(subject.design)
            assert not subject.confirmed_first or lookup.get(subject.confirmed_first)
        assert missing == {}


def test_a_group_of_which_nothing_is_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "program", lambda *_: "")
    with pytest.raises(DriveError, match="redis: Redis is not installed; it comes with Debian's redis-server or"):
        subjects("redis", None, None)
    found, missing = subjects("all", None, None)
    assert [each.name for each in found] == ["sqlite-log", "sqlite-inbox"]
    assert set(missing) == set(TARGETS) - {"sqlite-log", "sqlite-inbox"}
