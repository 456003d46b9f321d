"""Every seeded bug is killed by the property that must fall, in its own small world and by Hypothesis in a larger one."""

from __future__ import annotations

import dataclasses

import pytest

from syncproof.counterexamples.minimise import minimise
from syncproof.engines import hypothesis_machine
from syncproof.inputs import small_worlds
from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS
from syncproof.studies.verify import explore_one

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", BUGS)
def test_the_search_kills_it(name: str) -> None:
    bug = BUGS[name]
    found = explore_one(name, small_worlds.small_world(*bug.world))
    fallen = {prop for prop, (_, counterexample, _) in found.findings.items() if counterexample is not None}
    assert set(bug.violates) <= fallen
    assert found.complete


@pytest.mark.parametrize("name", BUGS)
def test_hypothesis_kills_it(name: str) -> None:
    bug = BUGS[name]
    shape = small_worlds.small_world(*bug.world)
    met, _ = hypothesis_machine.count(
        name, dataclasses.replace(shape, messages=shape.messages + hypothesis_machine.MORE), bug.violates[:1]
    )
    assert met is not None
    assert met.name == bug.violates[0]


OTHERWISE = {"F27": "shorter", "F31": "longer"}
"""Bugs whose way is not cut down to one as short as the search's: to a livelock that one is not a shortest, and what the
other needs is too much to be searched."""


@pytest.mark.parametrize("name", BUGS)
def test_what_hypothesis_meets_is_cut_down_to_the_shortest(name: str) -> None:
    bug = BUGS[name]
    shape = small_worlds.small_world(*bug.world)
    larger = dataclasses.replace(shape, messages=shape.messages + hypothesis_machine.MORE)
    met, _ = hypothesis_machine.count(name, larger, bug.violates[:1])
    assert met is not None
    system, _, environment = small_worlds.build(name, larger, hypothesis_machine.BUDGET)
    cut = minimise(system, environment, met.moves, bug.violates[0])
    way = explore_one(name, shape).findings[bug.violates[0]][1]
    assert way is not None
    shortest = way.length if PROPERTIES[bug.violates[0]].endless else len(way.moves)
    compared = "shorter" if len(cut) < shortest else "longer" if len(cut) > shortest else "the same"
    assert compared == OTHERWISE.get(name, "the same"), (len(cut), shortest)


@pytest.mark.parametrize("name", BUGS)
def test_the_sound_design_lives_in_the_same_world(name: str) -> None:
    bug = BUGS[name]
    shape = small_worlds.small_world(*bug.world)
    found = explore_one(bug.base, shape)
    for prop in hypothesis_machine.promised(bug.base, shape):
        assert found.findings[prop][0] == "holds", (prop, found.findings[prop])
