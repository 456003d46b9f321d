"""The template of a property works as it is, and its test notices when it does not."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncproof.inputs import new_property
from tests.helpers.command import call


def functions_of(test: Path) -> dict[str, Callable[..., Any]]:
    return {name: found for name, found in runpy.run_path(str(test)).items() if name.startswith("test_")}


def test_its_tests_pass_at_once(tmp_path: Path, keeps_promises: Callable[..., None]) -> None:
    found = functions_of(new_property.write("own_order", tmp_path)[1])
    found.pop("test_a_design_keeps_it")(keeps_promises, "timeline-notify")
    assert len(found) == 2
    for each in found.values():
        each()


def test_a_test_fails_where_nothing_is_remembered(tmp_path: Path) -> None:
    file, test = new_property.write("own_order", tmp_path)
    text = file.read_text()
    kept = "self.last[where] = max(number, before)"
    assert text.count(kept) == 1
    file.write_text(text.replace(kept, "pass"))
    with pytest.raises(AssertionError):
        functions_of(test)["test_another_order_is_told"]()


def test_a_command_judges_it(tmp_path: Path) -> None:
    file, _ = new_property.write("own_order", tmp_path)
    words = ("explore", "timeline-notify", "--world", "two-people", "--messages", "2", "--out", str(tmp_path / "out"))
    result = call(*words, "--property", f"{file}:OwnOrder")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines() if "own-order" in line] == [
        ["own-order", "holds", "promise", "kept"]
    ]
