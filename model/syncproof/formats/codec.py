"""Observations, packets and moves to and from JSON objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core.packets import Packet
from syncproof.core.values import ENVIRONMENT, ActorId, DeviceId, Id, ServerId
from syncproof.errors import InputError


def _plain(value: Any) -> Any:
    if isinstance(value, Id):
        return int(value)
    # msgspec asks for this exception where a hook does not know a value; packets and ids are all that there is to write.
    raise NotImplementedError(f"cannot write a {type(value).__name__}")


def encode(value: Any) -> bytes:
    """One JSON object, ids as integers, packets, moves and observations with their class in `type`."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _decode(path: Path, number: int, line: bytes, base: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return _build(msgspec.json.decode(line), base)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, _Bad) as error:
        raise InputError(f"{path}:{number}: {error}") from None


class _Bad(Exception):
    pass


def _classes(base: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """By name; of two with one name ours is meant."""
    found: dict[str, type[msgspec.Struct]] = {}
    for subclass in base.__subclasses__():
        for name, kind in {subclass.__name__: subclass, **_classes(subclass)}.items():
            if name not in found or kind.__module__.startswith("syncproof."):
                found[name] = kind
    return found


_HINTS: dict[type, dict[str, Any]] = {}


def _build(raw: Any, base: type[msgspec.Struct]) -> msgspec.Struct:
    """An object of the subclass of `base` that `type` names; fields of class `Packet` are built the same way."""
    if not isinstance(raw, dict):
        raise _Bad(f"a JSON object expected, not {raw!r:.40}")
    name = raw.pop("type", None)
    known = _classes(base)
    if not isinstance(name, str) or name not in known:
        raise _Bad(f"type: {name!r:.40} is no {base.__name__.lower()}; allowed: {', '.join(sorted(known))}")
    kind = known[name]
    hints = _HINTS.get(kind)
    if hints is None:
        hints = _HINTS[kind] = {f: h for f, h in get_type_hints(kind).items() if f in kind.__struct_fields__}
    unknown = [key for key in raw if key not in hints]
    if unknown:
        raise _Bad(f"{name}.{unknown[0]}: unknown field; allowed: {', '.join(hints)}")
    values = {}
    for key, value in raw.items():
        try:
            values[key] = _value(value, hints[key])
        except msgspec.ValidationError as error:
            raise _Bad(f"{name}.{key}: {error}") from None
    try:
        return kind(**values)
    except TypeError as error:
        raise _Bad(f"{name}: {error}") from None


def _value(raw: Any, hint: Any) -> Any:
    if hint is Packet:
        return _build(raw, Packet)
    if get_origin(hint) is tuple and get_args(hint)[0] is Packet:
        return tuple([_build(item, Packet) for item in raw])
    return msgspec.convert(raw, hint, dec_hook=_id)


def _id(kind: type, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Id) and isinstance(value, int):
        if kind is ActorId and value != ENVIRONMENT:  # it is written as a number, and which kind it is decides much
            return DeviceId(value) if value >= 0 else ServerId(value)
        return kind(value)
    raise ValueError(f"{value!r:.40} is no {kind.__name__}; allowed: a whole number")
