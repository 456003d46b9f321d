"""The files of a report replace those of the one before, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.report.writer import write


def there(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_an_earlier_report_wrote_and_this_one_did_not_is_removed(tmp_path: Path) -> None:
    write(tmp_path, {"report.md": "one", "counterexamples/a.jsonl": "a", "counterexamples/b.jsonl": "b"})
    write(tmp_path, {"report.md": "two", "counterexamples/b.jsonl": "c"})
    assert there(tmp_path) == ["counterexamples/.written", "counterexamples/b.jsonl", "report.md"]
    assert (tmp_path / "counterexamples/b.jsonl").read_text() == "c"
    write(tmp_path, {"report.md": "three"})
    assert there(tmp_path) == ["report.md"]


def test_files_of_others_stay(tmp_path: Path) -> None:
    write(tmp_path, {"counterexamples/a.jsonl": "a"})
    (tmp_path / "counterexamples" / "mine.jsonl").write_text("mine")
    (tmp_path / "notes.md").write_text("notes")
    write(tmp_path, {"report.md": "two"})
    assert there(tmp_path) == ["counterexamples/mine.jsonl", "notes.md", "report.md"]


def test_a_name_that_leads_out_of_the_folder_removes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"counterexamples/a.jsonl": "a"})
    (tmp_path / "notes.md").write_text("notes")
    (tmp_path / "counterexamples" / ".written").write_text("../notes.md\n")
    write(tmp_path, {"counterexamples/a.jsonl": "a"})
    assert "notes.md" in there(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "out", {"report.md": "one"})
