"""The list of equivalent mutants in docs/mutants.md names lines that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import mutants
from tools.mutants import PACKAGE, equivalent

TABLE = """
| file | line | becomes | why it is equivalent |
|---|---|---|---|
| `properties/dense.py` | `if a \\| b == 1:` | `if a \\| b <= 1:` | never below |
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the page that is read, with one equivalent mutant."""
    page = tmp_path / "mutants.md"
    page.write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(mutants, "EQUIVALENT", page)
    return page


def test_a_row_is_a_mutant(table: Path) -> None:
    assert equivalent() == {("properties/dense.py", "if a | b == 1:", "if a | b <= 1:")}


def test_without_a_page_no_mutant_is_equivalent(table: Path) -> None:
    table.unlink()
    assert equivalent() == set()


def test_every_row_of_the_page_is_read() -> None:
    rows = [row for row in mutants.EQUIVALENT.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    assert len(equivalent()) == len(rows) > 0


def test_each_equivalent_mutant_is_of_a_line_that_exists() -> None:
    texts = {file: (PACKAGE / file).read_text(encoding="utf-8") for file, _, _ in equivalent()}
    gone = [
        (file, before)
        for file, before, _ in sorted(equivalent())
        if before not in [line.strip() for line in texts[file].splitlines()]
    ]
    assert gone == []


def test_each_equivalent_mutant_changes_its_line() -> None:
    assert [before for _, before, after in equivalent() if before == after] == []
