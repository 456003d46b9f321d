"""The layers of the package, drawn from the import contract in pyproject.toml, and what each package is for."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.docs.markdown import code, codes, mermaid, paragraphs, table

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "model" / "syncproof"


@cache
def levels() -> tuple[tuple[str, ...], ...]:
    """Return the layers of the contract from the top, each as the packages that share it."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    (contract,) = [c for c in tool["importlinter"]["contracts"] if c["type"] == "layers"]
    return tuple(tuple(name.strip() for name in level.split("|")) for level in contract["layers"])


def layers() -> str:
    """Draw the layers, with an arrow from each layer to the next one below."""
    lines = ["flowchart TD"]
    for number, level in enumerate(levels()):
        lines.append(f'    l{number}["{" · ".join(level)}"]')
    lines += [f"    l{number} --> l{number + 1}" for number in range(len(levels()) - 1)]
    return mermaid("\n".join(lines))


def packages() -> str:
    """Return a table with a row for each package: its layer, its purpose, and the packages that its modules import."""
    rows = [
        [number, code(name), reason(name), codes(in_order(uses(name))) or "nothing"]
        for number, level in zip(range(len(levels()), 0, -1), levels(), strict=True)
        for name in level
    ]
    return table(["layer", "package", "is", "uses"], rows)


def reason(name: str) -> str:
    """Return the first paragraph of a package's docstring."""
    return paragraphs(ast.get_docstring(ast.parse(_entry(name).read_text(encoding="utf-8"))))[0]


def uses(name: str) -> set[str]:
    """Return the other packages that a package's modules import, also inside of functions."""
    files = _entry(name).parent.rglob("*.py") if (PACKAGE / name).is_dir() else [_entry(name)]
    found = {other for file in files for other in _imported(file.read_text(encoding="utf-8"))}
    return (found & {other for level in levels() for other in level}) - {name}


def in_order(names: set[str]) -> list[str]:
    """Return the packages from the top layer to the bottom, those of one layer as the contract lists them."""
    return [name for level in levels() for name in level if name in names]


def order(name: str) -> int:
    """Return how far from the top a package's layer is."""
    return next(number for number, level in enumerate(levels()) if name in level)


def _entry(name: str) -> Path:
    folder = PACKAGE / name
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("syncproof."))
