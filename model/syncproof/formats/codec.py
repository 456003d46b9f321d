"""Conversion of observations, packets and moves to and from JSON objects: the class in `type`, ids as whole numbers."""

from __future__ import annotations

from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core.packets import Packet
from syncproof.core.values import ENVIRONMENT, ActorId, DeviceId, Id, ServerId

T = TypeVar("T", bound=msgspec.Struct)

FORMER_NAMES = {"Learned": "Learnt"}
"""Former name -> present name of classes that earlier versions wrote, so that their files stay readable."""


class DecodeError(ValueError):
    """An object cannot be decoded; the message says why, in one line."""


def encode(value: object) -> bytes:
    """Encode an observation, packet, move or header as one JSON object."""
    return msgspec.json.encode(value, enc_hook=_encode_id)


def decode(line: bytes, base: type[T]) -> T:
    """Decode one JSON object as an instance of the subclass of `base` that its `type` names.

    `DecodeError` for text that is not JSON, an unknown class, and unknown, missing or ill-typed fields.
    """
    try:
        return cast(T, _build(msgspec.json.decode(line), base))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from None
    except RecursionError:
        raise DecodeError("nested too deeply; allowed: fewer levels") from None


def _encode_id(value: Any) -> Any:
    if isinstance(value, Id):
        return int(value)
    # msgspec's own signal for a value that a hook does not know.
    raise NotImplementedError(f"cannot write a {type(value).__name__}")


def _build(raw: Any, base: type[msgspec.Struct]) -> msgspec.Struct:
    if not isinstance(raw, dict):
        raise DecodeError(f"a JSON object expected, not {raw!r:.40}")
    kind = _class(raw.pop("type", None), base)
    hints = _field_types(kind)
    unknown = [key for key in raw if key not in hints]
    if unknown:
        raise DecodeError(f"{kind.__name__}.{unknown[0]}: unknown field; allowed: {', '.join(hints)}")
    values = {}
    for key, value in raw.items():
        try:
            values[key] = _value(value, hints[key])
        except msgspec.ValidationError as error:
            raise DecodeError(f"{kind.__name__}.{key}: {error}") from None
    try:
        return kind(**values)
    except TypeError as error:
        raise DecodeError(f"{kind.__name__}: {error}") from None


def _class(name: Any, base: type[msgspec.Struct]) -> type[msgspec.Struct]:
    known = _subclasses(base)
    found = known.get(FORMER_NAMES.get(name, name)) if isinstance(name, str) else None
    if found is None:
        raise DecodeError(f"type: {name!r:.40} is no {base.__name__.lower()}; allowed: {', '.join(sorted(known))}")
    return found


def _subclasses(base: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """Return all subclasses by name; of two with the same name, the one that syncproof itself defines."""
    found: dict[str, type[msgspec.Struct]] = {}
    for subclass in base.__subclasses__():
        for name, kind in {subclass.__name__: subclass, **_subclasses(subclass)}.items():
            if name not in found or kind.__module__.startswith("syncproof."):
                found[name] = kind
    return found


_FIELD_TYPES: dict[type, dict[str, Any]] = {}


def _field_types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    types = _FIELD_TYPES.get(kind)
    if types is None:
        hints = get_type_hints(kind)
        types = _FIELD_TYPES[kind] = {name: hint for name, hint in hints.items() if name in kind.__struct_fields__}
    return types


def _value(raw: Any, hint: Any) -> Any:
    if hint is Packet:
        return _build(raw, Packet)
    if get_origin(hint) is tuple and get_args(hint)[0] is Packet:
        return tuple([_build(item, Packet) for item in raw])
    return msgspec.convert(raw, hint, dec_hook=_decode_id)


def _decode_id(kind: type, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Id) and isinstance(value, int):
        if (
            kind is ActorId and value != ENVIRONMENT
        ):  # a file has only the number, and handlers depend on the id's class
            return DeviceId(value) if value >= 0 else ServerId(value)
        return kind(value)
    raise ValueError(f"{value!r:.40} is no {kind.__name__}; allowed: a whole number")
