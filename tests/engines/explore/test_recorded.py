"""Searches of many small worlds find exactly what was recorded: numbers, arrays, verdicts, counterexamples, errors.

The recording was made in another process, so that nothing in it may depend on the order of hashes.
"""

from __future__ import annotations

import pytest

from tests.engines.explore.record import differences
from tests.engines.explore.recorded_searches import DIRECTED, EXPLORATIONS
from tests.engines.explore.repeated import RECORDED, differs


@pytest.mark.parametrize("name", EXPLORATIONS)
def test_a_search_finds_what_was_recorded(name: str) -> None:
    assert differs("plain", name) == []


@pytest.mark.parametrize("name", DIRECTED)
def test_a_directed_search_finds_what_was_recorded(name: str) -> None:
    assert differs("directed", name) == []


def test_nothing_else_is_recorded() -> None:
    assert list(RECORDED) == [*EXPLORATIONS, *[f"directed: {name}" for name in DIRECTED]]


def test_a_difference_names_its_part() -> None:
    before = {"states": "7", "depth": "3", "ending": "states"}
    assert differences(before, before) == []
    assert differences(before, {"states": "8", "depth": "3", "growth": "a packet"}) == [
        "states: was '7', is '8'",
        "ending: was 'states', is None",
        "growth: was None, is 'a packet'",
    ]
