"""Write the template of a scenario: every key of the schema, with its meaning and its default, in comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from syncproof.inputs import new_files
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.scenario_keys import default, is_duration, keys, said, table_of
from syncproof.inputs.sections.base import Section, Spread

WIDTH = 110
CHOSEN: Mapping[str, str] = {
    "title": '"{title}"',
    "shows": '"What my design costs beside the ready ones, in a small office."',
    "duration": '"1h"',
    "runs": "3",
    "population.users": "12",
    "conversations.pairs": "20",
    "traffic.messages_per_user_per_day": "200",
    "faults.push_loss": "0.02",
}
"""The keys that are no comments, so that there is something to compare at once: dotted name -> value as a file writes it."""

HEAD = """\
## A scenario of your own: who talks to whom, over which network, and what goes wrong.
##
##     syncproof compare {file}
##     syncproof compare {file} --design timeline-notify --design FILE.py:NAME
##
## Every key that there is stands here with its default, behind one comment sign: take that away to change it. A duration
## is a number and a unit (ms, s, m, h, d) in quotes. docs/scenarios.md has the limits of each key.
"""


def write(name: str, folder: Path) -> list[Path]:
    """Write NAME.toml into a folder, and return its path in a list. Raises `InputError` as `new_files` does."""
    new_files.class_name(name)
    return new_files.write(folder, {f"{name}.toml": text(name)})


def text(name: str) -> str:
    """Return the text of the file."""
    head = HEAD.replace("{file}", f"{name}.toml")
    lines = "\n".join(_table("", Scenario))
    return head + lines.replace("{title}", name.replace("_", " ").strip().capitalize()) + "\n"


def _table(path: str, kind: type[Section]) -> Iterator[str]:
    """Yield the lines of a table: its keys, then the tables in it."""
    meanings = said(path, kind)
    tables = []
    for name, field in keys(kind):
        inner, listed = table_of(field)
        whole = f"{path}.{name}".lstrip(".")
        if inner is not None and (listed or not path):
            tables.append((whole, inner, listed))
            continue
        yield ""
        yield from _comment(meanings.get(name, ""), _allowed(field))
        value = CHOSEN.get(whole)
        yield f"{name} = {value}" if value is not None else f"# {name} = {_value(field)}"
    for whole, inner, listed in tables:
        yield from ("", "")
        yield from _comment(" ".join((inner.__doc__ or "").split()), "any number of these" if listed else "")
        yield f"# [[{whole}]]" if listed else f"[{whole}]"
        yield from _table(whole, inner)


def _comment(says: str, allowed: str) -> Iterator[str]:
    """Yield a text as comments, with what is allowed at its end."""
    for line in textwrap.wrap(f"{says} ({allowed})" if allowed else says, WIDTH):
        yield f"## {line}"


def _allowed(field: FieldInfo) -> str:
    """Return the values among which a key chooses, or what the keys of a small table are."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f'"{each}"' for each in get_args(field.annotation))
    inner, _ = table_of(field)
    return "" if inner is None or inner is Spread else " ".join(f"{k}: {v}" for k, v in said("", inner).items())


def _value(field: FieldInfo) -> str:
    """Return the default of a key as a file writes it; of a key that must be given in its table, an example."""
    inner, _ = table_of(field)
    if inner is not None and inner is not Spread:  # a small table is written in one line
        return f"{{ {', '.join(f'{name} = {_value(each)}' for name, each in keys(inner))} }}"
    value = default(field)
    if value is not None:
        return value
    return '"10m"' if is_duration(field) else f"{_example(field):g}"


def _example(field: FieldInfo) -> float:
    """Return a number that a key allows which has no default: its largest or its smallest."""
    limits: list[Any] = [getattr(each, "ge", None) for each in field.metadata]
    return max([float(limit) for limit in limits if limit is not None], default=1.0)
