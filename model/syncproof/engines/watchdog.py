"""Watch a process from its timer: a handler that does not end, a limit of time, a parent process that is gone.

A signal comes every `TICK` seconds (`SIGALRM`) and looks at the stack of the main thread, so the code that is watched costs
nothing. A handler that is under way at the same call for `PATIENCE` seconds is taken for an endless loop. Time in which the
process is stopped does not count.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from syncproof.core.actor import Actor
from syncproof.core.packets import Packet
from syncproof.errors import DesignError, Overdue, shown

TICK = 1.0
"""Seconds between two looks."""
PATIENCE = 60.0
"""Seconds that one call of a handler may take."""
ENDED = 4
"""The exit status of a process that an endless handler does not let go of."""
ACTOR = Actor.handle.__code__.co_filename


class _Watch:
    """What the last looks saw."""

    def __init__(self) -> None:
        self.on = False
        self.parent = 0
        self.orphaned: Callable[[], None] = lambda: None
        self.frame: FrameType | None = None
        self.looks = 0
        self.deadline: float | None = None
        self.told = False


_watch = _Watch()


def begin(orphaned: Callable[[], None] = lambda: None) -> None:
    """Begin to watch this process. `orphaned` is called at every look at which its parent process is gone."""
    if not possible():
        return
    _watch.__init__()  # type: ignore[misc]
    _watch.on, _watch.parent, _watch.orphaned = True, os.getppid(), orphaned
    signal.signal(signal.SIGALRM, _look)
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)


def end() -> None:
    """Watch no more."""
    if _watch.on:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _watch.on = False


def possible() -> bool:
    """Return whether this is the main thread of a system that has timers, and nobody else uses them."""
    free = hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, _look)
    return free and threading.current_thread() is threading.main_thread()


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `Overdue` in a handler that is under way when so many seconds are over, and at the next look as well."""
    if seconds is None or not possible():
        yield
        return
    before = _watch.on
    if not before:
        begin()
    _watch.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        _watch.deadline = None
        if not before:
            end()


def _look(number: int, frame: FrameType | None) -> None:
    if os.getppid() != _watch.parent:
        _watch.orphaned()
    call = _call(frame)
    if call is None or call is not _watch.frame:
        _watch.frame, _watch.looks, _watch.told = call, 0, False
        return
    _watch.looks += 1
    if _watch.deadline is not None and time.monotonic() > _watch.deadline:
        raise Overdue
    if _watch.looks * TICK >= PATIENCE:
        says = _told(call)
        if _watch.told:  # the handler has caught the exception
            os.write(2, f"syncproof: {says}\n".encode(errors="replace"))
            os._exit(ENDED)
        _watch.told = True
        raise DesignError(says)


def _call(frame: FrameType | None) -> FrameType | None:
    """Return the outermost frame of a method of an actor: the handler's."""
    found = None
    while frame is not None:
        code = frame.f_code
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_varnames else None
        # Wrappers around handlers take the actor as well, but are no methods of it.
        if code.co_filename != ACTOR and isinstance(first, Actor) and hasattr(type(first), code.co_name):
            found = frame
        frame = frame.f_back
    return found


def _told(frame: FrameType) -> str:
    code = frame.f_code
    values = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]]
    packet = next((f" handling {type(value).__name__}" for value in values if isinstance(value, Packet)), "")
    return (
        f"{shown(code.co_filename)}:{frame.f_lineno}: {type(values[0]).__name__}.{code.co_name}{packet} "
        f"has not come to its end within {PATIENCE:g} s"
    )
