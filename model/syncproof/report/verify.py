"""Show a verification: HTML page, Markdown, notebook fragment, terminal, files; counterexamples as moves files.

Only run.json has times, so all other files are the same for the same version and bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from markupsafe import Markup
from rich.text import Text

from syncproof.designs.forms import ready
from syncproof.engines.explore import WORDS, Exploration
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import POPULATIONS, SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.report import counterexamples, sequence, template, terminal, writer
from syncproof.report import markdown as md
from syncproof.report.counterexamples import DrawnCounterexample
from syncproof.report.diagram import Diagram
from syncproof.report.explorer import page as steps
from syncproof.report.explorer.runs import Jump
from syncproof.report.names import short
from syncproof.report.sentences import verify as sentences
from syncproof.report.tables import NOT_EXERCISED, claims, rank
from syncproof.report.tables import mark as marked
from syncproof.studies.verification import Cell, Verification
from syncproof.studies.verify import ONE_WORLD, judged

LENGTHS = (
    "A counterexample to a safety property is a shortest one. A counterexample to a liveness property is a short one: a shortest "
    "path to a state where the run stands still or a cycle begins; another path and another cycle may have fewer moves together."
)


def text(verification: Verification) -> str:
    """Return the answer, one sentence per line."""
    return "\n".join(sentences.answer(verification))


def html(verification: Verification) -> str:
    """Return the whole page, self-contained."""
    shown = counterexamples.drawn(verification)
    return _filled(
        "verify.html.j2",
        verification,
        [(each, sequence.svg(each.narration), counterexamples.snippet(each)) for each in shown],
    )


def fragment(verification: Verification) -> str:
    """Return what a notebook shows: the answer and the verdicts."""
    return _filled("verify_fragment.html.j2", verification, [])


def diagram(verification: Verification, name: str, design: str) -> Diagram:
    """Draw the shortest counterexample to the property `name` of `design`; an empty name stands for any.

    Raises `InputError` if there is no counterexample.
    """
    for shown in counterexamples.drawn(verification):
        if name in ("", shown.name) and design in ("", shown.design):
            assert shown.cell.counterexample is not None
            says = shown.cell.counterexample.says
            title = f"{shown.design} violates {shown.name} in {shown.cell.length} moves ({shown.cell.world}): {says}"
            return Diagram(shown.narration, title)
    raise InputError(f"no counterexample to {name or 'any property'}{' of ' * bool(design)}{design} was found")


def markdown(verification: Verification) -> str:
    """Return the whole report as Markdown."""
    return "\n".join(_markdown(verification))


def write(verification: Verification, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json, run.json and the counterexamples into the folder `out`."""
    files = writer.report(html(verification), markdown(verification), verification.results(), verification.run_facts())
    for shown in counterexamples.drawn(verification):
        files[shown.file] = partial(counterexamples.record, shown)
        if page := stepped(verification, shown):
            files[shown.page] = page
    return writer.write(out, files)


def has_steps(verification: Verification, shown: DrawnCounterexample) -> bool:
    """Return whether a counterexample has a page to step through, if it is not too long.

    In a report of `explore` each has one; in one of `verify` those of broken promises and of designs of one's own. What ready
    designs do not promise is violated so often that these pages would be most of the report.
    """
    explored = verification.bounds == ONE_WORLD or verification.asked.every_world
    asked = explored or shown.cell.broken or ready(shown.design) is None
    return asked and shown.cell.length <= steps.MOST


def stepped(verification: Verification, shown: DrawnCounterexample) -> str:
    """Return the page of a counterexample on which a reader steps through it; empty if it has none."""
    found, world = shown.cell.counterexample, shown.cell.world
    if found is None or world is None or not has_steps(verification, shown):
        return ""
    jump = Jump(shown.name, found.says, shown.cell.broken, found.length, "")
    cycle = len(found.moves) if found.cycle else None
    return steps.static(shown.design, world, jump, (*found.moves, *found.cycle), cycle, verification.asked.script)


def mark(cell: Cell) -> str:
    """Return a cell as a table shows it: the mark of the verdict, and the length of the counterexample."""
    found = marked(cell.verdict, cell.exercised)
    return f"{found} {cell.length}" if cell.counterexample is not None else found


