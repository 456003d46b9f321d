"""The columns of a Parquet history: one for each name of a field, `timeline_owner` and its like for what is in a `Timeline`.

Ids that are texts are in a column of their own beside that of the numbers, such as `message_text` beside `message`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core.observations import Observation
from syncproof.core.values import Id, Timeline
from syncproof.formats.names import Name, Names
from syncproof.formats.wire import KINDS, TEXTS

TEXT = "_text"
"""What the name of a column of texts ends in."""


class Column(NamedTuple):
    """A field of an observation as a column: `shape` is `number`, `text`, `flag`, `list` (of numbers) or `pairs` (of numbers).

    `named`: it holds ids, which may be texts. `optional`: null is a value of the field.
    """

    name: str
    shape: str
    named: bool
    optional: bool


class Field(NamedTuple):
    """A field of a class of observations: its columns, one or, of a `Timeline`, three. `allowed`: the texts that it may hold."""

    name: str
    columns: tuple[Column, ...]
    is_timeline: bool
    allowed: frozenset[str]
    least: int | None


@cache
def fields(kind: type[Observation]) -> tuple[Field, ...]:
    """Return the fields of a class in the order of its arguments."""
    hints = get_type_hints(kind)
    return tuple(_field(kind, name, hints[name]) for name in kind.__struct_fields__)


@cache
def columns() -> dict[str, Column]:
    """Return all columns by name."""
    found: dict[str, Column] = {}
    for kind in KINDS.values():
        for field in fields(kind):
            for column in field.columns:
                before = found.setdefault(column.name, column)
                assert before.shape == column.shape, f"{column.name} is declared in two ways"
                found[column.name] = before._replace(named=before.named or column.named)
    return found


def _field(kind: type, name: str, hint: Any) -> Field:
    optional = get_origin(hint) in (Union, types.UnionType)
    (bare,) = [part for part in get_args(hint) if part is not type(None)] if optional else [hint]
    if bare is Timeline:
        parts = (("kind", "text", False), ("owner", "number", True), ("epoch", "number", False))
        made = tuple(Column(f"{name}_{part}", shape, named, optional) for part, shape, named in parts)
        return Field(name, made, True, frozenset(get_args(get_type_hints(Timeline)["kind"])), None)
    allowed = frozenset(get_args(bare)) if get_origin(bare) is Literal else frozenset()
    shape, named = _shape(bare, allowed)
    named = named or (kind.__name__, name) in TEXTS
    least = 0 if "DeviceId" in str(bare) else None
    return Field(name, (Column(name, shape, named, optional),), False, allowed, least)


def _shape(bare: Any, allowed: frozenset[str]) -> tuple[str, bool]:
    if bare is str or allowed:
        return "text", False
    if bare is bool:
        return "flag", False
    if get_origin(bare) is tuple:
        inner = get_args(bare)[0]
        if get_origin(inner) is tuple:
            return "pairs", True
        return "list", inner is not int
    return "number", isinstance(bare, type) and issubclass(bare, Id)


def split(shape: str, values: Sequence[Any]) -> tuple[list[Any], list[Any] | None]:
    """Return the numbers and the texts of a column of ids; the texts are None if there are none."""
    if not _any_name(values):
        return list(values), None
    return [_part(value, False) for value in values], [_part(value, True) for value in values]


def _any_name(values: Iterable[Any]) -> bool:
    return any(type(v) is Name or (type(v) is tuple and _any_name(v)) for v in values)


def _part(value: Any, text: bool) -> Any:
    if type(value) is tuple:
        return [_part(part, text) for part in value]
    if type(value) is Name:
        return value.text if text else None
    return None if text else value


def joined(numbers: Sequence[Any], texts: Sequence[Any] | None, names: Names) -> list[Any]:
    """Return the ids of a column, of its numbers and its texts; the opposite of `split`."""
    if texts is None:
        return list(numbers)
    return [_whole(number, text, names) for number, text in zip(numbers, texts, strict=True)]


def _whole(number: Any, text: Any, names: Names) -> Any:
    if isinstance(text, (list, tuple)):
        parts = [None] * len(text) if number is None else number
        return tuple([_whole(n, t, names) for n, t in zip(parts, text, strict=True)])
    if isinstance(number, list):
        return tuple([_whole(n, None, names) for n in number])
    return number if text is None else names[text]


def timelines(kinds: Iterable[Any], owners: Iterable[Any], epochs: Iterable[Any]) -> list[Timeline | None]:
    """Return the timelines of three columns; equal ones are one object."""
    made: dict[Any, Timeline | None] = {(None, None, None): None}
    found = []
    for key in zip(kinds, owners, epochs, strict=True):
        timeline = made.get(key, made)
        if timeline is made:
            kind, owner, epoch = key
            if kind is None or owner is None or epoch is None:
                raise msgspec.ValidationError("a timeline needs kind, owner and epoch")
            timeline = made[key] = Timeline(*key)
        found.append(timeline)
    return found  # type: ignore[return-value]


Getter = Callable[[Any], Any]
