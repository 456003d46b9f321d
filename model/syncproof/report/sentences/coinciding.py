"""Say which lines of a figure lie on one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncproof.report.names import short
from syncproof.report.tables import number

Course = Sequence[float | None]
"""The values of a line, in the order of its places."""


def told(panels: Mapping[str, Mapping[str, Course]], places: str = "everywhere") -> list[str]:
    """Return a sentence for each set of designs whose lines are the same, with the panels in which they are.

    `panels`: panel -> design -> its line. Lines are the same if they are so with three digits. Panels where nothing was
    measured do not count.
    """
    shared: dict[tuple[str, ...], list[str]] = {}
    for panel, lines in panels.items():
        groups: dict[tuple[str, ...], list[str]] = {}
        for design, values in lines.items():
            if any(value is not None for value in values):
                groups.setdefault(tuple([number(value) for value in values]), []).append(design)
        for group in groups.values():
            if group[1:]:
                shared.setdefault(tuple(group), []).append(panel)
    names = short([design for lines in panels.values() for design in lines])
    return [
        f"{_listed([names[each] for each in others])} {'is' if len(others) == 1 else 'are'} the same as {names[first]} "
        f"{places if len(found) == len(panels) else 'in ' + _listed(found)}."
        for (first, *others), found in shared.items()
    ]


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
