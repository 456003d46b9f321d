"""Ctrl-C and other signals that end a search: raised where nothing is half done.

Python calls the handler of a signal between any two byte codes. In the middle of a search's own code an exception would leave
tables that do not agree with each other, so a signal is noted there, and told before the next state.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeAlias

from syncproof.errors import Interrupted

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that end a command, where the system has them."""
OURS = ("syncproof.core.", "syncproof.engines.", "namedtuple_")
"""How the names of a search's own modules begin. Python makes one for the constructor of each named tuple."""

Handler: TypeAlias = Callable[[int, FrameType | None], Any]


class Interruptions:
    """The signals that came while a function searches and that nobody was told yet (`came`). In its `with`, it is their handler.

    In a model's code, which may not end, a signal is told at once, and so it is in a library's. What has no handler of
    Python's ends the process or does nothing, as ever. Python calls handlers in the main thread alone: in others, nothing comes.
    """

    def __init__(self) -> None:
        self.came: list[int] = []
        self._usual: dict[int, Handler] = {}
        self._boundary = sys._getframe(1).f_code
        self._undivided = False

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._usual[number] = handler
                    signal.signal(number, self)
        except BaseException:  # raised by the handler of a signal whose turn had not come
            self._leave()
            raise

    def __exit__(self, *raised: object) -> None:
        self._undivided = True
        try:
            self._leave()
        except BaseException:  # raised by a handler that is back already
            self._leave()
            raise
        self.tell()

    def _leave(self) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self.came.append(number)
        if not self._undivided and self._elsewhere(frame):
            self.tell()

    def tell(self) -> None:
        """Call the handlers of the signals that came. They usually raise `KeyboardInterrupt`."""
        while self.came:
            number = self.came.pop(0)
            handler = self._usual[number]
            if handler is signal.default_int_handler:
                raise Interrupted
            handler(number, sys._getframe())

    @contextmanager
    def undivided(self) -> Iterator[None]:
        """Tell nobody for a while, not even in a library's code."""
        before, self._undivided = self._undivided, True
        try:
            yield
        finally:
            self._undivided = before

    def _elsewhere(self, frame: FrameType | None) -> bool:
        """Return whether the search is within a call of other code than its own and Python's."""
        while frame is not None and frame.f_code is not self._boundary:
            name = str(frame.f_globals.get("__name__", ""))
            if not name.startswith(OURS) and name.partition(".")[0] not in sys.stdlib_module_names:
                return True
            frame = frame.f_back
        return False
