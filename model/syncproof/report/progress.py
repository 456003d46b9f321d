"""Show the progress of a command, on standard error and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:  # every command would load what one of them needs, and take twice as long to start
    from syncproof.engines.explore.search import Status
    from syncproof.studies.verify import Searched

Now = TypeVar("Now")
Update = Callable[[Now], None]


@contextmanager
def _shown(*columns: ProgressColumn) -> Iterator[Callable[..., None] | None]:
    """Yield a function that updates one line made of `columns`; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as line:
        task = line.add_task("", total=None)
        yield lambda **fields: line.update(task, **fields)


@contextmanager
def counted(title: str, what: str = "runs") -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar with the number of jobs done and of all jobs, and the time that is left."""
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{what},"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with _shown(*columns) as update:
        yield None if update is None else lambda done, total: update(completed=done, total=total)


@contextmanager
def _described(describe: Callable[[Now], str], first: str = "") -> Iterator[Callable[[Now], None] | None]:
    """Show one line of text that `describe` makes from the newest state, and `first` above it."""
    with _shown(TextColumn("{task.description}", markup=False)) as update:
        if update is not None and first:
            print(first, file=sys.stderr)
        yield None if update is None else lambda now: update(description=describe(now))


def searching(room: str = "") -> AbstractContextManager[Update[Status] | None]:
    """Show the progress of one search. `room`: where it ends, in words."""
    return _described(
        lambda now: (
            f"{now.states:,} states, {now.states / max(now.elapsed, 1e-9):,.0f}/s, queue {now.queue:,}, "
            f"depth {now.depth}, {now.memory >> 20:,} MiB, {now.elapsed:.0f} s"
        ),
        room,
    )


def verifying() -> AbstractContextManager[Update[Searched] | None]:
    """Show the progress of a verification, as each world is searched."""
    return _described(
        lambda now: (
            f"{now.done}/{now.total} worlds, {now.states:,} states, {now.states / max(now.elapsed, 1e-9):,.0f}/s, "
            f"queue {now.total - now.done} worlds, depth {now.depth}, {now.memory >> 20:,} MiB, {now.elapsed:.0f} s"
        )
    )


def minimising() -> AbstractContextManager[Update[int] | None]:
    """Show how many moves are left."""
    return _described(lambda left: f"{left:,} moves left")
