"""Say in words what a comparison found."""

from __future__ import annotations

import shlex

from syncproof.designs import DESIGNS
from syncproof.report.sentences.words import listed, named
from syncproof.report.tables import kept, number
from syncproof.studies.compare import Comparison
from syncproof.studies.results import DesignComparison, PropertyResults


def question(comparison: Comparison) -> str:
    """Return the question that the report answers."""
    scenario = comparison.scenario
    return f"Which message-sync design fits “{scenario.title}”? Is it correct there, and what does it cost?"


def answer(comparison: Comparison) -> list[str]:
    """Return the three sentences at the top of the report."""
    results = comparison.results()
    designs = results.designs
    broken = comparison.broken()
    sentences: list[str] = []
    if broken:
        name, property_name, finding = broken[0]
        sentences.append(
            f"A promise is broken: {name} promises {property_name}, but {finding.example} "
            f"({len(broken)} broken promises in all)."
        )
    elif unknown := [n for n, d in designs.items() for p in d.properties.values() if _open(p)]:
        sentences.append(
            f"No run broke a promise, but {len(unknown)} promises are unknown, the first of {unknown[0]}: the runs accepted no "
            "message, did not come to rest, or never met the evidence."
        )
    else:
        lossy = [n for n, d in designs.items() if d.properties["no-loss"].verdict == "violated"]
        text = f"Every promise was kept in every run ({comparison.runs} per design)"
        idle = [name for name, design in designs.items() if not kept(design)[1]]
        if idle:
            text = f"{listed(idle)} {'promise' if len(idle) > 1 else 'promises'} nothing under these faults"
            text += "" if len(idle) == len(designs) else "; every promise of the others was kept in every run"
        if lossy:
            lost = designs[lossy[0]].metrics["lost_deliveries"].value or 0.0
            whole = lost + designs[lossy[0]].deliveries / comparison.runs
            text += f"; {lossy[0]}, which promises less, lost {number(lost)} deliveries a run ({lost / whole:.1%})"
        sentences.append(text + ".")
    sentences.append(_cheapest(designs))
    forgetful = [n for n, d in designs.items() if d.properties["roaming-complete"].verdict == "violated"]
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
            f"Live delivery takes {ends} at the 99th percentile."
            if slow
            else "No message was delivered to a connected device."
        )
    return sentences


def _open(finding: PropertyResults) -> bool:
    return bool(finding.promised and finding.verdict == "unknown" and finding.exercised)


def _family(names: list[str], designs: list[str], all_of: str = "every") -> str:
    """Return names in words; three or more designs of a family of which none is missing become "every timeline design"."""
    parts = []
    rest = names
    for kind in ("timeline", "inbox"):
        members = [name for name in designs if name.startswith(kind + "-")]
        if len(members) > 2 and set(members) <= set(rest):
            parts.append(f"{all_of} {kind} design")
            rest = [name for name in rest if name not in members]
    return listed([*parts, *rest])


def _extreme(designs: dict[str, DesignComparison], metric: str, lossless: bool = True) -> list[tuple[str, float]]:
    """Return (design, mean of the metric) in ascending order; with `lossless` only designs that lost nothing."""
    known = [
        (name, mean)
        for name, d in designs.items()
        if (mean := d.metrics[metric].value) is not None and not (lossless and d.metrics["lost_deliveries"].value)
    ]
    return sorted(known, key=lambda pair: pair[1])


def _cheapest(designs: dict[str, DesignComparison]) -> str:
    costs = (
        ("packets_per_delivery", "packets per delivery"),
        ("server_writes_per_message", "rows written per message"),
    )
    found = [(what, order) for metric, what in costs if (order := _extreme(designs, metric))]
    if not found:
        return "No design here delivered everything, so no costs are compared."
    alone = {order[0][0] for _, order in found if len(order) == 1}
    if len(alone) == 1 and all(len(order) == 1 for _, order in found):
        advantages = " and ".join(f"{number(order[0][1])} {what}" for what, order in found)
        others = "" if len(designs) == 1 else ", the only one that lost nothing,"
        return f"{alone.pop()}{others} has {advantages}."
    parts = []
    for what, order in found:
        (least, low), (most, high) = order[0], order[-1]
        parts.append(f"{what} range from {number(low)} ({least}) to {number(high)} ({most})")
    return "Among the designs that lost nothing, " + "; ".join(parts) + "."


def command(comparison: Comparison) -> str:
    """Return the command that makes this report again."""
    words = ["syncproof", "compare", named(comparison.scenario)]
    if (trace := comparison.trace_file or comparison.trace) is not None:
        words += ["--trace", trace]
    if comparison.take is not None:
        words += ["--take", f"{comparison.take:g}s"]
    if set(comparison.designs) != set(DESIGNS):
        for name in comparison.designs:
            words += ["--design", name]
    words += ["--runs", str(comparison.runs), "--seed", str(comparison.seed)]
    return shlex.join(words)
