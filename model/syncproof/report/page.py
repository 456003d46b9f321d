"""The HTML report: one file that needs nothing else."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from syncproof._version import __version__
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs import lookup
from syncproof.report import counterexamples, figures, sequence, tables
from syncproof.studies.compare import Comparison
from syncproof.studies.smallest_world import Way


def render(comparison: Comparison, ways: list[Way]) -> str:
    """The whole page. `ways`: to what was violated."""
    return _template("report.html.j2", comparison, ways)


def fragment(comparison: Comparison) -> str:
    """What a notebook shows: the answer and the cost table."""
    return _template("fragment.html.j2", comparison, [])


def _template(name: str, comparison: Comparison, ways: list[Way]) -> str:
    environment = Environment(
        loader=PackageLoader("syncproof.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    results = comparison.results()
    context: dict[str, Any] = {
        "comparison": comparison,
        "scenario": comparison.scenario,
        "results": results,
        "version": __version__,
        "question": tables.question(comparison),
        "answer": tables.answer(comparison),
        "summary": lambda design: lookup.get(design).summary,
        "rank": lambda finding: tables.rank(finding["verdict"], finding["promised"]),
        "kept": {name: tables.kept(design) for name, design in results["designs"].items()},
        "losers": tables.losers(results),
        "broken": comparison.broken(),
        "verdicts": tables.verdicts(results),
        "marks": tables.MARKS,
        "metrics": [(tables.heading(name)[0], metric) for name, metric in METRICS.items()],
        "costs": tables.costs(results),
        "figures": [
            (key, title, Markup(figures.svg(draw(comparison), key)))  # drawn here, so known to be safe
            for key, (title, draw) in (figures.FIGURES.items() if name == "report.html.j2" else ())
            if key != "endpoints" or results["sweep"]["designs"]
        ],
        "ways": [_drawn(way, comparison) for way in ways],
        "ways_legend": counterexamples.LEGEND,
        "command": tables.reproduce(comparison),
    }
    return environment.get_template(name).render(context)


def _drawn(way: Way, comparison: Comparison) -> tuple[Way, Markup, str]:
    """A way, its diagram, and what to type to find it again; nothing of that where there is none."""
    if way.counterexample is None:
        return way, Markup(""), ""
    narration = counterexamples.retell(way, comparison.scenario.parameters())
    return way, sequence.svg(narration), counterexamples.again(way, comparison.scenario)
