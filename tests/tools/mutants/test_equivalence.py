"""The page that says which mutants are equivalent."""

from __future__ import annotations

import pytest

from tools.mutants.equivalence import ANY, EQUIVALENT, equivalent, is_equivalent
from tools.mutants.listing import PACKAGE, Mutant

PAGE = """
| file | line | becomes | why it is equivalent |
|---|---|---|---|
| properties/dense.py | `if a \\| b == 1:` | `if a \\| b >= 1:` | both are 0 or 1 |
"""


def test_a_row_of_the_page_names_a_mutant() -> None:
    assert equivalent(PAGE) == {("properties/dense.py", "if a | b == 1:", "if a | b >= 1:")}


def test_every_line_that_the_page_lists_is_in_its_file() -> None:
    for file, before, after in equivalent(EQUIVALENT.read_text(encoding="utf-8")):
        if file == ANY:
            assert any(before in path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")), before
            continue
        lines = [line.strip() for line in (PACKAGE / file).read_text(encoding="utf-8").splitlines()]
        assert before in lines, f"{file} has no line {before!r}; remove its row from docs/mutants.md"
        assert before != after


@pytest.mark.parametrize(
    ("before", "after", "listed"),
    [
        ("if a.kind == 1 and b.kind == 1:", "if a.kind == 1 and b.kind >= 1:", True),
        ("if a.kind == 1 and b.kind == 1:", "if a.kind >= 1 and b.kind == 1:", True),
        ("if a.kind == 1 and b.kind == 1:", "if a.kind == 1 or b.kind == 1:", False),
        ("if a == 1:", "if a >= 1:", False),
    ],
)
def test_a_row_of_any_file_names_what_is_replaced_once(before: str, after: str, listed: bool) -> None:
    rows = {(ANY, "kind == 1", "kind >= 1")}
    assert is_equivalent(Mutant("properties/dense.py", 1, before, after, ""), rows) is listed


def test_a_row_of_a_file_names_a_mutant_of_that_file() -> None:
    rows = {("properties/dense.py", "x = 1", "x = 2")}
    assert is_equivalent(Mutant("properties/dense.py", 1, "x = 1", "x = 2", ""), rows)
    assert not is_equivalent(Mutant("properties/no_loss.py", 1, "x = 1", "x = 2", ""), rows)


def test_a_row_may_name_what_is_removed() -> None:
    rows = equivalent("| any | `@njit(cache=True)` | `` | slower |")
    assert rows == {(ANY, "@njit(cache=True)", "")}
    assert is_equivalent(Mutant("engines/explore/kernel.py", 1, "  @njit(cache=True)", "", ""), rows)
    assert not is_equivalent(Mutant("engines/explore/kernel.py", 1, "  @njit(cache=True)", "  pass", ""), rows)
