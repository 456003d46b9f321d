"""Claims judged by a verification: by the searches that only claims need, and by the worlds of the bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncproof.studies.claims import CLAIMS
from syncproof.studies.results.verification import ClaimSearch, SearchedProperty, VerificationResults


def prove(claim: str, designs: dict[str, Any], found: dict[str, ClaimSearch]) -> tuple[str, str]:
    """Judge a claim by a verification of these designs and searches."""
    proof = CLAIMS[claim].prove
    assert proof is not None
    head = {"schema": 1, "command": "verify", "bounds": "", "vacuous": [], "claims": {}, "searches": {}}
    results = msgspec.convert({**head, "designs": designs}, VerificationResults)
    results.searches = found
    return proof(results)


def search(verdict: str, length: int | None = None) -> ClaimSearch:
    return ClaimSearch("F26", 2, 1000, {"no-loss": SearchedProperty(verdict, True, length)})


VIOLATED = search("violated", length=17)


@pytest.mark.parametrize(
    ("found", "verdict", "says"),
    [
        (search("holds"), "supported", "1 promises in 2 worlds, 1,000 states"),
        (VIOLATED, "refuted", "after 17 moves"),
        (search("unknown"), "unknown", "not searched to the end"),
        (None, "unknown", "needs the search"),
    ],
)
def test_c6_is_proved_without_notifications(found: ClaimSearch | None, verdict: str, says: str) -> None:
    judged = prove("C6", {}, {} if found is None else {"notifications-off": found})
    assert judged[0] == verdict
    assert says in judged[1]


@pytest.mark.parametrize(
    ("forgets", "polls", "verdict"),
    [
        (VIOLATED, search("holds"), "depends"),
        (search("holds"), search("holds"), "supported"),
        (VIOLATED, VIOLATED, "refuted"),
        (VIOLATED, search("unknown"), "unknown"),
        (search("unknown"), search("holds"), "unknown"),
        (None, None, "unknown"),
    ],
)
def test_c9_is_judged_by_a_device_that_ignores_hints_during_pulls(forgets: Any, polls: Any, verdict: str) -> None:
    made = {"hint-forgotten": forgets, "hint-forgotten-polls": polls}
    searches = {name: found for name, found in made.items() if found is not None}
    assert prove("C9", {}, searches)[0] == verdict


def test_c7_names_the_largest_world() -> None:
    properties = {name: {"verdict": "holds", "promise": "kept"} for name in ("convergence", "no-loss")}
    size = {"states": 9, "transitions": 9, "depth": 1, "complete": True}
    worlds = [{"world": f"{people}, 1 message, push", **size} for people in ("two-people", "three-devices")]
    notify = {"properties": properties, **size, "coverage": {}, "witnesses": {}, "worlds": worlds}
    verdict, text = prove("C7", {"timeline-notify": notify}, {})
    assert verdict == "supported"
    assert "no world has more than 3 devices" in text
