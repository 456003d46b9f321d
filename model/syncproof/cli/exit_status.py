"""How a command ends: an exit status, and one line for whatever a person can mend. Light, since `--help` needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from math import isfinite
from typing import Any

import click

from syncproof.errors import InputError


def told(command: Callable[..., int]) -> Callable[..., None]:
    """Turns an input error into its line and status 2, and what the command returns into the exit status."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            status = command(*arguments, **options)
        except InputError as error:
            click.echo(f"syncproof: {error}", err=True)
            status = 2
        except RecursionError:
            click.echo("syncproof: what was given is nested too deeply; allowed: what a person would write", err=True)
            status = 2
        except MemoryError:
            click.echo("syncproof: memory ran out, so nothing is known; allowed: less of everything", err=True)
            status = 3
        except KeyboardInterrupt:
            click.echo("syncproof: interrupted; nothing was written", err=True)
            status = 3
        except BrokenPipeError:
            sys.stderr.close()
            status = 0
        except Exception as error:
            from concurrent.futures import BrokenExecutor

            if isinstance(error, BrokenExecutor):
                told = "a worker process was lost (out of memory, or killed); fewer --jobs may help"
                status = 3
            elif _designs_fault(error):
                told = str(error).splitlines()[0]
                status = 2
            else:
                raise
            click.echo(f"syncproof: {told}", err=True)
        sys.exit(status)

    return run


def _designs_fault(error: Exception) -> bool:
    """Whether a search says that a design's handlers are not what they have to be."""
    from syncproof.engines.explore import HandlerError, ImpureHandler, NotSymmetric

    return isinstance(error, HandlerError | ImpureHandler | NotSymmetric)


class Finite(click.FloatRange):
    """A number above 0 that is one: `nan` and `inf` limit nothing."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not in the range x>0: a finite number.", param, ctx)
        return number


class Commands(click.Group):
    """Tells an error of usage in one line, like one of input."""

    def main(self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        try:
            sys.exit(super().main(args, standalone_mode=False, **extra))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            says = error.format_message().rstrip(".").replace("\n", " ")
            usual = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
            usage = "" if usual or error.ctx is None else error.ctx.get_usage().removeprefix("Usage: ")
            if error.ctx is not None and error.ctx.command is self:
                usage = ", ".join(self.commands)
            click.echo(f"syncproof: {says}{f'; allowed: {usage}' if usage else ''}", err=True)
            sys.exit(error.exit_code)
