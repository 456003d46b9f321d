"""What a comparison looks like on a terminal, in Markdown and as one HTML page. Nothing here computes a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from syncproof.errors import InputError

if TYPE_CHECKING:
    from syncproof.comparison import Comparison

FILES = ("report.html", "report.md", "results.json", "run.json")


def write(comparison: Comparison, out: Path) -> list[Path]:
    """Writes the four files into `out`, which is made if need be. Raises `InputError` if that is not possible."""
    from syncproof.report import markdown, page

    def dump(value: object) -> str:
        return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

    texts = (
        page.render(comparison),
        markdown.render(comparison),
        dump(comparison.results()),
        dump(comparison.run_facts()),
    )
    paths = [out / name for name in FILES]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
    return paths
