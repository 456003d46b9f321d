"""Say in words what a sweep found: the question, the answer in three sentences, the commands."""

from __future__ import annotations

import math
import shlex

from syncproof.designs import DESIGNS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs.lookup import get
from syncproof.report.sentences.words import listed, named
from syncproof.report.tables import number
from syncproof.studies.sweep import CROSSED, SHOWN, Sweep
from syncproof.studies.sweep.readings import STILL, Change
from syncproof.studies.sweep.vary import Label

NAMED = 3
"""Crossings that a sentence names before it points to the table."""


def question(sweep: Sweep) -> str:
    """Return the question that the report answers."""
    keys = listed([v.title for v in sweep.varied])
    return f"How do the costs and promises of the designs change with {keys} on “{sweep.scenario.title}”?"


def answer(sweep: Sweep) -> list[str]:
    """Return three sentences: what grows with the key, and which designs change places in packets and in bytes.

    Where a metric is shown that may be infinite, such as the time to recover, instead a sentence for each point.
    """
    if not sweep.results().points:
        return ["No run was finished, so there is no result."]
    if endless := [metric for metric in sweep.metrics if METRICS[metric].endless]:
        return [_ending(sweep, number, metric) for metric in endless for number in range(len(sweep.points))]
    if not sweep.lies_on_an_axis() or len(sweep.along()) < 2:
        return [_range(sweep, metric) for metric in ("server_writes_per_message", *CROSSED)]
    grown = [m for m in sweep.metrics if m in ("server_writes_per_message", "server_deletes_per_message")]
    return [_growth(sweep, grown or list(sweep.metrics[:1])), *(_places(sweep, metric) for metric in CROSSED)]


def promises(sweep: Sweep) -> str:
    """Return whether the promises were kept, in one sentence."""
    broken = sweep.broken()
    if broken:
        first = broken[0]
        return (
            f"A promise is broken: {first.design} promises {first.property} and broke it at {place(sweep, first.at)}: "
            f"{first.example} ({len(broken)} broken promise{'s' * (len(broken) > 1)} over all points)."
        )
    if unknown := [point for point in sweep.results().points if point.promised_unknown]:
        names = listed(list(dict.fromkeys(point.design for point in unknown)))
        return (
            f"No promise was broken. Some of {names} are unknown, because runs did not come to rest or never met the evidence; "
            "what was still on its way at the end of such a run counts as lost."
        )
    return f"Every promise was kept in each of the {len(sweep.made)} runs."


def place(sweep: Sweep, at: dict[str, Label]) -> str:
    """Return a point as text: `devices per user 3, online 15m`."""
    return ", ".join(f"{v.title} {v.texts[v.labels.index(at[v.key])]}" for v in sweep.varied)


def _ends(sweep: Sweep) -> tuple[str, str]:
    """Return the smallest and the largest value of the key as they were written."""
    varied, along = sweep.varied[0], sweep.along()
    first, last = sweep.points[along[0]].at[0], sweep.points[along[-1]].at[0]
    return varied.texts[varied.labels.index(first)], varied.texts[varied.labels.index(last)]


def _growth(sweep: Sweep, metrics: list[str]) -> str:
    first, last = _ends(sweep)
    parts = [_courses(sweep, metric) for metric in metrics]
    return f"With {sweep.varied[0].title} from {first} to {last}, " + "; ".join(parts) + "."


def _courses(sweep: Sweep, metric: str) -> str:
    """Return in words how a metric changes.

    Example: `rows written per message grow with A (2.4 to 14, ×6), and stay within 5 % with B and C (5.4)`.
    """
    found = {name: change for name in sweep.designs if (change := sweep.course(name, metric)) is not None}
    said = []
    for course, verb in (
        ("grows", "grow with"),
        ("falls", "fall with"),
        ("varies", "change unclearly with"),
        ("stays", f"stay within {100 * STILL:g} % with"),
    ):
        alike: dict[str, list[str]] = {}
        for name, change in found.items():
            if change.course == course:
                alike.setdefault(_course(change), []).append(name)
        if alike:
            said.append(f"{verb} " + ", ".join(f"{listed(names)} ({numbers})" for numbers, names in alike.items()))
    return f"{METRICS[metric].words} " + (", and ".join(said) if said else "were not measured at both ends")


def _course(change: Change) -> str:
    if change.course == "stays":
        return number(change.last)
    ratio = "" if change.factor is None else f", ×{number(change.factor)}"
    return f"{number(change.first)} to {number(change.last)}{ratio}"


def lossy(sweep: Sweep) -> set[str]:
    """Return the designs that lost deliveries at some point: their cost per delivery cannot be compared fairly."""
    return {p.design for p in sweep.results().points if p.metrics["lost_deliveries"].value}


