"""Every seeded bug violates the properties that it must: in a search of its small world, and under Hypothesis in a larger one."""

from __future__ import annotations

import pytest

from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS, Bug
from syncproof.studies.hunt import cut_down, larger, promised
from tests.helpers.bugs import played, searched, world_of

pytestmark = pytest.mark.slow

SHORTENED = ("F01", "F48", "F09", "F13", "F17", "F24", "F30", "F32", "F42", "F52", "F56", "F59")
"""The bugs whose counterexamples are shortened: one or two of each mechanism, safety and liveness, devices and servers."""


@pytest.fixture(scope="module", params=BUGS)
def bug(request: pytest.FixtureRequest) -> Bug:
    """Return each bug in turn, with all its tests, so that they share the search and the violation that Hypothesis finds."""
    return BUGS[request.param]


def test_the_search_kills_it(bug: Bug) -> None:
    found = searched(bug.id, world_of(bug.id))
    violated = {name for name, (_, counterexample, _) in found.findings.items() if counterexample is not None}
    assert set(bug.violates) <= violated
    assert found.complete


def test_hypothesis_kills_it(bug: Bug) -> None:
    assert played(bug.id).name == bug.violates[0]


@pytest.mark.parametrize("name", SHORTENED)
def test_a_counterexample_of_hypothesis_is_shortened_to_the_shortest(name: str) -> None:
    bug = BUGS[name]
    cut = cut_down(bug.id, larger(world_of(bug.id)), played(bug.id))
    counterexample = searched(bug.id, world_of(bug.id)).findings[bug.violates[0]][1]
    assert counterexample is not None
    if PROPERTIES[bug.violates[0]].kind == "liveness":
        # The search's counterexample is a short one, not always the shortest.
        assert len(cut) <= counterexample.length
    else:
        assert len(cut) == len(counterexample.moves)


def test_the_sound_design_keeps_its_promises_in_the_same_world(bug: Bug) -> None:
    found = searched(bug.base, world_of(bug.id))
    for name in promised(bug.base, world_of(bug.id)):
        verdict, _, why = found.findings[name]
        assert verdict == "holds" or why.startswith(("never met its evidence", "not exercised")), (
            name,
            found.findings[name],
        )
