"""The tests that are asked about a mutant."""

from __future__ import annotations

import pytest

from tools.mutants.asking import TARGETS, mirror
from tools.mutants.listing import PACKAGE, ROOT


def test_the_tests_of_a_file_are_asked_first() -> None:
    assert mirror("properties/_logs.py") == ("tests/properties/test_logs.py",)
    assert mirror("properties/_showing.py") == ()


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_a_folder_of_the_package_with_tests(target: str) -> None:
    assert (PACKAGE / TARGETS[target].folder).is_dir()
    asked = [word for stage in TARGETS[target].stages for word in stage if word.startswith("tests/")]
    assert asked
    assert all((ROOT / path).exists() for path in asked)
