"""The repository: each module is loaded under one name, and imports use the installed name."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("model", "tools", "tests", "examples", "notebooks", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


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
    names = list(imported(path.read_text(encoding="utf-8")))
    assert [name for name in names if name.split(".")[0] == "model" or name.startswith(".")] == []


def test_an_import_by_folder_is_detected() -> None:
    assert list(imported("import model.syncproof\nfrom model.syncproof import check\nfrom . import x")) == [
        "model.syncproof",
        "model.syncproof",
        ".",
    ]


def test_no_module_was_loaded_by_its_folder() -> None:
    """This process has loaded the package, and under one name only."""
    import syncproof.core.world

    assert syncproof.core.world.__name__ in sys.modules
    assert [name for name in sys.modules if name.split(".")[0] == "model"] == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, syncproof; print(sorted({'numpy', 'pandas', 'matplotlib', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
