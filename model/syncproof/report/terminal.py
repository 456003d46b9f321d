"""Print on standard output. Plain text when it is not a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

COLOURS = {"supported": "green", "refuted": "red", "depends": "yellow", "unknown": "dim"}
"""Colour of a claim's verdict."""


class Pipe(Console):
    """Raise `BrokenPipeError` if the reader closed the pipe, so that the exit status does not look like a verdict."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Return standard output; with 118 columns if it is a file or a pipe, so that nothing is cut."""
    return Pipe(highlight=False, width=None if sys.stdout.isatty() else 118)


def table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, pad_edge=False, header_style="dim")
