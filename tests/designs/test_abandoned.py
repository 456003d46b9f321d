"""No design owes an abandoned device anything, and none lets its other devices suffer: searched, with a crash beside it."""

from __future__ import annotations

import msgspec
import pytest

from syncproof.designs import DESIGNS
from syncproof.designs.forms import FORMS
from syncproof.engines.explore import explore
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES

ALL = {**DESIGNS, **FORMS}


def violated(name: str, population: str, **others: int) -> list[str]:
    """Return the promises that a search violates in which a device may be abandoned at any moment, beside other faults."""
    design = ALL[name]
    system, _, environment = small_worlds.build(design, SmallWorld(population, 1, ()))
    budgets = {"abandoned": 1, **{fault.replace("_", "-"): budget for fault, budget in others.items()}}
    promised = [p for p, faults in design.promises.items() if set(budgets) <= set(faults)]
    found = explore(system, msgspec.structs.replace(environment, budgets=budgets), [PROPERTIES[p] for p in promised])
    assert found.complete
    return [p for p in promised if found.findings[p].verdict == "violated"]


@pytest.mark.slow
@pytest.mark.parametrize("population", ["two-people", "two-devices"])
@pytest.mark.parametrize("name", ALL)
def test_promises_are_kept_whenever_a_device_is_abandoned(name: str, population: str) -> None:
    assert violated(name, population) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_promises_are_kept_if_the_server_crashes_as_well(name: str) -> None:
    assert violated(name, "two-devices", server_crash=1) == []
