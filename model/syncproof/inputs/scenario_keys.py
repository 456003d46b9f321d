"""The tables and keys of a scenario file, read from the schema that checks it: for the documentation and for the template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from syncproof.designs.parameters import Parameters
from syncproof.inputs.durations import duration_of, length
from syncproof.inputs.field_texts import meanings
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.base import Section, Spread


def sections() -> Iterator[tuple[str, type[Section], bool]]:
    """Yield every table: its dotted name, its class, and whether it is a list of tables."""
    yield "", Scenario, False
    yield from _below("", Scenario)


def _below(path: str, kind: type[Section]) -> Iterator[tuple[str, type[Section], bool]]:
    for name, field in keys(kind):
        inner, listed = table_of(field)
        if inner is not None and inner is not Spread:
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


def is_duration(field: FieldInfo) -> bool:
    """Return whether a key is one duration."""
    return any(isinstance(m, BeforeValidator) and m.func is duration_of for m in field.metadata)


def default(field: FieldInfo) -> str | None:
    """Return the default of a key as a file writes it; None for a key that must be given, and for a table of its own."""
    value = field.default
    if field.is_required() or (isinstance(value, Section) and not isinstance(value, Spread)):
        return None
    if isinstance(value, Spread):
        return f"{{ median = {value.median:g}, sigma = {value.sigma:g} }}"
    if is_duration(field):
        return f'"{length(value)}"'
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value}".lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
