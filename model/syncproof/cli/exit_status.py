"""Turn what a command returns or raises into an exit status and, for an error, one line.

| status | means |
|---|---|
| 0 | every promised property holds |
| 1 | a promised one is violated |
| 4 | an error of syncproof itself or of a design's own code |
| 3 | unknown, or interrupted |
| 2 | an error in the input or the usage |

Where several apply, the first in this order is the status, but for 0. This module imports little, since `--help` needs it.
"""

from __future__ import annotations

import errno
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from syncproof.cli import output, process
from syncproof.errors import DesignError, DiskError, InputError, from_outside, place, raised

if TYPE_CHECKING:
    from syncproof.studies.failures import Failure

HOLDS, VIOLATED, USAGE, UNKNOWN, FAILED = 0, 1, 2, 3, 4
ORDER = (VIOLATED, FAILED, UNKNOWN, USAGE, HOLDS)
INTERRUPTED = "interrupted; nothing was written"


def first(*statuses: int) -> int:
    """Return the status that counts where several apply."""
    return min(statuses, key=ORDER.index)


def exits(command: Callable[..., int]) -> Callable[..., None]:
    """Make a command exit with the status that it returns, and an error with one line and its own status."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except BaseException as error:
            status = report(error)
        raise Ended(first(status, UNKNOWN if process.interruption.cut else HOLDS))

    return run


class Ended(SystemExit):
    """The end of a command. A `SystemExit` of another class comes from elsewhere, such as a handler of a design."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def tell(failed: Mapping[str, Failure]) -> None:
    """Print a line for each design that failed, and for each promise that it had broken before."""
    for failure in failed.values():
        complain(failure.says)
        for text in failure.broken:
            complain(f"BROKEN PROMISE: {text}")


def report(error: BaseException) -> int:
    """Print the line of an error, with its traceback if `--debug` asks for that, and return its status."""
    line, status = _explain(error)
    if debugging():
        traceback.print_exception(error)
    complain(line)
    for text in error.broken if isinstance(error, DesignError) else ():
        complain(f"BROKEN PROMISE: {text}")
        status = VIOLATED
    return status


def complain(line: str) -> None:
    """Print a line on standard error."""
    print(f"syncproof: {line}", file=sys.stderr, flush=True)


def debugging() -> bool:
    """Return whether the command was called with `--debug`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().params.get("debug"))


def _explain(error: BaseException) -> tuple[str, int]:
    """Return the line and the exit status of an error."""
    if isinstance(error, InputError):
        return str(error), FAILED if isinstance(error, DesignError) else USAGE
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:  # any look at a path, in many places
        return f"{str(error.filename)!r:.60}...: {error.strerror}; allowed: the name of a file", USAGE
    if isinstance(error, DiskError):
        return str(error), FAILED
    if isinstance(error, MemoryError):
        return "memory ran out, so nothing is known; allowed: a smaller input, fewer --jobs", UNKNOWN
    if isinstance(error, KeyboardInterrupt) and from_outside(error):
        return INTERRUPTED, UNKNOWN
    from concurrent.futures import BrokenExecutor

    if isinstance(error, BrokenExecutor):
        return "a worker process was lost (out of memory, or killed); fewer --jobs may help", UNKNOWN
    where = place(error)
    return f"{where}{': ' * bool(where)}{raised(error)} (an error of syncproof itself, or of a design's code)", FAILED


class CommandGroup(click.Group):
    """A group of commands that reports a usage error in one line, like an input error.

    Called without arguments, it is the program: the command runs in a child process.
    """

    def main(self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        """Run a command and exit with its status."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        if args is None:
            sys.exit(process.apart(lambda: self._program(extra)))
        sys.exit(self._status(list(args), extra))

    def _program(self, extra: dict[str, Any]) -> int:
        from syncproof.engines import watchdog

        stdout = output.prepare()
        watchdog.begin(orphaned=lambda: signal.raise_signal(signal.SIGTERM))  # a search takes signals where it can
        status = self._status(sys.argv[1:], extra)
        sys.stdout.flush()
        if stdout is not None and stdout.failure is not None:
            complain(f"standard output cannot be written: {stdout.failure.strerror}")
            status = first(status, FAILED)
        return status

    def _status(self, args: list[str], extra: dict[str, Any]) -> int:
        """Run a command and return its exit status."""
        if "--debug" in args[1:]:  # allowed behind the command as well
            args = ["--debug", *[word for word in args if word != "--debug"]]
        try:
            ended = super().main(args, standalone_mode=False, **extra)
        except Ended as end:
            return end.status
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return error.exit_code
        except click.UsageError as error:
            complain(self._one_line(error))
            return error.exit_code
        except click.Abort:
            complain(INTERRUPTED)
            return UNKNOWN
        except BaseException as error:
            return report(error)
        return ended if isinstance(ended, int) else HOLDS  # `--help` and `--version` end so

    def _one_line(self, error: click.UsageError) -> str:
        says = error.format_message().rstrip(".").replace("\n", " ")
        if error.ctx is not None and error.ctx.command is self:
            return f"{says}; allowed: {', '.join(self.commands)}"
        says_what_is_allowed = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
        if error.ctx is None or says_what_is_allowed:
            return says
        return f"{says}; allowed: {error.ctx.get_usage().removeprefix('Usage: ')}"
