"""Draw what designs cost for many users, on logarithmic axes, and which one costs least where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator

from syncproof.errors import InputError, nearest
from syncproof.report.figures import Figure, _axes, key_below, plain, styles
from syncproof.report.names import short
from syncproof.report.tables import number
from syncproof.studies.size import Sizing
from syncproof.studies.size.break_even import DEVICES, MEMBER_COUNTS, MEMBERS, Course, course, with_members

USER_COUNTS = tuple([10.0**step for step in range(3, 11)])


def _cost(found: Sizing) -> Figure:
    """Draw the cost of a month against users, devices, members and messages."""
    plan = found.plan
    along = course(
        "users",
        USER_COUNTS,
        found.designs,
        lambda users: replace(plan, demand=replace(plan.demand, users=int(users))),
    )
    figure = Figure(figsize=(10, 7.6), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, each in zip(panels.flat, (along, *found.courses), strict=True):
        _lines(found, axes, each)
    handles, names = panels.flat[0].get_legend_handles_labels()
    key_below(figure, handles, names)
    return figure


def _lines(found: Sizing, axes: Axes, along: Course) -> None:
    names = short(found.designs)
    for name, (color, marker, dash) in styles(found.designs).items():
        costs = along.of["cost"][name]
        every = 1 if len(along.values) < 10 else 5
        axes.plot(
            along.values, costs, color=color, marker=marker, linestyle=dash, markersize=4, markevery=every, label=plain(names[name])
        )  # fmt: skip
    axes.set_xscale("log")
    if any(cost > 0 for costs in along.of["cost"].values() for cost in costs):
        axes.set_yscale("log")  # where all prices are 0, which has no logarithm, it stays linear
    if along.quantity == DEVICES:
        axes.xaxis.set_major_locator(FixedLocator(list(along.values)))
        axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    _axes(axes, f"Cost against {along.quantity}", along.quantity, f"{found.plan.prices.currency} a month")


def _cheapest(found: Sizing) -> Figure:
    """Draw which design costs least, by devices per user and members per message."""
    courses = [
        course(MEMBERS, MEMBER_COUNTS, found.designs, lambda members, plan=plan: with_members(plan, members))  # type: ignore[misc]
        for plan in found.plans.values()
    ]
    keeping = found.keeping_history()
    shown = [
        (title, names)
        for title, names in (
            ("Least cost, history kept", keeping),
            ("Least cost, nothing lost", found.losing_nothing()),
        )
        if names
    ]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    met: dict[str, str] = {}
    labels = short(found.designs)
    for axes, (title, names) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        met |= _map(found, axes, title, courses, list(names))
    key_below(figure, [Patch(color=color) for color in met.values()], [plain(labels[name]) for name in met])
    return figure


def _light(color: str) -> str:
    """Return a colour, mixed with a third of white."""
    red, green, blue = ((2 * part + 1) / 3 for part in to_rgb(color))
    return to_hex((red, green, blue))


def _map(found: Sizing, axes: Axes, title: str, courses: Sequence[Course], names: Sequence[str]) -> dict[str, str]:
    """Colour each place by the design that costs least there; return the designs that do somewhere, with their colours."""
    least = [
        [min(range(len(names)), key=lambda n: each.of["cost"][names[n]][place]) for each in courses]
        for place in range(len(MEMBER_COUNTS))
    ]
    colours = [_light(color) for color, _, _ in styles(names).values()]
    between = [(a * b) ** 0.5 for a, b in pairwise(MEMBER_COUNTS)]
    edges = [MEMBER_COUNTS[0], *between, MEMBER_COUNTS[-1]]
    axes.pcolormesh(
        [place - 0.5 for place in range(len(courses) + 1)], edges, least,
        cmap=ListedColormap(colours), vmin=-0.5, vmax=len(names) - 0.5, edgecolors="face", linewidth=0.4,
    )  # fmt: skip
    axes.set_xticks(range(len(courses)), [f"{value:g}" for value in found.plans])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    _axes(axes, title, DEVICES, MEMBERS)
    axes.grid(False)
    met = sorted({each for row in least for each in row})
    return {names[each]: colours[each] for each in met}


FIGURES: dict[str, tuple[str, Callable[[Sizing], Figure]]] = {
    "cost": ("What a month costs", _cost),
    "cheapest": ("Which design costs least where", _cheapest),
}


def draw(found: Sizing, name: str) -> Figure:
    """Draw the named figure. Raises `InputError` for an unknown name."""
    if name not in FIGURES:
        raise InputError(f"unknown figure {name!r}{nearest(str(name), FIGURES)}")
    return FIGURES[name][1](found)
