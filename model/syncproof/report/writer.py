"""Write the files of a report."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from syncproof.errors import InputError
from syncproof.studies.results.common import plain

Content = str | bytes | Callable[[Path], None]
"""The contents of a file, or a function that writes the file."""

WRITTEN = ".written"
"""In a folder of a report: the names of the files there that the last report wrote, a line each."""

NUMBERS = re.compile(r"\[\s*(?:(?:-?\d[\d.e+-]*|null),?\s+)+\]")


def write(out: str | Path, files: Mapping[str, Content]) -> list[Path]:
    """Write files into the folder `out`, which is made if it is missing, and return their paths in order.

    Names may have folders of their own. The files are written in a folder beside them and replace former ones when all of
    them are there; what an earlier report wrote into such a folder and this one does not is removed, other files stay. Raises
    `InputError` if a file cannot be written.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-", ignore_cleanup_errors=True) as made:
            fresh = Path(made)
            for name, content in files.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, str):
                    path.write_text(content, encoding="utf-8")
                elif isinstance(content, bytes):
                    path.write_bytes(content)
                else:
                    content(path)
            for name in files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(fresh / name, folder / name)
        _forget_former(folder, files)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
    return [folder / name for name in files]


def _forget_former(folder: Path, files: Mapping[str, Content]) -> None:
    """Remove what an earlier report wrote into the folders of this one and this one did not, and note what this one wrote."""
    of: dict[Path, list[str]] = {known.parent: [] for known in folder.glob(f"*/{WRITTEN}")}
    for path in map(Path, files):
        if path.parent != Path():
            of.setdefault(folder / path.parent, []).append(path.name)
    for inner, names in of.items():
        note = inner / WRITTEN
        for former in note.read_text(encoding="utf-8").splitlines() if note.exists() else ():
            if former not in names and Path(former).name == former:
                (inner / former).unlink(missing_ok=True)
        if names:
            note.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        else:
            note.unlink()


def report(html: str, markdown: str, results: Struct, run: Struct | None, *, rows: bool = False) -> dict[str, Content]:
    """Return the files that every report has: two pages, results.json and run.json. `rows`: as for `dumped`."""
    return {
        "report.html": html,
        "report.md": markdown,
        "results.json": dumped(plain(results), rows=rows),
        "run.json": dumped({} if run is None else plain(run), rows=rows),
    }


def dumped(value: object, *, rows: bool = False) -> str:
    """Return indented JSON. `rows`: a list of numbers stays on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if not rows:
        return text
    return NUMBERS.sub(lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text)
