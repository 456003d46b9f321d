"""Ids that a history writes as text: each text is given a number when it is read, and is printed as it was written."""

from __future__ import annotations

from syncproof.core.values import Id

FIRST = -(1 << 62)
"""The number of the first text: below every number that a history may have as an id of its own."""


class Name(Id):
    """An id that a history writes as text. It is compared by its number, and printed as its text."""

    text: str

    def __format__(self, spec: str) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return repr(self.text)


class Names(dict[str, Name]):
    """The names of one history by their texts, numbered in the order in which they come."""

    def __missing__(self, text: str) -> Name:
        name = self[text] = Name(FIRST + len(self))
        name.text = text
        return name
