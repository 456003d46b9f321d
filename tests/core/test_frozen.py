"""Recorded moves lead to the same observations as when they were recorded, and the simulator still makes these moves."""

from __future__ import annotations

import json

import pytest

from tests.core import frozen


@pytest.mark.parametrize("design", frozen.RUNS)
def test_recorded_moves_lead_to_the_same_observations_and_states(design: str) -> None:
    assert frozen.digest_of_replay(design) == json.loads(frozen.DIGESTS.read_text())[design]


@pytest.mark.parametrize("design", frozen.RUNS)
def test_the_simulator_still_makes_the_recorded_moves(design: str) -> None:
    recorded = frozen.moves_file(design).read_bytes().splitlines()[1:]
    assert frozen.record(design).moves == recorded
