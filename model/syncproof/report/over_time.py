"""Draw latency over time, with the faults that have times."""

from __future__ import annotations

import math

from syncproof.engines.simulate.histogram import pooled
from syncproof.report.figures import Figure, _axes, key_below, plain, styles
from syncproof.report.names import short
from syncproof.studies.comparison import Comparison

SHARE = 0.95
LEAST = 0.01
"""Seconds at the lower end of the axis."""


def told(comparison: Comparison) -> bool:
    """Return whether a fault of the scenario has a time, and so latency is known over time."""
    return any(run.over_time for runs in comparison.outcomes.values() for run in runs)


def draw(comparison: Comparison) -> Figure:
    """Draw within how many seconds 95 % of the deliveries were there, by when the message was composed."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    names = short(comparison.designs)
    for name, (color, marker, dash) in styles(comparison.designs).items():
        runs = comparison.outcomes[name]
        slots = sorted({slot for run in runs for slot in run.over_time})
        at, seconds = [], []
        for slot in slots:
            took = pooled(run.over_time[slot] for run in runs if slot in run.over_time).quantile(SHARE)
            at.append((slot + 0.5) * runs[0].slot_s / 60)
            seconds.append(max(LEAST, took) if math.isfinite(took) else math.nan)
        axes.plot(
            at, seconds, color=color, linestyle=dash, marker=marker, markersize=3, linewidth=1.4, label=plain(names[name])
        )  # fmt: skip
    faults = comparison.scenario.faults
    for number, outage in enumerate(faults.outages):
        ends = outage.start / 60, (outage.start + outage.length) / 60
        axes.axvspan(*ends, color="#bbbbbb", alpha=0.45, linewidth=0, label="pushes are lost" if not number else None)
    for number, crash in enumerate(faults.server_crashes):
        label = "the server is down" if not number else None
        axes.axvspan(
            crash.at / 60, (crash.at + crash.down) / 60, color="#222222", alpha=0.6, linewidth=0.8, label=label
        )
    for number, down in enumerate(faults.gateway_crashes):
        label = "a gateway is down" if not number else None
        axes.axvspan(down.at / 60, (down.at + down.down) / 60, color="#777777", alpha=0.6, linewidth=0.8, label=label)
    for number, cut in enumerate(faults.partitions):
        label = "a gateway is cut from the store" if not number else None
        axes.axvspan(
            cut.at / 60, (cut.at + cut.length) / 60, facecolor="none", edgecolor="#777777", hatch="//", label=label
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    key_below(figure, *axes.get_legend_handles_labels())
    title = "95 % of the deliveries took no longer than this (a gap: more than 5 % never came)"
    _axes(axes, title, "minutes at which the message was composed", "seconds, logarithmic")
    return figure
