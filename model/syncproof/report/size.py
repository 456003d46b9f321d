"""Show a sizing: HTML page, Markdown, notebook fragment, terminal, files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

from markupsafe import Markup
from rich.text import Text

from syncproof.inputs.lookup import get
from syncproof.report import figures, size_figures, template, terminal, writer
from syncproof.report import markdown as md
from syncproof.report.figures import Figure
from syncproof.report.names import short
from syncproof.report.sentences import coinciding
from syncproof.report.sentences import size as sentences
from syncproof.report.tables import number
from syncproof.studies.size import Sizing
from syncproof.studies.size.check import PROMISES
from syncproof.studies.size.results import CheckLine


class ShownTable(NamedTuple):
    """Hold a table as every form shows it. `short`: a terminal shows it too. Cells that are numbers can be sorted."""

    name: str
    title: str
    legend: str
    heads: list[str]
    rows: list[list[str | float]]
    short: bool = False


def figure(found: Sizing, name: str) -> Figure:
    """Draw the figure `cost` or `cheapest`."""
    return size_figures.draw(found, name)


def text(found: Sizing) -> str:
    """Return the answer, one sentence per line."""
    return "\n".join([*sentences.answer(found), sentences.checked(found)]).rstrip()


def html(found: Sizing) -> str:
    """Return the whole page, self-contained."""
    return _filled("size.html.j2", found)


def fragment(found: Sizing) -> str:
    """Return what a notebook shows: the answer and the figures."""
    return _filled("size_fragment.html.j2", found)


def _filled(name: str, found: Sizing) -> str:
    return template.render(
        name,
        sizing=found,
        question=sentences.question(found),
        answer=[*sentences.answer(found), *filter(None, [sentences.checked(found)])],
        beyond=found.beyond(),
        warnings=found.results().warnings,
        # made by this program, so safe as markup
        drawings=[
            (title, Markup(figures.svg(draw(found), f"size {each}")))
            for each, (title, draw) in size_figures.FIGURES.items()
        ],
        same=coinciding.told({f"cost against {each.quantity}": each.of["cost"] for each in found.courses}),
        tables=list(tables(found)),
        cell=cell,
        prices=found.plan.prices,
        command=sentences.command(found),
    )


def write(found: Sizing, out: str | Path) -> list[Path]:
    """Write report.html, report.md, results.json and run.json into the folder `out`."""
    return writer.write(out, writer.report(html(found), markdown(found), found.results(), found.facts))


# ---- tables that every form shows


def cell(value: str | float) -> str:
    """Return a cell as text."""
    return value if isinstance(value, str) else number(value)


def tables(found: Sizing) -> Iterator[ShownTable]:
    """Yield every table, in order."""
    results = found.results()
    names = short(results.designs)
    designs = [(names[name], each) for name, each in results.designs.items()]
    money = results.prices.currency
    yield ShownTable(
        "rates", "What each design takes",
        f"Means; the peak is {results.demand.peak:g} times as much, and the servers are those for the peak.",
        ["design", "rows written/s", "deleted/s", "read/s", "packets/s", "MB/s", "pulls/s", "TB stored", "storage servers",
         f"{money} a month"],
        [[name, d.rows_written_per_s.mean, d.rows_deleted_per_s.mean, d.rows_read_per_s.mean, d.packets_per_s.mean,
          d.bytes_per_s.mean / 1e6, d.pulls_per_s.mean, d.stored_bytes_total / 1e12, float(d.storage_servers), d.cost_total]
         for name, d in designs],
        short=True,
    )  # fmt: skip
    yield ShownTable(
        "limits", "Sequencer, hot users and groups, storms",
        "Entries: what the single writer of one user's timeline takes a second at most. Group: rows written for one message to a "
        "thousand members. Storm: how long storage takes, beside its load at the peak, for the pulls of one lost gateway's "
        "devices. Wait: the mean wait of an operation at the peak.",
        ["design", "sequencer rows/s", "entries/s of a user", "rows of a group message", "storm rows read", "storm s",
         "wait ms", "rows expired/s"],
        [[name, d.sequencer_rows_per_s.mean, "–" if d.hot_user_entries_per_s is None else d.hot_user_entries_per_s,
          d.hot_group_rows, d.storm.rows_read, d.storm.seconds, d.storage_wait_ms, d.rows_expired_per_s.mean]
         for name, d in designs],
    )  # fmt: skip
    stores = sorted({store for _, d in designs for store in d.stored_bytes})
    yield ShownTable(
        "storage", "Bytes stored, in TB", "When as much leaves as comes.", ["design", *stores],
        [[name, *[d.stored_bytes.get(store, 0.0) / 1e12 for store in stores]] for name, d in designs],
    )  # fmt: skip
    parts = list(dict.fromkeys([part for _, d in designs for part in d.cost]))
    prices = results.prices
    yield ShownTable(
        "cost", f"Cost of a month, in {money}", f"{prices.title}, {prices.date}.", ["design", *parts, "total"],
        [[name, *[d.cost.get(part, 0.0) for part in parts], d.cost_total] for name, d in designs],
    )  # fmt: skip
    yield ShownTable(
        "cheapest", "Which design costs least",
        "All else as demanded; of the designs that promise to lose nothing, and of those that keep history too.",
        ["quantity", "from", "to", "history kept", "nothing lost"], list(_ranges(found)),
    )  # fmt: skip
    yield ShownTable(
        "break-even", "Where an inbox and a log change places",
        "Interpolated between computed points; other pairs are in results.json.",
        ["quantity", "measure", "less below", "less above", "at"],
        [[b.quantity, b.measure, names[b.less_below], names[b.less_above], b.at] for b in results.break_even
         if get(b.less_below).family != get(b.less_above).family],
    )  # fmt: skip
    if results.check is not None:
        checked = [(names[name], lines) for name, lines in results.check.designs.items()]
        promised = [
            f"{name} {'–' if tolerance is None else f'≤ {100 * tolerance:g} %'}" for name, tolerance in PROMISES
        ]
        yield ShownTable(
            "check", "The formulas beside a simulation",
            "The error of each line on the scenario's own population without faults, and the largest error that is promised. An "
            "error beyond that is marked.",
            ["design", *promised], [[name, *map(_error, lines)] for name, lines in checked],
            short=True,
        )  # fmt: skip
        yield ShownTable(
            "lines", "The lines of the check", "What was computed and what was counted, over the whole run.",
            ["design", "line", "formula", "simulated", "error"],
            [[name, line.line, line.formula, line.simulated, _error(line)] for name, lines in checked for line in lines],
        )  # fmt: skip


def _error(line: CheckLine) -> str:
    """Return the error of a line of the check as text."""
    return "–" if line.error is None else f"{100 * line.error:+.2f} %{'' if line.within else ' BEYOND'}"


def _ranges(found: Sizing) -> Iterator[list[str | float]]:
    """Yield (quantity, from, to, the cheapest that keeps history, that loses nothing) of each range with the same ones."""
    names = short(found.designs)
    for each in found.results().cheapest:
        points = zip(each.keeping_history, each.losing_nothing, each.values, strict=True)
        for (keeping, sound), run in groupby(points, key=lambda point: point[:2]):
            values = [value for _, _, value in run]
            yield [each.quantity, values[0], values[-1], names.get(keeping or "", "–"), names.get(sound or "", "–")]


# ---- forms


def markdown(found: Sizing) -> str:
    """Return the whole report as Markdown."""
    lines = [f"# {md.cell(found.scenario.title)}: its size", "", md.cell(found.scenario.shows), ""]
    lines += [f"**{md.cell(sentences.question(found))}**", ""]
    lines += [f"- {md.cell(each)}" for each in [*sentences.answer(found), sentences.checked(found)] if each] + [""]
    lines += [f"> Warning: {md.cell(warning)}" for warning in found.results().warnings] + [""]
    for each in tables(found):
        lines += [f"## {md.cell(each.title)}", "", md.cell(each.legend), ""]
        lines += [*md.table(each.heads, [[cell(value) for value in row] for row in each.rows]), ""]
    prices = found.plan.prices
    lines += ["## Prices", "", f"{md.cell(prices.title)}, {prices.date}:", ""]
    lines += [f"- {md.cell(source)}" for source in prices.sources]
    lines += md.reproduction(sentences.command(found), f", seed {found.seed}")
    return "\n".join([*lines, ""])


def show(found: Sizing) -> None:
    """Print the answer and the short tables."""
    out = terminal.console()
    out.print(Text(sentences.question(found), "bold"))
    for warning in found.results().warnings:
        out.print(Text(f"warning: {warning}", "yellow"))
    for each in tables(found):
        if each.short:
            grid = terminal.table()
            for head in each.heads:
                side: Literal["left", "right"] = "left" if head in ("design", "line") else "right"
                above, _, below = head.partition(" ≤") if "≤" in head else head.partition(" ")
                grid.add_column(f"{above}\n{'≤' * ('≤' in head)}{below}".rstrip(), justify=side, no_wrap=True)
            for row in each.rows:
                grid.add_row(*map(cell, row))
            out.grid(grid)
            out.print()
    for sentence in filter(None, [*sentences.answer(found), sentences.checked(found)]):
        out.print(Text(sentence))