def _places(sweep: Sweep, metric: str) -> str:
    """Return in words the clear crossings between the families, or between any designs if there is one family.

    If there are none, say that, with the costs of a design of each family, and which design is the least everywhere.
    """
    left_out = lossy(sweep)
    names = [name for name in sweep.designs if name not in left_out]
    family = {name: get(name).family for name in names}
    both = len(set(family.values())) > 1
    crossings = [
        c
        for c in sweep.crossed(metric)
        if c.lower_before in family
        and c.lower_after in family
        and c.certainty != "within noise"
        and (not both or family[c.lower_before] != family[c.lower_after])
    ]
    title, what = sweep.varied[0].title, METRICS[metric].words
    unit = f" {sweep.varied[0].unit}" if sweep.varied[0].unit else ""
    if crossings:
        said = [
            f"{c.lower_before} is below {c.lower_after} up to {float(f'{c.value:.3g}'):g}{unit} {title} and above it beyond"
            for c in crossings[:NAMED]
        ]
        more = (
            f"; {len(crossings) - NAMED} more crossings of the two families are in the table"
            if len(crossings) > NAMED
            else ""
        )
        return f"In {what}, {', '.join(said)}{more}."
    ends = sweep.along()[0], sweep.along()[-1]
    pair = names[:1] + [n for n in names[1:] if not both or family[n] != family[names[0]]][:1]
    spans = [f"{name} {_mean(sweep, ends[0], name, metric)} to {_mean(sweep, ends[1], name, metric)}" for name in pair]
    who = "no inbox and timeline design clearly change places" if both else "no two designs clearly change places"
    tail = f": {listed(spans)}" if spans else ""
    least = {
        min(known)[1]
        for point in sweep.along()
        if (known := [(math.fsum(v.values()) / len(v), n) for n in names if (v := sweep.values(point, n, metric))])
    }
    if len(names) > 2 and len(least) == 1:
        (name,) = least
        first, last = (_mean(sweep, end, name, metric) for end in ends)
        tail += f"; {name} is least everywhere ({first} to {last})"
    return f"In {what}, {who} with {title} from {' to '.join(_ends(sweep))}{tail}."


def _mean(sweep: Sweep, point: int, name: str, metric: str) -> str:
    values = sweep.values(point, name, metric)
    return number(math.fsum(values.values()) / len(values) if values else None)


def _range(sweep: Sweep, metric: str) -> str:
    """Return in words, for keys without an axis, the smallest and largest mean, and how often each design has the smallest."""
    left_out = lossy(sweep)
    known = [
        (mean, p.design, p.at)
        for p in sweep.results().points
        if p.design not in left_out and (mean := p.metrics[metric].value) is not None
    ]
    if not known:
        return f"No design that lost nothing has {METRICS[metric].words}."
    (low, least, there), (high, most, elsewhere) = min(known, key=lambda k: k[0]), max(known, key=lambda k: k[0])
    best: dict[str, int] = {}
    for number_ in range(len(sweep.points)):
        here = [(mean, name) for mean, name, at in known if at == sweep.at(number_)]
        if here:
            best[min(here)[1]] = best.get(min(here)[1], 0) + 1
    often = [f"{name} at {count}" for name, count in sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))]
    return (
        f"{METRICS[metric].words.capitalize()} range from {number(low)} ({least} at {place(sweep, there)}) to {number(high)} "
        f"({most} at {place(sweep, elsewhere)}); least: {listed(often)} of {sum(best.values())} points."
    )


def _ending(sweep: Sweep, number_: int, metric: str) -> str:
    """Return in words with which designs a metric is infinite at one point, and between what it lies with the others."""
    here = [point for point in sweep.results().points if point.at == sweep.at(number_)]
    endless = METRICS[metric].endless
    never = [point.design for point in here if point.metrics[metric].endless == point.runs]
    parts = [f"{listed(never)} {endless} in any run"] if never else []
    parts += [
        f"{point.design} {endless} in {found.endless} of {point.runs} runs"
        for point in here
        if 0 < (found := point.metrics[metric]).endless < point.runs
    ]
    known = sorted((mean, point.design) for point in here if (mean := point.metrics[metric].value) is not None)
    if known:
        (low, least), (high, most) = known[0], known[-1]
        unit, names = METRICS[metric].unit, [name for _, name in known]
        between = f"{number(low)} {unit} ({least}) to {number(high)} {unit} ({most})"
        several = "" if len(names) in (2, len(here)) else f" with {listed(names)}"
        parts.append(between + several if names[1:] else f"{number(low)} {unit} with {least}")
    return f"{METRICS[metric].words.capitalize()} with {place(sweep, sweep.at(number_))}: {'; '.join(parts) or 'not measured'}."


def command(sweep: Sweep, at: dict[str, Label] | None = None, design: str | None = None) -> str:
    """Return the command that makes this report again, or one point of it."""
    parts = ["syncproof", "sweep", named(sweep.scenario)]
    for v in sweep.varied:
        texts = v.texts if at is None else (v.texts[v.labels.index(at[v.key])],)
        parts += ["--vary", f"{v.key}={','.join(texts)}"]
    if (trace := sweep.trace_file or sweep.trace) is not None:
        parts += ["--trace", trace]
    if sweep.take is not None:
        parts += ["--take", f"{sweep.take:g}s"]
    if design is not None:
        parts += ["--design", design]
    elif set(sweep.designs) != set(DESIGNS):
        for name in sweep.designs:
            parts += ["--design", name]
    if at is None and sweep.metrics != SHOWN:
        for metric in sweep.metrics:
            parts += ["--metric", metric]
    return shlex.join([*parts, "--runs", str(sweep.runs), "--seed", str(sweep.seed)])
