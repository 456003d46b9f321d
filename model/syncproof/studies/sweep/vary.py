"""Read the keys and values that a sweep varies, from the text of the command line or from lists."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

from syncproof.errors import InputError
from syncproof.inputs import arguments
from syncproof.inputs.durations import seconds
from syncproof.inputs.scenario import Scenario

NOT_VARIED = {
    "title": "a text that changes no result",
    "shows": "a text that changes no result",
    "size": "what `syncproof size` computes for, which changes no run",
    "runs": "every point has the same runs: --runs N",
    "seed": "every point meets the same draws: --seed N",
}
"""Key of a scenario that a sweep does not vary -> why."""

Label = int | float | bool | str
"""A value as tables and files hold it: durations in seconds, lists and tables as JSON text."""


@dataclass(frozen=True)
class Varied:
    """Describe one key and its values in the order given. `texts`: the values as written; `unit`: `s` for durations, else empty."""

    key: str
    values: tuple[object, ...]
    labels: tuple[Label, ...]
    texts: tuple[str, ...]
    unit: str

    @property
    def numeric(self) -> bool:
        """Return whether all values are numbers, so that they can lie on an axis."""
        return all(isinstance(label, int | float) and not isinstance(label, bool) for label in self.labels)

    @property
    def title(self) -> str:
        """Return the key in words, such as `devices per user`; with its table if the key is one word, such as `presence online`."""
        parts = [part.replace("_", " ") for part in self.key.split(".")]
        return parts[-1] if " " in parts[-1] or len(parts) == 1 else " ".join(parts[-2:])


@dataclass(frozen=True)
class Point:
    """Hold one combination of values and its scenario."""

    at: tuple[Label, ...]
    scenario: Scenario


def parse(texts: Iterable[str]) -> dict[str, list[object]]:
    """Read `KEY=V1,V2,...` of several `--vary` options, with values as in a scenario file.

    Texts and durations need no quotes. Raises `InputError` that names the option and what is wrong with it.
    """
    found: dict[str, list[object]] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(f"--vary {text}: allowed: KEY=V1,V2,... such as population.devices_per_user=1,2,3")
        if key in found:
            raise InputError(f"--vary {key}: is given twice; allowed: one --vary for a key, with all its values")
        found[key] = [_value(part, text) for part in _split(values, text)]
    return found


_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|.', re.DOTALL)


def _split(text: str, option: str) -> list[str]:
    """Split at commas outside quotes and brackets."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        if depth < 0 or token in ('"', "'"):
            break
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    else:
        if depth == 0:
            return parts
    raise InputError(f"--vary {option}: a bracket or a quote is not closed")


def _value(text: str, option: str) -> object:
    part = text.strip()
    if not part:
        raise InputError(f"--vary {option}: a value is empty; allowed: KEY=V1,V2,...")
    try:
        read = tomllib.loads(f"value = {part}")
        if list(read) == ["value"]:
            return read["value"]
    except (ValueError, RecursionError):  # not TOML, or more digits or brackets than Python reads
        pass
    if re.fullmatch(r"[\w.\-]+", part):
        return part
    raise InputError(f"--vary {option}: {part!r} is no value; allowed: what a scenario file may have after the '='")


def resolve(scenario: Scenario, vary: Mapping[str, Sequence[object]]) -> tuple[tuple[Varied, ...], tuple[Point, ...]]:
    """Return the keys with their values, and every combination of values; the last key varies fastest.

    Each combination is validated as a scenario file is. Raises `InputError` for a key that is unknown or cannot be varied, for a
    value that is not allowed or given twice, and if nothing is varied.
    """
    if not vary:
        raise InputError("nothing is varied; allowed: one or more --vary KEY=V1,V2,...")
    lists = {key: _values(key, values) for key, values in vary.items()}
    made = {
        place: scenario.with_values({key: lists[key][at] for key, at in zip(lists, place, strict=True)})
        for place in product(*(range(len(values)) for values in lists.values()))
    }
    varied = []
    for number, (key, values) in enumerate(lists.items()):
        # The scenarios along this key, the other keys at their first value.
        along = [made[*(0,) * number, at, *(0,) * (len(lists) - number - 1)] for at in range(len(values))]
        varied.append(_varied(key, values, along))
    points = tuple(
        Point(tuple(v.labels[at] for v, at in zip(varied, place, strict=True)), found) for place, found in made.items()
    )
    return tuple(varied), points


def _values(key: str, values: Sequence[object]) -> list[object]:
    arguments.instance("vary", key, str, "a mapping from keys to lists of values")
    if key in NOT_VARIED:
        raise InputError(f"--vary {key}: {NOT_VARIED[key]}")
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"--vary {key}: {values!r}; allowed: a list of values")
    plain = [_plain(value) for value in values]
    if not plain:
        raise InputError(f"--vary {key}: no values; allowed: one or more")
    return plain


def _varied(key: str, values: Sequence[object], along: Sequence[Scenario]) -> Varied:
    seen: dict[str, object] = {}
    labels: list[Label] = []
    for value, made in zip(values, along, strict=True):
        text = made.model_dump_json()
        if text in seen:
            raise InputError(
                f"--vary {key}: {_text(value)} is the same as {_text(seen[text])}; allowed: each value once"
            )
        seen[text] = value
        found: Any = reduce(getattr, key.split("."), made)
        labels.append(found if isinstance(found, int | float | str) else _text(value))
    if len({float if type(label) is int else type(label) for label in labels}) > 1:
        labels = [_text(value) for value in values]
    return Varied(key, tuple(values), tuple(labels), tuple(map(_text, values)), _unit(values, labels))


def _plain(value: Any) -> object:
    """Return numbers of numpy as Python numbers, tuples and arrays as lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def _text(value: object) -> str:
    """Return a value as `--vary` takes it."""
    if isinstance(value, str) and re.fullmatch(r"[\w.\-]+", value) and _value(value, value) == value:
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _unit(values: Sequence[object], labels: Sequence[Label]) -> str:
    """Return `s` if the values are durations (texts in the file, seconds in the scenario), else an empty text."""
    if not all(isinstance(v, str) and isinstance(label, float) for v, label in zip(values, labels, strict=True)):
        return ""
    return "s" if all(seconds(v) == label for v, label in zip(values, labels, strict=True)) else ""
