"""Designs that promise it implement the abstract log of each device, and seeded bugs have a first step that it has not."""

from __future__ import annotations

import pytest

from syncproof.designs import DESIGNS, Design
from syncproof.engines.explore import Finding, Limits, explore
from syncproof.engines.explore.exploration import Exploration
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties.device_log import DeviceLog
from syncproof.properties.refinement import Refinement
from syncproof.seeded_bugs import BUGS
from tests.helpers.examples import example

REFINING = [name for name, design in DESIGNS.items() if design.refines]
FIRST_WRONG = {
    ("F01", "two-devices", 2, ""): ("show", 8),
    ("F03", "two-people", 2, ""): ("show", 19),
    ("F06", "two-people", 2, "clock-step"): ("show", 15),
    ("F07", "two-devices", 2, ""): ("show", 9),
    ("F10", "two-people", 1, "device-crash"): ("show", 14),
    ("F11", "two-people", 2, ""): ("show", 14),
    ("F13", "two-devices", 2, "new-device"): ("show", 22),
    ("F14", "two-people", 2, "push"): ("show", 13),
    ("F15", "two-people", 2, ""): ("show", 14),
    ("F23", "two-people", 1, "sender-retry"): ("place", 6),
    ("F29", "two-people", 2, "trim"): ("show", 20),
    ("F34", "two-people", 1, "membership"): ("show", 11),
    ("F40", "two-people", 2, "push"): ("show", 11),
    ("F47", "two-people", 2, ""): ("show", 12),
    ("F64", "two-devices", 2, ""): ("show", 9),
}
"""Bug, world, messages and fault -> the action that the machine has not where the bug takes it, and in how many moves."""


def searched(
    design: str | Design, world: str, messages: int, *faults: str, fast: bool | None = None, decided: bool = False
) -> Exploration:
    """Return the search of the abstract log alone in a small world."""
    system, _, environment = build(design, small_world(world, messages, faults))
    return explore(
        system, environment, [DeviceLog], limits=Limits(states=100_000), fast=fast, until_decided=decided
    )  # fmt: skip


def verdict(found: Exploration) -> Finding:
    return found.findings["device-log"]


@pytest.mark.parametrize("fault", ["", "push", "sender-retry", "new-device", "trim", "recall"])
@pytest.mark.parametrize("design", REFINING)
def test_every_step_of_a_sound_design_is_a_step_of_the_abstract_log(design: str, fault: str) -> None:
    assert verdict(searched(design, "two-people", 2, *fault.split())).verdict == "holds"


@pytest.mark.parametrize("design", REFINING)
def test_it_is_so_where_both_devices_send(design: str) -> None:
    assert verdict(searched(design, "two-devices", 2)).verdict == "holds"


@pytest.mark.parametrize("design", sorted(set(DESIGNS) - set(REFINING)))
def test_the_other_designs_take_a_step_that_it_has_not(design: str) -> None:
    found = verdict(searched(design, "two-devices", 2, decided=True))
    assert found.verdict == "violated"
    assert found.counterexample is not None
    assert "no step `show` here" in found.counterexample.says


@pytest.mark.parametrize("given", FIRST_WRONG, ids=lambda given: str(given[0]))
def test_a_seeded_bug_has_a_first_wrong_step(given: tuple[str, str, int, str]) -> None:
    bug, world, messages, fault = given
    assert DESIGNS[BUGS[bug].base].refines
    found = verdict(searched(lookup.get(bug), world, messages, *fault.split(), decided=True))
    assert found.counterexample is not None
    name, moves = FIRST_WRONG[given]
    assert f"no step `{name}` here" in found.counterexample.says
    assert len(found.counterexample.moves) == moves


@pytest.mark.parametrize(("design", "world"), [("F64", "two-devices"), ("timeline-dense-push", "two-devices")])
def test_the_compiled_search_finds_the_same(design: str, world: str) -> None:
    pytest.importorskip("numba")
    plain, compiled = (searched(lookup.get(design), world, 2, fast=fast) for fast in (False, True))
    assert verdict(plain) == verdict(compiled)
    assert len(plain.graph.states) == len(compiled.graph.states)
    assert plain.graph.transitions == compiled.graph.transitions


def test_a_machine_that_took_no_step_of_its_evidence_is_unknown() -> None:
    found = verdict(searched("timeline-notify", "two-people", 1))
    assert (found.verdict, found.why) == (
        "unknown",
        "never met its evidence: a message shown at a place after the first",
    )


@pytest.mark.parametrize(("design", "expected"), [("F21", "violated"), ("timeline-notify", "holds")])
def test_a_machine_of_ones_own_is_carried_too(design: str, expected: str) -> None:
    machine: type[Refinement] = example("own_machine").PlaceThenAccept
    system, _, environment = build(design, small_world("two-people", 1, ("server-crash",)))
    found = explore(system, environment, [machine]).findings["place-then-accept"]
    assert found.verdict == expected
