"""The text below a field of a class is found as its meaning."""

from __future__ import annotations

from syncproof.inputs import field_texts


class Explained:
    known: int = 1
    """What it is,
    on two lines."""
    unknown: int = 2


def test_a_text_below_a_field_is_its_meaning() -> None:
    assert field_texts.meanings(Explained) == {"known": "What it is, on two lines."}
