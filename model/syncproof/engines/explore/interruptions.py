"""Ctrl-C and other signals that end a search: raised where nothing is half done.

Python calls the handler of a signal between any two byte codes. In the middle of a search's own code an exception would leave
tables that do not agree with each other, so a signal is noted there, and told before the next state.
"""

from __future__ import annotations

import _thread
import signal
import sys
import sysconfig
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
LIBRARY = (sysconfig.get_path("stdlib"), "<frozen ")
"""How the file names of Python's own modules begin. A user's module may have the name of one."""
AGAIN = 0.02
"""Seconds until a signal that was noted comes again."""

Handler: TypeAlias = Callable[[int, FrameType | None], Any]


class Interruptions:
    """The signals that came during a search and that nobody was told yet (`came`). In its `with`, it is their handler.

    In a model's code, which may not end, a signal is told at once, and so it is in a library's. A signal that was noted comes again
    until it is told, since a model's code may be next. What has no handler of Python's ends the process or does nothing, as ever.
    Python calls handlers in the main thread alone: in others, nothing comes.
    """

    def __init__(self) -> None:
        self.came: list[int] = []
        self._usual: dict[int, Handler] = {}
        self._search: FrameType | None = None
        self._undivided = False
        self._comes_again = False
        self._over = False
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self._search = sys._getframe(1)
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
        with self._lock:
            self._over = True  # what comes again from now on would meet the usual handler
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        self._search = None  # it refers to this object

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if number not in self.came:
            self.came.append(number)
        if not self._undivided and self._elsewhere(frame):
            self.tell()
        elif not self._comes_again:
            self._comes_again = True
            again = threading.Timer(AGAIN, self._come_again)
            again.daemon = True
            again.start()

    def _come_again(self) -> None:
        self._comes_again = False
        with self._lock:
            if self.came and not self._over:
                _thread.interrupt_main(signal.Signals(self.came[0]))

    def tell(self) -> None:
        """Call the handlers of the signals that came. They usually raise `KeyboardInterrupt`, which is told as `Interrupted`."""
        while self.came:
            number = self.came.pop(0)
            try:
                self._usual[number](number, sys._getframe())
            except Interrupted:
                raise
            except KeyboardInterrupt as error:
                raise Interrupted from error

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
        while frame is not None and frame is not self._search:
            name = str(frame.f_globals.get("__name__", ""))
            if not name.startswith(OURS):
                pythons = name.partition(".")[0] in sys.stdlib_module_names
                if not (pythons and frame.f_code.co_filename.startswith(LIBRARY)):
                    return True
            frame = frame.f_back
        return False
