"""Print on standard output. Plain text when it is not a terminal: no line is broken there, and no word is only bold."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

COLOURS = {"supported": "green", "refuted": "red", "depends": "yellow", "within noise": "yellow", "unknown": "dim"}
"""Colour of a claim's verdict."""
WIDEST = 100_000
"""The columns of a file or a pipe: more than any line has."""


class Output(Console):
    """Standard output. Raise `BrokenPipeError` if the reader closed the pipe: nothing is decided about the exit status here."""

    def on_broken_pipe(self) -> None:
        """Raise what happened."""
        raise BrokenPipeError

    @property
    def bold(self) -> bool:
        """Return whether bold text looks other than plain text."""
        return self.color_system is not None

    def grid(self, table: Table) -> None:
        """Print a table. One that is too wide is cut into blocks of columns, each with the first column, and no cell is cut."""
        width = self.width
        for block in _blocks(self, table):
            self.width = max(
                width, sum(_widths(self, block))
            )  # a column that is wider than the terminal is broken there
            self.print(block, crop=False)
        self.width = width


def _widths(out: Console, table: Table) -> list[int]:
    """Return how wide each column must be, with the space beside it."""
    options = out.options.update(width=WIDEST)
    widths = []
    for column in table.columns:
        measured = [Measurement.get(out, options, cell) for cell in (column.header, *column.cells)]
        widths.append(max(m.maximum if column.no_wrap else m.minimum for m in measured) + 2)
    return widths


def _blocks(out: Console, whole: Table) -> Iterator[Table]:
    widths = _widths(out, whole)
    if sum(widths) <= out.width:
        yield whole
        return
    first, *others = whole.columns
    chosen: list[Column] = []
    room = out.width - widths[0]
    for column, width in zip(others, widths[1:], strict=True):
        if chosen and width > room:
            yield _part(whole, [first, *chosen])
            chosen, room = [], out.width - widths[0]
        chosen.append(column)
        room -= width
    yield _part(whole, [first, *chosen])


def _part(whole: Table, columns: list[Column]) -> Table:
    part = table()
    for column in columns:
        part.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap)
    for row, *cells in zip(whole.rows, *[list(column.cells) for column in columns], strict=True):
        part.add_row(*cells, style=row.style)
    return part


def console() -> Output:
    """Return standard output; as wide as its lines need if it is a file or a pipe."""
    return Output(highlight=False, width=None if sys.stdout.isatty() else WIDEST)


def table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, pad_edge=False, header_style="dim")
