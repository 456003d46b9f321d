"""Say in words what a comparison found."""

from __future__ import annotations

import shlex

from syncproof.designs import DESIGNS
from syncproof.report.sentences.words import listed, named
from syncproof.report.tables import kept, number
from syncproof.studies import small_runs
from syncproof.studies.comparison import Comparison
from syncproof.studies.results.comparison import PropertyResults


def question(comparison: Comparison) -> str:
    """Return the question that the report answers."""
    scenario = comparison.scenario
    return f"Which message-sync design fits “{scenario.title}”? Is it correct there, and what does it cost?"


def answer(comparison: Comparison) -> list[str]:
    """Return the sentences at the top of the report: correctness, the front, the recommendation, what would turn it."""
    results = comparison.results()
    designs = results.designs
    broken = comparison.broken()
    sentences: list[str] = []
    if broken:
        name, property_name, finding = broken[0]
        sentences.append(
            f"A promise is broken: {name} promises {property_name} and broke it: {finding.example} "
            f"({len(broken)} broken promise{'s' * (len(broken) > 1)} in all)."
        )
    elif unknown := [(n, p.why) for n, d in designs.items() for p in d.properties.values() if _open(p)]:
        many = f"{len(unknown)} promises are" if unknown[1:] else "one promise is"
        reasons = dict.fromkeys(why for _, why in unknown if why)
        sentences.append(
            f"No run broke a promise, but {many} unknown{', the first' if unknown[1:] else ''} of {unknown[0][0]}: "
            f"{'; '.join(reasons) or 'the runs did not come to rest'}."
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
    sentences += _recommendation(comparison)
    forgetful = [n for n, d in designs.items() if d.properties["roaming-complete"].verdict == "violated"]
    mindful = [n for n in designs if n not in forgetful]
    if forgetful and mindful:
        sentences.append(
            f"A new device finds its history with {_family(mindful, list(designs))}, "
            f"and finds none with {_family(forgetful, list(designs), 'any')}."
        )
    return sentences


def _recommendation(comparison: Comparison) -> list[str]:
    """Return who is on the front, which design to choose and why, and what would turn that."""
    found = comparison.results().recommendation
    if found is None or not found.front:
        return ["Nothing was delivered, so no costs are compared."]
    alone = len(comparison.designs) == 1
    sentences = [] if alone else [front(found.front, comparison.runs)]
    if found.recommended is None:
        return [*sentences, f"None is recommended: {found.why}."]
    if alone:
        return [f"{found.recommended} has {found.why}."]
    sentences.append(f"For this scenario choose {found.recommended}: {found.why}.")
    if found.recommended not in found.front:
        sentences.append(
            f"{found.recommended} is not one of those: another design is clearly better in one of these costs and clearly worse in "
            "none. The choice goes by the product of rows, packets and late share alone."
        )
    if found.with_history is not None:
        sentences.append(
            f"{found.recommended} keeps no history for devices that are added later; of the designs that do, choose "
            f"{found.with_history}: {found.why_with_history}."
        )
    unit = {small_runs.POLLS: " s"}
    tried = [f"{key} {', '.join(values)}{unit.get(key, '')}" for key, values in found.tried.items()]
    if found.turned_by:
        turns = listed([f"{t.recommended} at {t.key} = {t.value}{unit.get(t.key, '')}" for t in found.turned_by])
        sentences.append(f"In small runs that would change to {turns} (tried: {'; '.join(tried)}).")
    elif tried:
        sentences.append(f"No value that small runs tried would change that ({'; '.join(tried)}).")
    return sentences


def front(names: list[str], runs: int) -> str:
    """Return which designs no other one clearly beats; one run cannot tell, since it has no interval."""
    if runs == 1:
        return "One run has no intervals, so nobody knows which differences between the designs are noise."
    return (
        "No other design is clearly better in one of server rows, packets, late deliveries and losses and clearly worse in none "
        f"than {listed(names)}."
    )


DIFFERENCES = (
    "Run n of every design meets the same messages, presence, losses and times, so the difference is taken run by run; an interval "
    "that contains 0 is within noise."
)


def legend(comparison: Comparison) -> str:
    """Return what the numbers of the table of costs are."""
    several = f"Mean over {comparison.runs} runs, quantiles of all runs together, with 95 % intervals."
    return (
        f"{'One run.' if comparison.runs == 1 else several} A delivery is timed from composed to shown on another device, "
        "wherever both devices were connected when it was composed: the same deliveries in every design. “msg” is an accepted "
        "message, “dlv” a first showing on a device."
    )


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
