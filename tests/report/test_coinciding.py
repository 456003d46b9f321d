"""A page says which lines of a figure lie on one another."""

from __future__ import annotations

from syncproof.report.sentences.coinciding import told


def test_lines_with_the_same_values_are_told_with_their_panels() -> None:
    rows = {"a": [1.0, 2.0], "b": [1.0, 2.0001], "c": [1.0, 3.0]}
    trips = {"a": [1.0, None], "b": [1.0, None], "c": [2.0, None]}
    assert told({"rows": rows, "trips": trips}) == ["b is the same as a everywhere."]
    assert told({"rows": rows, "trips": {**trips, "b": [5.0, None]}}) == ["b is the same as a in rows."]


def test_several_lines_are_told_together_and_by_their_short_names() -> None:
    lines = {name: [0.5] for name in ("x/mine.py:Mine", "b", "c")}
    assert told({"rows": lines}, "in every panel") == ["b and c are the same as Mine in every panel."]


def test_where_nothing_was_measured_nothing_is_the_same() -> None:
    assert told({"rows": {"a": [None], "b": [None]}}) == []
    assert told({"rows": {"a": [1.0], "b": [2.0]}}) == []
