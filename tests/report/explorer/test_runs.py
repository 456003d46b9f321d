"""Runs that a reader asks for: shortest ones in which a situation is met, or why there is none."""

from __future__ import annotations

import pytest

from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report.explorer.address import parse
from syncproof.report.explorer.runs import Jump, run, situations
from syncproof.report.explorer.walk import Walk, walk
from tests.report.explorer.conftest import DESIGN


def seen(walked: Walk, name: str) -> list[str]:
    """Return what is observed in the last move of the run, in short."""
    found = run(walked, name)
    assert found.why == ""
    return [type(each).__name__ for each in walked.at(walked.moves(parse(found.way).codes)).automata.seen]


def test_counterexamples_of_broken_promises_come_first_then_the_shortest(jumps: dict[str, Jump]) -> None:
    found = list(jumps.values())
    assert {"no-early-delete", "no-loss"} <= set(jumps)
    assert all(jump.broken for jump in found)
    assert [jump.length for jump in found] == sorted(jump.length for jump in found)
    assert all(parse(jump.way).at == 0 for jump in found)


@pytest.mark.parametrize(
    ("name", "length", "last"),
    [
        ("message-accepted", 4, "Accepted"),
        ("evidence of no-loss", 4, "Accepted"),
        ("device-crash-happened", 1, "Crashed"),
    ],
)
def test_a_shortest_run_ends_with_the_situation(walked: Walk, name: str, length: int, last: str) -> None:
    assert len(parse(run(walked, name).way).codes) == length
    assert last in seen(walked, name)


def test_every_message_is_shown_everywhere_at_the_end_of_that_run(walked: Walk) -> None:
    found = run(walked, "shown-everywhere")
    place = walked.at(walked.moves(parse(found.way).codes))
    settled = next(a for a in place.automata.each if a.name == "no-loss").settled  # type: ignore[attr-defined]
    assert len(settled) == 1
    assert "Shown" in seen(walked, "shown-everywhere")


def test_a_device_that_connects_again_shows_a_message_at_the_end_of_that_run() -> None:
    sound = walk("inbox-store-first", SmallWorld("two-people", 1, ("disconnect",)))
    assert "Shown" in seen(sound, "caught-up")


def test_a_situation_that_no_run_meets_is_told_as_such(walked: Walk) -> None:
    found = run(walked, "gap")
    assert (found.way, found.why) == ("", "in no run of this world: a device saw a gap")


def test_an_unknown_situation_is_refused_with_those_that_there_are(walked: Walk) -> None:
    with pytest.raises(InputError, match=r"unknown situation 'gapp'; allowed: .*; did you mean 'gap'"):
        run(walked, "gapp")


def test_faults_that_are_no_moves_are_no_situations() -> None:
    pushes = walk(DESIGN, SmallWorld("two-people", 1, ("push",)))
    assert {"push-lost-happened", "push-duplicated-happened"} <= set(situations(pushes))
    assert "push-reordered-happened" not in situations(pushes)
