"""The reference of the command line, from its click commands."""

from __future__ import annotations

import click

from syncproof.cli.main import main
from tools.docs.markdown import code, table


def commands() -> str:
    """Return a section for each command: what it does, its arguments, its options."""
    return "\n\n".join(_section(name, command) for name, command in main.commands.items())


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(["syncproof", name, *command.collect_usage_pieces(context)])
    lines = [f"### {name}", f"```text\n{usage}\n```", " ".join((command.help or "").split())]
    rows = [_option(p) if isinstance(p, click.Option) else _argument(p) for p in command.params]
    if rows:
        lines.append(table(["", "takes", "default", "is"], rows))
    return "\n\n".join(lines)


def _argument(argument: click.Parameter) -> list[str]:
    default = code(argument.default) if isinstance(argument.default, str) else ""
    many = "any number, or none" if argument.nargs == -1 else "one" if argument.required else "one, or none"
    return [code(argument.metavar or str(argument.name).upper()), many, default, ""]


def _option(option: click.Option) -> list[str]:
    takes = "" if option.is_flag else _takes(option)
    default = option.default if isinstance(option.default, (str, int, float)) and not option.is_flag else ""
    names = ", ".join(map(code, option.opts))
    return [names, takes, code(default) if default != "" else "", option.help or ""]


def _takes(option: click.Option) -> str:
    """Return what an option takes: the name of its value, or the range that it allows."""
    kind = option.type
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        what = "whole number" if isinstance(kind, click.IntRange) else "number"
        low = "" if kind.min is None else f"more than {kind.min:g}" if kind.min_open else f"from {kind.min:g}"
        high = "" if kind.max is None else f"less than {kind.max:g}" if kind.max_open else f"to {kind.max:g}"
        return " ".join(part for part in (what, low, high) if part)
    if isinstance(kind, click.Choice):
        return " or ".join(code(choice) for choice in kind.choices)
    repeated = option.multiple and "repeated" not in (option.help or "")
    return code(option.metavar or kind.name.upper()) + (", may be repeated" if repeated else "")
