"""The HTML report: one file that needs nothing else."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

import syncproof
from syncproof import designs as registry
from syncproof.comparison import Comparison
from syncproof.metrics import METRICS
from syncproof.report import figures, tables


def render(comparison: Comparison) -> str:
    """The whole page."""
    return _template("report.html.j2", comparison)


def fragment(comparison: Comparison) -> str:
    """What a notebook shows: the answer and the cost table."""
    return _template("fragment.html.j2", comparison)


def _template(name: str, comparison: Comparison) -> str:
    environment = Environment(
        loader=PackageLoader("syncproof.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    results = comparison.results()
    context: dict[str, Any] = {
        "comparison": comparison,
        "scenario": comparison.scenario,
        "results": results,
        "version": syncproof.__version__,
        "question": tables.question(comparison),
        "answer": tables.answer(comparison),
        "designs": {name: registry.get(name) for name in results["designs"]},
        "kept": {name: tables.kept(design) for name, design in results["designs"].items()},
        "losers": tables.losers(results),
        "broken": comparison.broken(),
        "verdicts": tables.verdicts(results),
        "marks": tables.MARKS,
        "metrics": [(tables.HEADINGS[name], metric) for name, metric in METRICS.items()],
        "costs": tables.costs(results),
        "figures": [
            (key, title, Markup(figures.svg(draw(comparison), key)))  # drawn here, so known to be safe
            for key, (title, draw) in (figures.FIGURES.items() if name == "report.html.j2" else ())
            if key != "endpoints" or results["sweep"]["designs"]
        ],
        "command": tables.reproduce(comparison),
    }
    return environment.get_template(name).render(context)
