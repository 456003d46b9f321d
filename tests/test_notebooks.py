"""The notebooks run from top to bottom, and their committed outputs are what they give."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NAMES = [path.stem for path in sorted(FOLDER.glob("[0-9]*.py"))]
PLACE = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|var|opt|usr|private|work|mnt)/|[A-Z]:\\\\")
"""The beginning of a path on a particular machine."""
WITHOUT_POSTGRES = """
import runpy, sys
from syncproof.engines.drive.targets.postgres_server import PostgresTarget
PostgresTarget.missing = classmethod(lambda kind: "PostgreSQL is not installed")
runpy.run_path(sys.argv[1])
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that executes a notebook, in another process because warnings in notebooks are not under test."""
    folder = tmp_path_factory.mktemp("notebooks")

    @cache
    def make(name: str) -> Any:
        done = subprocess.run(
            [sys.executable, FOLDER / "remake.py", name, "--out", folder], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name} does not run:\n{done.stderr[-4000:]}"
        return nbformat.read(folder / f"{name}.ipynb", 4)

    return make


def committed(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def said(book: Any) -> dict[str, str]:
    """Return the output of each code cell as text; where it depends on the machine, only that there is some.

    Figures and tables of markup are left out: other versions of matplotlib and pandas draw the same numbers otherwise.
    """
    found = {}
    for cell in book.cells:
        if cell.cell_type == "code":
            texts = [o.text if o.output_type == "stream" else o.data.get("text/plain", "") for o in cell.outputs]
            found[cell.id] = "\n".join(texts) if "varies" not in cell.metadata.get("tags", []) else f"{bool(texts)}"
    return found


def printed(name: str, varies: bool) -> list[str]:
    """Return what committed cells print that have the tag `varies`, or that have not."""
    return [
        output.text
        for cell in committed(name).cells
        if cell.cell_type == "code" and ("varies" in cell.metadata.get("tags", [])) == varies
        for output in cell.outputs
        if output.output_type == "stream"
    ]


def test_they_are_numbered_in_their_order() -> None:
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, len(NAMES) + 1)]
    assert len(NAMES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_the_pair_has_the_same_cells(name: str) -> None:
    text = jupytext.read(FOLDER / f"{name}.py")
    assert [(c.cell_type, c.source, c.metadata.get("tags")) for c in committed(name).cells] == [
        (c.cell_type, c.source, c.metadata.get("tags")) for c in text.cells
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_it_runs_and_says_what_is_committed(name: str, made: Any) -> None:
    assert said(made(name)) == said(committed(name)), "stale: run `make notebooks`"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_has_no_path_of_a_machine_and_no_error(name: str) -> None:
    for cell in committed(name).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            text = str(output.get("text", "")) + "".join(map(str, output.get("data", {}).values()))
            assert not PLACE.search(text), f"{cell.id}: {PLACE.search(text)}"
    assert set(committed(name).metadata) == {"jupytext", "kernelspec", "language_info"}
    assert "version" not in committed(name).metadata.language_info


def test_what_is_committed_of_real_servers_was_driven() -> None:
    """Only `varies` cells say it, and for these a test of what is made compares nothing."""
    assert sum(said.startswith("driven here: postgres-") for said in printed("07_real_servers", varies=True)) == 3


@pytest.mark.slow
def test_where_no_server_is_installed_recorded_histories_say_the_same(tmp_path: Path) -> None:
    name = "07_real_servers"
    shutil.copytree(FOLDER / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSTGRES, FOLDER / f"{name}.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("PostgreSQL is not installed. What follows was recorded elsewhere.\n") == 3
    at = 0
    for text in printed(name, varies=False):
        assert text in done.stdout[at:]
        at = done.stdout.index(text, at) + len(text)


def test_an_unknown_notebook_is_reported_in_one_line() -> None:
    done = subprocess.run([sys.executable, FOLDER / "remake.py", "08"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "unknown notebook '08'; allowed: 01_" in done.stderr
