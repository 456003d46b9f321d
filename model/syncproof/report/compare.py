"""Show a comparison: HTML page, Markdown, notebook fragment, terminal, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup
from rich.text import Text

from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError, nearest
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.report import counterexamples, figures, over_time, sequence, tables, template, terminal, writer
from syncproof.report import markdown as md
from syncproof.report.figures import Figure
from syncproof.report.names import short
from syncproof.report.sentences import coinciding
from syncproof.report.sentences import compare as sentences
from syncproof.report.sentences import saturation as saturated
from syncproof.studies import saturation
from syncproof.studies.comparison import Comparison
from syncproof.studies.results.comparison import ComparisonResults
from syncproof.studies.smallest_world import Way

SHOWN = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "server_reads_per_message",
    "packets_per_delivery",
    "round_trips_per_delivery",
    "pulls_per_delivery",
    "bytes_per_delivery",
    "delivery_latency_p50_s",
    "delivery_latency_p99_s",
    "lost_deliveries",
)
"""The metrics that a terminal shows."""
LEGEND = (
    f"✓ holds, ✗ violated, ? unknown, {tables.NOT_EXERCISED} not exercised by these runs, – not applicable; **bold** where "
    "promised."
)


FIGURES = {**figures.FIGURES, "over-time": ("How latency changes while faults happen", over_time.draw)}


def figure(comparison: Comparison, name: str) -> Figure:
    """Draw the figure of this name. Raises `InputError` for an unknown name."""
    if name not in FIGURES:
        raise InputError(f"unknown figure {name!r}{nearest(str(name), FIGURES)}")
    return FIGURES[name][1](comparison)


def text(comparison: Comparison) -> str:
    """Return the answer, one sentence per line."""
    return "\n".join(sentences.answer(comparison))


def html(comparison: Comparison) -> str:
    """Return the whole page, self-contained."""
    results = comparison.results()
    left_out = {
        *(() if results.sweep.designs else ("endpoints",)),
        *(() if saturation.near(results) else ("saturation",)),
        *(() if over_time.told(comparison) else ("over-time",)),
    }
    drawings = [
        (key, title, Markup(figures.svg(draw(comparison), key)))  # made by this program, so safe as markup
        for key, (title, draw) in FIGURES.items()
        if key not in left_out
    ]
    ways = [_drawn(way, comparison) for way in comparison.ways()]
    # A metric that no design has here, such as the time to recover where no burst is, needs no column.
    known = [name for name in METRICS if any(each.metrics[name].value is not None for each in results.designs.values())]
    return _filled("compare.html.j2", comparison, known, figures=drawings, ways=ways)


def fragment(comparison: Comparison) -> str:
    """Return what a notebook shows: the answer, the verdicts and the costs."""
    return _filled("compare_fragment.html.j2", comparison, list(METRICS))


def _filled(name: str, comparison: Comparison, metrics: Sequence[str], **context: object) -> str:
    """Return a filled template that shows the costs in these metrics."""
    results = comparison.results()
    places = [list(METRICS).index(metric) for metric in metrics]
    return template.render(
        name,
        comparison=comparison,
        scenario=comparison.scenario,
        results=results,
        short=short(results.designs),
        claims=tables.claims(results),
        question=sentences.question(comparison),
        answer=sentences.answer(comparison),
        summary=lambda design: lookup.get(design).summary,
        rank=lambda finding: tables.rank(finding.verdict, finding.promised),
        kept={name: tables.kept(design) for name, design in results.designs.items()},
        unpromised=tables.unpromised(results),
        broken=comparison.broken(),
        verdicts=tables.verdicts(results),
        sometimes=tables.sometimes(results),
        inapplicable=tables.inapplicable(results),
        because=lambda place, name: lookup.get(list(results.designs)[place]).inapplicable[name],
        mark=tables.mark,
        metrics=[(tables.heading(metric)[0], METRICS[metric]) for metric in metrics],
        costs=[(design, [cells[place] for place in places]) for design, cells in tables.costs(results)],
        differences=tables.differences(results),
        compared=[tables.heading(name) for name in tables.COMPARED],
        ways_legend=counterexamples.LEGEND,
        command=sentences.command(comparison),
        legend=sentences.legend(comparison),
        differences_legend=sentences.DIFFERENCES,
        saturation=saturated,
        same=coinciding.told(figures.endpoint_courses(comparison)),
        **context,
    )


def _drawn(way: Way, comparison: Comparison) -> tuple[Way, Markup, str]:
    """Return a way, its diagram, and the command that finds it again; the last two are empty without a counterexample."""
    if way.counterexample is None:
        return way, Markup(""), ""
    narration = counterexamples.narrate_way(way, comparison.scenario.parameters())
    return way, sequence.svg(narration), counterexamples.again(way, comparison.scenario)


def write(comparison: Comparison, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json and run.json into the folder `out`."""
    files = writer.report(
        html(comparison), markdown(comparison), comparison.results(), comparison.run_facts(), rows=True
    )
    return writer.write(out, files)


