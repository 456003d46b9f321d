"""Make the notebooks from their text: each `NAME.py` (jupytext, py:percent) is executed and written as `NAME.ipynb`.

    python notebooks/remake.py [NAME ...] [--out FOLDER]

The text is the source: it is edited and reviewed. The `.ipynb`, with its outputs, is for readers on a code host. The same text
gives the same bytes, except where a cell says what a real server did: no times are recorded, cells are numbered, and the version
of the kernel and the widgets are left out (a widget shows nothing on a code host; the next output of its cell shows what it would
show first).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
MODEL = str(HERE.parent / "model")
"""The folder of the package with which the notebooks run."""
NAMES = tuple(path.stem for path in sorted(HERE.glob("[0-9]*.py")))
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SECONDS = 300
"""Seconds within which a cell must be done."""


def read(name: str) -> NotebookNode:
    """Read a notebook from its text, without outputs and with numbered cells."""
    book = jupytext.read(HERE / f"{name}.py")
    for number, cell in enumerate(book.cells, 1):
        cell.id = f"cell-{number:02}"
    book.metadata = NotebookNode(
        jupytext={"formats": "ipynb,py:percent"}, kernelspec=KERNEL, language_info={"name": "python"}
    )
    book.nbformat, book.nbformat_minor = 4, 5
    return book


def execute(name: str) -> NotebookNode:
    """Execute a notebook and return it with its outputs. Raises `CellExecutionError`, and `ValueError` for a warning.

    It runs in a folder with nothing but the files that belong to it, which are committed in a folder of its name beside it. So a
    notebook must make all other files that it needs.
    """
    book = read(name)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, Path(folder) / name)
        client = NotebookClient(
            book,
            timeout=SECONDS,
            kernel_name=KERNEL["name"],
            record_timing=False,
            coalesce_streams=True,  # printed text may arrive in pieces
            resources={"metadata": {"path": folder}},
        )
        if os.name == "posix":  # talk to the kernel through files that nobody else can read, not through ports
            manager = client.create_kernel_manager()
            manager.transport, manager.ip = "ipc", f"{sockets}/kernel"
        client.execute(env=_environment())
    book.metadata["language_info"] = {"name": "python"}
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
            said = [output.text for output in cell.outputs if output.get("name") == "stderr"]
            if said:
                raise ValueError(f"{name}, {cell.id}: {''.join(said)}")
    return book


def _environment() -> dict[str, str]:
    """Return this process's environment, with the package's folder and without the folder of traces that others do not have."""
    paths = os.pathsep.join(filter(None, (MODEL, os.environ.get("PYTHONPATH"))))
    return {**{k: v for k, v in os.environ.items() if k != "SYNCPROOF_TRACES"}, "PYTHONPATH": paths}


def write(book: NotebookNode, path: Path) -> None:
    """Check a notebook against the notebook format and write it."""
    nbformat.validate(book)
    nbformat.write(book, path)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"default: all of {', '.join(NAMES)}")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=HERE, help="default: beside the text")
    given: Any = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        print(f"unknown notebook {unknown[0]!r}; allowed: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in given.names or NAMES:
        write(execute(name), given.out / f"{name}.ipynb")
        print(given.out / f"{name}.ipynb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
