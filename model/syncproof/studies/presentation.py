"""Let a study's result show itself in the forms of its report.

The package `report` is above `studies`: a page imports the result that it shows, and a study imports no page. But a result must
show itself in a notebook and write its report. So this module looks up the page by its name on first use. A study runs, and a
worker process starts, without any code of the reports.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Protocol


class Drawing(Protocol):
    """Describe a sequence diagram, which `syncproof.report.diagram` draws: SVG in a notebook, text elsewhere."""

    title: str

    def held(self) -> str:
        """Return the states of the properties' automata after each step, and the violations that they reported."""

    def _repr_svg_(self) -> str: ...


class Presentable:
    """Add the forms of a report to a result; the module `syncproof.report.PAGE` makes them."""

    page: ClassVar[str]
    """Name of the module."""

    def _page(self) -> ModuleType:
        return import_module(f"syncproof.report.{self.page}")

    def html(self) -> str:
        """Return the report as one self-contained HTML page."""
        text: str = self._page().html(self)
        return text

    def markdown(self) -> str:
        """Return the report as Markdown."""
        text: str = self._page().markdown(self)
        return text

    def write(self, out: str | Path) -> list[Path]:
        """Write the report's files into the folder `out`, made if it is missing, and return their paths.

        The files: report.html, report.md, results.json, run.json and what the study adds. Raises `InputError` if one of
        them cannot be written.
        """
        paths: list[Path] = self._page().write(self, out)
        return paths

    def show(self) -> None:
        """Print the short form on standard output."""
        self._page().show(self)

    def __repr__(self) -> str:
        text: str = self._page().text(self)
        return text

    def _repr_html_(self) -> str:
        text: str = self._page().fragment(self)
        return text
