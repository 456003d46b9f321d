"""Which values are the same, and which can be part of a state at all.

`True == 1 == 1.0`, and `DeviceId(1) == UserId(1)`: equal values need not be the same to a handler, which may ask for the
type or print the value. Whatever numbers or looks up values of a user's model must keep such values apart. A value that
is compared by identity, is not equal to itself, or can be changed is no value at all: two states that hold it could not be
compared. A class that says itself which of its objects are equal (`__eq__`, a field that is not compared) may call objects
equal that a handler can tell apart; so of these everything that they hold is compared.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import msgspec

T = TypeVar("T")

Parts = Callable[[Any], Sequence[Any]]

_SPELT = (float, complex, Decimal)
"""Numbers of one type that can be equal but spelt differently (`0.0` and `-0.0`), or not equal to themselves."""
_VALUES = (int, float, complex, str, bytes, tuple, frozenset, Decimal, enum.Enum)
"""Classes whose value is fixed when an object is made, whatever attributes a subclass adds."""
_SINGLE = (type(None), type(...), type(NotImplemented), msgspec.UnsetType)
"""Classes that have one instance."""
MUTABLE, CHANGEABLE, IDENTITY, NAN = (
    "which can be changed; use a tuple, or keep it directly in a field, or in a list, dict or @state class there",
    "whose attributes can be changed; make its class a frozen msgspec.Struct or a frozen dataclass",
    "which is compared by identity; write @state above its class, or make it a frozen msgspec.Struct",
    "which is not equal to itself; use None or a number",
)


_PLAIN_EQUALITY = {kind.__eq__ for kind in (object, int, str, bytes, tuple, frozenset, msgspec.Struct)}
"""How classes compare that leave it to Python or msgspec: by their type's value, item by item, or field by field."""


