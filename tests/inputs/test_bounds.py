"""Bounds: which worlds they have, and for which designs."""

from __future__ import annotations

from itertools import chain

import pytest

from syncproof.core.faults import FAULT_KINDS, FAULTS, Fault
from syncproof.designs import DESIGNS
from syncproof.errors import InputError
from syncproof.inputs.bounds import APART, BOUNDS, CLUSTERED, RARE, within
from syncproof.inputs.small_worlds import USUAL

WORLDS = {bounds: [world for design in DESIGNS for world in within(bounds, design)] for bounds in BOUNDS}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_every_fault_is_in_a_world_of_the_standard_bounds_or_says_why_not(fault: Fault) -> None:
    searched = any(fault.name in world.faults for world in WORLDS["standard"])
    assert searched == (not fault.not_searched)


def test_larger_bounds_contain_the_smaller_ones() -> None:
    for smaller, larger in (("small", "standard"), ("standard", "deep")):
        for design in DESIGNS:
            assert set(within(smaller, design)) <= set(within(larger, design))


@pytest.mark.parametrize("bounds", BOUNDS)
def test_no_world_is_searched_twice(bounds: str) -> None:
    for design in DESIGNS:
        assert len(set(map(str, within(bounds, design)))) == len(within(bounds, design))


def test_the_small_bounds_have_every_design_with_its_own_parameters() -> None:
    assert not any(world.parameters for world in WORLDS["small"])


def test_only_designs_that_number_by_the_clock_are_searched_with_one() -> None:
    clocked = [name for name in DESIGNS if any("clock-step" in world.faults for world in within("standard", name))]
    assert clocked == [name for name, design in DESIGNS.items() if "clock" in design.sequencers]


def test_unknown_bounds_are_an_error() -> None:
    with pytest.raises(InputError, match="unknown bounds 'large'; allowed: small, standard, deep"):
        within("large", "timeline-notify")


def test_every_kind_of_fault_is_usual_rare_or_has_worlds_of_its_own() -> None:
    lists = (USUAL, RARE, APART, CLUSTERED)
    assert sorted(chain(*lists)) == sorted(FAULT_KINDS)
