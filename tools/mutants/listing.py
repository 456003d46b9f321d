"""List the mutants of a folder, and import the package with one of them."""

from __future__ import annotations

import difflib
import importlib.abc
import importlib.machinery
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "model" / "syncproof"

LEFT_OUT = ("VariableReplacer", "VariableInserter", "BinaryOperator_BitOr")
"""Operators that are not used: two that draw names at random, and `|`, which stands in type annotations."""
ONE_EACH = "Add_Sub Sub_Add Mul_Add Div_Mul FloorDiv_Mul Mod_Add Pow_Add RShift_LShift LShift_RShift BitAnd_BitOr BitXor_BitAnd"
"""Of the replacements of a binary operator one is used: the others fail in the same tests."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file: the source lines before and after it."""

    file: str
    line: int
    before: str
    after: str
    operator: str
    source: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Return what names the mutant in the list of equivalent ones."""
        return self.file, self.before, self.after


def mutants(folder: Path, names: Sequence[str] = ()) -> Iterator[Mutant]:
    """Yield every mutant of the files of a folder in a fixed order; with names, of the files so called, in that order."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    chosen = [name for name in operator_names() if _is_used(name)]
    paths = sorted(folder.rglob("*.py"))
    if names:
        paths = sorted((path for path in paths if path.name in names), key=lambda path: names.index(path.name))
    for path in paths:
        text = path.read_text()
        met = {text}
        for name in chosen:
            operator = get_operator(name)()
            for occurrence in range(10_000):
                changed = mutate_code(text, operator, occurrence)
                if changed is None:
                    break
                if changed not in met:
                    met.add(changed)
                    yield _described(path, text, changed, name)


def _is_used(name: str) -> bool:
    if any(part in name for part in LEFT_OUT):
        return False
    _, _, replaced = name.partition("ReplaceBinaryOperator_")
    return not replaced or replaced in ONE_EACH.split()


def _described(path: Path, text: str, changed: str, operator: str) -> Mutant:
    before, after, line = [], [], 0
    for entry in difflib.unified_diff(text.splitlines(), changed.splitlines(), lineterm="", n=0):
        if entry.startswith("@@"):
            line = line or int(entry.split()[1][1:].split(",")[0])
        elif entry.startswith("-") and not entry.startswith("---"):
            before.append(entry[1:].strip())
        elif entry.startswith("+") and not entry.startswith("+++"):
            after.append(entry[1:].strip())
    name = path.relative_to(PACKAGE).as_posix()
    return Mutant(name, line, " ".join(before), " ".join(after), operator.removeprefix("core/"), changed)


class Changed(importlib.abc.MetaPathFinder):
    """Finds one module, with another source."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.file.removesuffix(".py").split("/")
        self.name = ".".join(["syncproof", *(parts[:-1] if parts[-1] == "__init__" else parts)])
        self.path = str(PACKAGE / mutant.file)
        self.source = mutant.source

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of the changed module; None for every other."""
        if fullname != self.name:
            return None
        source = self.source

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType:
                return compile(source, self.path, "exec", dont_inherit=True)

        return importlib.util.spec_from_file_location(fullname, self.path, loader=Loader(fullname, self.path))
