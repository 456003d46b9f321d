"""Explain each error of a TOML file in one line: file, line, key, what is there, and what is allowed."""

from __future__ import annotations

import datetime
import re
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from syncproof.errors import nearest

KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "string_too_short": "a text that is not empty",
    "model_type": "a table of keys",
}
"""Kind of error in pydantic -> what is allowed, in the words of TOML."""


def names_of(section: object) -> list[str]:
    """Return the keys of a table; none for a value."""
    if isinstance(section, type) and issubclass(section, BaseModel):
        return [name for name, field in section.model_fields.items() if not field.exclude]
    return []


def within(section: Any, key: str) -> object:
    """Return what a key of a table holds: a table, the element of a list of tables, or a value's type."""
    annotation = section.model_fields[key].annotation
    return get_args(annotation)[0] if get_origin(annotation) is list else annotation


def _section(model: type[BaseModel], key: tuple[str | int, ...]) -> Any:
    """Return the table that contains a key."""
    section: Any = model
    for step in key[:-1]:
        section = within(section, step) if isinstance(step, str) else section
    return section


def _field(model: type[BaseModel], key: tuple[str | int, ...]) -> FieldInfo | None:
    """Return the schema's field of a key; None for an element of a list."""
    fields: dict[str, FieldInfo] = getattr(_section(model, key), "model_fields", {})
    return fields.get(str(key[-1]))


def _range(field: FieldInfo) -> str:
    """Return the numbers that a key may have, in words."""
    low = next((limit.ge for limit in field.metadata if hasattr(limit, "ge")), None)
    high = next((limit.le for limit in field.metadata if hasattr(limit, "le")), None)
    if high is None:
        finite = "" if field.annotation is int else ", and finite"
        return "a finite number" if low is None else f"{low} or more{finite}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def explain(model: type[BaseModel], error: Any, shown: str, text: str) -> str:
    """Return one error of the file `shown` as `file:line: key: what is there; allowed: what may be there`.

    `model`: the schema; `error`: one of `ValidationError.errors()`; `text`: of the file, or empty where there are no lines.
    """
    key: tuple[str | int, ...] = error["loc"]
    kind, got = error["type"], f"{error['input']!r:.60}"
    says = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("Input should ")
    says = KINDS.get(kind, says)
    if not key:  # an error that concerns several keys names the one to change
        named = says.split(": ")[0]
        return f"{_where(shown, text, tuple(named.split('.')))}: {says}"
    where = f"{_where(shown, text, key)}: {'.'.join(map(str, key))}"
    if kind == "extra_forbidden":
        return f"{where}: unknown key{nearest(str(key[-1]), names_of(_section(model, key)))}"
    if kind == "missing":
        return f"{where}: is missing; allowed: {_wanted(model, key)}"
    field = _field(model, key)
    if kind == "list_type" and field is not None:
        element = within(_section(model, key), str(key[-1]))
        tables = isinstance(element, type) and issubclass(element, BaseModel)
        each = f" of tables, each under [[{'.'.join(map(str, key))}]]" if tables else ""
        return f"{where}: {got}; allowed: a list{each}"
    if kind in ("greater_than_equal", "less_than_equal", "finite_number") and field is not None:
        return f"{where}: {got}; allowed: {_range(field)}"
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", says)
        return f"{where}: {got}{nearest(str(error['input']), options)}"
    return f"{where}: {got}; allowed: {_in_words(model, key, kind, error.get('ctx', {})) or says}"


def _in_words(model: type[BaseModel], key: tuple[str | int, ...], kind: str, limits: dict[str, Any]) -> str:
    """Return what is allowed where a value is of another type, in the words of a scenario file; empty if nothing better fits."""
    field = _field(model, key)
    span = "" if field is None else f", {_range(field)}".removesuffix(", a finite number")
    if kind.startswith("int_"):
        return f"a whole number{span}"
    if kind.startswith("float_"):
        return f"a number{span}"
    if kind.startswith("bool_"):
        return "true or false"
    if kind == "string_type":
        return "a text in quotes"
    if kind == "string_too_short":
        return "a text in quotes that is not empty"
    if kind == "greater_than":
        return f"more than {limits['gt']:g}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        keys = [step for step in key if isinstance(step, str)]
        table: Any = model
        for step in keys:
            table = within(table, step)
        return f"a table with {', '.join(names_of(table))}"
    return ""


def _wanted(model: type[BaseModel], key: tuple[str | int, ...]) -> str:
    """Return what a key that is missing takes."""
    annotation = within(_section(model, key), str(key[-1]))
    if names := names_of(annotation):
        return f"a table with {', '.join(names)}"
    if annotation is datetime.date:
        return "a date such as 2025-05-09"
    return "a text in quotes" if annotation is str else "a value"


def _where(shown: str, text: str, key: tuple[str | int, ...]) -> str:
    line = line_of(text, key)
    return f"{shown}:{line}" if line else shown


def line_of(text: str, key: tuple[str | int, ...]) -> int:
    """Return the line of a key, or else of the table that it belongs to; 0 if neither is in the text."""
    names = [step for step in key if not str(step).isdigit()]
    wanted = next((int(step) for step in key if str(step).isdigit()), 0)
    header: list[str] = []
    seen: dict[str, int] = {}
    nth = depth = found = 0
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        assigned = re.match(r"\s*([\w.\-]+)\s*=", line)
        if opened:
            header = written = opened[2].split(".")
            nth = seen[opened[2]] = seen.get(opened[2], -1) + 1
        elif assigned:
            written = [*header, *assigned[1].split(".")]
        else:
            continue
        if written == names[: len(written)] and len(written) > depth and (nth == wanted or len(header) < 2):
            depth, found = len(written), number
    return found
