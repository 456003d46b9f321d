"""What people read: pages, tables, figures and diagrams of the studies' results. Nothing here computes a result."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncproof.errors import InputError
from syncproof.studies import compare as comparison
from syncproof.studies.compare import Comparison

if TYPE_CHECKING:
    import pandas

    from syncproof.report.figures import Figure
    from syncproof.studies.smallest_world import Way

NUMBERS = re.compile(r"\[\s*(?:(?:-?\d[\d.e+-]*|null),?\s+)+\]")
FILES = ("report.html", "report.md", "results.json", "run.json")


class Report(Comparison):
    """A comparison that can be looked at: figures, HTML, files."""

    def figure(self, name: str = "cost") -> Figure:
        """`cost`, `delivery`, `catchup` or `endpoints`. Raises `InputError` for another name."""
        from syncproof.report import figures

        return figures.draw(self, name)

    def ways(self) -> list[Way]:
        """The shortest way in a small world to each violated property; the first call searches for some seconds."""
        from syncproof.studies import smallest_world

        return smallest_world.ways(self)

    def html(self) -> str:
        """The whole page, self-contained."""
        from syncproof.report import page

        return page.render(self, self.ways())

    def markdown(self) -> str:
        """The same for a code host."""
        from syncproof.report import markdown

        return markdown.render(self, self.ways())

    def claims(self) -> pandas.DataFrame:
        """A row per claim made for the timeline design: what it says, its verdict, the evidence."""
        import pandas

        found = pandas.DataFrame.from_dict(self.results()["claims"], orient="index")
        return found.rename_axis("claim")

    def __repr__(self) -> str:
        from syncproof.report import tables

        return "\n".join(tables.answer(self))

    def _repr_html_(self) -> str:
        from syncproof.report import page

        return page.fragment(self)

    def write(self, out: Path) -> list[Path]:
        """Writes the four files into `out`, made if need be. Raises `InputError` if that is not possible."""

        texts = (self.html(), self.markdown(), dumped(self.results()), dumped(self.run_facts()))
        paths = [out / name for name in FILES]
        try:
            out.mkdir(parents=True, exist_ok=True)
            for path, text in zip(paths, texts, strict=True):
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
        return paths


def dumped(value: object) -> str:
    """JSON to be read by people too: indented, but a list of numbers stays on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return NUMBERS.sub(lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text) + "\n"


def compare(*arguments: Any, **options: Any) -> Report:
    """`syncproof.studies.compare.compare`, with a result that can be looked at. Same arguments, same errors."""
    found = comparison.compare(*arguments, **options)
    return Report(**{name: getattr(found, name) for name in found.__dataclass_fields__})
