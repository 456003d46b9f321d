"""Show a sweep: HTML page, Markdown, notebook fragment, terminal, files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from syncproof._version import __version__
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report import figures, multiples, tables, template, terminal, writer
from syncproof.report import markdown as md
from syncproof.report.figures import Figure
from syncproof.report.names import short
from syncproof.report.sentences import coinciding
from syncproof.report.sentences import sweep as sentences
from syncproof.report.tables import NumberCell
from syncproof.studies.sweep import Sweep
from syncproof.studies.sweep.vary import Label

MOST_ROWS = 30
"""Rows that a terminal shows."""
CERTAINTY = {
    "clear": "clear",
    "within noise": "within noise",
    "single run": "a single run has no interval",
}


def figure(sweep: Sweep, metrics: Sequence[str]) -> Figure:
    """Draw a panel per metric."""
    return multiples.draw(sweep, metrics)


def text(sweep: Sweep) -> str:
    """Return the answer and whether the promises were kept, one sentence per line."""
    return "\n".join([*sentences.answer(sweep), sentences.promises(sweep)])


def html(sweep: Sweep) -> str:
    """Return the whole page, self-contained."""
    return _filled("sweep.html.j2", sweep)


def fragment(sweep: Sweep) -> str:
    """Return what a notebook shows: the answer and the figure."""
    return _filled("sweep_fragment.html.j2", sweep)


def _filled(name: str, sweep: Sweep) -> str:
    results = sweep.results()
    drawing = figures.svg(figure(sweep, sweep.metrics), "sweep") if results.points else ""
    return template.render(
        name,
        sweep=sweep,
        results=results,
        short=short(sweep.designs),
        question=sentences.question(sweep),
        answer=sentences.answer(sweep),
        promises=sentences.promises(sweep),
        broken=sweep.broken(),
        warnings=warnings(sweep),
        same=coinciding.told(courses(sweep), "in every panel"),
        changes=changes(sweep),
        drawing=Markup(drawing),  # made by this program, so safe as markup
        heads=[(tables.heading(metric)[0], METRICS[metric]) for metric in columns(sweep)],
        units=tables.UNITS,
        rows=rows(sweep),
        crossings=crossing_rows(sweep),
        noise=crossing_rows(sweep, noise=True),
        unpromised=unpromised(sweep),
        missing=missing(sweep),
        lossy=sorted(sentences.lossy(sweep), key=sweep.designs.index),
        place=lambda at: sentences.place(sweep, at),
        command=sentences.command(sweep),
        single=lambda finding: sentences.command(sweep, finding.at, finding.design),
    )


def write(sweep: Sweep, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json, run.json and points.parquet into the folder `out`."""
    files = writer.report(html(sweep), markdown(sweep), sweep.results(), sweep.facts)
    return writer.write(out, {**files, "points.parquet": sweep.parquet()})


# ---- rows that every form shows


def warnings(sweep: Sweep) -> list[str]:
    """Return the warnings that a reader should see before the numbers."""
    results = sweep.results()
    found = [*results.warnings]
    if results.missing:
        why = f" ({sweep.interrupted})" if sweep.interrupted else ""
        left = len(results.missing)
        found.insert(0, f"{left} of {left + len(sweep.made)} runs are missing{why}")
    return found


def columns(sweep: Sweep) -> list[str]:
    """Return the metrics shown, and the lost deliveries, which a reader needs to judge the costs."""
    return list(dict.fromkeys((*sweep.metrics, "lost_deliveries")))


def rows(sweep: Sweep) -> list[tuple[list[tuple[str, Label]], str, list[NumberCell]]]:
    """Return a row per design and point: (text, sort key) of each varied key, the design, a cell per column."""
    found = []
    for point in sorted(sweep.results().points, key=lambda p: sweep.designs.index(p.design)):
        places = []
        for v in sweep.varied:
            label = point.at[v.key]
            places.append((v.texts[v.labels.index(label)], label if v.numeric else v.labels.index(label)))
        cells = []
        for metric in columns(sweep):
            value = point.metrics[metric]
            span = tables.span(value.low, value.high, metric)
            cells.append(NumberCell(tables.found(value, metric, point.runs), span, value.value, False))
        found.append((places, point.design, cells))
    return found


