"""The error that a person can mend: bad input, told in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Bad input, told in one line: which file, which line or field, what is wrong, what is allowed."""


def nearest(word: str, names: Iterable[str]) -> str:
    """What is allowed, and which of it was probably meant, as the end of an error's line."""
    names = list(names)
    near = difflib.get_close_matches(word, names, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"; allowed: {', '.join(names)}{hint}" if names else ""
