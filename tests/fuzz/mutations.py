"""Mutations of file inputs: each takes a text, or the bytes of any file, and a generator, and returns another one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

NUMBERS = (
    "0",
    "-1",
    "1e308",
    "nan",
    "-inf",
    "9223372036854775808",
    "1_0",
    "٣",
    "0x10",
    "",
    "1.5",
    "true",
    "99999999999999999999999999",
)
WORDS = (
    "",
    "\0",
    "\ufeff",
    "null",
    "[]",
    "{}",
    '"',
    "\u202e",
    "𝔘",
    "é" * 300,
    "#",
    ",",
    "\t",
    "=",
    "[[x]]",
    "\r\n",
    "NaN",
    "../..",
    "-",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\0",
    [],
    {},
    [[]],
    {"type": 1},
    [None],
    "é" * 100,
    2**53 + 1,
)

Mutation = Callable[[str, Random], str]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True) or [""]


def drop_line(text: str, draw: Random) -> str:
    lines = _lines(text)
    del lines[draw.randrange(len(lines))]
    return "".join(lines)


def repeat_line(text: str, draw: Random) -> str:
    lines = _lines(text)
    at = draw.randrange(len(lines))
    return "".join([*lines[:at], *[lines[at]] * draw.choice((2, 2, 3, 50)), *lines[at:]])


def swap_lines(text: str, draw: Random) -> str:
    lines = _lines(text)
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def cut(text: str, draw: Random) -> str:
    return text[: draw.randrange(len(text) + 1)]


def insert(text: str, draw: Random) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + draw.choice(WORDS) + text[at:]


def change_character(text: str, draw: Random) -> str:
    at = draw.randrange(max(1, len(text)))
    return text[:at] + chr(draw.choice((draw.randrange(128), draw.randrange(0x3000)))) + text[at + 1 :]


def change_number(text: str, draw: Random) -> str:
    found = list(re.finditer(r"-?\d+(\.\d+)?", text))
    if not found:
        return text
    match = draw.choice(found)
    return text[: match.start()] + draw.choice(NUMBERS) + text[match.end() :]


def change_word(text: str, draw: Random) -> str:
    found = list(re.finditer(r"[A-Za-z_]+", text))
    if not found:
        return text
    match, other = draw.choice(found), draw.choice(found)
    return text[: match.start()] + draw.choice((*WORDS, other.group(), match.group()[:-1])) + text[match.end() :]


def change_json(text: str, draw: Random) -> str:
    """Replace, remove or rename a value somewhere in one line that is JSON."""
    lines = _lines(text)
    at = draw.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except ValueError:
        return change_word(text, draw)
    lines[at] = json.dumps(_changed(value, draw)) + "\n"
    return "".join(lines)


def _changed(value: Any, draw: Random) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(sorted(value))
        how = draw.randrange(6)
        rest = {k: v for k, v in value.items() if k != key}
        if how == 0:
            return rest
        if how == 1:
            return {**rest, draw.choice(("x", key.upper(), "")): value[key]}
        return {**value, key: _changed(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        at = draw.randrange(len(value))
        return [*value[:at], _changed(value[at], draw), *value[at + draw.randrange(2) :]]
    return draw.choice(VALUES)


TEXT: tuple[Mutation, ...] = (
    drop_line,
    repeat_line,
    swap_lines,
    cut,
    insert,
    change_character,
    change_number,
    change_word,
)


def mutated(text: str, draw: Random, kinds: tuple[Mutation, ...] = TEXT) -> str:
    """Return a text after one to three mutations."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        text = draw.choice(kinds)(text, draw)
    return text


def mutated_bytes(data: bytes, draw: Random) -> bytes:
    """Return the bytes of a file after one to three mutations that know no format."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        at = draw.randrange(len(data) + 1)
        how = draw.randrange(4)
        if how == 0:
            data = data[:at]
        elif how == 1:
            data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
        elif how == 2:
            data = data[:at] + draw.randbytes(draw.choice((1, 4, 200))) + data[at:]
        else:
            data = data[:at] + data[at + draw.choice((1, 8, 500)) :]
    return data
