"""The types of observations as files have them: an id is a number, or a text, of no class of its own.

Decoding straight into these types is many times as fast as calling a function for every id. It changes nothing for properties,
because ids are compared as numbers.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core import observations
from syncproof.core.observations import Observation
from syncproof.core.values import DeviceId, Id, Timeline
from syncproof.formats.names import Names

LARGEST = (1 << 63) - 1
Number = Annotated[int, msgspec.Meta(ge=-LARGEST - 1, le=LARGEST)]
DeviceNumber = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
TEXTS = {("Composed", "which"), ("Amended", "which"), ("RangeRead", "replica"), ("Timeline", "owner")}
"""Fields that may hold ids of several classes and so are declared as numbers; they may be texts as well."""

KINDS: dict[str, type[Observation]] = {
    kind.__name__: kind
    for kind in vars(observations).values()
    if isinstance(kind, type) and issubclass(kind, Observation) and kind is not Observation
}
"""The classes of observations by name."""

Rename = Callable[[Any, Names], Any]


@cache
def field_types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of the fields of a class in a file whose ids may be texts."""
    hints = get_type_hints(kind)
    return {name: _texts(kind, name, hints[name]) for name in kind.__struct_fields__}


@cache
def number_decoder() -> msgspec.json.Decoder[Observation]:
    """Return a decoder of observations whose ids are numbers.

    msgspec reads the annotations of a class once, when the first decoder for it is made, and keeps what it read. They are
    replaced for that moment: nothing but this module decodes observations with msgspec's own decoder.
    """
    declared: dict[type[msgspec.Struct], Any] = dict.fromkeys([*KINDS.values(), Timeline])
    for kind in declared:
        declared[kind] = kind.__annotations__
    try:
        for kind in declared:
            hints = get_type_hints(kind)
            fields = {name: _numbers(hints[name]) for name in kind.__struct_fields__}
            kind.__annotations__ = {**declared[kind], **fields}
        return msgspec.json.Decoder(cast(Any, reduce(or_, KINDS.values())))
    finally:
        for kind, annotations in declared.items():
            kind.__annotations__ = annotations


@cache
def text_decoder() -> msgspec.json.Decoder[Any]:
    """Return a decoder of observations whose ids may be texts, into classes of its own; see `renamed`."""
    return msgspec.json.Decoder(cast(Any, reduce(or_, [_wire(kind) for kind in KINDS.values()])))


def renamed(o: Any, names: Names) -> Observation:
    """Return the observation of what a `text_decoder` returned, its texts replaced by names."""
    kind, renames = _RENAMES[type(o).__name__]
    values = [getattr(o, field) if rename is None else rename(getattr(o, field), names) for field, rename in renames]
    return kind(*values)


@cache
def _wire(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return a class with the fields of another, in which ids may be texts."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(kind)}
    fields: list[Any] = []
    for name, hint in field_types(kind).items():
        default = defaults[name]
        fields.append((name, hint) if default is msgspec.NODEFAULT else (name, hint, default))
    tagged = {"tag": kind.__name__} if issubclass(kind, Observation) else {}
    return msgspec.defstruct(kind.__name__, fields, frozen=True, gc=False, forbid_unknown_fields=bool(tagged), **tagged)  # type: ignore[arg-type]


def _numbers(hint: Any) -> Any:
    """Return the type of a field in a file whose ids are numbers."""
    if hint is int or (isinstance(hint, type) and issubclass(hint, Id)):
        return DeviceNumber if hint is DeviceId else Number
    return _mapped(hint, _numbers)


def _texts(kind: type, name: str, hint: Any) -> Any:
    """Return the type of a field in a file whose ids may be texts."""
    if isinstance(hint, type) and issubclass(hint, Id):
        return (DeviceNumber if hint is DeviceId else Number) | str
    if hint is Timeline:
        return _wire(Timeline)
    if hint is int:
        return Number | str if (kind.__name__, name) in TEXTS else Number
    return _mapped(hint, lambda part: _texts(kind, name, part))


def _mapped(hint: Any, change: Callable[[Any], Any]) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        return tuple[tuple(part if part is Ellipsis else change(part) for part in parts)]  # type: ignore[misc]
    if origin in (Union, types.UnionType):
        return reduce(or_, [change(part) for part in parts])
    return hint


def _rename(hint: Any) -> Rename | None:
    """Return a function that replaces the texts in a value of a type by names; None if it has no ids."""
    if hint is str or get_origin(hint) not in (None, tuple, Union, types.UnionType):
        return None
    if get_origin(hint) is tuple:
        return _in_tuples if str in _leaves(hint) else None
    leaves = _leaves(hint)
    if _wire(Timeline) in leaves:
        return _timeline
    if str in leaves and len(leaves) > 1:
        return _in_tuples if any(get_origin(part) is tuple for part in get_args(hint)) else _id
    return None


def _leaves(hint: Any) -> set[Any]:
    if get_origin(hint) is Annotated:
        return {int}
    if get_origin(hint) in (tuple, Union, types.UnionType):
        return {leaf for part in get_args(hint) if part is not Ellipsis for leaf in _leaves(part)} - {type(None)}
    return {hint}


def _id(value: Any, names: Names) -> Any:
    return names[value] if type(value) is str else value


def _in_tuples(value: Any, names: Names) -> Any:
    if type(value) is tuple:
        return tuple([_in_tuples(part, names) for part in value])
    return names[value] if type(value) is str else value


def _timeline(value: Any, names: Names) -> Timeline | None:
    return None if value is None else Timeline(value.kind, _id(value.owner, names), value.epoch)


_RENAMES: dict[str, tuple[type[Observation], tuple[tuple[str, Rename | None], ...]]] = {
    name: (kind, tuple((field, _rename(hint)) for field, hint in field_types(kind).items()))
    for name, kind in KINDS.items()
}