def crossing_rows(sweep: Sweep, *, noise: bool = False) -> list[list[str]]:
    """Return rows of metric, below before, below after, value, between which points, certainty.

    `noise`: the crossings within noise, instead of all others. Designs that cross another one at the same place share a row.
    Designs that lost deliveries are left out, since they did not do the work that is compared.
    """
    lossy = sentences.lossy(sweep)
    shared: dict[tuple[str, str, float, float, float, str], list[str]] = {}
    for metric, found in sweep.results().crossings.items():
        for c in found:
            if (c.certainty == "within noise") == noise and not lossy & {c.lower_before, c.lower_after}:
                where = (metric, c.lower_before, c.value, c.low, c.high, c.certainty)
                shared.setdefault(where, []).append(c.lower_after)
    names = short(sweep.designs)
    return [
        [
            METRICS[metric].words,
            names[before],
            ", ".join([names[each] for each in after]),
            f"{float(f'{value:.3g}'):g}",
            f"{low:g} and {high:g}",
            CERTAINTY[certainty],
        ]
        for (metric, before, value, low, high, certainty), after in shared.items()
    ]


def changes(sweep: Sweep) -> list[str]:
    """Return the headings of the crossings. With a single run there are no intervals, and so no certainty."""
    varied = sweep.varied[0]
    heads = ["metric", "below before", "below after", f"at {varied.title}{f', {varied.unit}' if varied.unit else ''}"]
    return heads if sweep.runs == 1 else [*heads, "between", "certainty"]


def courses(sweep: Sweep) -> dict[str, dict[str, list[float | None]]]:
    """Return the line of each design in each panel of the figure, by the metric in words."""
    points = sweep.results().points
    return {
        METRICS[metric].words: {
            name: [p.metrics[metric].value for p in points if p.design == name] for name in sweep.designs
        }
        for metric in sweep.metrics
    }


def unpromised(sweep: Sweep) -> list[list[str]]:
    """Return rows of design, property that is not promised, number of points that violate it, an example."""
    found: dict[tuple[str, str], list[str]] = {}
    for point in sweep.results().points:
        for name, violated in point.violated.items():
            if not violated.promised:
                text = f"{sentences.place(sweep, point.at)}: {violated.example}"
                found.setdefault((point.design, name), []).append(text)
    order = {name: number for number, name in enumerate(sweep.designs)}
    names = short(sweep.designs)
    return [
        [names[design], name, f"{len(texts)} of {len(sweep.points)}", texts[0]]
        for (design, name), texts in sorted(found.items(), key=lambda item: order[item[0][0]])
    ]


def missing(sweep: Sweep) -> list[list[str]]:
    """Return rows of point, design, missing runs."""
    found: dict[tuple[str, str], list[str]] = {}
    for gap in sweep.results().missing:
        found.setdefault((sentences.place(sweep, gap.at), gap.design), []).append(str(gap.run))
    names = short(sweep.designs)
    return [[where, names[design], ", ".join(runs)] for (where, design), runs in found.items()]


