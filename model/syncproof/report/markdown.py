"""Write Markdown whose text cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from syncproof._version import __version__

SPECIAL = re.compile(r"[\\`*\[\]|]")


class Bold(str):
    """Mark text that a table cell shows in bold."""

    __slots__ = ()


def cell(text: object) -> str:
    """Escape text: it cannot break out of its table cell, nor become a tag, a link or emphasis."""
    if isinstance(text, Bold):
        return f"**{cell(str(text))}**"
    plain = SPECIAL.sub(r"\\\g<0>", str(text))
    return " ".join(plain.replace("&", "&amp;").replace("<", "&lt;").split())


def fence(text: str, kind: str = "") -> list[str]:
    """Return the lines of a code block that its text cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    bar = "`" * max(3, longest + 1)
    return [f"{bar}{kind}", text, bar]


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table, its first column left, the others right."""
    lines = ["| " + " | ".join(map(cell, heads)) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(map(cell, row)) + " |" for row in rows]


def reproduction(command: str, note: str = "") -> list[str]:
    """Return the section that says how to make a report again."""
    return ["", "## How to reproduce", "", f"syncproof {__version__}{note}", "", *fence(command, "sh")]
