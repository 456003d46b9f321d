"""A history that lacks what its other lines refer to leaves the properties that need it unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncproof.core.observations import Appended, Composed, Joined, MemberAdded, Observation, Placed
from syncproof.engines.check import check_observations
from syncproof.properties import PROPERTIES
from syncproof.properties.references import NAMED
from syncproof.properties.verdicts import judge
from tests.helpers.histories import History


def whole(history: History) -> None:
    """Write a history in which nothing is wrong."""
    for user in (0, 1):
        history.member_added(user)
    history.sent(7)
    history.accepted(7)
    history.appended(1, 7)
    history.shown(0, 7)
    for device in (1, 2):
        history.shown(device, 7, seq=1)
        history.checkpointed(device, 1)


def whys(observations: list[Observation]) -> dict[str, str]:
    """Return why each property is unknown; empty for one that is not."""
    found = check_observations(observations, list(PROPERTIES))
    missing = {name: found.references.lacking(kind) for name, kind in PROPERTIES.items()}
    verdicts = judge({}, {}, found.monitor, found.size.given(()), True, missing=missing)
    return {name: result.why for name, result in verdicts.items()}


def test_a_history_that_has_it_all_lacks_nothing(history) -> None:
    whole(history)
    assert not [why for why in whys(history.observations).values() if "lacks" in why]


@pytest.mark.parametrize(
    ("without", "name", "why"),
    [
        (Joined, "prefix-order", "the history lacks Joined of device 0"),
        (Joined, "checkpoint-covered", "the history lacks Joined of device 0"),
        (Joined, "convergence", "the history lacks Joined of device 0"),
        (Joined, "no-loss", "the history lacks Joined of device 0"),
        (Placed, "prefix-order", "the history lacks Placed of message 7"),
        (Placed, "checkpoint-covered", "the history lacks Placed of message 7"),
        (Appended, "checkpoint-covered", "the history lacks Appended of log sync 1"),
        (Composed, "sender-order", "the history lacks Composed of message 7"),
    ],
)
def test_what_a_property_needs_is_missed(history: History, without: type[Observation], name: str, why: str) -> None:
    whole(history)
    found = [o for o in history.observations if type(o) is not without]
    checked = check_observations(found, [name])
    assert checked.references.lacking(PROPERTIES[name]) == why
    if not checked.monitor.counts:
        assert whys(found)[name]


def accepted_and_lost(history: History) -> None:
    history.composed(7)
    history.accepted(7)


def test_whom_a_message_without_a_place_is_owed_to(history: History) -> None:
    accepted_and_lost(history)
    assert whys(history.observations)["no-loss"] == "the history lacks MemberAdded of conversation 0"


def test_a_message_that_takes_its_place_later_needs_no_members(history: History) -> None:
    accepted_and_lost(history)
    history.placed(7, 7)
    assert whys(history.observations)["no-loss"] == ""


@pytest.mark.parametrize(
    "write",
    [
        lambda h: h.checkpointed(1, 5, start=True),
        lambda h: h.checkpointed(1, 0),
        lambda h: (h.reverted(5), h.checkpointed(1, 5, epoch=1)),
        lambda h: (h.appended(5, None), h.checkpointed(1, 5)),
    ],
)
def test_a_checkpoint_that_passes_nothing_needs_no_entries(
    history: History, write: Callable[[History], object]
) -> None:
    write(history)
    assert check_observations(history.observations, []).references.lacking(PROPERTIES["checkpoint-covered"]) == ""


def test_what_is_violated_is_violated_whatever_is_missing(history: History) -> None:
    history.accepted(7)
    found = check_observations(history.observations, list(PROPERTIES))
    missing = dict.fromkeys(PROPERTIES, "something is missing")
    assert (
        judge({}, {}, found.monitor, found.size.given(()), True, missing=missing)["accepted-once"].verdict == "violated"
    )


def test_every_class_that_is_referred_to_is_tried_here() -> None:
    assert set(NAMED) == {Joined, Composed, Placed, Appended, MemberAdded}
