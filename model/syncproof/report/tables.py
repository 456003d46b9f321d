"""The rows and sentences that every form of the report shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from syncproof.designs import DESIGNS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs.scenario import ready
from syncproof.properties import PROPERTIES
from syncproof.studies.compare import Comparison


def heading(metric: str) -> tuple[str, str]:
    """A column's name and its unit, which the name does not say again."""
    unit = METRICS[metric].unit
    return METRICS[metric].heading.removesuffix(f" {unit}"), unit


MARKS = {"holds": "✓", "violated": "✗", "unknown": "?", "not-applicable": "–"}


def rank(verdict: str, promised: bool) -> int:
    """What a verdict sorts by: the gravest first, and of equals what is promised."""
    return 2 * ("violated", "unknown", "holds", "not-applicable").index(verdict) + (not promised)


class Cell(NamedTuple):
    """A number as it is shown: `text`, the interval below it, what it sorts by, whether it is the column's best."""

    text: str
    interval: str
    value: float | None
    best: bool


def number(value: float | None) -> str:
    """Three significant digits, thousands with a suffix; a dash for nothing."""
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
    """A metric's value: shares as percentages, everything else as a number."""
    if METRICS[metric].unit == "share" and value is not None:
        return f"{number(100 * value)}%"
    return number(value)


def costs(results: dict[str, Any]) -> list[tuple[str, list[Cell]]]:
    """A row per design, a cell per metric. Best is marked among designs that break no promise and lose nothing."""
    found: dict[str, Any] = results["designs"]
    sound = [name for name, d in found.items() if not d["metrics"]["lost_deliveries"]["mean"]]
    best: dict[str, float] = {}
    for metric in METRICS:
        known = [found[n]["metrics"][metric]["mean"] for n in sound if found[n]["metrics"][metric]["mean"] is not None]
        if len(set(known)) > 1:
            best[metric] = min(known) if METRICS[metric].less_is_better else max(known)
    rows = []
    for name, design in found.items():
        cells = []
        for metric in METRICS:
            value = design["metrics"][metric]
            mean, low, high = value["mean"], value["low"], value["high"]
            known_span = low is not None and high is not None and low != high
            # No metric can be negative; few runs that differ much reach below all the same.
            span = f"{amount(max(0.0, low), metric)} to {amount(high, metric)}" if known_span else ""
            cells.append(
                Cell(amount(mean, metric), span, mean, name in sound and mean is not None and mean == best.get(metric))
            )
        rows.append((name, cells))
    return rows


