"""`syncproof new` writes each template into a folder, says what to try, and refuses all of them for the same reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.cli.new import TEMPLATES
from tests.helpers.command import call

FILES = {
    "design": {"mine.py", "test_mine.py"},
    "property": {"mine.py", "test_mine.py"},
    "scenario": {"mine.toml"},
    "target": {"mine.py", "test_mine.py"},
}

each = pytest.mark.parametrize("what", TEMPLATES)


@each
def test_the_files_are_written_and_each_is_named(what: str, tmp_path: Path) -> None:
    result = call("new", what, "mine", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES[what]
    assert [line.split(": ")[0] for line in result.output.splitlines()] == [
        str(tmp_path / name) for name in sorted(FILES[what])
    ]
    assert all(": the " in line or ": its " in line for line in result.output.splitlines())


@each
def test_a_second_time_they_are_there_already(what: str, tmp_path: Path) -> None:
    assert call("new", what, "mine", "--out", str(tmp_path)).exit_code == 0
    result = call("new", what, "mine", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "is there already; allowed: another name, or another folder" in result.stderr


@each
@pytest.mark.parametrize(
    ("name", "folder", "says"),
    [
        ("My-Design", ".", "'My-Design': allowed: a name of small letters, digits and underscores, such as my_design"),
        ("mine", "nowhere", "cannot be written: No such file or directory; allowed: a folder"),
    ],
)
def test_a_name_or_a_folder_that_cannot_be_is_one_line(
    what: str, name: str, folder: str, says: str, tmp_path: Path
) -> None:
    result = call("new", what, name, "--out", str(tmp_path / folder))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_there_is_no_template_of_is_one_line() -> None:
    result = call("new", "desing", "mine")
    assert result.exit_code == 2
    assert (
        "there is no such template; allowed: design, property, scenario, target; did you mean 'design'?"
        in result.stderr
    )
