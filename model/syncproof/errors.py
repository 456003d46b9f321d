"""Errors, each described in one line that says how to correct the input or the design, and what ends a command from outside."""

from __future__ import annotations

import difflib
import os
import signal
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parent
LIBRARIES = tuple(str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "purelib", "platlib"))


class InputError(Exception):
    """Bad input, described in one line: which file, which line or field, what is wrong, what is allowed."""


class DesignError(InputError):
    """The code of a design failed, told in one line: which file and line, and what it raised."""

    broken: tuple[str, ...] = ()
    """The promises that the design had broken before that."""


class DiskError(Exception):
    """A temporary file cannot be written, told in one line: what the system says, and what is allowed."""


class Interrupted(KeyboardInterrupt):
    """A signal ends the command. A `KeyboardInterrupt` of another class may come from a handler of a design."""


class Overdue(BaseException):
    """A search has reached its limit of time inside a handler, which it leaves by this."""


def nearest(word: str, names: Iterable[str], among: Iterable[str] = ()) -> str:
    """Return the end of an error's line: the names that are allowed, and the one that was probably meant.

    `among`: where that one is looked for, if `names` says in a few words what would be many names.
    """
    names = list(names)
    near = difflib.get_close_matches(word, list(among) or names, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"; allowed: {', '.join(names)}{hint}" if names else ""


def from_outside(error: BaseException) -> bool:
    """Return whether an exception comes from outside of the code that it was raised in: a signal, a limit of time.

    Where Python's own handler of Ctrl-C is installed, as in a notebook outside of searches, every `KeyboardInterrupt` counts as
    Ctrl-C.
    """
    if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        return True
    return isinstance(error, Interrupted | Overdue)


def raised(error: BaseException) -> str:
    """Return what was raised, in one line: its class and the first line of its text."""
    try:
        text = next(iter(str(error).splitlines()), "")
    except Exception:  # the class may be a user's
        text = ""
    return f"{type(error).__name__}: {text:.200}".rstrip(": ")


def place(error: BaseException, file: str | Path | None = None) -> str:
    """Return `FILE:LINE` where an exception was raised: the innermost line of `file`, else of a user's code, else of any.

    Empty if no line of `file` was under way, or no line at all.
    """
    frames = list(traceback.extract_tb(error.__traceback__))
    if file is None:
        frames = [frame for frame in frames if is_own(frame.filename)] or frames
    else:
        path = Path(file).absolute()
        frames = [frame for frame in frames if Path(frame.filename).absolute() == path]
    return f"{shown(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def in_own_code(error: BaseException) -> bool:
    """Return whether a user's code was under way when an exception was raised."""
    return any(is_own(frame.filename) for frame in traceback.extract_tb(error.__traceback__))


def ran_out(error: BaseException) -> bool:
    """Return whether memory ran out in code that is not a user's, which says nothing about the user's."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, MemoryError) and not (frames and is_own(frames[-1].filename))


def is_own(filename: str) -> bool:
    """Return whether a file is neither of syncproof nor of a library: code of a user."""
    path = os.path.abspath(filename)
    return not filename.startswith("<") and not path.startswith((str(PACKAGE), *LIBRARIES))


def shown(filename: str) -> str:
    """Return a path as a person writes it: relative to the present folder where it is below that."""
    path = Path(filename).absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def declared(kind: type) -> str:
    """Return `FILE:LINE` of a class of a user; empty for a class of syncproof, or one that has no file."""
    import inspect

    try:
        filename = inspect.getsourcefile(kind) or ""
        line = inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        module = sys.modules.get(kind.__module__)
        filename, line = getattr(module, "__file__", None) or "", 0
    if not filename or not is_own(filename):
        return ""
    return f"{shown(filename)}:{line}" if line else shown(filename)
