"""Sequence diagrams: texts fit their place, the complaint is always there, and no text is markup."""

from __future__ import annotations

import re
from itertools import pairwise

from syncproof.properties import PROPERTIES
from syncproof.report import counterexamples, sequence
from syncproof.studies.comparison import Comparison


def test_no_text_is_cut_and_rows_have_room_for_the_longest(found: Comparison) -> None:
    for way in found.ways():
        narration = counterexamples.narrate_way(way, found.scenario.parameters())
        drawn = sequence.svg(narration)
        assert "…" not in drawn
        rows = [float(y) for y in re.findall(r'<text class="number"[^>]* y="([\d.]+)"', drawn)]
        assert {b - a for a, b in pairwise(rows)} <= {sequence.pitch(narration)}
        notes = [float(y) for y in re.findall(r'<text class="note[^"]*"[^>]* y="([\d.]+)"', drawn)]
        assert all(b - a >= sequence.LINE for a, b in pairwise(notes))


def test_labels_stand_above_arrows_that_are_level_there(found: Comparison) -> None:
    for way in found.ways():
        drawn = sequence.svg(counterexamples.narrate_way(way, found.scenario.parameters()))
        arrows = re.findall(r'<path class="arrow[^"]*" d="M[\d.]+ [\d.]+(?:h-?\d+V[\d.]+)?H[\d.]+"/>', drawn)
        assert len(arrows) == drawn.count('class="arrow')
        assert drawn.rindex('class="arrow') < drawn.index('class="number"')  # texts lie over all arrows


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
