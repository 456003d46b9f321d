"""A seeded bug violates behind gateways what it violates in one process: no mechanism is that of a deployment."""

from __future__ import annotations

import pytest

from syncproof.engines.explore import Limits, explore
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS

LARGE = {
    "F66",
    "F02",
    "F04",
    "F05",
    "F09",
    "F12",
    "F28",
    "F30",
    "F31",
    "F42",
    "F44",
    "F46",
    "F49",
    "F54b",
    "F59",
    "F60",
    "F62",
}
"""Bugs whose worlds behind gateways have 150,000 states and more: they were searched by hand, with the same result."""


@pytest.mark.slow
@pytest.mark.parametrize("bug", [name for name in BUGS if name not in LARGE])
def test_it_violates_the_same_behind_gateways(bug: str) -> None:
    population, messages, kinds = BUGS[bug].world
    system, _, environment = build(lookup.get(bug), small_world(population, messages, kinds, "cluster"))
    wanted = [PROPERTIES[name] for name in BUGS[bug].violates]
    found = explore(system, environment, wanted, limits=Limits(states=150_000), until_decided=True)
    assert {name: finding.verdict for name, finding in found.findings.items()} == dict.fromkeys(
        BUGS[bug].violates, "violated"
    )
