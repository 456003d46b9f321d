"""The template of a property works as it is, and its test notices when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.inputs import new_property
from tests.helpers.command import call

pytest_plugins = ["pytester"]


def test_its_test_passes_at_once(pytester: pytest.Pytester) -> None:
    new_property.write("own_order", pytester.path)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "test_own_order.py").assert_outcomes(passed=4)


def test_its_test_fails_where_nothing_is_remembered(pytester: pytest.Pytester) -> None:
    file, _ = new_property.write("own_order", pytester.path)
    text = file.read_text()
    kept = "self.last[where] = max(number, before)"
    assert text.count(kept) == 1
    file.write_text(text.replace(kept, "pass"))
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "test_own_order.py").assert_outcomes(passed=3, failed=1)


def test_a_command_judges_it(tmp_path: Path) -> None:
    file, _ = new_property.write("own_order", tmp_path)
    words = ("explore", "timeline-notify", "--world", "two-people", "--messages", "2", "--out", str(tmp_path / "out"))
    result = call(*words, "--property", f"{file}:OwnOrder")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines() if "own-order" in line] == [
        ["own-order", "holds", "promise", "kept"]
    ]
