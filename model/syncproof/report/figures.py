"""Draw figures with matplotlib's objects (no pyplot, no global state) in colours that colour-blind readers can distinguish."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib import figure as drawing
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator

from syncproof.engines.simulate.histogram import pooled
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.names import short
from syncproof.studies import saturation
from syncproof.studies.comparison import Comparison

if TYPE_CHECKING:
    import pandas

# Okabe and Ito's palette; the inbox family is warm, the timeline family cool, and markers and dashes differ as well.
STYLES: dict[str, tuple[str, str, str]] = {
    "inbox-store-first": ("#d55e00", "o", "-"),
    "inbox-sync-first": ("#e69f00", "s", "--"),
    "inbox-shared": ("#999999", "X", ":"),
    "timeline-notify": ("#0072b2", "o", "-"),
    "timeline-checkpointed": ("#56b4e9", "s", "--"),
    "timeline-dense-push": ("#009e73", "^", "-"),
    "timeline-push": ("#cc79a7", "v", "--"),
    "timeline-read-fanout": ("#7a5195", "D", "-."),
    "timeline-hybrid-fanout": ("#555555", "P", ":"),
    "log-device-acks": ("#000000", "d", "-."),
}
SPARE = (("#882255", "p", "-"), ("#117733", "h", "--"), ("#6b6b00", "*", "-."), ("#332288", "8", ":"))
COSTS = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "server_reads_per_message",
    "packets_per_delivery",
    "bytes_per_delivery",
    "pulls_per_delivery",
)
INK = "#444444"


def styles(names: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Return colour, marker and dashes for each design; designs that are not ready ones take the spare styles in turn."""
    found: dict[str, tuple[str, str, str]] = {}
    for name in names:
        own = len([known for known in found if known not in STYLES])
        found[name] = STYLES.get(name, SPARE[own % len(SPARE)])
    return found


def plain(name: str) -> str:
    """Escape a name for matplotlib, which reads text between dollar signs as a formula."""
    return name.replace("$", r"\$")


