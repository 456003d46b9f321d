"""The reference of histories and moves files, from the classes that write and read them."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from syncproof.core import moves as m
from syncproof.core import observations as o
from syncproof.core import packets as core_packets
from syncproof.core import values as vocabulary
from syncproof.core.links import PUSH
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.designs import Parameters, Population
from syncproof.designs import packets as p
from syncproof.formats.header import Header
from syncproof.inputs.field_texts import meanings
from tools.docs.designs import travelling
from tools.docs.markdown import code, paragraphs, table


def header() -> str:
    """Return a table of the fields of the first line."""
    hints = get_type_hints(Header)
    needed, said = _required(Header), meanings(Header)
    rows = [[code(n), _type(hints[n]), "yes" if n in needed else "", said.get(n, "")] for n in Header.__struct_fields__]
    return table(["field", "type", "needed", "is"], rows)


def _required(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind) if field.required}


def _type(hint: Any) -> str:
    """Return the name of a field's type. Ids are whole numbers in the file; the name says of what."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if a is type(None) else _type(a) for a in arguments if a is not msgspec.UnsetType)
    if origin is tuple:
        inner = [a for a in arguments if a is not Ellipsis]
        return f"list of {_type(inner[0])}" if Ellipsis in arguments else f"[{', '.join(map(_type, inner))}]"
    if origin is dict:
        return "object"
    if origin is Literal:
        return " or ".join(f'"{a}"' for a in arguments)
    if isinstance(hint, type) and issubclass(hint, Id):
        return hint.__name__.removesuffix("Id").lower()
    if hint in (Parameters, Population):
        return "object"
    plain = {int: "number", str: "text", bool: "true or false", Packet: "any packet"}
    return plain.get(hint) or f"{hint.__name__}"


def _fields(kind: type[msgspec.Struct]) -> str:
    hints = get_type_hints(kind)
    needed = _required(kind)
    return "<br>".join(
        f"`{n}` {_type(hints[n])}{'' if n in needed else ', may be left out'}" for n in kind.__struct_fields__
    )


def _says(kind: type) -> str:
    return " ".join(paragraphs(kind.__doc__))


def _classes(base: type, module: Any) -> list[Any]:
    found = [k for k in vars(module).values() if isinstance(k, type) and issubclass(k, base) and k is not base]
    return [k for k in found if k.__module__ == module.__name__]


def observations() -> str:
    """Return a table with a row for each class of observation."""
    rows = [[code(k.__name__), _fields(k), _says(k)] for k in _classes(Observation, o)]
    return table(["type", "fields", "says"], rows)


def packets() -> str:
    """Return a table with a row for each class of packet: those on the wire, and those of an actor to itself."""
    paths = travelling()
    rows = []
    for kind in (*_classes(Packet, core_packets), *_classes(Packet, p)):
        path = paths.get(kind.__name__, "in no small world")
        how = " (pushed)" if kind.link is PUSH else " (a request)" if kind.request else ""
        rows.append([code(kind.__name__), f"{path}{how}", _fields(kind), _says(kind)])
    return table(["type", "travels from", "fields", "says"], rows)


def moves() -> str:
    """Return a table with a row for each class of move."""
    rows = [[code(k.__name__), _fields(k), _says(k)] for k in _classes(m.Move, m)]
    return table(["type", "fields", "what happens"], rows)


def values() -> str:
    """Return a table with a row for each class of objects inside of observations, packets and moves."""
    kinds = _classes(msgspec.Struct, vocabulary)
    return table(["object", "fields", "is"], [[code(k.__name__), _fields(k), _says(k)] for k in kinds])
