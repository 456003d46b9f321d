"""Show what driving real servers found: HTML page, Markdown, notebook fragment, terminal, files."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

from rich.text import Text

from syncproof.engines.drive.scripts import SCRIPTS
from syncproof.report import markdown as md
from syncproof.report import template, terminal, writer
from syncproof.report.names import short
from syncproof.studies.drive.outcome import Driven, ScriptOutcome

HEADS = ("target", "script", "held against", "runs violate", "the search says", "agreement")
LEGEND = (
    "“Runs violate”: properties with the number of runs that violated them, of how many; * is promised by the design under "
    "these faults. “The search says”: what the ends of the script violate on that design, every end or only some (?), of what the "
    "runs can show; how many different sets of properties its ends violate; ~ where runs were drawn, being too many. "
    "Agrees: each run violates what an end violates. Possible, not seen: no run violates anything, as some ends, while others do. "
    "Another set: no end violates exactly this. Disagrees: the runs violate what no end does, or do not violate what every end "
    "does."
)


def answer(driven: Driven) -> list[str]:
    """Return the answer, a sentence a line."""
    cells = [cell for cell in driven.cells if cell.runs]
    counted = Counter(cell.agreement for cell in cells)
    scripts = "1 script was" if len(cells) == 1 else f"{len(cells)} scripts were"
    targets = ", ".join(dict.fromkeys(cell.target for cell in cells)) or "nothing"
    agreements = "; ".join(f"{count} {name}" for name, count in counted.items()) or "nothing was driven"
    lines = [f"{scripts} run on {targets}: {agreements}."]
    for cell in cells:
        where = f"{cell.target}, {cell.script}"
        if cell.broken_promises:
            names, first = cell.broken_promises, cell.examples[cell.broken_promises[0]]
            lines.append(f"BROKEN PROMISE: {where}: {cell.design} promises {', '.join(names)}: {first}.")
        if cell.unknown_promises:
            names, first = cell.unknown_promises, cell.reasons[cell.unknown_promises[0]]
            lines.append(f"UNKNOWN: {where}: {', '.join(names)}: {first}.")
    if cells and len(lines) == 1:
        lines.append("Every promised property that the targets can witness holds.")
    lines += [f"{name} cannot run here: {why}." for name, why in driven.missing.items()]
    lines += [f"Not all runs were made: {driven.stopped}."] if driven.stopped else []
    return lines


def text(driven: Driven) -> str:
    """Return the answer and the table as text."""
    return "\n".join([*answer(driven), *["  ".join(row) for row in rows(driven)]])


def rows(driven: Driven) -> list[list[str]]:
    """Return a row of text for each cell, as `HEADS` says."""
    targets, designs = short_targets(driven), short(cell.design for cell in driven.cells)
    return [
        [
            targets[cell.target],
            cell.script,
            designs[cell.design] or "–",
            observed(cell),
            expected(cell),
            agreement(cell),
        ]
        for cell in driven.cells
    ]


def short_targets(driven: Driven) -> dict[str, str]:
    """Return how each target is called in a table. One that is a design of one's own keeps the word before it."""
    parts = {cell.target: re.fullmatch("(model:)?(.*)", cell.target) for cell in driven.cells}
    bare = short(found[2] for found in parts.values() if found)
    return {target: f"{found[1] or ''}{bare[found[2]]}" for target, found in parts.items() if found}


def observed(cell: ScriptOutcome) -> str:
    """Return what the runs violated."""
    if not cell.runs:
        return "–"
    found = [
        f"{name}{'*' if name in cell.promised else ''}{times(cell, name)}" for name in cell.broken
    ]  # fmt: skip
    return ", ".join(found) or "nothing"


def times(cell: ScriptOutcome, name: str) -> str:
    """Return in how many runs a property was violated; nothing where there was one run."""
    if cell.runs == 1:
        return ""
    low, high = cell.rate(name)
    return f" {cell.observed[name]}/{cell.runs} ({low:.0%}–{high:.0%})"


