"""Read and write the index of the committed reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from syncproof.errors import InputError
from syncproof.report import markdown, template
from tools.gallery import entries

SCHEMA = 1


@dataclass
class Row:
    """An entry of the index: the question, the answer, and what the report was made from."""

    name: str
    kind: str
    question: str
    answer: list[str]
    command: str
    taken: str
    files: list[str] = field(default_factory=list)
    fingerprint: dict[str, str] = field(default_factory=dict)


def read(out: Path) -> dict[str, Row]:
    """Return the rows of the committed index; empty without one. `InputError` for one that cannot be read."""
    path = out / "index.json"
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {row["name"]: Row(**row) for row in found["entries"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not an index: {error}; remove it and make the reports again") from None


def index(rows: dict[str, Row]) -> dict[str, str]:
    """Return the index's files, name -> text, with rows in the order of `ENTRIES`."""
    ordered = [rows[name] for name in entries.ENTRIES if name in rows]
    page = template.render("index.html.j2", rows=ordered)
    data = {"schema": SCHEMA, "entries": [asdict(row) for row in ordered]}
    return {
        "index.html": page,
        "README.md": "\n".join(_markdown(ordered)),
        "index.json": json.dumps(data, indent=1, ensure_ascii=False) + "\n",
    }


def _markdown(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("# Reports of the ready scenarios", "")
    yield "Made by `make reports` (`make reports TRACES=DIR` with the traces); `make check-reports` says which one is stale."
    yield "The same command writes what is not committed: `index.html`, which is this page for a browser, and beside each"
    yield "`report.md` a `report.html`, one file that needs nothing else."
    yield ""
    yield from ("| report | question | answer | taken | |", "|---|---|---|---|---|")
    for row in rows:
        question, answer, taken = (markdown.cell(text) for text in (row.question, " ".join(row.answer[:2]), row.taken))
        links = f"[report]({row.name}/report.md), [data]({row.name}/results.json)"
        yield f"| [{row.name}]({row.name}/report.md) | {question} | {answer} | {taken} | {links} |"
    yield ""
    for name, what in entries.BESIDE.items():
        yield from (f"Beside them: [{name}]({name}/report.md), {what}.", "")
