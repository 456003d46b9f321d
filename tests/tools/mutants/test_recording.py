"""Recorded searches that are asked about mutants of the explorer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants.listing import ROOT, Mutant
from tools.mutants.recording import Ran, Recording, Search

SOURCE = """\
LEAST = 1

def found(
    first,
    last=2,
):
    if (
        first
        < last
    ):
        return sum(
            [first],
            3,
        )
    else:
        return lambda: last
"""


@pytest.fixture
def that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return the function that returns the names of the searches that are asked about a mutant of a line of `SOURCE`."""
    monkeypatch.setattr("tools.mutants.recording.PACKAGE", tmp_path)
    (tmp_path / "graph.py").write_text(SOURCE, encoding="utf-8")
    ran = {"short": (1.0, {8, 12}), "long": (2.0, {8, 16}), "other": (1.5, {100})}
    recording = Recording(
        {
            Search("plain", name): Ran(seconds, frozenset(("graph.py", line) for line in lines))
            for name, (seconds, lines) in ran.items()
        }
    )
    return lambda line: [search.name for search in recording._that_run(Mutant("graph.py", line, "", "", ""))]


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (1, ["short", "other", "long"]),
        (5, ["short", "other", "long"]),
        (9, ["short", "long"]),
        (11, ["short"]),
        (13, ["short"]),
        (16, ["long"]),
    ],
)
def test_searches_that_run_the_statement_are_asked_the_shortest_first(
    that_run: object, line: int, asked: list[str]
) -> None:
    """Ask about lines 1 and 5 too, which run when the module is imported, so that every search may notice."""
    assert callable(that_run)
    assert that_run(line) == asked


ASKED = """
import sys
import tools.mutants.recording as recording_module
from tools.mutants.listing import PACKAGE, Mutant
from tools.mutants.recording import Ran, Recording, Search

FILE = "engines/explore/constraint.py"
recording = Recording({Search("plain", "notebook few symmetric"): Ran(0.5, frozenset())})
source = (PACKAGE / FILE).read_text(encoding="utf-8")
lenient = source.replace("if not self(tables.initial)", "if self(tables.initial)")
assert lenient != source
recording_module.IMPORTING = 2.0
for changed in (source, "while True: pass", "1 / 0", lenient):
    print(recording.notices(Mutant(FILE, 1, "", "", "", changed)))
print([name for name in sys.modules if name.startswith("syncproof")])
"""


@pytest.mark.slow
def test_a_mutant_is_noticed_where_a_search_finds_anything_else_or_does_not_end() -> None:
    """Ask about the file as it is, one that is endless, one that raises an exception, and one that finds something else."""
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["False", "True", "True", "True", "[]"], done.stderr
