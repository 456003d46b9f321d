"""The fixture for users' tests fails with the diagram of a shortest counterexample, and passes where promises are kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncproof.errors import InputError
from syncproof.seeded_bugs import BUGS
from tests.helpers.silent import MISSES, MUTE, SILENT


@pytest.mark.slow
def test_a_sound_design_passes(keeps_promises: Callable[..., None]) -> None:
    keeps_promises("inbox-store-first", faults=["push"])


def test_a_broken_promise_fails_with_the_diagram(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match="breaks it in two-people, 1 message, push, in 7 moves") as caught:
        keeps_promises(BUGS["F25"].design, world="two-people", faults=["push"])
    assert "Submit m0 ──────▶│" in str(caught.value)
    assert "no-loss" in str(caught.value)


@pytest.mark.slow
def test_hypothesis_finds_what_the_small_world_has_not(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match="cut down from"):
        keeps_promises("F12", world="two-people", faults=["disconnect"], examples="ci")


def test_a_search_that_was_cut_short_fails(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(
        AssertionError,
        match=r"is unknown: the search was cut short: the limit of states was reached.*; give it more states",
    ):
        keeps_promises("timeline-notify", faults=["device-crash"], states=50)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"faults": "push"}, r"faults='push' is a text; write faults=\['push'\]"),
        ({"messages": 0}, "messages: 0; allowed: a whole number, 1 or more"),
        ({"examples": "many"}, "unknown profile examples='many'; allowed: none, few, dev, brief, ci, deep"),
        ({"world": "a-crowd"}, "unknown world 'a-crowd'; allowed: two-people"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(
    keeps_promises: Callable[..., None], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        keeps_promises("timeline-notify", **arguments)


def test_a_server_that_stores_nothing_does_not_pass(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match=r"promises accepted-once and breaks it"):
        keeps_promises(SILENT, faults=["push"], examples="none")


def test_a_server_that_accepts_nothing_does_not_pass(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match=r"promises no-loss, .* no search could tell .* an accepted message"):
        keeps_promises(MUTE, faults=["push"], examples="none")


def test_a_search_that_misses_what_the_design_declares_fails(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match=r"misses in .*: the search never reached this: a device shows a ninth"):
        keeps_promises(MISSES, faults=["push"], examples="none")


def test_what_the_worlds_cannot_exercise_does_not_fail(keeps_promises: Callable[..., None]) -> None:
    keeps_promises("timeline-notify", world="two-people", faults=[], examples="none")