def _marked(cell: Cell, bold: bool) -> str:
    """Return a cell as a terminal shows it; where there is no bold, a word says that the property is promised."""
    if bold or not cell.marked_promised:
        return mark(cell)
    return f"{mark(cell)} {'broken' if cell.broken else 'promised'}"


def _filled(name: str, verification: Verification, shown: list[tuple[DrawnCounterexample, Markup, str]]) -> str:
    results = verification.results()
    return template.render(
        name,
        verification=verification,
        results=results,
        short=short(results.designs),
        claims=claims(results),
        answer=sentences.answer(verification),
        matrix=verification.matrix(),
        properties=PROPERTIES,
        mark=mark,
        rank=lambda cell: rank(cell.verdict, cell.broken if cell.verdict == "violated" else cell.marked_promised),
        shown=shown,
        has_steps=partial(has_steps, verification),
        kinds=sorted({kind for found in results.designs.values() for kind in found.coverage}),
        situations=sorted({what for found in results.designs.values() for what in found.witnesses}),
        worlds=verification.worlds,
        populations=POPULATIONS,
        command=sentences.command(verification),
        lengths=LENGTHS,
    )


def _markdown(verification: Verification) -> Iterator[str]:
    matrix = verification.matrix()
    results = verification.results()
    yield f"# Verified in every interleaving: bounds `{verification.bounds}`"
    yield ""
    yield from (md.cell(sentence) for sentence in sentences.answer(verification))
    yield from ("", "## Verdicts", "")
    yield (
        f"✓ holds in every world, ✗ violated (moves of a counterexample), ? unknown, {NOT_EXERCISED} not exercised by these "
        f"worlds, – not applicable; **bold** where promised. {LENGTHS}"
    )
    yield ""
    rows: list[list[object]] = []
    for name in PROPERTIES:
        cells = [row[name] for row in matrix.values()]
        rows.append([name, *(md.Bold(mark(c)) if c.marked_promised else mark(c) for c in cells)])
    names = short(matrix)
    yield from md.table(["property", *names.values()], rows)
    yield from ("", "## What was searched", "")
    heads = ["design", "worlds", "states", "transitions", "depth", "complete"]
    found = results.designs.items()
    yield from md.table(
        heads,
        [[names[d], len(f.worlds), f.states, f.transitions, f.depth, "yes" if f.complete else "no"] for d, f in found],
    )
    yield from ("", "Transitions by kind of move:", "")
    kinds = sorted({kind for _, f in found for kind in f.coverage})
    yield from md.table(
        ["design", *kinds],
        [[names[d], *(f.coverage[k].transitions if k in f.coverage else "–" for k in kinds)] for d, f in found],
    )
    yield from ("", 'Sometimes: what some run must reach, because "holds" would say nothing without it:', "")
    yield from md.table(
        ["design", "sometimes", "reached"],
        [[names[d], what, reached] for d, f in found for what, reached in f.witnesses.items()],
    )
    if told := claims(results):
        yield from ("", "## Claims", "")
        yield from md.table(
            ["claim", "says", "verdict", "evidence"],
            [[key, c.says, c.verdict, c.evidence] for key, c in told.items()],
        )
    shown = counterexamples.drawn(verification)
    if shown:
        yield from ("", "## Counterexamples", "")
    for each in shown:
        assert each.cell.counterexample is not None
        promised = "a broken promise" if each.cell.broken else "not promised under these faults"
        yield from (f"### {md.cell(each.design)}, {each.name}: {each.cell.length} moves ({promised})", "")
        yield from (f"In the world of {each.cell.world}: {md.cell(each.cell.counterexample.says)}.", "")
        yield from (*md.fence(sequence.mermaid(each.narration), "mermaid"), "")
        yield from (*md.fence(f"syncproof replay {each.file} --diagram", "sh"), "")
    yield from (*md.reproduction(sentences.command(verification)), "")


