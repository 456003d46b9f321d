"""Sequence diagrams: texts fit their place, the complaint is always there, and no text is markup."""

from __future__ import annotations

import re

from syncproof.properties import PROPERTIES
from syncproof.report import counterexamples, sequence
from syncproof.report.sequence import shown
from syncproof.studies.comparison import Comparison


def test_a_row_has_room_for_two_notes_of_which_a_complaint_is_one() -> None:
    assert shown(("a", "b", "c")) == ["a", "b"]
    assert shown(("a", "b", "✗ no-loss: x", "✗ dense: y")) == ["a", "✗ no-loss: x"]
    assert shown(()) == []


def test_the_last_move_of_a_safety_counterexample_names_the_violation(found: Comparison) -> None:
    for way in found.ways():
        drawn = sequence.svg(counterexamples.narrate_way(way, found.scenario.parameters()))
        assert (f"✗ {way.name}" in drawn) == (PROPERTIES[way.name].kind == "safety"), way.name


def test_texts_at_the_last_lane_stay_left_of_the_notes(found: Comparison) -> None:
    for way in found.ways():
        drawn = sequence.svg(counterexamples.narrate_way(way, found.scenario.parameters()))
        notes = {float(x) for x in re.findall(r'<text class="note[^"]*" x="([\d.]+)"', drawn)}
        says = [float(x) for x in re.findall(r'<text class="says[^"]*" x="([\d.]+)"', drawn)]
        assert all(x < min(notes) - 20 for x in says)


def test_mermaid_takes_a_statement_a_line() -> None:
    assert sequence._plain("a\nb; <c> #1") == "a b, (c after  /1"
