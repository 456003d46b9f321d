"""The pins of the oldest versions are the lower bounds of pyproject.toml."""

from __future__ import annotations

import pytest

from tools.oldest import PROJECT, pins

TEXT = """
[project]
dependencies = ["numpy>=1.26", "click>=8.2,<9"]
[project.optional-dependencies]
test = ["pytest-xdist>=3.5", "numpy>=1.26"]
loose = ["rich"]
"""


def test_every_dependency_is_pinned_to_its_lower_bound() -> None:
    assert list(pins(TEXT)) == ["click==8.2", "numpy==1.26"]


def test_an_extra_adds_its_own_and_repeats_nothing() -> None:
    assert list(pins(TEXT, ["test"])) == ["click==8.2", "numpy==1.26", "pytest-xdist==3.5"]


def test_a_dependency_without_a_lower_bound_is_an_error() -> None:
    with pytest.raises(ValueError, match="'rich' has no lower bound; write NAME>=VERSION"):
        list(pins(TEXT, ["loose"]))


def test_each_dependency_of_this_project_has_a_lower_bound() -> None:
    assert list(pins(PROJECT.read_text(encoding="utf-8"), ["test"]))
