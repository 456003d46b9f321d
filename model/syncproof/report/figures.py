"""Figures, drawn with matplotlib's objects (no pyplot, no global state) in colours that colour-blind readers tell apart."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from syncproof.comparison import Comparison
from syncproof.errors import InputError
from syncproof.metrics import METRICS

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
}
COSTS = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "server_reads_per_message",
    "packets_per_delivery",
    "bytes_per_delivery",
    "pulls_per_delivery",
)
INK = "#444444"


def _style(name: str) -> tuple[str, str, str]:
    return STYLES.get(name, ("#000000", "o", "-"))


def _axes(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(x, color=INK, fontsize=9)
    axes.set_ylabel(y, color=INK, fontsize=9)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(True, color="#bbbbbb", alpha=0.4, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#aaaaaa")


def _cost(comparison: Comparison) -> Figure:
    designs = comparison.results()["designs"]
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    grid = figure.subplots(2, 3)
    for position, (axes, metric) in enumerate(zip(grid.flat, COSTS, strict=True)):
        names = list(designs)[::-1]
        values = [designs[n]["metrics"][metric] for n in names]
        means = [v["mean"] or 0.0 for v in values]
        low = [max(0.0, m - (v["low"] if v["low"] is not None else m)) for m, v in zip(means, values, strict=True)]
        high = [(v["high"] if v["high"] is not None else m) - m for m, v in zip(means, values, strict=True)]
        axes.barh(names, means, color=[_style(n)[0] for n in names], height=0.7)
        axes.errorbar(means, names, xerr=[low, high], fmt="none", ecolor="#222222", elinewidth=1, capsize=2)
        _axes(axes, metric.replace("_", " "), METRICS[metric].unit, "")
        axes.grid(False, axis="y")
        if position % 3:
            axes.set_yticklabels([])
    return figure


def _distribution(comparison: Comparison, field: str, title: str, x: str) -> Figure:
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots()
    drawn = 0
    for name in comparison.designs:
        grids = [getattr(r, field) for r in comparison.outcomes[name]]
        points = sorted(value for grid in grids for value in grid)
        if not points:
            continue
        drawn += 1
        shares = [(i + 1) / len(points) for i in range(len(points))]
        color, _, dash = _style(name)
        axes.plot([max(p, 0.01) for p in points], shares, color=color, linestyle=dash, linewidth=1.6, label=name)
    if drawn:
        axes.set_xscale("log")
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), labelcolor=INK)
    else:
        axes.text(
            0.5, 0.5, "nothing of the kind happened in this run", ha="center", transform=axes.transAxes, color=INK
        )
    axes.set_ylim(0, 1.01)
    _axes(axes, title, x, "share of cases at most that long")
    return figure


def _delivery(comparison: Comparison) -> Figure:
    title = "Delivery to connected devices: accepted to shown (0.01 s and less at the left edge)"
    return _distribution(comparison, "delivery_latency", title, "seconds, logarithmic")


def _catchup(comparison: Comparison) -> Figure:
    title = "Catching up: connected to everything accepted before being shown"
    return _distribution(comparison, "catchup_latency", title, "seconds, logarithmic")


def _endpoints(comparison: Comparison) -> Figure:
    sweep = comparison.results()["sweep"]["designs"]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    writes, deletes = figure.subplots(1, 2)
    for axes, metric, title in (
        (writes, "server_writes_per_message", "Rows written per message"),
        (deletes, "server_deletes_per_message", "Rows deleted per message"),
    ):
        for name, points in sweep.items():
            color, marker, dash = _style(name)
            known = [(int(v), p["metrics"][metric]) for v, p in points.items() if p["metrics"][metric] is not None]
            axes.plot(*zip(*known, strict=True), color=color, marker=marker, linestyle=dash, markersize=5, label=name)
        axes.set_ylim(bottom=0)
        _axes(axes, title, "devices per user", "rows")
    if deletes.get_legend_handles_labels()[1]:
        deletes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), labelcolor=INK)
    return figure


FIGURES: dict[str, tuple[str, Callable[[Comparison], Figure]]] = {
    "cost": ("What each design costs, with 95 % intervals over runs", _cost),
    "delivery": ("How fast a message reaches devices that are connected", _delivery),
    "catchup": ("How long a returning device takes to catch up", _catchup),
    "endpoints": ("Server rows against devices per user", _endpoints),
}


def draw(comparison: Comparison, name: str) -> Figure:
    """The named figure. Raises `InputError` for an unknown name."""
    if name not in FIGURES:
        raise InputError(f"unknown figure {name!r}; allowed: {', '.join(FIGURES)}")
    return FIGURES[name][1](comparison)


def svg(figure: Figure, salt: str) -> str:
    """The figure as an SVG element: same bytes for the same figure, transparent, without a declaration."""
    settings: Any = {"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    found = text.getvalue()
    return found[found.index("<svg") :]
