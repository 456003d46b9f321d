"""Say in words at what load the storage of each design saturates."""

from __future__ import annotations

from syncproof.report.names import short
from syncproof.report.sentences.words import listed
from syncproof.report.tables import number, span
from syncproof.studies import saturation
from syncproof.studies.results.comparison import ComparisonResults
from syncproof.studies.saturation import KNEE, Knee, Room

LEGEND = (
    "The load at which the storage station would work all the time, if each message took as much of its time as in these runs, "
    "retries and idle polls included. Above it the queue grows as long as the load lasts."
)
HEADS = (
    "design",
    "saturates at (messages/s)",
    "storage busy",
    "p99 of the wait for storage (s)",
    "the offered load is",
)


def answer(results: ComparisonResults) -> list[str]:
    """Return which design saturates first, and which ones serve the offered load."""
    found = saturation.knees(results)
    least, *others = saturation.first(found, results)
    at = found[0].at
    ends = span(at.low, at.high, KNEE)
    tied = f"; within noise {listed(others)} {'saturate' if others[1:] else 'saturates'} as early" if others else ""
    says = [f"{least} saturates first, at {number(at.value)} messages a second{f' ({ends})' if ends else ''}{tied}."]
    return says + [_serving(found, name, load) for name, load in saturation.loads(results)]


def _serving(found: list[Knee], name: str, load: float) -> str:
    """Return which designs serve a load, which do not, and of which the runs do not tell."""
    by: dict[Room, list[str]] = {"saturated": [], "unclear": [], "serves": []}
    for knee in found:
        by[knee.room(load)].append(knee.design)
    said: tuple[tuple[Room, str], ...] = (
        ("saturated", "more than {} can serve"),
        ("unclear", "within the interval of {}"),
        ("serves", "less than {} can serve"),
    )
    parts = [words.format(listed(by[room])) for room, words in said if by[room]]
    return f"The offered {name} of {number(load)} a second is {', '.join(parts)}."


def rows(results: ComparisonResults) -> list[list[str]]:
    """Return a row per design, the first one to saturate at the top: where, how busy, how long waits are, what it serves."""
    said: dict[Room, str] = {"saturated": "above", "unclear": "within noise", "serves": "below"}
    names = short(results.designs)
    table = []
    for knee in saturation.knees(results):
        ends = span(knee.at.low, knee.at.high, KNEE)
        table.append(
            [
                names[knee.design],
                f"{number(knee.at.value)}{f' ({ends})' if ends else ''}{', extrapolated' if knee.extrapolated else ''}",
                f"{number(100 * (knee.busy.value or 0.0))}%",
                "∞" if knee.wait.beyond else number(knee.wait.value),
                ", ".join(
                    said[knee.room(load)] if name == "load" else f"{name} {said[knee.room(load)]}"
                    for name, load in saturation.loads(results)
                ),
            ]
        )
    return table
