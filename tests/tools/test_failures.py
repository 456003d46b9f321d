"""The counterexamples of seeded bugs that the documentation draws are those of today's model."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.core.moves import Stop
from syncproof.seeded_bugs import BUGS, MODULES
from tools.docs import failures


@pytest.mark.slow
def test_the_moves_of_each_bug_violate_what_they_should() -> None:
    assert [bug.id for bug in BUGS.values() if not failures.is_kept(bug)] == []


def test_there_are_no_moves_without_a_bug() -> None:
    assert {path.name.partition(".")[0] for path in failures.FOLDER.iterdir()} == set(BUGS)


def test_each_bug_stands_under_one_mechanism() -> None:
    page = failures.bugs()
    assert {name: page.count(f"[{name}]") for name in BUGS} == dict.fromkeys(BUGS, 1)
    assert page.count("**") == 2 * len(MODULES)


def test_moves_that_no_longer_violate_are_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, kept = BUGS["F11"], failures.FOLDER / "F11.moves.jsonl"
    monkeypatch.setattr(failures, "FOLDER", tmp_path)
    assert not failures.is_kept(bug)  # there is none
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / kept.name).write_text("".join(lines[:-1]), encoding="utf-8")
    assert not failures.is_kept(bug)
    failures.keep(bug)
    assert failures.is_kept(bug)
    assert (tmp_path / kept.name).read_bytes() == kept.read_bytes()


def test_a_livelock_is_drawn_once_around() -> None:
    narrated = failures.narration(BUGS["F48"])
    moves = [step.move for step in narrated.steps]
    assert narrated.cycle is not None
    assert Stop() not in moves
    assert len(moves) < 60  # the file has the cycle two hundred times
