"""Markdown parts: tables whose cells cannot be broken by their text, lists, code, diagrams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """Return text that cannot break out of its table cell; code between backticks stays unchanged, apart from bars."""
    plain = re.sub(r"\s*\n\s*", " ", str(text).strip()).replace("|", "\\|")
    parts = plain.split("`")
    return "`".join(
        part if n % 2 else part.replace("<", "&lt;").replace("&lt;br>", "<br>") for n, part in enumerate(parts)
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; an empty text makes an empty cell."""
    lines = [f"| {' | '.join(map(cell, heads))} |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return "\n".join(re.sub(r" +", " ", line) for line in lines)


def facts(pairs: Iterable[Sequence[str]]) -> str:
    """Return a list of (name, text) pairs."""
    return "\n".join(f"- **{name}**: {says}" for name, says in pairs)


def code(text: object) -> str:
    """Return a text as code."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Return texts as code, separated by commas."""
    return ", ".join(map(code, texts))


def mermaid(text: str) -> str:
    """Return a block of Mermaid, which code hosts draw."""
    return f"```mermaid\n{text}\n```"


def paragraphs(docstring: str | None) -> list[str]:
    """Return a docstring's paragraphs, each on one line."""
    cleaned = re.sub(r"\n[ \t]+", "\n", (docstring or "").strip())
    return [" ".join(part.split()) for part in cleaned.split("\n\n")]
