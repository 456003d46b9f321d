"""Ctrl-C and other signals that end a search, held while what it consists of does not fit together."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal


@contextmanager
def interruptions(how: Literal["held", "let through"]) -> Iterator[None]:
    """Hold signals that end a search for a while, or let them through within such a while: where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    which = signal.SIG_BLOCK if how == "held" else signal.SIG_UNBLOCK
    before = signal.pthread_sigmask(which, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
