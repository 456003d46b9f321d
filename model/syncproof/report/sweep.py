"""A sweep on a terminal, in Markdown, as one HTML page and as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from syncproof._version import __version__
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError
from syncproof.report import markdown as md
from syncproof.report import sentences, tables
from syncproof.report.tables import Cell
from syncproof.studies import sweep as sweeps
from syncproof.studies.sweep import Sweep, known

if TYPE_CHECKING:
    from rich.table import Table

    from syncproof.report.figures import Figure

FILES = ("report.html", "report.md", "results.json", "run.json", "points.parquet")
MOST_ROWS = 30
"""Rows that a terminal shows."""
CERTAINTY = {
    "clear": "clear",
    "within noise": "within noise",
    "single run": "a single run has no interval",
}


class Swept(Sweep):
    """A sweep that can be looked at: figures, HTML, files."""

    def figure(self, metrics: Sequence[str] | str | None = None) -> Figure:
        """Small multiples: a panel per metric (default: the sweep's), a line per design, 95 % intervals shaded.

        The first varied key is the axis; every combination of the others is a block of panels.
        Raises `InputError` for an unknown metric.
        """
        from syncproof.report import multiples

        chosen = [metrics] if isinstance(metrics, str) else metrics or self.metrics
        return multiples.draw(self, [known(metric) for metric in chosen])

    def html(self) -> str:
        """The whole page, self-contained."""
        return self._render("swept.html.j2")

    def __repr__(self) -> str:
        return "\n".join([*sentences.answer(self), sentences.promises(self)])

    def _repr_html_(self) -> str:
        return self._render("swept_fragment.html.j2")

    def _render(self, template: str) -> str:
        from syncproof.report import figures

        environment = Environment(
            loader=PackageLoader("syncproof.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        drawing = figures.svg(self.figure(), "sweep") if self.results()["points"] else ""
        return environment.get_template(template).render(
            sweep=self,
            results=self.results(),
            version=__version__,
            question=sentences.question(self),
            answer=sentences.answer(self),
            promises=sentences.promises(self),
            broken=self.broken(),
            warnings=self.warnings(),
            drawing=Markup(drawing),  # drawn here, so known to be safe
            heads=[(METRICS[metric].heading, METRICS[metric]) for metric in self.columns()],
            rows=self.rows(),
            crossings=self.crossing_rows(),
            noise=self.crossing_rows(noise=True),
            kept_not=self.unpromised(),
            missing=self.missing(),
            lossy=sorted(sentences.lossy(self), key=self.designs.index),
            place=lambda at: sentences.place(self, at),
            command=sentences.reproduce(self),
            single=lambda finding: sentences.reproduce(self, finding["at"], finding["design"]),
        )

    # ---- rows that every form shows

    def warnings(self) -> list[str]:
        """What a reader should know before the numbers."""
        results = self.results()
        told = [*results["warnings"]]
        if results["missing"]:
            why = f" ({self.interrupted})" if self.interrupted else ""
            left = len(results["missing"])
            told.insert(0, f"{left} of {left + len(self.records)} runs are missing{why}")
        return told

    def columns(self) -> list[str]:
        """The metrics shown, and what was lost, without which costs mean little."""
        return list(dict.fromkeys((*self.metrics, "lost_deliveries")))

    def rows(self) -> list[tuple[list[tuple[str, object]], str, list[Cell]]]:
        """A row per design and point: the keys' texts with what they sort by, the design, a cell per column."""
        found = []
        for point in sorted(self.results()["points"], key=lambda p: self.designs.index(p["design"])):
            places = []
            for v in self.varied:
                label = point["at"][v.key]
                places.append((v.texts[v.labels.index(label)], label if v.numeric else v.labels.index(label)))
            cells = []
            for metric in self.columns():
                value = point["metrics"][metric]
                low, high = value["low"], value["high"]
                span = ""
                if low is not None and low != high:
                    span = f"{tables.amount(low, metric)} to {tables.amount(high, metric)}"
                cells.append(Cell(tables.amount(value["mean"], metric), span, value["mean"], False))
            found.append((places, point["design"], cells))
        return found

    def crossing_rows(self, *, noise: bool = False) -> list[list[str]]:
        """metric, below before, below after, where, between which points, how certain; those of `noise`, or the others.

        Designs that cross another at the same place share a row. Designs that lost deliveries are left out: they did not do
        the work that they would be compared by.
        """
        lossy = sentences.lossy(self)
        shared: dict[tuple[Any, ...], list[str]] = {}
        for metric, found in self.results()["crossings"].items():
            for c in found:
                if (c["certainty"] == "within noise") == noise and not lossy & {c["lower_before"], c["lower_after"]}:
                    where = (metric, c["lower_before"], c["value"], c["low"], c["high"], c["certainty"])
                    shared.setdefault(where, []).append(c["lower_after"])
        return [
            [
                METRICS[metric].words,
                before,
                ", ".join(after),
                f"{float(f'{value:.3g}'):g}",
                f"{low:g} and {high:g}",
                CERTAINTY[certainty],
            ]
            for (metric, before, value, low, high, certainty), after in shared.items()
        ]

    def unpromised(self) -> list[list[str]]:
        """design, property, at how many points it did not hold though it was not promised, an example."""
        found: dict[tuple[str, str], list[str]] = {}
        for point in self.results()["points"]:
            for name, violated in point["violated"].items():
                if not violated["promised"]:
                    text = f"{sentences.place(self, point['at'])}: {violated['example']}"
                    found.setdefault((point["design"], name), []).append(text)
        order = {name: number for number, name in enumerate(self.designs)}
        return [
            [design, name, f"{len(texts)} of {len(self.points)}", texts[0]]
            for (design, name), texts in sorted(found.items(), key=lambda item: order[item[0][0]])
        ]

    def missing(self) -> list[list[str]]:
        """point, design, runs that are missing."""
        found: dict[tuple[str, str], list[str]] = {}
        for gap in self.results()["missing"]:
            found.setdefault((sentences.place(self, gap["at"]), gap["design"]), []).append(str(gap["run"]))
        return [[where, design, ", ".join(runs)] for (where, design), runs in found.items()]

    # ---- files

    def markdown(self) -> str:
        """The same for a code host."""
        results = self.results()
        lines = [f"# {md.cell(self.scenario.title)}: a sweep", "", md.cell(self.scenario.shows), ""]
        lines += [f"**{md.cell(sentences.question(self))}**", ""]
        lines += [*map(md.cell, sentences.answer(self)), "", md.cell(sentences.promises(self)), ""]
        lines += [f"> Warning: {md.cell(warning)}" for warning in self.warnings()] + [""]
        if results["crossings"]:
            lines += ["## Where designs change places", ""]
            heads = ["metric", "below before", "below after", "at", "between", "certainty"]
            lines += md.table(heads, [list(row) for row in self.crossing_rows()])
            lines += [
                "",
                f"{len(self.crossing_rows(noise=True))} more changes of places are within noise: `results.json`.",
            ]
        lines += ["", "## Costs", "", f"Mean over {self.runs} runs; the 95 % intervals are in `results.json`.", ""]
        heads = ["design", *(v.key for v in self.varied)]
        heads += [f"{METRICS[m].heading} ({METRICS[m].unit})" for m in self.columns()]
        rows = self.rows()
        lines += md.table(heads, [[name, *(t for t, _ in at), *(c.text for c in cells)] for at, name, cells in rows])
        lines += ["", "## Broken promises", ""]
        for finding in self.broken():
            where, command = (
                sentences.place(self, finding["at"]),
                sentences.reproduce(self, finding["at"], finding["design"]),
            )
            lines += [f"- {finding['design']}, {finding['property']}, {md.cell(where)}: {md.cell(finding['example'])}"]
            lines += ["", "  ```", f"  {command}", "  ```"]
        if not self.broken():
            lines += ["None."]
        lines += ["", "## What was not promised, and did not hold", ""]
        lines += md.table(["design", "property", "points", "example"], [list(row) for row in self.unpromised()])
        if results["missing"]:
            lines += ["", "## Missing", ""]
            lines += md.table(["point", "design", "runs"], [list(row) for row in self.missing()])
        lines += ["", "## How to reproduce", "", f"syncproof {__version__}, seed {self.seed}", "", "```"]
        return "\n".join([*lines, sentences.reproduce(self), "```", ""])

    def write(self, out: Path | str) -> list[Path]:
        """Writes the five files into `out`, made if need be. Raises `InputError` if that is not possible."""

        def dump(value: object) -> bytes:
            return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

        folder = Path(out)
        texts = (self.html().encode(), self.markdown().encode(), dump(self.results()), dump(self.facts), self.parquet())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in zip(FILES, texts, strict=True):
                (folder / name).write_bytes(text)
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
        return [folder / name for name in FILES]

    def parquet(self) -> bytes:
        """`runs_table()` as Parquet."""
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pandas(self.runs_table(), preserve_index=False).replace_schema_metadata(None)
        place = table.schema.get_field_index("violated_promises")
        promises = table.column(place).cast(pyarrow.list_(pyarrow.string()))
        buffer = pyarrow.BufferOutputStream()
        parquet.write_table(table.set_column(place, "violated_promises", promises), buffer)
        return bytes(buffer.getvalue())


def show(swept: Swept) -> None:
    """The answer, the promises, the first costs, the crossings."""
    from rich.text import Text

    from syncproof.report import terminal

    out = terminal.console()
    out.print(Text(sentences.question(swept), "bold"))
    for warning in swept.warnings():
        out.print(Text(f"warning: {warning}", "yellow"))
    out.print(_grid(swept))
    out.print()
    for sentence in sentences.answer(swept):
        out.print(Text(sentence))
    out.print(Text(sentences.promises(swept), "bold red" if swept.broken() else ""))
    for finding in swept.broken():
        where = sentences.place(swept, finding["at"])
        out.print(Text(f"  BROKEN PROMISE: {finding['design']}, {finding['property']}, {where}", "bold red"))


def _grid(swept: Swept) -> Table:
    """Along one key a row per design, from the least value to the largest; else a row per point, as far as there is room."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="dim")
    rows, ends = (
        swept.rows(),
        [swept.at(n) for n in (swept.along()[0], swept.along()[-1])]
        if swept.lies_on_an_axis() and swept.along()
        else [],
    )
    grid.add_column("design", no_wrap=True)
    for v in () if ends else swept.varied:
        grid.add_column(v.title, justify="right")
    for metric in swept.columns():
        grid.add_column(METRICS[metric].heading.replace(" ", "\n", 1), justify="right", no_wrap=True)
    if ends:
        found = {(tuple(p["at"].values()), p["design"]): p["metrics"] for p in swept.results()["points"]}
        for name in swept.designs:
            at = [found.get((tuple(end.values()), name), {}) for end in ends]
            texts = [[tables.amount(m.get(metric, {}).get("mean"), metric) for m in at] for metric in swept.columns()]
            grid.add_row(name, *(" → ".join(dict.fromkeys(pair)) for pair in texts))
        return grid
    for places, name, cells in rows[:MOST_ROWS]:
        grid.add_row(name, *(text for text, _ in places), *(c.text for c in cells))
    if len(rows) > MOST_ROWS:
        grid.caption = f"{len(rows) - MOST_ROWS} more rows are in the report"
    return grid


def sweep(*arguments: Any, **options: Any) -> Swept:
    """`syncproof.studies.sweep.sweep`, with a result that can be looked at. Same arguments, same errors."""
    found = sweeps.sweep(*arguments, **options)
    return Swept(**{name: getattr(found, name) for name in found.__dataclass_fields__})
