"""Images of values: nested tuples that are hashable and comparable, and from which the value is made again.

An engine keeps the states of actors and properties as images. Most values (ids, packets, numbers, text) are immutable and
their own image. The image of a list, dict, set, deque or object of a `@state` class is a tuple that begins with its class,
so that different values have different images; the items of dicts and sets come in one order (`core/order.py`), whatever
the order of insertion.

>>> freeze({"b": [1], "a": {3, 2}})
(<class 'dict'>, ('a', (<class 'set'>, 2, 3)), ('b', (<class 'list'>, 1)))
>>> thaw(freeze({"b": [1]}))
{'b': [1]}
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from syncproof.core.order import in_order, pairs_in_order


def freeze(value: Any) -> Any:
    """Return an immutable image of `value`, tagged with its type so that different values have different images."""
    image = _image_for(type(value))
    return value if image is None else image(value)


def thaw(image: Any) -> Any:
    """Return the value that an image was made from: the inverse of `freeze`."""
    if type(image) is not tuple or not image or not isinstance(image[0], type):
        return image
    kind = image[0]
    if len(image) == 1:
        return kind()
    items = image[1:]
    if kind is set or kind is tuple:
        return kind(items)
    if kind is dict:
        return {key: thaw(item) if type(item) is tuple else item for key, item in items}
    parts = [thaw(item) if type(item) is tuple else item for item in items]
    return parts if kind is list else deque(parts) if kind is deque else kind(*parts)


class Backwards(set[Any]):
    """A set whose items come in the other order. It is frozen as a set is."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(super().__iter__())[::-1])

    def pop(self) -> Any:
        """Remove and return the item that comes first."""
        item = next(iter(self))
        self.remove(item)
        return item


def thaw_backwards(image: Any) -> Any:
    """Return a value as `thaw` does, with every dict and set in it in the other order of insertion."""
    if type(image) is not tuple or not image or not isinstance(image[0], type):
        return image
    kind = image[0]
    if len(image) == 1:
        return kind()
    if kind is dict:
        return {key: thaw_backwards(item) if type(item) is tuple else item for key, item in image[:0:-1]}
    if kind is set or kind is tuple:
        return Backwards(image[1:]) if kind is set and len(image) > 2 else kind(image[1:])
    parts = [thaw_backwards(item) if type(item) is tuple else item for item in image[1:]]
    return parts if kind is list else deque(parts) if kind is deque else kind(*parts)


def is_part(kind: type) -> bool:
    """Return whether `@state` stands above this class itself, not only above a base of it."""
    return kind in _IMAGES


def register_part(kind: type, names: Sequence[str]) -> None:
    """Have objects of this very class frozen by these fields, in the order in which its constructor takes them."""
    _IMAGES[kind] = _image_of_part(kind, names)


# `freeze` is written out where many values are frozen, because most values are their own image.


def each_frozen(values: Iterable[Any]) -> list[Any]:
    """Return the image of each value."""
    return [value if (image := _image_for(type(value))) is None else image(value) for value in values]


def _image_of_dict(value: dict[Any, Any]) -> tuple[Any, ...]:
    if not value:
        return _NO_DICT
    found = [(k, item if (image := _image_for(type(item))) is None else image(item)) for k, item in value.items()]
    return (dict, *(pairs_in_order(found) if len(found) > 1 else found))


def _image_of_set(value: set[Any]) -> tuple[Any, ...]:
    return (set, *(in_order(value) if len(value) > 1 else value)) if value else _NO_SET


def _image_of_list(value: list[Any] | deque[Any]) -> tuple[Any, ...]:
    return (type(value), *each_frozen(value)) if value else _NONE[type(value)]


def _image_of_tuple(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a tuple itself, or an image of one that would be mistaken for an image."""
    return (tuple, *value) if value and isinstance(value[0], type) else value


def _image_of_part(kind: type, names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that freezes an object of a `@state` class field by field."""
    if len(names) < 2:  # `attrgetter` of one name returns no tuple
        return lambda value: (kind, *each_frozen([getattr(value, name) for name in names]))
    fields = attrgetter(*names)
    return lambda value: (kind, *each_frozen(fields(value)))


_NO_DICT, _NO_SET = (dict,), (set,)
_NONE: dict[type, tuple[Any, ...]] = {list: (list,), deque: (deque,)}
_IMAGES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    dict: _image_of_dict,
    set: _image_of_set,
    Backwards: _image_of_set,
    list: _image_of_list,
    deque: _image_of_list,
    tuple: _image_of_tuple,
}
"""The function that makes the image, by class; values of all other classes are their own image."""
_image_for = _IMAGES.get
