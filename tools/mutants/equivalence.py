"""Read which mutants no test can notice: `docs/mutants.md`."""

from __future__ import annotations

from collections.abc import Collection

from tools.mutants.listing import ROOT, Mutant

EQUIVALENT = ROOT / "docs" / "mutants.md"
ANY = "any"
"""In the list of equivalent mutants: in whatever file."""


def equivalent(page: str) -> set[tuple[str, str, str]]:
    """Return the mutants that a page lists as equivalent: file, line before, line after. Of `any` file: parts of lines."""
    found = set()
    for row in page.splitlines():
        cells = [cell.strip().strip("`").replace("\\|", "|") for cell in row.replace("\\|", "\0").split("|")]
        if len(cells) == 6 and (cells[1].endswith(".py") or cells[1] == ANY):
            found.add((cells[1], cells[2].replace("\0", "|"), cells[3].replace("\0", "|")))
    return found


def is_equivalent(mutant: Mutant, listed: Collection[tuple[str, str, str]]) -> bool:
    """Return whether a mutant is listed, itself or by what it replaces in whatever file."""
    if mutant.place in listed:
        return True
    for file, old, new in listed:
        if file == ANY:
            parts = mutant.before.split(old)
            changed = [old.join(parts[:n]) + new + old.join(parts[n:]) for n in range(1, len(parts))]
            if mutant.after.strip() in map(str.strip, changed):
                return True
    return False
