"""Show a kill matrix: HTML page, Markdown, notebook fragment, terminal, files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from syncproof.report import markdown as md
from syncproof.report import template, terminal, writer
from syncproof.report.sentences import kill_matrix as sentences
from syncproof.report.tables import number
from syncproof.seeded_bugs import BUGS
from syncproof.studies.kill_matrix import KillMatrix
from syncproof.studies.results.kill_matrix import BugResult, EngineResult

LEGEND = (
    "✓ killed, after this many states, examples or runs; – not killed within them. Moves of the counterexamples: “shortest” is "
    "the search's, “cut down” is Hypothesis' before and after it was minimised, “excerpt” the same for the simulated run, with "
    "the moves that connect devices."
)
COST_HEADS = ("id", "failure", "metric", "sound design", "costly design", "shown")
HEADS = ("bug", "failure", "must violate", "explore", "shortest", "stateful", "cut down", "simulate", "excerpt")


def text(matrix: KillMatrix) -> str:
    """Return the answer, a sentence a line."""
    return "\n".join(sentences.answer(matrix))


def html(matrix: KillMatrix) -> str:
    """Return the whole page, self-contained."""
    return _filled("kill_matrix.html.j2", matrix)


def fragment(matrix: KillMatrix) -> str:
    """Return what a notebook shows: the answer and the tables."""
    return _filled("kill_matrix_fragment.html.j2", matrix)


def _filled(name: str, matrix: KillMatrix) -> str:
    return template.render(
        name,
        matrix=matrix,
        answer=sentences.answer(matrix),
        command=sentences.command(matrix),
        rows=rows(matrix),
        cost_rows=cost_rows(matrix),
        legend=LEGEND,
        heads=HEADS,
        cost_heads=COST_HEADS,
        bugs=BUGS,
        others=others,
        told=sentences.alarm,
    )


def rows(matrix: KillMatrix) -> list[list[str]]:
    """Return a row of text per bug, as `HEADS` says."""
    return [
        [
            name,
            row.failure,
            ", ".join(row.expected),
            after(row.explore, row.expected),
            "–" if row.explore.length is None else str(row.explore.length),
            after(row.stateful, row.expected[:1]),
            "–" if row.stateful.cut is None else f"{row.stateful.length} → {row.stateful.cut}",
            after(row.simulate, row.expected[:1]),
            "–" if row.simulate.cut is None else f"{row.simulate.length:,} → {row.simulate.cut}",
        ]
        for name, row in matrix.bugs.items()
    ]


def cost_rows(matrix: KillMatrix) -> list[list[str]]:
    """Return a row of text per failure that only costs, as `COST_HEADS` says."""
    return [
        [
            name,
            cost.failure,
            cost.metric,
            f"{cost.sound.design} {number(cost.sound.mean)}",
            f"{cost.costly.design} {number(cost.costly.mean)}",
            f"{'✓' if cost.shown else '✗'} {number(cost.costly.mean / cost.sound.mean)} times",
        ]
        for name, cost in matrix.costs.items()
    ]


def after(found: EngineResult, expected: Sequence[str]) -> str:
    """Return one engine's cell: whether all the expected properties were violated, and after how much."""
    mark = "✓" if set(expected) <= set(found.violated) else "–"
    return f"{mark} {found.after:,} {found.unit if found.after != 1 else found.unit.removesuffix('s')}"


def others(bug: BugResult) -> list[str]:
    """Return the properties that the search found violated beside those that must be."""
    return [name for name in bug.explore.violated if name not in bug.expected]


def markdown(matrix: KillMatrix) -> str:
    """Return the whole report as Markdown."""
    lines = ["# Kill matrix", "", *[md.cell(sentence) for sentence in sentences.answer(matrix)], ""]
    lines += [LEGEND, "", *md.table(HEADS, rows(matrix))]
    lines += ["", "## Other properties that the search found violated", ""]
    lines += [f"- {md.cell(name)}: {md.cell(', '.join(others(bug)) or 'nothing')}" for name, bug in matrix.bugs.items()]
    if matrix.costs:
        lines += ["", "## What only costs", "", *md.table(COST_HEADS, cost_rows(matrix))]
    if matrix.sound:
        lines += ["", "## Sound designs", ""]
        lines += md.table(
            ["design", "engine", "world", "examples or runs", "alarm"],
            [[a.design, a.engine, a.world, a.after, sentences.alarm(a)] for a in matrix.sound],
        )
    return "\n".join([*lines, *md.reproduction(sentences.command(matrix)), ""])


def write(matrix: KillMatrix, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json and run.json into the folder `out`."""
    return writer.write(out, writer.report(html(matrix), markdown(matrix), matrix.results(), matrix.run_facts()))


def show(matrix: KillMatrix) -> None:
    """Print the answer and the table."""
    out = terminal.console()
    for sentence in sentences.answer(matrix):
        out.print(Text(sentence))
    out.print()
    grid = terminal.table()
    for heading in HEADS:
        grid.add_column(heading, no_wrap=heading in ("bug", "shortest", "cut down", "excerpt"))
    for row in rows(matrix):
        grid.add_row(*row, style="" if matrix.bugs[row[0]].killed else "bold red")
    out.grid(grid)
    out.print(Text(LEGEND, "dim"))
    for row in cost_rows(matrix):
        out.print(Text(" · ".join(row)))
    for alarm in matrix.sound:
        if alarm.violated:
            out.print(
                Text(f"{alarm.design} breaks {', '.join(alarm.violated)} in {alarm.world}: {alarm.says}", "bold red")
            )
