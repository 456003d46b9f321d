"""The error for bad input: one line that says how to correct it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Bad input, described in one line: which file, which line or field, what is wrong, what is allowed."""


def nearest(word: str, names: Iterable[str]) -> str:
    """Return the end of an error's line: the names that are allowed, and the one that was probably meant."""
    names = list(names)
    near = difflib.get_close_matches(word, names, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"; allowed: {', '.join(names)}{hint}" if names else ""
