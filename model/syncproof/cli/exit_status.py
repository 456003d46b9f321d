"""Turn what a command returns or raises into an exit status and, for an expected error, one line.

This module imports little, since `--help` needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from syncproof.errors import InputError


def exits(command: Callable[..., int]) -> Callable[..., None]:
    """Make a command exit with the status that it returns, and an expected error with one line and its own status."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except BrokenPipeError:
            sys.stderr.close()
            status = 0
        except (Exception, KeyboardInterrupt) as error:
            line, status = _explain(error)
            click.echo(f"syncproof: {line}", err=True)
        sys.exit(status)

    return run


def _explain(error: BaseException) -> tuple[str, int]:
    """Return the line and the exit status of an expected error; raise any other."""
    if isinstance(error, InputError):
        return str(error), 2
    if isinstance(error, RecursionError):
        return "the input is nested too deeply; allowed: fewer levels", 2
    if isinstance(error, MemoryError):
        return "memory ran out, so nothing is known; allowed: a smaller input, fewer --jobs", 3
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing was written", 3
    from concurrent.futures import BrokenExecutor

    from syncproof.engines.explore import HandlerError, ImpureHandler, NotSymmetric

    if isinstance(error, BrokenExecutor):
        return "a worker process was lost (out of memory, or killed); fewer --jobs may help", 3
    if isinstance(error, HandlerError | ImpureHandler | NotSymmetric):
        return str(error).splitlines()[0], 2
    raise error


class CommandGroup(click.Group):
    """A group of commands that reports a usage error in one line, like an input error."""

    def main(self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        try:
            sys.exit(super().main(args, standalone_mode=False, **extra))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            click.echo(f"syncproof: {self._one_line(error)}", err=True)
            sys.exit(error.exit_code)

    def _one_line(self, error: click.UsageError) -> str:
        says = error.format_message().rstrip(".").replace("\n", " ")
        if error.ctx is not None and error.ctx.command is self:
            return f"{says}; allowed: {', '.join(self.commands)}"
        says_what_is_allowed = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
        if error.ctx is None or says_what_is_allowed:
            return says
        return f"{says}; allowed: {error.ctx.get_usage().removeprefix('Usage: ')}"