def markdown(comparison: Comparison) -> str:
    """Return the whole report as Markdown."""
    ways = comparison.ways()
    results = comparison.results()
    names = short(results.designs)
    lines = [f"# {md.cell(comparison.scenario.title)}", "", md.cell(comparison.scenario.shows), ""]
    lines += [f"**{md.cell(sentences.question(comparison))}**", ""]
    lines += [md.cell(sentence) for sentence in sentences.answer(comparison)] + [""]
    lines += [f"> Warning: {md.cell(warning)}" for warning in results.warnings] + [""]
    lines += ["## Verdicts", "", LEGEND, ""]
    rows: list[list[object]] = []
    for name, _, findings in tables.verdicts(results):
        marks = [tables.mark(f.verdict, f.exercised) for f in findings]
        rows.append([name, *(md.Bold(m) if f.promised else m for m, f in zip(marks, findings, strict=True))])
    lines += md.table(["property", *names.values()], rows)
    if sometimes := tables.sometimes(results):
        lines += ["", "Sometimes, what some run must reach:", ""]
        lines += md.table(["design", "sometimes", "reached"], [[names[d], *rest] for d, *rest in sometimes])
    if broken := comparison.broken():
        lines += ["", "Broken promises:", ""]
        lines += [f"- {md.cell(design)}, {name}: {md.cell(finding.example)}" for design, name, finding in broken]
    if unknown := tables.unknown(results):
        lines += ["", "Promises that are unknown (one example per design):", ""]
        lines += [f"- {md.cell(design)}, {name}: {md.cell(why)}" for design, name, why in unknown]
    if unpromised := tables.unpromised(results):
        lines += ["", "Violated, and not promised (one example per design):", ""]
        lines += [f"- {md.cell(design)}, {name}: {md.cell(example)}" for design, name, example in unpromised]
    lines += ["", "## Costs", "", sentences.legend(comparison), ""]
    units = ["{} ({})".format(*tables.heading(m)) for m in METRICS]
    lines += md.table(["design", *units], [[names[d], *(c.text for c in cells)] for d, cells in tables.costs(results)])
    lines += [*_differences(results), *_saturation(results)]
    lines += _ways(ways, comparison.scenario)
    if told := tables.claims(results):
        legend = "Of a claim about correctness, *supported* means that these runs did not refute it."
        lines += ["", "## Claims", "", legend, ""]
        claims = [[key, c.says, c.verdict, c.evidence] for key, c in told.items()]
        lines += md.table(["claim", "says", "verdict", "evidence"], claims)
    lines += ["", "## Faults fired", ""]
    lines += md.table(["fault", "times, over all designs and runs"], [[k, v] for k, v in results.faults_fired.items()])
    lines += [*md.reproduction(sentences.command(comparison)), "", "The scenario:", ""]
    lines += [*md.fence(comparison.scenario.text.strip(), "toml"), ""]
    return "\n".join(lines)