def expected(cell: ScriptOutcome) -> str:
    """Return what the ends of the search violate: always, or possibly (?)."""
    if not cell.runs or cell.predicted is None:
        return "–"
    found = [f"{name}{'?' if cell.chances[name] == 'possible' else ''}" for name in cell.expected]
    count = len(cell.outcomes)
    drawn = "" if cell.predicted.messages else "~"
    sets = f" ({drawn}{count} sets)" if count > 1 else f" ({drawn})" if drawn else ""
    return (", ".join(found) or "nothing") + sets


def agreement(cell: ScriptOutcome) -> str:
    """Return how the two compare."""
    return f"not driven: {cell.why}" if cell.why else cell.agreement


def command(driven: Driven) -> str:
    """Return the command that makes this report."""
    return f"syncproof drive {shlex.join(driven.asked)}"


def html(driven: Driven) -> str:
    """Return the whole page, self-contained."""
    return _filled("drive.html.j2", driven)


def fragment(driven: Driven) -> str:
    """Return what a notebook shows: the answer and the table."""
    return _filled("drive_fragment.html.j2", driven)


def _filled(name: str, driven: Driven) -> str:
    return template.render(
        name,
        driven=driven,
        answer=answer(driven),
        command=command(driven),
        heads=HEADS,
        rows=rows(driven),
        warned=[cell.agreement == "disagrees" or bool(cell.broken_promises) for cell in driven.cells],
        legend=LEGEND,
        details=details(driven),
        scripts=played(driven),
        targets=played_on(driven),
    )


def played_on(driven: Driven) -> list[str]:
    """Return a line for each target: what it is, its version, the design."""
    return [
        f"{s.name}: {s.says}{f' ({s.version})' if s.version else ''}; held against {s.design}" for s in driven.subjects
    ]


def played(driven: Driven) -> list[tuple[str, str, str]]:
    """Return (script, what happens, its faults) of the scripts that were run."""
    names = dict.fromkeys(cell.script for cell in driven.cells)
    return [(name, SCRIPTS[name].says, ", ".join(SCRIPTS[name].faults) or "none") for name in names]


def details(driven: Driven) -> list[tuple[str, str, str]]:
    """Return (where, property, first violation) of everything that was violated."""
    targets = short_targets(driven)
    return [
        (f"{targets[cell.target]}, {cell.script}", name, cell.examples[name])
        for cell in driven.cells
        for name in cell.broken
    ]


def markdown(driven: Driven) -> str:
    """Return the whole report as Markdown."""
    lines = ["# Driven targets", "", *[md.cell(sentence) for sentence in answer(driven)], ""]
    lines += [md.cell(LEGEND), "", *md.table(HEADS, rows(driven)), "", "## Targets", ""]
    lines += [f"- {md.cell(line)}" for line in played_on(driven)]
    lines += ["", "## Scripts", "", *md.table(("script", "what happens", "faults"), played(driven))]
    if details(driven):
        lines += ["", "## The first violation of each property", ""]
        lines += md.table(("where", "property", "violation"), details(driven))
    unseen = {cell.target: cell.unwitnessed for cell in driven.cells if cell.unwitnessed}
    if unseen:
        lines += ["", "## Not witnessed", ""]
        lines += [f"- {md.cell(name)}: {md.cell(', '.join(names))}" for name, names in unseen.items()]
    return "\n".join([*lines, *md.reproduction(command(driven)), ""])


def write(driven: Driven, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json and run.json into the folder `out`."""
    return writer.write(out, writer.report(html(driven), markdown(driven), driven.results(), driven.run_facts()))


def show(driven: Driven) -> None:
    """Print the answer and the table."""
    out = terminal.console()
    for sentence in answer(driven):
        out.print(Text(sentence))
    out.print()
    grid = terminal.table()
    for heading in HEADS:
        grid.add_column(heading, no_wrap=heading in ("target", "script"))
    for row, cell in zip(rows(driven), driven.cells, strict=True):
        style = "bold red" if cell.broken_promises or cell.agreement == "disagrees" else "dim" if cell.why else ""
        grid.add_row(*row, style=style)
    out.grid(grid)
    out.print(Text(LEGEND, "dim"))
