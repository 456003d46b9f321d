"""Markdown that a code host shows as it is meant: tables with their columns at the left, text that stays in its cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """Text that cannot break out of its table cell; code between backticks stays as it is, apart from bars."""
    plain = re.sub(r"\s*\n\s*", " ", str(text).strip()).replace("|", "\\|")
    parts = plain.split("`")
    return "`".join(
        part if n % 2 else part.replace("<", "&lt;").replace("&lt;br>", "<br>") for n, part in enumerate(parts)
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; an empty cell is left empty."""
    lines = [f"| {' | '.join(map(cell, heads))} |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return "\n".join(re.sub(r" +", " ", line) for line in lines)


def facts(pairs: Iterable[Sequence[str]]) -> str:
    """A list of (what, is)."""
    return "\n".join(f"- **{name}**: {says}" for name, says in pairs)


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Texts as code, with commas between."""
    return ", ".join(map(code, texts))


def mermaid(text: str) -> str:
    """A diagram that code hosts draw."""
    return f"```mermaid\n{text}\n```"


def paragraphs(docstring: str | None) -> list[str]:
    """A docstring's paragraphs, each on one line."""
    cleaned = re.sub(r"\n[ \t]+", "\n", (docstring or "").strip())
    return [" ".join(part.split()) for part in cleaned.split("\n\n")]
