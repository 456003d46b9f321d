"""Run a command in a child process, so that its exit status is its own, whatever a design's code does to the process.

The parent waits. It tells the child's status, passes signals on, and ends a child that neither ends nor begins to write its
results within `GRACE` seconds of a signal. A child that ends without a status has failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from syncproof.errors import Interrupted

GRACE = 4.0
"""Seconds in which an interrupted command ends, or has begun to write its results. Those of a long study take longer."""
AGAIN = 0.01
"""Seconds until a signal that was lost comes again."""
FAILED, UNKNOWN = 4, 3
WRITING = 255
"""What an interrupted child sends to its parent, instead of a status, when it begins to write results."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption:
    """Turn the first signal that ends a command into `Interrupted`; `met`: whether one came.

    `awaited`: the command has done its work, and goes on until a signal ends it. Such an end changes no exit status.
    """

    met = False
    awaited = False
    pipe: int | None = None
    """Where the child sends its status."""

    @property
    def cut(self) -> bool:
        """Return whether a signal ended the work of a command."""
        return self.met and not self.awaited

    def __call__(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Take a signal. Later ones are ignored: what the first one began is under way."""
        if not self.met:
            self.met = True
            raise Interrupted

    def listen(self) -> None:
        """Begin to take signals, but for those that are to be ignored."""
        for number in _signals():
            signal.signal(number, self)
        sys.unraisablehook = self.lost

    def lost(self, unraisable: Any) -> None:
        """Come again soon if the signal met code out of which nothing can be raised, such as a finaliser; else do as usual."""
        if not isinstance(unraisable.exc_value, Interrupted):
            sys.__unraisablehook__(unraisable)
            return
        self.met = False
        again = threading.Timer(AGAIN, os.kill, (os.getpid(), signal.SIGTERM))
        again.daemon = True
        again.start()


interruption = Interruption()


def report_results() -> None:
    """Tell the parent of an interrupted command that its results are being written, so that it waits for them."""
    if interruption.met and interruption.pipe is not None:
        with contextlib.suppress(BrokenPipeError):
            os.write(interruption.pipe, bytes([WRITING]))


def _signals() -> list[signal.Signals]:
    every = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    return [number for number in every if signal.getsignal(number) != signal.SIG_IGN]


def apart(command: Callable[[], int]) -> int:
    """Run a command in a child process and return its exit status. Where there is no fork, run it here."""
    if not hasattr(os, "fork"):
        return command()
    reading, writing = os.pipe()
    signals = _signals()
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(command, writing, signals)
    os.close(writing)
    return _parent(child, reading, signals)


def _child(command: Callable[[], int], writing: int, signals: list[signal.Signals]) -> None:
    status = FAILED
    try:
        interruption.pipe = writing
        interruption.listen()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        status = command()
        with contextlib.suppress(BrokenPipeError):  # the parent was killed, and nobody asks any more
            os.write(writing, bytes([status]))
    except BaseException as error:
        if isinstance(error, Interrupted):
            status = UNKNOWN
            os.write(writing, bytes([status]))
        else:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _parent(child: int, reading: int, signals: list[signal.Signals]) -> int:
    asked = False
    told = b""
    os.set_blocking(reading, False)

    def listen() -> None:
        nonlocal told
        with contextlib.suppress(BlockingIOError):  # a process that the child left behind holds the other end
            while heard := os.read(reading, 16):
                told += heard

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            os.kill(child, signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, GRACE)

    def look(number: int, frame: FrameType | None) -> None:
        listen()
        if not told:
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    for number in signals:
        signal.signal(number, ask)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    _, ended = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    listen()
    status = told.replace(bytes([WRITING]), b"")
    if status:
        return status[0]
    if asked:
        _complain("interrupted; nothing was written")
        return UNKNOWN
    code = os.waitstatus_to_exitcode(ended)
    if code == -signal.SIGKILL:
        _complain("the process was killed (out of memory?), so nothing is known")
        return UNKNOWN
    how = f"exit status {code}" if code >= 0 else _name(-code)
    _complain(f"the process ended without a result ({how}): the code of a design, or of syncproof, ended it")
    return FAILED


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _complain(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"syncproof: {line}", file=sys.stderr)
