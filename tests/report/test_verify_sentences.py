"""What a verification refuted is told by design, or where there are many designs by property."""

from __future__ import annotations

from syncproof.report.sentences.verify import refutations
from syncproof.studies.verification import Cell

KEPT, REFUTED, BROKEN = Cell("holds", "kept"), Cell("violated", "none"), Cell("violated", "broken")


def test_the_properties_of_each_of_a_few_designs_are_listed() -> None:
    matrix = {"one": {"a": REFUTED, "b": REFUTED}, "two": {"a": KEPT, "b": KEPT}, "three": {"a": BROKEN, "b": REFUTED}}
    assert refutations(matrix) == "one (a, b); three (b)"


def test_the_designs_of_each_property_are_listed_where_there_are_many() -> None:
    refuted = {"one": "abc", "two": "abc", "three": "abc", "four": "abcd", "five": "a"}
    matrix = {
        design: {name: REFUTED if name in names else KEPT for name in "abcde"} for design, names in refuted.items()
    }
    assert refutations(matrix) == "a (every design); b and c (every design but five); d (four)"


def test_where_nothing_is_refuted_nothing_is_said() -> None:
    few = {"one": {"a": KEPT, "b": BROKEN}}
    assert refutations(few) == refutations({str(n): few["one"] for n in range(9)}) == ""