def markdown(sweep: Sweep) -> str:
    """Return the whole report as Markdown."""
    results = sweep.results()
    lines = [f"# {md.cell(sweep.scenario.title)}: a sweep", "", md.cell(sweep.scenario.shows), ""]
    lines += [f"**{md.cell(sentences.question(sweep))}**", ""]
    lines += [*map(md.cell, sentences.answer(sweep)), "", md.cell(sentences.promises(sweep)), ""]
    lines += [f"> Warning: {md.cell(warning)}" for warning in warnings(sweep)] + [""]
    if results.crossings:
        lines += ["## Where designs change places", ""]
        heads = changes(sweep)
        lines += md.table(heads, [row[: len(heads)] for row in crossing_rows(sweep)])
        if noise := crossing_rows(sweep, noise=True):
            lines += ["", f"{len(noise)} more changes of places are within noise: `results.json`."]
    several = f"Mean over {sweep.runs} runs; the 95 % intervals are in `results.json`."
    lines += ["", "## Costs", "", f"{several if sweep.runs > 1 else 'One run.'} {tables.UNITS}", ""]
    lines += [*[md.cell(said) for said in coinciding.told(courses(sweep))], ""]
    heads = ["design", *(v.key for v in sweep.varied)]
    heads += ["{} ({})".format(*tables.heading(m)) for m in columns(sweep)]
    names = short(sweep.designs)
    costs = [[names[name], *(t for t, _ in at), *(c.text for c in cells)] for at, name, cells in rows(sweep)]
    lines += md.table(heads, costs)
    lines += ["", "## Broken promises", ""]
    for finding in sweep.broken():
        where, command = (
            sentences.place(sweep, finding.at),
            sentences.command(sweep, finding.at, finding.design),
        )
        lines += [f"- {finding.design}, {finding.property}, {md.cell(where)}: {md.cell(finding.example)}"]
        lines += ["", "  ```", f"  {command}", "  ```"]
    if not sweep.broken():
        lines += ["None."]
    lines += ["", "## Violated, and not promised", ""]
    lines += md.table(["design", "property", "points", "example"], unpromised(sweep))
    if results.missing:
        lines += ["", "## Missing", ""]
        lines += md.table(["point", "design", "runs"], missing(sweep))
    lines += ["", "## How to reproduce", "", f"syncproof {__version__}, seed {sweep.seed}", "", "```"]
    return "\n".join([*lines, sentences.command(sweep), "```", ""])


def show(sweep: Sweep) -> None:
    """Print the answer, the promises and the costs."""
    out = terminal.console()
    out.print(Text(sentences.question(sweep), "bold"))
    for warning in warnings(sweep):
        out.print(Text(f"warning: {warning}", "yellow"))
    out.grid(_grid(sweep))
    out.print(Text(tables.UNITS, style="dim"))
    out.print()
    for sentence in sentences.answer(sweep):
        out.print(Text(sentence))
    out.print(Text(sentences.promises(sweep), "bold red" if sweep.broken() else ""))
    for finding in sweep.broken():
        where = sentences.place(sweep, finding.at)
        out.print(Text(f"  BROKEN PROMISE: {finding.design}, {finding.property}, {where}", "bold red"))


def _grid(sweep: Sweep) -> Table:
    """Make the table of costs.

    Along one key it has a row per design, with the costs at the smallest and the largest value; else a row per point, up to
    `MOST_ROWS`.
    """
    grid = terminal.table()
    every, ends = (
        rows(sweep),
        [sweep.at(n) for n in (sweep.along()[0], sweep.along()[-1])]
        if sweep.lies_on_an_axis() and sweep.along()
        else [],
    )
    grid.add_column("design", no_wrap=True)
    names = short(sweep.designs)
    for v in () if ends else sweep.varied:
        grid.add_column(v.title, justify="right")
    for metric in columns(sweep):
        grid.add_column(METRICS[metric].heading.replace(" ", "\n", 1), justify="right", no_wrap=True)
    if ends:
        found = {(tuple(p.at.values()), p.design): p for p in sweep.results().points}
        for name in sweep.designs:
            at = [found.get((tuple(end.values()), name)) for end in ends]
            texts = [
                ["–" if p is None else tables.found(p.metrics[metric], metric, p.runs) for p in at]
                for metric in columns(sweep)
            ]
            grid.add_row(names[name], *(" → ".join(dict.fromkeys(pair)) for pair in texts))
        return grid
    for places, name, cells in every[:MOST_ROWS]:
        grid.add_row(names[name], *(text for text, _ in places), *(c.text for c in cells))
    if len(every) > MOST_ROWS:
        grid.caption = f"{len(every) - MOST_ROWS} more rows are in the report"
    return grid
