"""Generating traffic: by the seed alone, and with the kind of trace that the scenario wants."""

from __future__ import annotations

import pytest

from syncproof.errors import InputError
from syncproof.inputs.scenario import load
from syncproof.inputs.traces import Trace
from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT


def test_the_same_seed_gives_the_same_traffic() -> None:
    assert generate(DEFAULT, 4) == generate(DEFAULT, 4)


def test_another_seed_gives_other_traffic() -> None:
    assert generate(DEFAULT, 4).times != generate(DEFAULT, 5).times


def test_a_scenario_that_wants_a_trace_says_so() -> None:
    with pytest.raises(InputError, match="--trace FILE"):
        generate(load("campus"), 1)


def test_a_trace_of_the_wrong_kind_names_a_scenario_that_fits() -> None:
    with pytest.raises(InputError, match="irc-group"):
        generate(DEFAULT, 1, Trace("presence", "rows", 1, [], 0.0))
