"""Make the rows of the tables that every form of a report shows."""

from __future__ import annotations

from typing import NamedTuple

from syncproof.designs import DESIGNS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs import lookup
from syncproof.properties import PROPERTIES
from syncproof.studies.recommendation import difference, sign
from syncproof.studies.results.common import ClaimResult, Interval
from syncproof.studies.results.comparison import ComparisonResults, DesignComparison, PropertyResults
from syncproof.studies.results.verification import VerificationResults


def heading(metric: str) -> tuple[str, str]:
    """Return the heading of a column and its unit; the heading does not repeat the unit."""
    unit = METRICS[metric].unit
    return METRICS[metric].heading.removesuffix(f" {unit}"), unit


UNITS = "msg: an accepted message; dlv (delivery): its first showing on a device; s: seconds."
"""What the units in headings mean, for every place where a table of costs stands."""
MARKS = {"holds": "✓", "violated": "✗", "unknown": "?", "not-applicable": "–"}
NOT_EXERCISED = "○"
"""The mark of an unknown that could not be otherwise: nothing had what the property's evidence takes."""


def mark(verdict: str, exercised: bool) -> str:
    """Return the mark of a verdict."""
    return MARKS[verdict] if exercised else NOT_EXERCISED


def rank(verdict: str, promised: bool) -> int:
    """Return the sort key of a verdict: the most serious first, and of equal ones those that are promised."""
    return 2 * ("violated", "unknown", "holds", "not-applicable").index(verdict) + (not promised)


class NumberCell(NamedTuple):
    """Hold a number as it is shown: `text`, the interval below it, its sort key, whether it is the best of its column."""

    text: str
    interval: str
    value: float | None
    best: bool


INFINITE = "∞"
"""The text of a quantile above everything measured."""


def number(value: float | None) -> str:
    """Return a number with three significant digits, large ones with a suffix (k, M, G); a dash for None."""
    if value is None:
        return "–"
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if unit == "k" else limit
            return f"{value / scale:.3g}{unit}"
    if size and size < 0.001:
        return f"{value:.2g}"
    return f"{value:.3g}" if size < 1000 else f"{value:.0f}"


def amount(value: float | None, metric: str) -> str:
    """Return a metric's value as text: shares as percentages, everything else as a number."""
    if METRICS[metric].unit == "share" and value is not None:
        return f"{number(100 * value)}%"
    return number(value)


def found(value: Interval, metric: str, runs: int) -> str:
    """Return a metric over so many runs as text; where it is infinite, in how many of them."""
    if value.endless:
        return METRICS[metric].endless + (f" in {value.endless} of {runs} runs" if value.endless < runs else "")
    return INFINITE if value.beyond else amount(value.value, metric)


def span(low: float | None, high: float | None, metric: str) -> str:
    """Return an interval as text, empty if there is none. Its lower end is cut at 0, since no metric can be negative."""
    if low is None or high is None or low == high:
        return ""
    return f"{amount(max(0.0, low), metric)} to {amount(high, metric)}"


def costs(results: ComparisonResults) -> list[tuple[str, list[NumberCell]]]:
    """Return a row per design, a cell per metric. The best value is marked among the designs that lost no delivery."""
    sound = {name for name, d in results.designs.items() if not d.metrics["lost_deliveries"].value}
    best: dict[str, float] = {}
    for name, metric in METRICS.items():
        known = [m for d in results.designs if d in sound and (m := results.designs[d].metrics[name].value) is not None]
        if len(set(known)) > 1:
            best[name] = min(known) if metric.less_is_better else max(known)
    return [
        (
            name,
            [
                NumberCell(
                    found(value, metric, len(value.runs)),
                    span(value.low, value.high, metric),
                    value.value,
                    name in sound and value.value is not None and value.value == best.get(metric),
                )
                for metric, value in ((metric, design.metrics[metric]) for metric in METRICS)
            ],
        )
        for name, design in results.designs.items()
    ]


COMPARED = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "server_reads_per_message",
    "packets_per_delivery",
    "bytes_per_delivery",
    "delivery_latency_p50_s",
    "delivery_latency_p99_s",
    "late_10s",
    "stored_bytes_mean",
)
"""The metrics of the table of differences."""


