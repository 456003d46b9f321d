"""The keys of a scenario file, from the schema that checks it, and the predefined scenarios."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from syncproof.inputs import scenario
from syncproof.inputs.durations import duration_of, length
from syncproof.inputs.scenario import load
from syncproof.inputs.scenario_keys import default, keys, said, sections, table_of
from syncproof.inputs.sections.base import Section, Spread
from syncproof.inputs.sections.workload import checked_devices
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
    if inner is Spread:
        return [f"[spread](#spreads){' of ms' if name.endswith('_ms') else ' of bytes' if 'bytes' in name else ''}", ""]
    if inner is not None:
        return ["list of tables" if listed else "table", ""]
    if get_origin(field.annotation) is list:
        return ["list of [durations](#durations)", limits]
    functions = [m.func for m in field.metadata if isinstance(m, BeforeValidator)]
    if duration_of in functions:
        return ["[duration](#durations)", limits]
    if checked_devices in functions:
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
    value = default(field)
    if value is None:
        return "must be given" if field.is_required() else "the keys' own"
    return "none" if value == "[]" else code(value)


def undocumented() -> list[str]:
    """Return the keys without an explanation."""
    found = []
    for path, kind, _ in sections():
        means = said(path, kind)
        found += [f"{path}.{n}".lstrip(".") for n, f in keys(kind) if n not in means and table_of(f) == (None, False)]
    return found
