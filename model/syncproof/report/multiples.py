"""Draw small multiples of a sweep: a panel per metric, a line per design, 95 % intervals shaded."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.figures import INK, STYLES, Figure, _axes, key_below, plain
from syncproof.report.names import short
from syncproof.studies.sweep import Sweep
from syncproof.studies.sweep.vary import Label

OTHERS = (("#000000", "*", "-"), ("#8c564b", "h", "--"), ("#bcbd22", "p", "-."), ("#17becf", "<", ":"))
"""Styles of designs that are not ready ones, in turn."""
COLUMNS = 3
WIDE = 200.0
"""If the largest value is more than this many times the smallest, the axis is logarithmic."""


def draw(sweep: Sweep, metrics: Sequence[str]) -> Figure:
    """Draw one block of panels for every combination of the keys after the first, which is the axis across."""
    facets = list(product(*(v.labels for v in sweep.varied[1:])))
    rows = math.ceil(len(metrics) / COLUMNS)
    legend = 0.2 * math.ceil(len(sweep.designs) / 2) + 0.15
    height = len(facets) * (2.75 * rows + (0.35 if sweep.varied[1:] else 0)) + legend
    figure = Figure(figsize=(3.6 * min(COLUMNS, max(2, len(metrics))), height), layout="constrained")
    blocks = figure.subfigures(len(facets), 1, squeeze=False)[:, 0]
    by_metric: dict[str, list[Axes]] = {metric: [] for metric in metrics}
    for block, facet in zip(blocks, facets, strict=True):
        if facet:
            titles = [_said(v.key, v.texts[v.labels.index(at)]) for v, at in zip(sweep.varied[1:], facet, strict=True)]
            block.suptitle(", ".join(titles), x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
        for metric, axes in zip(metrics, _grid(block, rows, len(metrics)), strict=True):
            _panel(sweep, metric, facet, axes)
            by_metric[metric].append(axes)
    for panels in by_metric.values():
        _limits(panels)
    handles, names = next(iter(by_metric.values()))[0].get_legend_handles_labels()
    key_below(figure, handles, names)
    return figure


def _said(key: str, text: str) -> str:
    return f"{key} = {text}"


def _grid(block: SubFigure, rows: int, count: int) -> list[Axes]:
    columns = min(COLUMNS, count)
    axes: list[Axes] = list(block.subplots(rows, columns, squeeze=False).flat)
    for unused in axes[count:]:
        unused.set_axis_off()
    return axes[:count]


def _panel(sweep: Sweep, metric: str, facet: tuple[Label, ...], axes: Axes) -> None:
    across = sweep.varied[0]
    places: list[Any] = list(across.labels) if across.numeric else list(range(len(across.labels)))
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = {(tuple(p.at.values()), p.design): p.metrics[metric] for p in sweep.results().points}
    others = iter(OTHERS * len(sweep.designs))
    never = False
    names = short(sweep.designs)
    for name in sweep.designs:
        color, marker, dash = STYLES.get(name) or next(others)
        known = [
            (places[i], value, mean)
            for i in order
            if (value := found.get(((across.labels[i], *facet), name))) is not None
            and (mean := value.value) is not None
        ]
        xs, means = [x for x, _, _ in known], [mean for _, _, mean in known]
        # Lines that coincide stay visible: thin broken lines are drawn over thick whole ones.
        whole = dash == "-"
        axes.plot(
            xs, means, color=color, marker=marker, linestyle=dash, label=plain(names[name]), zorder=2.5 if whole else 3,
            markersize=6 if whole else 3.5, linewidth=2.4 if whole else 1.3,
        )  # fmt: skip
        low = [mean if v.low is None else max(0.0, v.low) for _, v, mean in known]
        most = 1.0 if METRICS[metric].unit == "share" else math.inf
        high = [mean if v.high is None else min(most, v.high) for _, v, mean in known]
        axes.fill_between(xs, low, high, color=color, alpha=0.16, linewidth=0)
        at = [
            places[i] for i in order if (v := found.get(((across.labels[i], *facet), name))) is not None and v.endless
        ]
        if at:  # above every number
            axes.scatter(
                at, [1.0] * len(at), transform=axes.get_xaxis_transform(), clip_on=False,
                marker=marker, facecolors="none", edgecolors=color, s=42, zorder=4,
            )  # fmt: skip
            never = True
    title = metric.removeprefix("server_").removesuffix("_s").replace("_", " ")
    if never:
        said = f"hollow: {METRICS[metric].endless} in some run"
        axes.text(0.5, 0.9, said, transform=axes.transAxes, ha="center", fontsize=8, color=INK)
    key = f"{across.key} ({across.unit})" if across.unit and len(places) > 8 else across.key
    _axes(axes, title, key, METRICS[metric].unit)
    if len(places) <= 8:
        axes.set_xticks(places, [textwrap.fill(text, 12) for text in across.texts])
    if across.numeric and min(places) > 0 and max(places) / min(places) > WIDE:
        axes.set_xscale("log")
        axes.set_xticks(places, across.texts, minor=False)
        axes.set_xticks([], minor=True)


def _limits(panels: list[Axes]) -> None:
    """Give a metric the same range in every block: from 0, or logarithmic if the values are far apart."""
    values = [y for axes in panels for line in axes.lines for y in map(float, line.get_ydata())]  # type: ignore[arg-type]
    if values and min(values) > 0 and max(values) / min(values) > WIDE:
        for axes in panels:
            axes.set_yscale("log")
            axes.set_ylabel(f"{axes.get_ylabel()}, logarithmic")
            axes.set_ylim(min(values) / 1.6, max(values) * 1.6)
    else:
        top = max((axes.get_ylim()[1] for axes in panels), default=1.0)
        for axes in panels:
            axes.set_ylim(0, top if any(values) else 1)