def _differences(results: ComparisonResults) -> Iterator[str]:
    """Yield the table of differences from the recommended design; nothing for a single design."""
    base, rows = tables.differences(results)
    if not rows:
        return
    yield from ("", f"### How the others differ from {md.cell(base)}, run by run", "", sentences.DIFFERENCES, "")
    names = short(results.designs)
    units = ["{} ({})".format(*tables.heading(metric)) for metric in tables.COMPARED]
    cells = [[names[d], *(f"{c.text} [{c.interval}]" if c.interval else c.text for c in found)] for d, found in rows]
    yield from md.table(["design", *units], cells)


def _saturation(results: ComparisonResults) -> Iterator[str]:
    """Yield where the stations saturate; nothing if all of them have much room."""
    if not saturation.near(results):
        return
    yield from ("", f"## {figures.FIGURES['saturation'][0]}", "", saturated.LEGEND, "")
    yield from (*map(md.cell, saturated.answer(results)), "", *md.table(saturated.HEADS, saturated.rows(results)))


def _ways(ways: list[Way], scenario: Scenario) -> Iterator[str]:
    """Yield the counterexamples, drawn in Mermaid."""
    yield from ("", "## Counterexamples", "")
    yield from (counterexamples.LEGEND if ways else "Nothing was violated in these runs.", "")
    for way in ways:
        yield from (
            f"### {md.cell(way.design)}, {way.name} ({'a broken promise' if way.promised else 'not promised'})",
            "",
        )
        if way.counterexample is None:
            yield from (f"No counterexample in a small world: {md.cell(way.why)}.", "")
            continue
        yield from (f"{way.length} moves in the world of {way.world}: {md.cell(way.counterexample.says)}.", "")
        narration = counterexamples.narrate_way(way, scenario.parameters())
        yield from (*md.fence(sequence.mermaid(narration), "mermaid"), "")


def show(comparison: Comparison) -> None:
    """Print the answer, the costs, the promises, the claims."""
    out = terminal.console()
    results = comparison.results()
    out.print(Text(f"{comparison.scenario.title}: {comparison.scenario.shows}", style="bold"))
    for warning in results.warnings:
        out.print(Text(f"warning: {warning}", style="yellow"))
    order = list(METRICS)
    grid = terminal.table()
    grid.add_column("design", no_wrap=True)
    for metric in SHOWN:
        grid.add_column(METRICS[metric].heading.replace(" ", "\n", 1), justify="right", no_wrap=True)
    grid.add_column("promises", justify="right", no_wrap=True)
    names = short(results.designs)
    for name, cells in tables.costs(results):
        good, all_of_them = tables.kept(results.designs[name])
        chosen = [cells[order.index(metric)] for metric in SHOWN]
        promises = Text(f"{good}/{all_of_them}", style="" if good == all_of_them else "bold red")
        grid.add_row(names[name], *(Text(c.text, style="bold" if c.best else "") for c in chosen), promises)
    out.grid(grid)
    out.print(Text(tables.UNITS, style="dim"))
    out.print()
    for sentence in sentences.answer(comparison):
        out.print(Text(sentence))
    for design, name, example in tables.unpromised(results):
        out.print(Text(f"  {design} does not promise {name}: {example}", style="dim"))
    for design, name, why in tables.unknown(results):
        out.print(Text(f"  {design}, {name} is unknown: {why}", style="yellow"))
    for design, name, finding in comparison.broken():
        out.print(Text(f"  BROKEN PROMISE: {design}, {name}: {finding.example}", style="bold red"))
    out.print()
    for key, claim in tables.claims(results).items():
        out.print(
            Text.assemble((f"{key:>4} ", ""), (f"{claim.verdict:<13}", terminal.COLOURS[claim.verdict]), claim.evidence)
        )