def verdicts(results: dict[str, Any]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """A row per property: name, what it says, and each design's finding."""
    return [
        (name, automaton.says, [d["properties"][name] for d in results["designs"].values()])
        for name, automaton in PROPERTIES.items()
    ]


def kept(design: dict[str, Any]) -> tuple[int, int]:
    """How many promises hold, and how many there are."""
    promised = [p for p in design["properties"].values() if p["promised"]]
    return sum(p["verdict"] == "holds" for p in promised), len(promised)


def losers(results: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(design, property, example) for what designs do not promise and did not keep, the gravest property of each first."""
    grave = ("no-loss", "convergence", "roaming-complete", "conversation-order", "store-before-sync", "prefix-order")
    found = []
    for name, design in results["designs"].items():
        for property_name in grave:
            finding = design["properties"][property_name]
            if finding["verdict"] == "violated" and not finding["promised"]:
                found.append((name, property_name, finding["example"]))
                break
    return found


def answer(comparison: Comparison) -> list[str]:
    """The three sentences at the top, made from the numbers."""
    results = comparison.results()
    designs = results["designs"]
    broken = comparison.broken()
    sentences = []
    if broken:
        name, property_name, finding = broken[0]
        sentences.append(
            f"A promise is broken: {name} promises {property_name}, but {finding['example']} "
            f"({len(broken)} broken promises in all)."
        )
    elif unknown := [n for n, d in designs.items() for p in d["properties"].values() if _open(p)]:
        sentences.append(
            f"No promise was seen broken, but {len(unknown)} are unknown, the first of {unknown[0]}: the runs did not come "
            "to where they can be judged."
        )
    else:
        lossy = [n for n, d in designs.items() if d["properties"]["no-loss"]["verdict"] == "violated"]
        text = f"Every promise was kept in every run ({comparison.runs} per design)"
        idle = [name for name, design in designs.items() if not kept(design)[1]]
        if idle:
            text = f"{_listed(idle)} {'promise' if len(idle) > 1 else 'promises'} nothing under these faults"
            text += "" if len(idle) == len(designs) else "; every promise of the others was kept in every run"
        if lossy:
            lost = designs[lossy[0]]["metrics"]["lost_deliveries"]["mean"]
            whole = lost + designs[lossy[0]]["deliveries"] / comparison.runs
            text += f"; {lossy[0]}, which promises less, lost {number(lost)} deliveries a run ({lost / whole:.1%})"
        sentences.append(text + ".")
    sentences.append(_cheapest(designs))
    forgetful = [n for n, d in designs.items() if d["properties"]["roaming-complete"]["verdict"] == "violated"]
    mindful = [n for n in designs if n not in forgetful]
    if forgetful and mindful:
        sentences.append(
            f"A new device finds its history with {_family(mindful, list(designs))}, "
            f"and finds none with {_family(forgetful, list(designs), 'any')}."
        )
    else:
        slow = _extreme(designs, "delivery_latency_p99_s") or _extreme(
            designs, "delivery_latency_p99_s", lossless=False
        )
        ends = " and ".join(f"{number(value)} s with {name}" for name, value in dict.fromkeys((*slow[:1], *slow[-1:])))
        sentences.append(
            f"Live delivery takes {ends} at the 99th percentile." if slow else "Nobody was connected to deliver to."
        )
    return sentences


def _open(finding: dict[str, Any]) -> bool:
    return bool(finding["promised"] and finding["verdict"] == "unknown")


def _family(names: list[str], designs: list[str], all_of: str = "every") -> str:
    """Names; "every timeline design" where those of a kind are three or more and none is missing."""
    parts = []
    rest = names
    for kind in ("timeline", "inbox"):
        members = [name for name in designs if name.startswith(kind + "-")]
        if len(members) > 2 and set(members) <= set(rest):
            parts.append(f"{all_of} {kind} design")
            rest = [name for name in rest if name not in members]
    return _listed([*parts, *rest])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none"


def _extreme(designs: dict[str, Any], metric: str, lossless: bool = True) -> list[tuple[str, float]]:
    """The designs (only those that lost nothing) from the least to the most."""
    known = [
        (name, d["metrics"][metric]["mean"])
        for name, d in designs.items()
        if d["metrics"][metric]["mean"] is not None and not (lossless and d["metrics"]["lost_deliveries"]["mean"])
    ]
    return sorted(known, key=lambda pair: pair[1])


def _cheapest(designs: dict[str, Any]) -> str:
    costs = (
        ("packets_per_delivery", "packets per delivery"),
        ("server_writes_per_message", "rows written per message"),
    )
    found = [(what, order) for metric, what in costs if (order := _extreme(designs, metric))]
    if not found:
        return "No design here delivered everything, so no costs are compared."
    alone = {order[0][0] for _, order in found if len(order) == 1}
    if len(alone) == 1 and all(len(order) == 1 for _, order in found):
        told = " and ".join(f"{number(order[0][1])} {what}" for what, order in found)
        others = "" if len(designs) == 1 else ", the only one that lost nothing,"
        return f"{alone.pop()}{others} has {told}."
    parts = []
    for what, order in found:
        (least, low), (most, high) = order[0], order[-1]
        parts.append(f"{what} range from {number(low)} ({least}) to {number(high)} ({most})")
    return "Among the designs that lost nothing, " + "; ".join(parts) + "."


def reproduce(comparison: Comparison) -> str:
    """The command that makes this report again; files are named without their folders."""
    name = comparison.scenario.name
    words = ["syncproof", "compare", name if name in ready() else f"{name}.toml"]
    if comparison.trace is not None:
        words += ["--trace", comparison.trace]
    if comparison.take is not None:
        words += ["--take", f"{comparison.take:g}s"]
    if set(comparison.designs) != set(DESIGNS):
        for name in comparison.designs:
            words += ["--design", name]
    words += ["--runs", str(comparison.runs), "--seed", str(comparison.seed)]
    return shlex.join(words)


def question(comparison: Comparison) -> str:
    """What the report is about."""
    scenario = comparison.scenario
    return f"Which message-sync design fits “{scenario.title}”? Is it correct there, and what does it cost?"