def show(verification: Verification) -> None:
    """Print the matrix, what was searched and the claims."""
    out = terminal.console()
    for sentence in sentences.answer(verification):
        out.print(Text(sentence))
    out.print()
    matrix = verification.matrix()
    grid = terminal.table()
    grid.add_column("property", no_wrap=True)
    names = short(matrix)
    for design in matrix:
        grid.add_column(names[design].replace("-", "\n", 2), justify="center", no_wrap=True)
    for name in PROPERTIES:
        cells = [row[name] for row in matrix.values()]
        grid.add_row(name, *(Text(_marked(cell, out.bold), style=_style(cell)) for cell in cells))
    out.grid(grid)
    bold = "bold: promised" if out.bold else "broken: violated where it is promised"
    out.print(Text(f"✗ with the moves of a counterexample; {NOT_EXERCISED} not exercised; {bold}", style="dim"))
    out.print()
    facts = terminal.table()
    for heading in ("design", "worlds", "states", "transitions", "depth", "complete", "seconds"):
        facts.add_column(heading, justify="left" if heading == "design" else "right", no_wrap=True)
    for design, found in verification.results().designs.items():
        facts.add_row(
            names[design],
            f"{len(found.worlds)}",
            f"{found.states:,}",
            f"{found.transitions:,}",
            f"{found.depth}",
            "yes" if found.complete else "no",
            f"{sum(e.elapsed for e in verification.explored[design]):.1f}",
        )
    out.grid(facts)
    out.print()
    for key, claim in claims(verification.results()).items():
        style = terminal.COLOURS[claim.verdict]
        out.print(Text.assemble((f"{key:>4} ", ""), (f"{claim.verdict:<10}", style), claim.evidence))


def _style(cell: Cell) -> str:
    if cell.broken:
        return "bold red"
    colour = {"holds": "green", "violated": "yellow"}.get(cell.verdict, "dim")
    return f"bold {colour}" if cell.marked_promised else colour


def _told(design: str, name: str, cell: Cell) -> str:
    """Return a counterexample as text, with the state of the property's automaton after each step and the violation."""
    narration = counterexamples.narrate_cell(design, name, cell)
    assert cell.counterexample is not None
    held = [
        f"{step.number - narration.prelude + 1:>4} {name}: {step.automata[name]}"
        for step in narration.steps[narration.prelude :]
        if name in step.automata
    ]
    return "\n".join(
        [
            f"{design} violates {name} in the world of {cell.world}, {cell.length} moves:",
            sequence.text(narration),
            "",
            "State of the automaton after each step:",
            *held,
            f"   ✗ {cell.counterexample.says}",
        ]
    )


def show_search(design: str, world: SmallWorld, found: Exploration) -> None:
    """Print one search in detail: counts of states and moves, verdicts, counterexamples."""
    out = terminal.console()
    graph = found.graph
    one = judged(design, world, found)
    out.print(Text(f"{design}: {world}", style="bold"))
    ending = "complete" if found.complete else f"cut short ({WORDS[graph.ending]})"
    if found.growth:
        ending += f": {found.growth}"
    rate = len(graph.states) / max(graph.elapsed, 1e-9)
    out.print(
        Text(
            f"{len(graph.states):,} states, {graph.transitions:,} transitions, depth {graph.depth}, {ending}; "
            f"{rate:,.0f} states/s, {graph.bytes / len(graph.states):.0f} bytes a state, "
            f"{found.reran:,} handler calls made again"
        )
    )
    grid = terminal.table()
    for heading in ("move", "transitions", "states first reached"):
        grid.add_column(heading, justify="left" if heading == "move" else "right")
    for kind, (transitions, states) in found.coverage.items():
        style = "" if transitions else "yellow"
        grid.add_row(Text(kind, style=style), f"{transitions:,}", f"{states:,}")
    out.grid(grid)
    judged_here = [name for name in found.findings if name in PROPERTIES]
    for name in judged_here:
        cell = one.cell(design, name)
        promised = f"promise {cell.promise}" if cell.promised else ""
        out.print(Text(f"  {name:22} {cell.verdict:9} {promised:17} {cell.why}".rstrip(), style=_style(cell)))
    for name in judged_here:
        cell = one.cell(design, name)
        if cell.counterexample is not None:
            out.print()
            print(_told(design, name, cell))
    for what, reached in one.explored[design][0].witnesses.items():
        text = f"{'reached' if reached else 'unknown, never reached'}: {what}"
        out.print(Text(f"  sometimes {text}", style="" if reached else "bold red"))
