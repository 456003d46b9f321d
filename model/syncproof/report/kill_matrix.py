"""Show the kill matrix: on a terminal, in Markdown, as one HTML page."""

from __future__ import annotations

import os
from pathlib import Path

from rich.text import Text

from syncproof._version import __version__
from syncproof.report import markdown as md
from syncproof.report import template, terminal, writer
from syncproof.report.tables import number
from syncproof.seeded_bugs import BUGS, COSTS
from syncproof.studies import kill_matrix
from syncproof.studies.kill_matrix import EngineOutcome, KillMatrix

LEGEND = (
    "✓ killed, after this many states, examples or runs; – not killed within them. Moves of the counterexamples: “shortest” is "
    "the search's, “cut down” is Hypothesis' before and after it was minimised, “excerpt” the same for the simulated run, with "
    "the moves that connect devices."
)
COST_HEADS = ("id", "failure", "metric", "sound design", "costly design", "shown")
HEADS = ("bug", "failure", "must violate", "explore", "shortest", "stateful", "cut down", "simulate", "excerpt")


class Matrix(KillMatrix):
    """Add the forms of a report to a kill matrix."""

    def answer(self) -> list[str]:
        """Return what was found in a few sentences, made from the numbers."""
        rows = self.rows.values()
        alive = [row.bug for row in rows if not row.killed]
        simulated = sum(BUGS[row.bug].violates[0] in row.simulate.violated for row in rows)
        cut, shorter = sum(row.shortest for row in rows), sum(row.shorter for row in rows)
        told = [
            f"{len(rows) - len(alive)} of {len(rows)} seeded bugs are killed by the search and by Hypothesis, through the "
            f"properties that they must violate; the simulator finds {simulated} of them "
            f"within {kill_matrix.RUNS} runs of the stress scenario.",
            f"Cut down, the counterexample of Hypothesis is as short as the search's for {cut} of {len(rows)}"
            + (f", and shorter for {shorter} more." if shorter else "."),
        ]
        if alive:
            told.append(f"Not killed: {', '.join(alive)}. syncproof does not detect these failures.")
        hidden = [weight.cost for weight in self.costs if not weight.shown]
        if hidden:
            told.append(f"Not shown by their metric: {', '.join(hidden)}.")
        alarms = [alarm for alarm in self.sound if alarm.violated]
        if self.sound:
            examples = sum(a.after for a in self.sound if a.engine == "stateful")
            runs = sum(a.after for a in self.sound if a.engine == "simulate")
            told.append(
                f"The sound designs had {len(alarms) or 'no'} alarm{'s' if len(alarms) != 1 else ''} in {examples:,} examples "
                f"of Hypothesis and {runs:,} simulated runs."
            )
        if self.missing:
            told.append(f"{self.missing} jobs were not done: the run was interrupted.")
        return told

    def table(self) -> list[list[str]]:
        """Return a row of texts per bug, with the columns of `HEADS`."""
        return [
            [
                row.bug,
                BUGS[row.bug].failure,
                ", ".join(BUGS[row.bug].violates),
                told(row.explore, BUGS[row.bug].violates),
                "–" if row.explore.length is None else str(row.explore.length),
                told(row.stateful, BUGS[row.bug].violates[:1]),
                "–" if row.cut is None else f"{row.stateful.length} → {row.cut}",
                told(row.simulate, BUGS[row.bug].violates[:1]),
                "–" if row.excerpt is None else f"{row.simulate.length:,} → {row.excerpt}",
            ]
            for row in self.rows.values()
        ]

    def weights(self) -> list[list[str]]:
        """Return a row of texts per failure that only costs, with the columns of `COST_HEADS`."""
        return [
            [
                weight.cost,
                COSTS[weight.cost].failure,
                COSTS[weight.cost].metric,
                f"{COSTS[weight.cost].sound.name} {number(weight.sound)}",
                f"{COSTS[weight.cost].design.name} {number(weight.costly)}",
                f"{'✓' if weight.shown else '✗'} {number(weight.costly / weight.sound)} times",
            ]
            for weight in self.costs
        ]

    def html(self) -> str:
        """Return the whole page, self-contained."""
        return template.render(
            "kill_matrix.html.j2",
            matrix=self,
            legend=LEGEND,
            heads=HEADS,
            cost_heads=COST_HEADS,
            bugs=BUGS,
            others=others,
        )

    def markdown(self) -> str:
        """Return the whole report as Markdown."""
        lines = ["# Kill matrix", "", *[md.cell(sentence) for sentence in self.answer()], ""]
        lines += [LEGEND, "", *md.table(list(HEADS), [list(row) for row in self.table()])]
        lines += ["", "## What else the search found violated", ""]
        lines += [f"- {md.cell(name)}: {md.cell(', '.join(others(self, name)) or 'nothing')}" for name in self.rows]
        if self.costs:
            lines += ["", "## Failures that only cost", ""]
            lines += md.table(list(COST_HEADS), [list(row) for row in self.weights()])
        if self.sound:
            lines += ["", "## Sound designs", ""]
            rows: list[list[object]] = [
                [a.design, a.engine, a.world, a.after, ", ".join(a.violated) or "none"] for a in self.sound
            ]
            lines += md.table(["design", "engine", "world", "examples or runs", "alarm"], rows)
        lines += [
            "",
            "## How to reproduce",
            "",
            f"syncproof {__version__}",
            "",
            *md.fence(self.command(), "sh"),
        ]
        return "\n".join([*lines, ""])

    def command(self) -> str:
        """Return the command that makes this report again."""
        return " ".join(["syncproof kill-matrix", *(() if self.sound else self.rows)])

    def write(self, out: Path) -> list[Path]:
        """Write the report into the folder `out`. Raises `InputError` if that is not possible."""
        run = {"version": __version__, "elapsed_s": round(self.elapsed, 3), "processors": os.cpu_count()}
        texts = {
            "report.html": self.html(),
            "report.md": self.markdown(),
            "results.json": writer.dumped(self.results()),
            "run.json": writer.dumped(run),
        }
        return writer.write(out, texts)


