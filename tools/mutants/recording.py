"""Ask the recorded searches of the explorer first: most of its mutants change what one of them finds.

One process imports everything but the explorer, and notes which lines of it each search runs and how long that takes. A copy of
the process imports the explorer with a mutant and repeats the searches that run the changed statement, the shortest first, until
one finds anything else. The compiled loop is not compiled: that saves its time, and Python sees an index beyond an array.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tools.mutants.forks import forked
from tools.mutants.listing import PACKAGE, Changed, Mutant

EXPLORER = "syncproof.engines.explore"
FOLDER = PACKAGE / "engines" / "explore"
"""The explorer as a module, and as a folder."""
ROOM, LEAST = 4, 1.0
"""A search may take so many times as long as without a mutant, and so many seconds more: one that is endless is noticed."""
IMPORTING = 10.0
"""The seconds in which the explorer is to be imported."""
WAITING = 600
"""The seconds after which a copy ends that waits for something."""
MEMORY = 4 << 30


class Search(NamedTuple):
    """Names a recorded search: in the plain loop, in the compiled one, or directed."""

    how: str
    name: str


@dataclass(frozen=True)
class Ran:
    """What a search did without any mutant: its seconds of processor time, and the lines that it ran."""

    seconds: float
    lines: frozenset[tuple[str, int]]


def _repeated() -> Any:
    """Import what repeats the searches, and with it the explorer, by name: tests have no types that are checked."""
    import numpy

    from syncproof.designs import Population
    from syncproof.inputs import small_worlds

    small_worlds.POPULATIONS.setdefault("one-device", Population((0,), ((0,),)))
    numpy.seterr(over="ignore")
    return importlib.import_module("tests.engines.explore.repeated")


def _measured() -> dict[Search, Ran]:
    """Repeat every search without a mutant, twice: for its time, and for the lines that it runs."""
    from coverage import Coverage

    repeated, found = _repeated(), {}
    for search in [Search(how, name) for how, names in repeated.EVERY.items() for name in names]:
        before = time.process_time()
        if repeated.differs(*search):
            raise RuntimeError(
                f"{search.how} search {search.name!r} does not find what was recorded, without any mutant"
            )
        seconds = time.process_time() - before
        coverage = Coverage(data_file=None, config_file=False, include=[str(FOLDER / "*")])
        with coverage.collect():
            repeated.differs(*search)
        data = coverage.get_data()
        lines = {(Path(file).name, line) for file in data.measured_files() for line in data.lines(file) or ()}
        found[search] = Ran(seconds, frozenset(lines))
    return found


def _preload() -> None:
    """Import all that the searches need and that does not need the explorer, so that copies of this process have it already."""

    def needed() -> list[str]:
        _repeated()
        return [name for name in sys.modules if name.partition(".")[0] in ("syncproof", "tests")]

    def imports_the_explorer(name: str) -> bool:
        importlib.import_module(name)
        return any(each == EXPLORER or each.startswith(f"{EXPLORER}.") for each in sys.modules)

    for name in forked(needed):
        if name not in sys.modules and not forked(functools.partial(imports_the_explorer, name)):
            importlib.import_module(name)


@dataclass(frozen=True)
class Recording:
    """Answers whether a recorded search notices a mutant, in a process that has not imported the explorer."""

    searches: Mapping[Search, Ran]

    @classmethod
    def measured(cls) -> Recording:
        """Return the recording with what every search does here."""
        os.environ["NUMBA_DISABLE_JIT"] = "1"
        _preload()
        searches = forked(_measured)
        gc.collect()
        gc.freeze()
        return cls(searches)

    def notices(self, mutant: Mutant) -> bool:
        """Return whether a search that runs the changed statement finds anything else with it, or does not end."""
        asked = self._that_run(mutant)
        return bool(asked) and forked(functools.partial(self._noticed, mutant, asked), failed=True)

    def _noticed(self, mutant: Mutant, asked: list[Search]) -> bool:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        sys.meta_path.insert(0, Changed(mutant))
        # The signals end this process, which then has failed: the alarm where it waits for something.
        signal.alarm(WAITING)
        signal.setitimer(signal.ITIMER_VIRTUAL, IMPORTING)
        repeated = _repeated()
        for search in asked:
            signal.setitimer(signal.ITIMER_VIRTUAL, ROOM * self.searches[search].seconds + LEAST)
            if repeated.differs(*search):
                return True
        return False

    def _that_run(self, mutant: Mutant) -> list[Search]:
        """Return the searches that run a mutant's statement, the shortest first; all where it runs when it is imported."""
        shortest_first = sorted(self.searches, key=lambda search: self.searches[search].seconds)
        statement = _statement(mutant)
        if statement is None:
            return shortest_first
        name = mutant.file.rpartition("/")[2]
        lines = {(name, line) for line in statement}
        return [search for search in shortest_first if lines & self.searches[search].lines]


def _statement(mutant: Mutant) -> range | None:
    """Return the lines of a mutant's statement, or of the head of a compound one; None if it runs when it is imported."""
    innermost: tuple[int, range, bool] | None = None

    def look(node: ast.AST, inside: bool) -> None:
        nonlocal innermost
        for child in ast.iter_child_nodes(node):
            within = inside or isinstance(node, ast.FunctionDef | ast.Lambda)
            if isinstance(child, ast.stmt) and child.lineno <= mutant.line <= (child.end_lineno or child.lineno):
                body = getattr(child, "body", None)
                end = body[0].lineno - 1 if body and body[0].lineno > child.lineno else child.end_lineno or child.lineno
                if mutant.line <= end or innermost is None:
                    innermost = (child.lineno, range(child.lineno, max(end, mutant.line) + 1), within)
                else:
                    # Between the parts of a compound statement: `else`, `except`.
                    innermost = (mutant.line, range(mutant.line, mutant.line + 1), within)
            look(child, within)

    look(ast.parse((PACKAGE / mutant.file).read_text(encoding="utf-8")), False)
    return innermost[1] if innermost is not None and innermost[2] else None
