"""Two writers keep dense numbers by a conditional write, and lose the order of a conversation."""

from __future__ import annotations

import pytest

from syncproof.designs.forms import FORMS
from syncproof.engines.explore import Limits, explore
from syncproof.engines.explore.exploration import Exploration
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES
from syncproof.properties.sometimes import SOMETIMES

NAME = "timeline-dense-push+two-writers"


def searched(design: str, *faults: str, messages: int = 2) -> Exploration:
    """Return the search of a world of two devices of one user, which lead to different processes."""
    system, _, environment = build(lookup.get(design), small_world("two-devices", messages, faults))
    judged = [PROPERTIES[name] for name in ("dense", "tail-append", "no-loss", "conversation-order", "sender-order")]
    return explore(system, environment, [*judged, SOMETIMES["number-taken"]], limits=Limits(states=200_000))


def violated(found: Exploration) -> set[str]:
    return {name for name, finding in found.findings.items() if finding.verdict == "violated"}


@pytest.mark.parametrize("fault", ["", "server-crash", "push"])
def test_only_the_order_of_a_conversation_is_lost(fault: str) -> None:
    assert violated(searched(NAME, *fault.split())) == {"conversation-order"}


def test_what_it_does_not_promise_is_the_order_alone() -> None:
    of = lookup.get("timeline-dense-push").promises
    assert {*of} - {*FORMS[NAME].promises} == {"conversation-order"}


def test_a_writer_meets_the_other_ones_number() -> None:
    assert "number-taken" in searched(NAME).situations


def test_one_message_has_one_writer_and_keeps_its_order() -> None:
    found = searched(NAME, messages=1)
    assert not violated(found)
    assert "number-taken" not in found.situations


def test_without_the_condition_a_number_is_given_twice() -> None:
    assert violated(searched("F65")) == {"dense", "tail-append", "no-loss"}
