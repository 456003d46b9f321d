"""The short table that a command prints, and the progress bar. Plain text when it is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from syncproof.engines.explore.search import Status
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report import tables
from syncproof.studies.compare import Comparison
from syncproof.studies.verify import Progress as Searched

SHOWN = (
    "server_writes_per_message",
    "server_deletes_per_message",
    "server_reads_per_message",
    "packets_per_delivery",
    "round_trips_per_delivery",
    "pulls_per_delivery",
    "bytes_per_delivery",
    "delivery_latency_p50_s",
    "delivery_latency_p99_s",
    "lost_deliveries",
)
COLOURS = {"supported": "green", "refuted": "red", "depends": "yellow", "unknown": "dim"}


class Pipe(Console):
    """A reader who has seen enough is told apart from a verdict."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Standard output; at least 118 columns when it is a file or a pipe, so that nothing is cut."""
    return Pipe(highlight=False, width=None if sys.stdout.isatty() else 118)


@contextmanager
def progress(title: str, what: str = "runs") -> Iterator[Callable[[int, int], None] | None]:
    """A bar with what remains, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{what},"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def status() -> Iterator[Callable[[Status], None] | None]:
    """One line of a search's progress, written anew about five times a second, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = 0.0

    def write(now: Status) -> None:
        nonlocal shown
        if now.elapsed - shown < 0.2:
            return
        shown = now.elapsed
        rate = now.states / max(now.elapsed, 1e-9)
        sys.stderr.write(
            f"\r{now.states:,} states, {rate:,.0f}/s, queue {now.queue:,}, depth {now.depth}, "
            f"{now.memory >> 20:,} MiB, {now.elapsed:.0f} s\x1b[K"
        )
        sys.stderr.flush()

    try:
        yield write
    finally:
        sys.stderr.write("\r\x1b[K")


@contextmanager
def searching() -> Iterator[Callable[[Searched], None] | None]:
    """One line of a verification's progress, written anew as each world is done, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return

    def write(now: Searched) -> None:
        rate = now.states / max(now.elapsed, 1e-9)
        sys.stderr.write(
            f"\r{now.done}/{now.total} worlds, {now.states:,} states, {rate:,.0f}/s, "
            f"queue {now.total - now.done} worlds, depth {now.depth}, {now.memory >> 20:,} MiB, {now.elapsed:.0f} s\x1b[K"
        )
        sys.stderr.flush()

    try:
        yield write
    finally:
        sys.stderr.write("\r\x1b[K")


@contextmanager
def cutting() -> Iterator[Callable[[int], None]]:
    """How many moves are left, written anew as they become fewer, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda left: None
        return

    def write(left: int) -> None:
        sys.stderr.write(f"\r{left:,} moves left\x1b[K")
        sys.stderr.flush()

    try:
        yield write
    finally:
        sys.stderr.write("\r\x1b[K")


def show(comparison: Comparison) -> None:
    """The answer, the costs, the promises, the claims."""
    out = console()
    results = comparison.results()
    out.print(Text(f"{comparison.scenario.title}: {comparison.scenario.shows}", style="bold"))
    for warning in results["warnings"]:
        out.print(Text(f"warning: {warning}", style="yellow"))
    order = list(METRICS)
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("design", no_wrap=True)
    for metric in SHOWN:
        grid.add_column(METRICS[metric].heading.replace(" ", "\n", 1), justify="right", no_wrap=True)
    grid.add_column("promises", justify="right", no_wrap=True)
    for name, cells in tables.costs(results):
        good, all_of_them = tables.kept(results["designs"][name])
        chosen = [cells[order.index(metric)] for metric in SHOWN]
        promises = Text(f"{good}/{all_of_them}", style="" if good == all_of_them else "bold red")
        grid.add_row(name, *(Text(c.text, style="bold" if c.best else "") for c in chosen), promises)
    out.print(grid)
    out.print()
    for sentence in tables.answer(comparison):
        out.print(Text(sentence))
    for design, name, example in tables.losers(results):
        out.print(Text(f"  {design} does not promise {name}: {example}", style="dim"))
    for design, name, finding in comparison.broken():
        out.print(Text(f"  BROKEN PROMISE: {design}, {name}: {finding['example']}", style="bold red"))
    out.print()
    for key, claim in results["claims"].items():
        out.print(
            Text.assemble((f"{key:>4} ", ""), (f"{claim['verdict']:<10}", COLOURS[claim["verdict"]]), claim["evidence"])
        )