class Figure(drawing.Figure):
    """Show a matplotlib figure in a notebook as SVG, without pyplot or a back end."""

    def __repr__(self) -> str:
        return f"<figure: {'; '.join(axes.get_title('left') for axes in self.axes)}>"

    def _repr_svg_(self) -> str:
        return svg(self, "notebook", ground="white")

    def _ipython_display_(self) -> None:
        """Display the figure as SVG only; with pyplot's inline back end active, a pixel image would be added."""
        from IPython.display import display

        display({"image/svg+xml": self._repr_svg_(), "text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]


PHONE = 400
"""Points from the left edge of a figure that a narrow page shows before it is scrolled."""


def key_below(figure: drawing.Figure, handles: Sequence[Any], names: Sequence[str]) -> None:
    """Put the legend below a figure, at its left edge, and no wider than what a narrow page shows of the figure."""
    width = max([5 * len(name) for name in names], default=0) + 35
    figure.legend(
        handles, names, loc="outside lower left", ncols=min(len(names), max(1, PHONE // width)), fontsize=8, frameon=False,
        labelcolor=INK,
    )  # fmt: skip


def _axes(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(x, color=INK, fontsize=9)
    axes.set_ylabel(y, color=INK, fontsize=9)
    axes.tick_params(which="both", colors=INK, labelsize=8)
    axes.set_axisbelow(True)
    axes.grid(True, color="#bbbbbb", alpha=0.4, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#aaaaaa")


def _cost(comparison: Comparison) -> Figure:
    designs = comparison.results().designs
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    grid = figure.subplots(2, 3)
    names = list(designs)[::-1]
    shorts = short(designs)
    labels, colours = [plain(shorts[n]) for n in names], [style[0] for style in styles(designs).values()][::-1]
    for position, (axes, metric) in enumerate(zip(grid.flat, COSTS, strict=True)):
        values = [designs[n].metrics[metric] for n in names]
        means = [v.value or 0.0 for v in values]
        low = [max(0.0, m - (v.low if v.low is not None else m)) for m, v in zip(means, values, strict=True)]
        high = [(v.high if v.high is not None else m) - m for m, v in zip(means, values, strict=True)]
        axes.barh(labels, means, color=colours, height=0.7)
        if any(low) or any(high):
            axes.errorbar(means, labels, xerr=[low, high], fmt="none", ecolor="#222222", elinewidth=1, capsize=2)
        _axes(axes, metric.replace("_", " "), METRICS[metric].unit, "")
        axes.grid(False, axis="y")
        if position % 3:
            axes.set_yticklabels([])
    return figure


def _saturation(comparison: Comparison) -> Figure:
    results = comparison.results()
    found = saturation.knees(results)[::-1]
    figure = Figure(figsize=(10, 0.9 + 0.33 * max(4, len(found))), layout="constrained")
    axes = figure.subplots()
    style = styles(comparison.designs)
    for place, knee in enumerate(found):
        color, marker, _ = style[knee.design]
        value = knee.at.value or 0.0
        low, high = (value if end is None else end for end in (knee.at.low, knee.at.high))
        axes.plot([max(low, value / 100), high], [place, place], color=color, linewidth=2)  # the axis has no 0
        fill = "none" if knee.extrapolated else color
        axes.plot([value], [place], color=color, marker=marker, markersize=8, markerfacecolor=fill)
    names = short(comparison.designs)
    axes.set_yticks(range(len(found)), [plain(names[knee.design]) for knee in found])
    axes.set_ylim(-0.6, len(found) - 0.4)
    axes.set_xscale("log")
    for name, load in saturation.loads(results):
        axes.axvline(
            load, color="#222222", linestyle="--" if name == "mean" else "-", linewidth=1.4, label=f"offered {name}"
        )
    _plain_ticks(axes)
    key_below(figure, *axes.get_legend_handles_labels())
    title = "Storage saturates at this load (hollow: extrapolated from a station that was mostly idle)"
    _axes(axes, title, "messages a second, logarithmic", "")
    return figure


def _distribution(comparison: Comparison, samples: str, title: str, x: str) -> Figure:
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    drawn = 0
    names = short(comparison.designs)
    for name, (color, _, dash) in styles(comparison.designs).items():
        whole = pooled(run.histograms[samples] for run in comparison.outcomes[name])
        if not whole.counts:
            continue
        drawn += 1
        places = sorted(whole.counts)
        shares = list(accumulate(whole.counts[place] / whole.total for place in places))
        seconds = [max(whole.sums[place] / whole.counts[place], 0.01) for place in places]
        axes.plot(seconds, shares, color=color, linestyle=dash, linewidth=1.6, label=plain(names[name]))
    if drawn:
        axes.set_xscale("log")
        _plain_ticks(axes)
        key_below(figure, *axes.get_legend_handles_labels())
    else:
        axes.text(
            0.5, 0.5, "nothing of the kind happened in this run", ha="center", transform=axes.transAxes, color=INK
        )
    axes.set_ylim(0, 1.01)
    _axes(axes, title, x, "share of cases at most that long")
    return figure


def _plain_ticks(axes: Axes) -> None:
    """Write numbers in full on a logarithmic axis; if it has few powers of ten, also some numbers between them."""
    low, high = axes.get_xlim()
    wide = high / low > 300
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_locator(LogLocator(subs=[1.0] if wide else [2.0, 5.0]))
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}")


def _delivery(comparison: Comparison) -> Figure:
    title = "Delivery to connected devices: composed to shown (0.01 s and less at the left edge)"
    return _distribution(comparison, "delivery", title, "seconds, logarithmic")


def _catchup(comparison: Comparison) -> Figure:
    title = "Catching up: first connected to everything accepted before being shown"
    return _distribution(comparison, "catchup", title, "seconds, logarithmic")


ENDPOINTS = {
    "server_writes_per_message": "Rows written per message",
    "server_deletes_per_message": "Rows deleted per message",
}
"""The panels of the figure of endpoints."""


def endpoint_courses(comparison: Comparison) -> dict[str, dict[str, list[float | None]]]:
    """Return the line of each design in each panel of the figure of endpoints."""
    sweep = comparison.results().sweep.designs
    return {
        title.lower(): {name: [p.metrics[metric] for p in points.values()] for name, points in sweep.items()}
        for metric, title in ENDPOINTS.items()
    }


def _endpoints(comparison: Comparison) -> Figure:
    sweep = comparison.results().sweep.designs
    figure = Figure(figsize=(10, 5), layout="constrained")
    writes, deletes = figure.subplots(1, 2)
    names = short(sweep)
    for axes, (metric, title) in zip((writes, deletes), ENDPOINTS.items(), strict=True):
        for (name, points), (color, marker, dash) in zip(sweep.items(), styles(sweep).values(), strict=True):
            known = [(int(v), p.metrics[metric]) for v, p in points.items() if p.metrics[metric] is not None]
            line = {"color": color, "marker": marker, "linestyle": dash, "markersize": 5, "label": plain(names[name])}
            axes.plot([x for x, _ in known], [y for _, y in known], **line)
        axes.set_ylim(bottom=0)
        _axes(axes, title, "devices per user", "rows")
    if deletes.get_legend_handles_labels()[1]:
        key_below(figure, *deletes.get_legend_handles_labels())
    return figure


def curves(means: pandas.DataFrame, metrics: Sequence[str], across: str) -> Figure:
    """Draw small multiples from a frame of means with rows (value, design) and a column per metric.

    There is a panel per metric and a line per design. `across`: the label of the values. Raises `KeyError` for an unknown
    metric.
    """
    figure = Figure(figsize=(3.7 * len(metrics), 3.2), layout="constrained")
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    style = styles(dict.fromkeys(means.index.get_level_values(1)))
    for axes, metric in zip(panels, metrics, strict=True):
        for name, course in means[metric].groupby(level=1, sort=False):
            color, marker, dash = style[str(name)]
            places = course.index.get_level_values(0)
            axes.plot(
                places, course, color=color, marker=marker, linestyle=dash, markersize=4.5, label=plain(str(name))
            )
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(EngFormatter(sep=" "))
        _axes(axes, metric.removeprefix("server_").replace("_", " "), across, METRICS[metric].unit)
    handles, names = panels[0].get_legend_handles_labels()
    key_below(figure, handles, names)
    return figure


FIGURES: dict[str, tuple[str, Callable[[Comparison], Figure]]] = {
    "cost": ("What each design costs, with 95 % intervals over runs", _cost),
    "saturation": ("At what load storage saturates", _saturation),
    "delivery": ("How fast a message reaches devices that are connected", _delivery),
    "catchup": ("How long a returning device takes to catch up", _catchup),
    "endpoints": ("Server rows against devices per user", _endpoints),
}


COLOUR = re.compile(r"#([0-9a-f]{6})")


def svg(figure: drawing.Figure, salt: str, ground: str | None = None) -> str:
    """Return the figure as an SVG element without a declaration: the same bytes for the same figure.

    Every colour becomes a custom property with the colour as its default (`var(--x0072b2, #0072b2)`), so that a style sheet
    can lighten dark colours on a dark page. `salt`: a name that keeps the ids of several figures on one page apart.
    `ground`: the background colour; transparent by default, for pages that have their own.
    """
    settings: Any = {"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        text = io.StringIO()
        figure.savefig(
            text,
            format="svg",
            transparent=ground is None,
            facecolor=ground or "none",
            metadata={"Date": None, "Creator": None},
        )
    found = text.getvalue()
    found = re.sub(r'style="[^"]*"', lambda style: COLOUR.sub(r"var(--x\1, #\1)", style[0]), found)
    return found[found.index("<svg") :]