def told(kill: EngineOutcome, wanted: tuple[str, ...]) -> str:
    """Return the cell of one engine: whether it violated the wanted properties, and after how many states, examples or runs."""
    mark = "✓" if set(wanted) <= set(kill.violated) else "–"
    return f"{mark} {kill.after:,} {kill.unit if kill.after != 1 else kill.unit.removesuffix('s')}"


def others(matrix: KillMatrix, bug: str) -> list[str]:
    """Return the properties that the search found violated in addition to those that the bug must violate."""
    return [name for name in matrix.rows[bug].explore.violated if name not in BUGS[bug].violates]


def show(matrix: Matrix) -> None:
    """Print the answer and the tables."""
    out = terminal.console()
    for sentence in matrix.answer():
        out.print(Text(sentence))
    out.print()
    grid = terminal.table()
    for heading in HEADS:
        grid.add_column(heading, no_wrap=heading in ("bug", "shortest", "cut down", "excerpt"))
    for row in matrix.table():
        grid.add_row(*row, style="" if matrix.rows[row[0]].killed else "bold red")
    out.print(grid)
    out.print(Text(LEGEND, "dim"))
    for row in matrix.weights():
        out.print(Text(" · ".join(row)))
    for alarm in matrix.sound:
        if alarm.violated:
            out.print(
                Text(f"{alarm.design} breaks {', '.join(alarm.violated)} in {alarm.world}: {alarm.says}", "bold red")
            )


def matrix(*arguments: object, **options: object) -> Matrix:
    """Call `syncproof.studies.kill_matrix.kill_matrix`, and return its result with the forms of a report."""
    found = kill_matrix.kill_matrix(*arguments, **options)  # type: ignore[arg-type]
    return Matrix(found.rows, found.sound, found.costs, found.missing, found.elapsed)