class DifferenceCell(NamedTuple):
    """Hold a difference as it is shown: `text`, its interval, and whether it is `better`, `worse` or within `noise`."""

    text: str
    interval: str
    kind: str


def differences(results: ComparisonResults) -> tuple[str, list[tuple[str, list[DifferenceCell]]]]:
    """Return the recommended design, or the first one, and how every other one differs from it, run by run."""
    chosen = None if results.recommendation is None else results.recommendation.recommended
    base = chosen or next(iter(results.designs))
    rows = []
    for name in results.designs:
        if name == base:
            continue
        cells = []
        for metric in COMPARED:
            found = difference(results, name, base, metric)
            better = sign(found) * (1 if METRICS[metric].less_is_better else -1)
            if found is None or found.value is None:
                cells.append(DifferenceCell("–", "", "noise"))
                continue
            known = found.low is not None and found.high is not None
            ends = f"{_signed(found.low or 0.0, metric)} to {_signed(found.high or 0.0, metric)}" if known else ""
            cells.append(DifferenceCell(_signed(found.value, metric), ends, ("noise", "worse", "better")[better]))
        rows.append((name, cells))
    return base, rows


def _signed(value: float, metric: str) -> str:
    text = amount(abs(value), metric)
    return text if not value else f"{'+' if value > 0 else '−'}{text}"


def claims(results: ComparisonResults | VerificationResults) -> dict[str, ClaimResult]:
    """Return the claims to be shown: those that need no ready design which was not judged; none if no ready one was."""
    judged = [name in results.designs for name in DESIGNS]
    if not any(judged):
        return {}
    return {k: claim for k, claim in results.claims.items() if all(judged) or not claim.evidence.startswith("needs ")}


def verdicts(results: ComparisonResults) -> list[tuple[str, str, list[PropertyResults]]]:
    """Return a row per property: name, what it says, and each design's verdict."""
    return [
        (name, automaton.says, [d.properties[name] for d in results.designs.values()])
        for name, automaton in PROPERTIES.items()
    ]


def inapplicable(results: ComparisonResults) -> list[tuple[str, list[str], list[str]]]:
    """Return (why, properties, designs) for what makes no sense for designs; one row for what the same designs have in common."""
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in PROPERTIES:
        whose: dict[str, list[str]] = {}
        for design, found in results.designs.items():
            if found.properties[name].verdict == "not-applicable":
                whose.setdefault(lookup.get(design).inapplicable[name], []).append(design)
        for why, designs in whose.items():
            rows.setdefault((why, tuple(designs)), []).append(name)
    return [(why, names, list(designs)) for (why, designs), names in rows.items()]


def kept(design: DesignComparison) -> tuple[int, int]:
    """Return how many promised properties hold, and how many are promised, without those that were not exercised."""
    promised = [p for p in design.properties.values() if p.promised and p.exercised]
    return sum(p.verdict == "holds" for p in promised), len(promised)


def unknown(results: ComparisonResults) -> list[tuple[str, str, str]]:
    """Return (design, property, why) for the first promise of each design that is unknown, and could have been judged."""
    found = []
    for design, facts in results.designs.items():
        names = [n for n, p in facts.properties.items() if p.promised and p.verdict == "unknown" and p.exercised]
        if names:
            more = f" (and {len(names) - 1} more)" if names[1:] else ""
            found.append((design, names[0], f"{facts.properties[names[0]].why}{more}"))
    return found


def sometimes(results: ComparisonResults) -> list[tuple[str, str, str]]:
    """Return (design, what some run must reach, in how many runs it was reached)."""
    return [(design, what, reached) for design, f in results.designs.items() for what, reached in f.sometimes.items()]


GRAVE = ("no-loss", "convergence", "roaming-complete", "conversation-order", "store-before-sync", "prefix-order")
"""Properties of which a report names a violation also if they are not promised, the most serious first."""


def unpromised(results: ComparisonResults) -> list[tuple[str, str, str]]:
    """Return (design, property, example) for each design that violated a property of `GRAVE` that it does not promise.

    Only the most serious property of a design is returned.
    """
    found = []
    for name, design in results.designs.items():
        for grave in GRAVE:
            verdict = design.properties[grave]
            if verdict.verdict == "violated" and not verdict.promised:
                found.append((name, grave, verdict.example or ""))
                break
    return found
