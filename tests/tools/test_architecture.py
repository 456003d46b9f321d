"""The page on the architecture names only existing files and classes, and draws the layers of the import contract."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.docs import architecture

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)`(?::\s+`([\w.]+)`)?")


def missing(text: str) -> Iterator[str]:
    """Yield each `FILE.py` or `FILE.py`: `NAME` of a text that the package does not have."""
    for file, name in NAMED.findall(text):
        if not (architecture.PACKAGE / file).is_file():
            yield file
            continue
        found: object = importlib.import_module("syncproof." + file.removesuffix(".py").replace("/", "."))
        for part in name.split(".") if name else ():
            if not hasattr(found, part):
                yield f"{file}: {name}"
                break
            found = getattr(found, part)


def test_every_file_and_name_of_the_page_is_there() -> None:
    assert list(missing(PAGE)) == []
    assert len(NAMED.findall(PAGE)) > 30


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("`core/system.py`", "core/system.py"),
        ("`core/world.py`: `World.drop`", "core/world.py: World.drop"),
        ("see `core/world.py`:\n   `Earth` here", "core/world.py: Earth"),
    ],
)
def test_a_missing_name_is_reported(text: str, says: str) -> None:
    assert list(missing(text)) == [says]


def test_there_are_at_most_ten_layers_and_every_package_is_in_one() -> None:
    levels = architecture.levels()
    named = [name for level in levels for name in level]
    there = {
        path.stem for path in architecture.PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert len(levels) <= 10
    assert sorted(named) == sorted(there - {"__init__", "__main__"})


@pytest.mark.slow
def test_no_package_uses_one_of_its_own_layer_or_above() -> None:
    for level in architecture.levels():
        for name in level:
            above = [
                other for other in architecture.uses(name) if architecture.order(other) <= architecture.order(name)
            ]
            assert above == [], name


def test_the_reason_of_a_package_is_the_first_sentence_of_its_docstring() -> None:
    assert architecture.reason("_version") == "The version, in the one place where it is written."