def _slots(kind: type) -> list[str]:
    """Return the names of the slots that classes written in Python declare."""
    found: list[str] = []
    for base in kind.__mro__:
        names = vars(base).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            found.append(f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") else name)
    return [name for name in found if name not in ("__weakref__", "__dict__")]


def _held(value: Any) -> tuple[Any, ...]:
    """Return what an object without declared fields holds: attributes, and what it prints if it prints more than an address."""
    kind = type(value)
    attributes = sorted(getattr(value, "__dict__", {}).items())
    slots = [(name, getattr(value, name, None)) for name in _slots(kind)]
    base = next((b for b in (int, str, bytes) if isinstance(value, b)), None)
    if base is not None:
        return (*attributes, *slots, base.__repr__(value))
    prints = getattr(kind, "__repr__") is not object.__repr__  # noqa: B009
    return (*attributes, *slots, repr(value) if prints else "")


def _may_hide(kind: type) -> bool:
    """Return whether equal objects of a class may hold different things."""
    if issubclass(kind, (type, enum.Enum)) or kind in _SINGLE or kind in _SPELT:
        return False
    if kind.__hash__ in (object.__hash__, None):
        return False
    if kind.__eq__ not in _PLAIN_EQUALITY:
        return True
    return getattr(kind, "__dictoffset__", 0) != 0 or bool(_slots(kind) and _PARTS[kind] is None)


class _HidingByClass(dict[type, bool]):
    def __missing__(self, kind: type) -> bool:
        found = self[kind] = _may_hide(kind)
        return found


_HIDING = _HidingByClass()


def _fields(names: Sequence[str]) -> Parts:
    return lambda value: [getattr(value, name) for name in names]


def _parts_of(kind: type) -> Parts | None:
    """Return the function that lists what a value of this class consists of; None if it has no parts."""
    if issubclass(kind, tuple):
        return tuple
    if issubclass(kind, frozenset):
        return list
    if issubclass(kind, msgspec.Struct):
        return msgspec.structs.astuple
    if attrs.has(kind):
        return _fields([field.name for field in attrs.fields(kind)])
    if is_dataclass(kind):
        return _fields([field.name for field in fields(kind)])
    return None


class _PartsByClass(dict[type, "Parts | None"]):
    def __missing__(self, kind: type) -> Parts | None:
        found = self[kind] = _parts_of(kind)
        return found


_PARTS = _PartsByClass()


def parts(value: Any) -> Sequence[Any] | None:
    """Return what a value consists of: the items of a tuple or a frozenset, or the fields; None if it has no parts."""
    found = _PARTS[type(value)]
    return None if found is None else found(value)


def has_parts(kind: type) -> bool:
    """Return whether values of a class consist of others."""
    return _PARTS[kind] is not None


_SIMPLE: set[type] = {int, bool, str, bytes, type(None), type}
"""Classes without parts that were met, whose equal instances are alike."""


def alike(one: Any, other: Any) -> bool:
    """Return whether two values that are equal are of the same types throughout, so that nothing tells them apart."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is not tuple:
        parts = _PARTS[kind]
        if parts is None:
            if kind in _SPELT:
                return repr(one) == repr(other)
            if _HIDING[kind]:
                return _held_alike(_held(one), _held(other))
            _SIMPLE.add(kind)
            return True
        if _HIDING[kind]:
            return _held_alike(parts(one), parts(other))
        if issubclass(kind, frozenset):  # it has no order
            twins = {item: item for item in other}
            return all(alike(item, twins[item]) for item in one)
        one, other = parts(one), parts(other)
    for a, b in zip(one, other):  # noqa: B905  (they are equal)
        if a is not b:
            kind = type(a)
            if kind is not type(b):
                return False
            if kind is tuple and len(a) == 2:  # written out, because an item of a dict is frozen as a pair
                for c, d in zip(a, b):  # noqa: B905
                    if c is not d:
                        kind = type(c)
                        if kind is not type(d) or (kind not in _SIMPLE and not alike(c, d)):
                            return False
            elif kind not in _SIMPLE and not alike(a, b):
                return False
    return True


def _held_alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether two objects of one class hold the same things. Parts that are not compared need not even be values."""
    return len(one) == len(other) and all(a is b or same(a, b) for a, b in zip(one, other, strict=True))


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal and of the same types throughout."""
    return bool(one == other) and alike(one, other)


def find(items: Iterable[T], wanted: Any, value: Callable[[T], Any]) -> T | None:
    """Return the first item whose `value` is the same as `wanted`, otherwise the first whose value is equal, or None.

    A value that was read from a file is equal to the one that was written, but may have lost the type of a number.
    """
    equal = [item for item in items if value(item) == wanted]
    if len(equal) < 2:
        return equal[0] if equal else None
    return next((item for item in equal if alike(value(item), wanted)), equal[0])


def distinct(items: Iterable[T]) -> Iterator[T]:
    """Yield every item once. Items that are equal but not the same are yielded both."""
    met: dict[T, list[T]] = {}
    for item in items:
        others = met.setdefault(item, [])
        if not any(alike(item, other) for other in others):
            others.append(item)
            yield item


# ---- values that cannot be part of a state


def _why_unfit(value: Any, kind: type) -> str | None:
    """Return why a value itself, whatever its parts are, cannot be part of a state; None if it can."""
    if kind in _SPELT:
        return NAN if value != value else None
    hashing: Any = kind.__hash__
    if hashing is None:
        return MUTABLE
    if isinstance(value, type) or kind in _SINGLE:
        return None
    if hashing is object.__hash__ or _is_struct_without_equality(kind):
        return IDENTITY
    return CHANGEABLE if _is_changeable(kind) else None


def _is_struct_without_equality(kind: Any) -> bool:
    """Return whether a struct's class says `eq=False`: its objects hash by their fields and compare by identity."""
    return issubclass(kind, msgspec.Struct) and not kind.__struct_config__.eq and kind.__eq__ is msgspec.Struct.__eq__


def _is_changeable(kind: type) -> bool:
    """Return whether the attributes of a class's objects can be assigned: two states that share one would change together.

    Not asked of what inherits its value from a built-in class, and of Python's own classes, whose slots are private.
    """
    if issubclass(kind, msgspec.Struct):
        return not kind.__struct_config__.frozen
    if issubclass(kind, _VALUES) or kind.__module__.partition(".")[0] in sys.stdlib_module_names:
        return False
    return kind.__setattr__ is object.__setattr__ and (getattr(kind, "__dictoffset__", 0) != 0 or bool(_slots(kind)))


_FIT: set[type] = {int, bool, str, bytes, type}
"""Classes whose instances were looked at and can be part of a state, as far as their parts can."""


def fits(value: Any) -> bool:
    """Return whether a value can be part of a state: it cannot be changed, and is compared by what it contains."""
    kind = type(value)
    if kind not in _FIT:
        if _why_unfit(value, kind) is not None:
            return False
        if kind not in _SPELT and not isinstance(value, type):
            _FIT.add(kind)
    parts = _PARTS[kind]
    if parts is None:
        return True
    for part in parts(value):
        kind = type(part)
        if kind is tuple and len(part) == 2:  # written out, as in `alike`
            for item in part:
                kind = type(item)
                if (kind not in _SIMPLE or kind not in _FIT) and not fits(item):
                    return False
        elif (kind not in _SIMPLE or kind not in _FIT) and not fits(part):
            return False
    return True


def count(value: Any) -> int:
    """Return of how many values a value consists, at whatever depth, with itself."""
    parts = _PARTS[type(value)]
    return 1 if parts is None else 1 + sum([1 if type(part) in _SIMPLE else count(part) for part in parts(value)])


def unfit(value: Any, where: str = "") -> str:
    """Return what of a value cannot be part of a state, and why, as one clause; empty if all of it can.

    `where` names the value. Fields of packets are added to it, because there the reader can look.
    """
    kind = type(value)
    why = _why_unfit(value, kind)
    if why is not None:
        shown = (
            kind.__name__ if why in (IDENTITY, CHANGEABLE) else f"{_brief(value)} ({kind.__name__})"
        )  # its address would differ
        return f"{where} holds {shown}, {why}".strip()
    parts = _PARTS[kind]
    if parts is None:
        return ""
    names = [f"{kind.__name__}.{name}" for name in getattr(kind, "__struct_fields__", ())]
    inside = list(parts(value))
    return next(filter(None, map(unfit, inside, names or [where] * len(inside))), "")


def _brief(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
