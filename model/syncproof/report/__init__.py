"""What a comparison looks like on a terminal, in Markdown and as one HTML page. Nothing here computes a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncproof import comparison
from syncproof.comparison import Comparison
from syncproof.errors import InputError

if TYPE_CHECKING:
    import pandas

    from syncproof.report.figures import Figure

FILES = ("report.html", "report.md", "results.json", "run.json")


class Report(Comparison):
    """A comparison that can be looked at: figures, HTML, files."""

    def figure(self, name: str = "cost") -> Figure:
        """`cost`, `delivery`, `catchup` or `endpoints`. Raises `InputError` for another name."""
        from syncproof.report import figures

        return figures.draw(self, name)

    def html(self) -> str:
        """The whole page, self-contained."""
        from syncproof.report import page

        return page.render(self)

    def markdown(self) -> str:
        """The same for a code host."""
        from syncproof.report import markdown

        return markdown.render(self)

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

        def dump(value: object) -> str:
            return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

        texts = (self.html(), self.markdown(), dump(self.results()), dump(self.run_facts()))
        paths = [out / name for name in FILES]
        try:
            out.mkdir(parents=True, exist_ok=True)
            for path, text in zip(paths, texts, strict=True):
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
        return paths


def compare(*arguments: Any, **options: Any) -> Report:
    """`syncproof.comparison.compare`, with a result that can be looked at. Same arguments, same errors."""
    found = comparison.compare(*arguments, **options)
    return Report(**{name: getattr(found, name) for name in found.__dataclass_fields__})
