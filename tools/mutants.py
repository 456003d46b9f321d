"""Ask whether the tests notice when a line of the package is wrong: mutation testing.

    python -m tools.mutants properties
    python -m tools.mutants explore --sample 300 --seed 1

Cosmic Ray lists and makes the mutants. Each is tested in a child process that imports the changed module instead of the one on
disk, so the checkout is never touched. A mutant that no test notices and that `docs/mutants.md` does not list as equivalent
counts as survived. Exit status: 0 no mutant survived, 1 one did.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import math
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "model" / "syncproof"
EQUIVALENT = ROOT / "docs" / "mutants.md"
ANY = "any"
"""In the list of equivalent mutants: in whatever file."""

TARGETS: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "properties": ("properties", (("tests/properties",),)),
    "explore": (
        "engines/explore",
        (
            # Most mutants change what small searches find, by the plain loop or by the compiled one, which is not compiled here:
            # that saves its time, and Python sees an index beyond an array.
            (
                "NUMBA_DISABLE_JIT=1",
                *[f"tests/engines/explore/test_{name}.py" for name in ("recorded", "compiled")],
                "-k",
                "recorded",
            ),
            ("tests/engines/explore", "-m", "not slow"),
            (
                "tests/engines/explore",
                "tests/test_setup_complaints.py",
                "tests/test_senders.py",
                "-m",
                "slow or not slow",
            ),
        ),
    ),
    "core": (
        "core",
        (
            ("tests/core",),
            ("tests/engines/explore/test_equal_to_world.py", "tests/engines/explore/test_brute_force.py"),
            ("tests/designs", "tests/engines"),
        ),
    ),
}
"""What is mutated, and the tests that are asked, one stage after the other until one fails. `NAME=VALUE` sets a variable."""

LEFT_OUT = ("VariableReplacer", "VariableInserter", "BinaryOperator_BitOr")
"""Operators that are not used: two that draw names at random, and `|`, which stands in type annotations."""
ONE_EACH = "Add_Sub Sub_Add Mul_Add Div_Mul FloorDiv_Mul Mod_Add Pow_Add RShift_LShift LShift_RShift BitAnd_BitOr BitXor_BitAnd"
"""Of the replacements of a binary operator one is used: the others fail in the same tests."""
PATIENCE = 4
"""How many times as long as usual tests may take with a mutant: one that makes them endless is noticed."""
MEMORY = 4 << 30
"""The bytes that tests may take with a mutant: one that makes a search endless is noticed before the machine is full."""
SLOWER = 10
"""How many seconds may pass for one second of processor time, on a machine that does other things as well."""
WHICH = ("file", "line", "before", "after")
"""The fields that tell mutants of one state of the package apart."""


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


def _tested(mutant: Mutant | None, stage: Sequence[str], seconds: int) -> tuple[bool, float]:
    """Return whether a stage of tests passes with a mutant, and the seconds of processor time that it took.

    A stage that needs more than `seconds` of processor time fails. Nothing of the package may have been imported before.
    """
    compiled = tempfile.TemporaryDirectory()
    child = os.fork()
    if child == 0:
        os.setsid()
        # In the background Ctrl-C is ignored, and tests of it would see that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = 3
        try:
            if mutant is not None and "numba" in mutant.source:
                # Compiled code is kept by the file on disk, which is not the one that is tested.
                os.environ["NUMBA_CACHE_DIR"] = compiled.name
            variables = [each for each in stage if re.fullmatch(r"[A-Z_]+=.*", each)]
            for name, _, value in (each.partition("=") for each in variables):
                os.environ[name] = value
            stage = [each for each in stage if each not in variables]
            import pytest

            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            if mutant is not None:
                sys.meta_path.insert(0, Changed(mutant))
            # Rewriting assertions would import the package by a finder that comes before this one.
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                status = int(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", "--assert=plain", *stage]))
        finally:
            os._exit(status)
    with compiled:
        until = time.monotonic() + SLOWER * seconds
        while time.monotonic() < until:
            pid, ended, used = os.wait4(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(ended) == 0, used.ru_utime + used.ru_stime
            time.sleep(0.01)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False, float(seconds)


@functools.cache
def _patience(stage: tuple[str, ...]) -> int:
    """Return the seconds of processor time that a stage may take: many more than it takes without any mutant."""
    passed, used = _tested(None, stage, 3600)
    if not passed:
        raise SystemExit(f"the tests fail without any mutant: {' '.join(stage)}")
    return int(PATIENCE * (used + 1))


def mirror(file: str) -> tuple[str, ...]:
    """Return the test file that mirrors a file of the package, where there is one: most mutants fail there already."""
    folder, _, name = file.rpartition("/")
    path = f"tests/{folder}/test_{name.lstrip('_')}"
    return (path,) if (ROOT / path).exists() else ()


def survives(mutant: Mutant, stages: Sequence[tuple[str, ...]]) -> bool:
    """Return whether all stages of tests pass with a mutant; its file's own tests are asked before the first stage."""
    own = mirror(mutant.file)
    every = [own, *stages] if own else stages
    return all(_tested(mutant, stage, _patience(stage))[0] for stage in every)


