"""Record what the explorer finds in many small worlds, to notice when it finds anything else: `test_recorded.py`.

    python -m tests.engines.explore.record

writes `recorded.json` anew. Do that only after a change that is meant to change what a search finds or says, and read the
difference. Each exploration is small; together they take every path of the package. Of each are kept: the numbers, the
verdicts with their reasons and counterexamples, and digests of the graph's arrays. Of one that is refused: the error. Of a
directed search: the ends, and a digest of the graph.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from syncproof.engines.explore import Counterexample, Exploration, Finding, directed

FILE = Path(__file__).with_name("recorded.json")
NUMBERS = ("states", "transitions", "depth", "outside", "skipped", "calls made again")
FAIRNESS = ("moves never owed", "moves weakly owed", "moves strongly owed", "early firings")
ARRAYS = ("first", "targets", "moves", "marks", "parents", "levels")
PACKED = (*NUMBERS, *FAIRNESS, *ARRAYS)
"""The parts that are written without their names, which makes the file smaller."""

Kept = dict[str, Any]
"""What is kept of one exploration, part by part. A part that says nothing is left out."""


def digest(text: str) -> str:
    """Return a few characters that another text hardly has."""
    return hashlib.sha256(text.encode()).hexdigest()[:5]


def kept_of(explore: Callable[[], Exploration]) -> Kept:
    """Explore, and return what is kept of it."""
    try:
        found = explore()
    except Exception as error:
        # The numbers of lines are left out, because whoever writes above them changes them.
        return {"error": f"{type(error).__name__}: " + re.sub(r"[^\s(]*?(\w+\.py):\d+", r"\1", str(error))}
    graph, fair = found.graph, found.tables.moves.fair
    sizes = (len(graph.states), graph.transitions, graph.depth, graph.outside, found.skipped, found.reran)
    findings: dict[str, list[str]] = {}
    for name, finding in found.findings.items():
        findings.setdefault(_said(finding, found.growth), []).append(name)
    kept: Kept = {
        **dict(zip(NUMBERS, map(str, sizes), strict=True)),
        **{name: str(fair.count(fairness)) for fairness, name in enumerate(FAIRNESS)},
        **{name: digest(repr([int(number) for number in getattr(graph, name)])) for name in ARRAYS},
        "ending": "" if found.complete else graph.ending,
        "growth": found.growth,
        "situations": " ".join(found.situations),
        "coverage": " ".join(f"{kind} {made} {reached}" for kind, (made, reached) in found.coverage.items()),
        "findings": {said: " ".join(names) for said, names in findings.items()},
    }
    return {part: value for part, value in kept.items() if value}


def kept_of_directed(search: Callable[[], directed.ReachedEnds]) -> Kept:
    """Search as acts lead, and return what is kept of it."""
    made: list[directed._Directed] = []

    class Seen(directed._Directed):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    with patch.object(directed, "_Directed", Seen):
        found = search()
    graph = made[0].graph
    return {
        "states": str(found.states),
        "complete": str(found.complete),
        "arcs": str(sum(map(len, graph.targets.values()))),
        "graph": digest(repr([graph.nodes, sorted(graph.targets.items()), sorted(graph.moves.items())])),
        "judged": " ".join(sorted(found.judged)),
        "outcomes": sorted(" ".join(sorted(outcome)) for outcome in found.outcomes),
    }


def _said(finding: Finding, growth: str) -> str:
    """Return the verdict with its reason and counterexample. Of a long reason the beginning is kept, and a digest."""
    way = finding.counterexample
    why = finding.why.replace(growth, "GROWTH") if growth else finding.why
    why = why if len(why) < 60 else f"{why[:40]}... {digest(why)}"
    unmet = [] if finding.met else ["not met"]
    return "; ".join([finding.verdict, *filter(None, [why]), *unmet, *([] if way is None else _way(way))])


def _way(way: Counterexample) -> list[str]:
    """Return what a counterexample says, how many moves it has before the search, before its cycle and in it; a digest."""
    moves = [way.prelude, way.moves, way.cycle]
    return [way.says, "+".join([str(len(part)) for part in moves]) + " moves", digest(repr(moves))]


def differences(before: Kept, now: Kept) -> list[str]:
    """Return a line for each part of an exploration that is not as it was."""
    parts = dict.fromkeys((*before, *now))
    return [
        f"{part}: was {before.get(part)!r}, is {now.get(part)!r}" for part in parts if before.get(part) != now.get(part)
    ]


def written(
    explorations: Mapping[str, Callable[[], Exploration]], acted: Mapping[str, Callable[[], directed.ReachedEnds]]
) -> str:
    """Return the text of the file, with one line for each exploration and each directed search."""
    every = {name: packed(kept_of(make)) for name, make in explorations.items()}
    every |= {f"directed: {name}": kept_of_directed(make) for name, make in acted.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(kept, separators=(',', ':'))}" for name, kept in every.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def packed(kept: Kept) -> Kept:
    """Return what is kept with the parts of `PACKED` in one text."""
    if "error" in kept:
        return kept
    rest = {part: value for part, value in kept.items() if part not in PACKED}
    return {"is": " ".join([kept[part] for part in PACKED]), **rest}


def read(text: str) -> dict[str, Kept]:
    """Return what the file's text keeps of each exploration."""
    found: dict[str, Kept] = {}
    for name, kept in json.loads(text).items():
        found[name] = dict(zip(PACKED, kept.pop("is").split(), strict=True)) | kept if "is" in kept else kept
    return found


def main() -> None:
    """Write the file anew."""
    from tests.engines.explore.recorded_searches import DIRECTED, EXPLORATIONS

    FILE.write_text(written(EXPLORATIONS, DIRECTED), encoding="utf-8")


if __name__ == "__main__":
    main()
