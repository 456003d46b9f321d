"""Read and write observations, packets and moves as JSON objects: the class in `type`, ids as whole numbers.

    >>> from syncproof import decode, encode
    >>> line = encode(Accepted(MessageId(7)))  # b'{"type":"Accepted","message":7,"place":null}'
    >>> decode(line) == Accepted(MessageId(7))
    True

A `Decoder` reads the lines of a whole history: fast, and with ids that may be texts.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ENVIRONMENT, ActorId, DeviceId, GatewayId, Id, ServerId
from syncproof.errors import nearest
from syncproof.formats.names import Name, Names
from syncproof.formats.wire import LARGEST, field_types, number_decoder, renamed, text_decoder

T = TypeVar("T", bound=msgspec.Struct)

FORMER_NAMES = {"Learned": "Learnt"}
"""Former name -> present name of classes that earlier versions wrote, so that their files stay readable."""


class DecodeError(ValueError):
    """An object cannot be decoded; the message says why, in one line."""


def encode(value: object) -> bytes:
    """Encode an observation, packet, move or header as one JSON object."""
    return msgspec.json.encode(value, enc_hook=_encode_id)


def decode(line: bytes | str, base: type[T] | None = None) -> T:
    """Decode one JSON object as an instance of the class that its `type` names.

    Arguments:
        line: the JSON object.
        base: `Observation`, `Packet` or `Move`: the class must be one of its subclasses; by default of any of the three.

    Ids are instances of their classes (`MessageId`, ...), as actors need them. Raises `DecodeError`, a `ValueError`, in one
    line for text that is not JSON, an unknown class, and unknown, missing or ill-typed fields.
    """
    try:
        raw = msgspec.json.decode(line)
        return cast(T, _build(raw, _base_of(raw) if base is None else base))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from None
    except RecursionError:
        raise DecodeError("nested too deeply; allowed: fewer levels") from None


class Decoder:
    """Decode the observations of one history, line by line or many lines at once.

    Ids are plain numbers, which are equal to instances of their classes; texts are `names`.
    """

    def __init__(self) -> None:
        self.names = Names()

    def lines(self, block: bytes) -> list[Observation] | None:
        """Return the observations of a block of whole lines; None if a line cannot be read so, as a comment cannot."""
        try:
            if not self.names:
                return number_decoder().decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return [renamed(o, self.names) for o in text_decoder().decode_lines(block)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def line(self, line: bytes) -> Observation:
        """Return the observation of a line. `DecodeError` says what is wrong with it."""
        try:
            return renamed(text_decoder().decode(line), self.names)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return self._worded(msgspec.json.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DecodeError(str(error)) from None
        except RecursionError:
            raise DecodeError("nested too deeply; allowed: fewer levels") from None

    def _worded(self, raw: Any) -> Observation:
        """Return the observation of an object that has a former name, or raise the `DecodeError` that says what is wrong."""
        kind, values = _fields(raw, Observation, field_types)
        try:
            made: Observation = renamed(kind(**values), self.names)
            return made
        except TypeError as error:
            raise DecodeError(f"{kind.__name__}: {error}") from None


def _base_of(raw: Any) -> type[msgspec.Struct]:
    """Return the base of the class that an object names; `Observation` if none has it, whose classes the error lists."""
    name = raw.get("type") if isinstance(raw, dict) else None
    return next((base for base in (Observation, Packet, Move) if name in _subclasses(base)), Observation)


def _encode_id(value: Any) -> Any:
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Id):
        return int(value)
    # msgspec's own signal for a value that a hook does not know.
    raise NotImplementedError(f"cannot write a {type(value).__name__}")


def _build(raw: Any, base: type[msgspec.Struct]) -> msgspec.Struct:
    kind, values = _fields(raw, base, _field_types)
    try:
        return cast(msgspec.Struct, kind(**values))
    except TypeError as error:
        raise DecodeError(f"{kind.__name__}: {error}") from None


def _fields(raw: Any, base: type[msgspec.Struct], types: Any) -> tuple[type[Any], dict[str, Any]]:
    """Return the class that an object names, and the values of its fields, each converted to the type that `types` has."""
    if not isinstance(raw, dict):
        raise DecodeError(f"a JSON object expected, not {raw!r:.40}")
    kind = _class(raw.pop("type", None), base)
    hints = types(kind)
    unknown = [key for key in raw if key not in hints]
    if unknown:
        raise DecodeError(f"{kind.__name__}.{unknown[0]}: unknown field{nearest(unknown[0], hints)}")
    values = {}
    for key, value in raw.items():
        try:
            values[key] = _value(value, hints[key])
        except msgspec.ValidationError as error:
            raise DecodeError(f"{kind.__name__}.{key}: {error}") from None
    return kind, values


def _class(name: Any, base: type[msgspec.Struct]) -> type[msgspec.Struct]:
    known = _subclasses(base)
    found = known.get(FORMER_NAMES.get(name, name)) if isinstance(name, str) else None
    if found is None:
        raise DecodeError(f"type: {name!r:.40} is no {base.__name__.lower()}{nearest(str(name), sorted(known))}")
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
    if isinstance(kind, type) and issubclass(kind, Id) and isinstance(value, int) and abs(value) <= LARGEST:
        if kind is ActorId and value != ENVIRONMENT:
            # A file has only the number, and handlers depend on the id's class.
            return DeviceId(value) if value >= 0 else ServerId(value) if value > GatewayId.FIRST else GatewayId(value)
        return kind(value)
    raise ValueError(f"{value!r:.40} is no {kind.__name__}; allowed: a whole number of 64 bits")
