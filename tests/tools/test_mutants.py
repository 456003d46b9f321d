"""The list of mutants, and the page that says which of them are equivalent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutants import (
    ANY,
    EQUIVALENT,
    PACKAGE,
    TARGETS,
    Changed,
    Mutant,
    equivalent,
    interval,
    is_equivalent,
    mirror,
    mutants,
)

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


def test_the_interval_of_a_sample() -> None:
    """The numbers are those of Newcombe (1998), table I: 81 of 263, and none of 20."""
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert interval(0, 0) == (0.0, 1.0)


def test_the_tests_of_a_file_are_asked_first() -> None:
    assert mirror("properties/_logs.py") == ("tests/properties/test_logs.py",)
    assert mirror("properties/_showing.py") == ()


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_a_folder_of_the_package_with_tests(target: str) -> None:
    folder, stages = TARGETS[target]
    assert (PACKAGE / folder).is_dir()
    root = Path(__file__).parents[2]
    asked = [word for stage in stages for word in stage if word.startswith("tests/")]
    assert asked
    assert all((root / path).exists() for path in asked)


def test_only_the_changed_module_is_found() -> None:
    finder = Changed(Mutant("properties/dense.py", 1, "", "", "", source="x = 2"))
    assert finder.find_spec("syncproof.properties") is None
    spec = finder.find_spec("syncproof.properties.dense")
    assert spec is not None
    code = spec.loader.get_code(spec.name)
    found: dict[str, int] = {}
    exec(code, found)
    assert found["x"] == 2


def test_mutants_of_a_file_differ_from_it_and_from_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cosmic_ray")
    monkeypatch.setattr("tools.mutants.PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("def low(x: int) -> bool:\n    return x < 3\n", encoding="utf-8")
    every = list(mutants(tmp_path))
    after = [mutant.after for mutant in every]
    assert {mutant.place[:2] for mutant in every} == {("a.py", "return x < 3")}
    assert {"return x <= 3", "return x >= 3"} <= set(after)
    assert len(set(after)) == len(after)


def test_mutants_of_named_files_come_in_the_order_of_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cosmic_ray")
    monkeypatch.setattr("tools.mutants.PACKAGE", tmp_path)
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("x = 3\n", encoding="utf-8")
    files = [mutant.file for mutant in mutants(tmp_path, ["c.py", "a.py"])]
    assert sorted(set(files), key=files.index) == ["c.py", "a.py"]
