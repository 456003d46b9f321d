"""Name a way through a world in the address of a page.

A way is a sequence of moves after the environment's prelude. Each move has a short code that is made of what the move is, so a
way that does not fit a world is noticed at the first move that is not possible there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncproof.core.moves import Move
from syncproof.errors import InputError

LENGTH = 4
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""The letters of codes: 32, without those that look alike."""
MOST = 2000
"""The most moves of a way."""
FORM = re.compile(r"(?P<moves>(~?[a-z2-9]{4,5}(\.~?[a-z2-9]{4,5})*)?)(@(?P<at>\d{1,4}))?")
ALLOWED = "the part of an address behind #, such as k3fa.9x2m@1, or a moves file"


@dataclass(frozen=True, slots=True)
class Address:
    """Name a way and a place on it: after `at` of its moves. From move `cycle` on, counted from 0, the moves repeat."""

    codes: tuple[str, ...] = ()
    at: int = 0
    cycle: int | None = None

    def __str__(self) -> str:
        parts = [f"{'~' if number == self.cycle else ''}{code}" for number, code in enumerate(self.codes)]
        return ".".join(parts) + ("" if self.at == len(parts) else f"@{self.at}")


def parse(text: str) -> Address:
    """Return the address that a text is. Raises `InputError` for another text."""
    found = FORM.fullmatch(text)
    if found is None:
        raise InputError(f"way {text!r:.60}: allowed: {ALLOWED}")
    parts = found["moves"].split(".") if found["moves"] else []
    if len(parts) > MOST:
        raise InputError(f"way: {len(parts):,} moves; allowed: at most {MOST:,}")
    at = len(parts) if found["at"] is None else int(found["at"])
    if at > len(parts):
        raise InputError(f"way: the place is after {at} moves of {len(parts)}; allowed: 0 to {len(parts)}")
    marked = [number for number, part in enumerate(parts) if part.startswith("~")]
    return Address(tuple(part.lstrip("~") for part in parts), at, marked[0] if marked else None)


def coded(moves: Iterable[Move]) -> Iterator[tuple[str, Move]]:
    """Yield the moves that are possible at one place, each once, with its code.

    A code that another move has already gets one more letter.
    """
    taken: dict[str, str] = {}
    for move in moves:
        text, code = repr(move), _code(move)
        codes = (code, *[code + letter for letter in LETTERS])
        if any(taken.get(each) == text for each in codes):
            continue
        free = next((each for each in codes if each not in taken), None)
        if free is not None:
            taken[free] = text
            yield free, move


def _code(move: Move) -> str:
    digest = hashlib.blake2s(repr(move).encode(), digest_size=LENGTH).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest)
