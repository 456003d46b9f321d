"""Tell when a user's code reads a clock or draws random numbers, whether or not that changes what it does this time.

A call that is made again tells a draw only if the second draw is another one and matters. So the functions themselves are
watched, under whatever name a user's module has imported them. Calls from `logging` are not meant.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from types import FrameType
from typing import Any

from syncproof.engines.handler_errors import ImpureHandler
from syncproof.errors import is_own, shown

CLOCKS = frozenset(
    getattr(time, name + end)
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for end in ("", "_ns")
)
NOW = ("now", "today", "utcnow")
"""The methods of `date` and `datetime` that read the clock."""
MAKES = random.Random.__init__.__code__
MAY = "handlers and properties may depend on their fields and on what they are given alone"


@contextmanager
def watched() -> Iterator[None]:
    """Raise `ImpureHandler` after a block in which a user's code read a clock or drew a random number.

    A generator that is made in the block, from the packet for example, may be drawn from. Where a profiler runs nothing is
    watched, as there is one place for both.
    """
    if sys.getprofile() is not None:
        yield
        return
    found: list[str] = []
    made: list[Any] = []
    whole = sys._getframe()

    def see(frame: FrameType, event: str, function: Any) -> None:
        if event == "call" and frame.f_code is MAKES:
            made.append(frame.f_locals["self"])
        if event == "c_call" and not found and (does := _does(function, made)):
            where = _where(frame, whole)
            if where:
                found.append(f"{where}: {does}: {MAY}")

    collecting = gc.isenabled()
    gc.disable()  # what a library does when garbage is collected, in the middle of a user's code, is not the user's
    sys.setprofile(see)
    try:
        yield
    finally:
        sys.setprofile(None)
        if collecting:
            gc.enable()
    if found:
        raise ImpureHandler(found[0])


@cache
def of_a_user(kinds: tuple[type, ...]) -> bool:
    """Return whether one of these classes, or a base of one, is a user's."""
    modules = dict.fromkeys(base.__module__ for kind in kinds for base in kind.__mro__)
    files = [getattr(sys.modules.get(module), "__file__", None) for module in modules]
    return "__main__" in modules or any(is_own(file) for file in files if file)


def _does(function: Any, made: list[Any]) -> str:
    """Return in words what a built-in function does that cannot be repeated; empty if it can be."""
    of = getattr(function, "__self__", None)
    if isinstance(of, random.Random):
        own = any(each is of for each in made) and not isinstance(of, random.SystemRandom)
        return "" if own else f"a random number is drawn ({function.__name__})"
    if function is os.urandom:
        return "a random number is drawn (urandom)"
    if isinstance(of, type) and issubclass(of, date):
        return f"the clock is read ({of.__name__}.{function.__name__})" if function.__name__ in NOW else ""
    try:
        return f"the clock is read (time.{function.__name__})" if function in CLOCKS else ""
    except TypeError:  # a method of an object without a hash
        return ""


def _where(frame: FrameType | None, whole: FrameType) -> str:
    """Return `FILE:LINE` of the innermost line of a user's code below `whole`; empty if there is none, or for a log."""
    while frame is not None and frame is not whole:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "logging":
            return ""
        if is_own(frame.f_code.co_filename):
            return f"{shown(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
