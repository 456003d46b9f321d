"""A promise lists its faults, and each of them is in a world that the standard bounds search."""

from __future__ import annotations

import pytest

from syncproof.core.faults import FAULTS
from syncproof.designs import DESIGNS
from syncproof.inputs.bounds import within
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.studies.verify import search

PROMISED = [(design, name) for design, entry in DESIGNS.items() for name in entry.promises]


def unsearched(design: str, name: str) -> list[str]:
    """Return the promised faults that are in no searched world whose faults the promise covers."""
    entry = DESIGNS[design]
    covered = [world.faults for world in within("standard", design) if set(world.faults) <= set(entry.promises[name])]
    return [
        fault
        for fault in entry.promises[name]
        if fault not in entry.untouched
        and not FAULTS[fault].not_searched
        and not any(fault in faults for faults in covered)
    ]


@pytest.mark.parametrize(("design", "name"), PROMISED)
def test_every_promised_fault_is_in_a_searched_world_that_the_promise_covers(design: str, name: str) -> None:
    assert unsearched(design, name) == []


@pytest.mark.parametrize(("design", "name"), PROMISED)
def test_a_promise_names_an_applicable_property_and_existing_faults(design: str, name: str) -> None:
    entry = DESIGNS[design]
    assert name in PROPERTIES
    assert name not in entry.not_applicable
    assert set(entry.promises[name]) <= set(FAULTS)
    assert len(set(entry.promises[name])) == len(entry.promises[name])


@pytest.mark.parametrize(
    ("design", "fault"), [(design, fault) for design, entry in DESIGNS.items() for fault in entry.untouched]
)
def test_a_fault_that_leaves_a_design_untouched_changes_no_verdict(design: str, fault: str) -> None:
    kind = FAULTS[fault].kind
    faultless, faulty = (search(design, SmallWorld("two-people", 2, kinds)).findings for kinds in ((), (kind,)))
    assert {name: f.verdict for name, f in faulty.items()} == {name: f.verdict for name, f in faultless.items()}
