"""The keys of a scenario file, from the schema that checks it, and the predefined scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from syncproof.designs.parameters import Parameters
from syncproof.inputs import scenario
from syncproof.inputs.scenario import UNITS, Scenario, Section, load
from tools.docs.fields import meanings
from tools.docs.markdown import code, codes, table


def ready() -> str:
    """Return a table with a row for each predefined scenario."""
    rows = []
    for name in scenario.ready():
        loaded = load(name)
        trace = f"a {loaded.traffic.trace} trace" if loaded.traffic.trace != "none" else ""
        file = f"[{name}](../scenarios/{name}.toml)"
        rows.append([file, loaded.title, loaded.shows, length(loaded.duration) if not trace else "the trace's", trace])
    return table(["scenario", "is", "shows", "length", "needs"], rows)


def tables() -> str:
    """Return a section for each table of the file, and for each table inside of one."""
    return "\n\n".join(_section(path, kind, listed) for path, kind, listed in sections())


def sections() -> Iterator[tuple[str, type[Section], bool]]:
    """Yield every table: its dotted name, its class, and whether it is a list of tables."""
    yield "", Scenario, False
    yield from _below("", Scenario)


def _below(path: str, kind: type[Section]) -> Iterator[tuple[str, type[Section], bool]]:
    for name, field in keys(kind):
        inner, listed = table_of(field)
        if inner is not None and inner is not scenario.Spread:
            yield f"{path}{name}", inner, listed
            yield from _below(f"{path}{name}.", inner)


def keys(kind: type[Section]) -> list[tuple[str, FieldInfo]]:
    """Return the keys of a table, in order."""
    return [(name, field) for name, field in kind.model_fields.items() if not field.exclude]


def table_of(field: FieldInfo) -> tuple[type[Section] | None, bool]:
    """Return the class of the table that a key holds, if any, and whether it holds a list of them."""
    listed = get_origin(field.annotation) is list
    inner = get_args(field.annotation)[0] if listed else field.annotation
    return (inner, listed) if isinstance(inner, type) and issubclass(inner, Section) else (None, False)


def said(path: str, kind: type[Section]) -> dict[str, str]:
    """Return the meanings of a table's keys; those of the table `model` are in `Parameters`, from which it is made."""
    return meanings(Parameters if path == "model" else kind)


def _section(path: str, kind: type[Section], listed: bool) -> str:
    title = "The top of the file" if not path else f"`[[{path}]]`" if listed else f"`[{path}]`"
    means = said(path, kind)
    rows = [[code(name), *_type(name, field), _default(field), means.get(name, "")] for name, field in keys(kind)]
    parts = [f"### {title}", _text(kind) if path else "", table(["key", "type", "allowed", "default", "is"], rows)]
    return "\n\n".join(part for part in parts if part)


def _text(kind: type[Section]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _type(name: str, field: FieldInfo) -> list[str]:
    """Return the name of the type with its unit, and what is allowed."""
    inner, listed = table_of(field)
    limits = _limits(field)
    if inner is scenario.Spread:
        return [f"[spread](#spreads){' of ms' if name.endswith('_ms') else ' of bytes' if 'bytes' in name else ''}", ""]
    if inner is not None:
        return ["list of tables" if listed else "table", ""]
    if get_origin(field.annotation) is list:
        return ["list of [durations](#durations)", limits]
    functions = [m.func for m in field.metadata if isinstance(m, BeforeValidator)]
    if scenario._duration in functions:
        return ["[duration](#durations)", limits]
    if scenario._devices in functions:
        return ["whole number, or a list of them", "each 1 to 64"]
    if get_origin(field.annotation) is Literal:
        return ["text", codes(f'"{choice}"' for choice in get_args(field.annotation))]
    unit = " of ms" if name.endswith("_ms") else " of bytes" if name.endswith("_bytes") else ""
    names: dict[Any, str] = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    return [f"{names[field.annotation]}{unit}", limits]


def _limits(field: FieldInfo) -> str:
    """Return the constraints as a phrase."""
    low = high = ""
    for each in field.metadata:
        if isinstance(each, annotated_types.Ge):
            low = f"from {each.ge:,}"
        elif isinstance(each, annotated_types.Gt):
            low = f"more than {each.gt:,}"
        elif isinstance(each, annotated_types.Le):
            high = f"to {each.le:,}"
        elif isinstance(each, annotated_types.MinLen):
            low = "not empty" if each.min_length == 1 else f"from {each.min_length} characters"
    return " ".join(part for part in (low, high) if part)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.default
    if isinstance(value, scenario.Spread):
        return code(f"{{ median = {value.median:g}, sigma = {value.sigma:g} }}")
    if isinstance(value, Section):
        return "the keys' own"
    if any(isinstance(m, BeforeValidator) and m.func is scenario._duration for m in field.metadata):
        return code(f'"{length(value)}"')
    if isinstance(value, str):
        return code(f'"{value}"')
    if isinstance(value, list):
        return "none" if not value else code(value)
    return code(f"{value}".lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value)


def length(seconds: float) -> str:
    """Return a duration as a file writes it, in the largest unit that gives a whole number, or else in the smallest."""
    for unit, size in sorted(UNITS.items(), key=lambda item: -item[1]):
        count = seconds / size
        if count >= 1 and abs(count - round(count)) < 1e-9:
            return f"{round(count)}{unit}"
    return f"{seconds:g}s"


def undocumented() -> list[str]:
    """Return the keys without an explanation."""
    found = []
    for path, kind, _ in sections():
        means = said(path, kind)
        found += [f"{path}.{n}".lstrip(".") for n, f in keys(kind) if n not in means and table_of(f) == (None, False)]
    return found