def equivalent(page: str) -> set[tuple[str, str, str]]:
    """Return the mutants that a page lists as equivalent: file, line before, line after. Of `any` file: parts of lines."""
    found = set()
    for row in page.splitlines():
        cells = [cell.strip().strip("`").replace("\\|", "|") for cell in row.replace("\\|", "\0").split("|")]
        if len(cells) == 6 and (cells[1].endswith(".py") or cells[1] == ANY):
            found.add((cells[1], cells[2].replace("\0", "|"), cells[3].replace("\0", "|")))
    return found


def is_equivalent(mutant: Mutant, listed: Collection[tuple[str, str, str]]) -> bool:
    """Return whether a mutant is listed, itself or by what it replaces in whatever file."""
    if mutant.place in listed:
        return True
    for file, old, new in listed:
        if file == ANY:
            parts = mutant.before.split(old)
            if any(old.join(parts[:n]) + new + old.join(parts[n:]) == mutant.after for n in range(1, len(parts))):
                return True
    return False


def interval(noticed: int, asked: int) -> tuple[float, float]:
    """Return the 95 % interval (Wilson's) of the share that is noticed among all, of which those asked are a sample."""
    if not asked:
        return 0.0, 1.0
    z, share = 1.96, noticed / asked
    middle = (share + z * z / (2 * asked)) / (1 + z * z / asked)
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked)) / (1 + z * z / asked)
    return middle - half, middle + half


def main() -> int:
    """Read the command line, test, and print the score and every mutant that survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument(
        "--file", nargs="*", default=[], help="only the files of these names, in this order; default: all"
    )
    parser.add_argument("--sample", type=int, help="so many mutants, drawn; default: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--part", default="1/1", help="K/N: of these every N-th from the K-th on, to run N parts side by side"
    )
    parser.add_argument(
        "--out", type=Path, help="append one JSON line for each mutant; those that are there are not repeated"
    )
    parser.add_argument("--again", action="store_true", help="ask again about those that survived according to --out")
    parser.add_argument("--stages", type=int, help="only the first stages of tests, which is faster; default: all")
    options = parser.parse_args()
    folder, stages = TARGETS[options.target]
    stages = stages[: options.stages]
    import hypothesis  # noqa: F401  (what all children need is imported once)
    import networkx  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401

    every = list(mutants(PACKAGE / folder, options.file))
    if options.sample is not None:
        every = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    first, step = map(int, options.part.split("/"))
    every = every[first - 1 :: step]
    done = {}
    if options.out is not None and options.out.exists():
        for entry in map(json.loads, options.out.read_text().splitlines()):
            done[tuple(entry[part] for part in WHICH)] = entry["survived"]
    for stage in stages:
        _patience(stage)
    known = equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for number, mutant in enumerate(every):
        survived = done.get(tuple(getattr(mutant, part) for part in WHICH))
        if survived is None or (survived and options.again):
            survived = is_equivalent(mutant, known) or survives(mutant, stages)
            if options.out is not None:
                with options.out.open("a") as file:
                    entry = {**asdict(mutant), "survived": survived}
                    del entry["source"]
                    file.write(json.dumps(entry) + "\n")
        kind = "equivalent" if is_equivalent(mutant, known) else "survived" if survived else "noticed"
        counts[kind] += 1
        if kind == "survived":
            print(
                f"{number}/{len(every)} {mutant.file}:{mutant.line} {mutant.operator}\n  - {mutant.before}\n  + {mutant.after}",
                flush=True,
            )
    asked = counts["noticed"] + counts["survived"]
    print(f"{len(every)} mutants: {dict(counts)}; score {100 * counts['noticed'] / max(1, asked):.1f} %")
    if options.sample is not None:
        low, high = interval(counts["noticed"], asked)
        print(f"of all, with 95 % confidence: {100 * low:.1f} % to {100 * high:.1f} %")
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
