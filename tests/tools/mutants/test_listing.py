"""The list of mutants, and the import of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutants.listing import Changed, Mutant, mutants


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
    monkeypatch.setattr("tools.mutants.listing.PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("def low(x: int) -> bool:\n    return x < 3\n", encoding="utf-8")
    every = list(mutants(tmp_path))
    after = [mutant.after for mutant in every]
    assert {mutant.place[:2] for mutant in every} == {("a.py", "return x < 3")}
    assert {"return x <= 3", "return x >= 3"} <= set(after)
    assert len(set(after)) == len(after)


def test_mutants_of_named_files_come_in_the_order_of_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cosmic_ray")
    monkeypatch.setattr("tools.mutants.listing.PACKAGE", tmp_path)
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("x = 3\n", encoding="utf-8")
    files = [mutant.file for mutant in mutants(tmp_path, ["c.py", "a.py"])]
    assert sorted(set(files), key=files.index) == ["c.py", "a.py"]
