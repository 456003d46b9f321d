"""The repository itself: one name for each module and each class, and imports say the name that is installed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("model", "tools", "tests", "examples", "notebooks", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)

RARE = re.compile(r"\bmodel\b|\bfrom[\s\\]*\.")
"""What stands in every file with an import that is not allowed. A file without it is not parsed: that takes 50 times as long."""


def imported(text: str) -> Iterator[str]:
    """Yield the full names of the modules that a file's import statements name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_imports_the_package_by_its_folder(path: Path) -> None:
    """`model.syncproof` would be a second copy of every class of `syncproof`."""
    text = path.read_text(encoding="utf-8")
    names = list(imported(text)) if RARE.search(text) else []
    assert [name for name in names if name.split(".")[0] == "model" or name.startswith(".")] == []


def test_an_import_by_folder_is_detected() -> None:
    assert list(imported("import model.syncproof\nfrom model.syncproof import check\nfrom . import x")) == [
        "model.syncproof",
        "model.syncproof",
        ".",
    ]


@pytest.mark.parametrize(
    "text",
    ["import model", "import a, \\\n  model.b", "from model import x", "from . import x", "from\\\n  ..a import x"],
)
def test_every_import_by_folder_has_what_is_looked_for_first(text: str) -> None:
    assert [name for name in imported(text) if name.split(".")[0] == "model" or name.startswith(".")] != []
    assert RARE.search(text)


def test_no_module_was_loaded_by_its_folder() -> None:
    """This process has loaded the package, and under one name only."""
    import syncproof.core.world

    assert syncproof.core.world.__name__ in sys.modules
    assert [name for name in sys.modules if name.split(".")[0] == "model"] == []


def repeated(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of classes that more than one class has, and where; `sources`: file -> text."""
    places = defaultdict(list)
    for file, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{file}:{node.lineno}")
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_classes_have_the_same_name() -> None:
    """One word, one meaning: a traceback, a search and a reader find one class."""
    package = ROOT / "model" / "syncproof"
    sources = {str(path.relative_to(package)): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    assert repeated(sources) == {}


def test_a_class_name_that_is_used_twice_is_noticed() -> None:
    assert repeated({"a.py": "class Row: ...", "b.py": "class Table:\n    class Row: ..."}) == {
        "Row": ["a.py:1", "b.py:2"]
    }


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, syncproof; print(sorted({'numpy', 'pandas', 'matplotlib', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
