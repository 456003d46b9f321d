"""The monitor: every automaton receives the observations that it wants, and its complaints are kept."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Quiesced
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor, Violation


def feed(monitor: Monitor, history) -> None:
    for observation in history.observations:
        monitor.observe(observation)


def test_it_runs_every_property_unless_some_are_named() -> None:
    assert list(Monitor().automata) == list(PROPERTIES)
    assert list(Monitor(["dense", "no-loss"]).automata) == ["dense", "no-loss"]
    assert list(Monitor([]).automata) == []


def test_all_violations_are_counted_and_the_first_five_are_kept(history) -> None:
    monitor = Monitor(["no-duplicate"])
    for _ in range(9):
        history.shown(1, 7)
    feed(monitor, history)
    assert monitor.counts == {"no-duplicate": 8}
    kept = monitor.violations["no-duplicate"]
    assert [violation.says for violation in kept] == ["device 1 shows message 7 a second time"] * 5


def test_liveness_is_judged_at_rest(history) -> None:
    monitor = Monitor(["no-loss"])
    history.sent(7)
    history.accepted(7)
    feed(monitor, history)
    assert monitor.counts == {}
    monitor.observe(Quiesced())
    assert monitor.counts == {"no-loss": 3}


def test_observations_that_no_automaton_wants_are_ignored() -> None:
    monitor = Monitor(["dense"])
    monitor.observe(Quiesced())
    assert monitor.counts == {}


@pytest.mark.parametrize("family", ["timeline", "inbox"])
def test_a_good_history_satisfies_every_property(history, family) -> None:
    monitor = Monitor()
    for message in (1, 2, 3):
        history.composed(message)
        history.placed(message, message)
        if family == "timeline":
            history.stored(message)
            history.appended(message, message, kind="conversation", owner=0)
            history.accepted(message)
            for user in (0, 1):
                history.appended(message, message, owner=user)
            for device, user in ((0, 0), (1, 1), (2, 1)):
                history.triggered(device)
                history.pulled(device)
                history.read(device, message - 1, message, message, owner=user)
                history.shown(device, message, seq=message, owner=user)
                history.checkpointed(device, message, owner=user)
        else:
            for box in (1, 2):
                history.queued(message, box)
            history.accepted(message)
            history.shown(0, message)
            for device in (1, 2):
                history.shown(device, message, seq=message, kind="inbox", owner=device)
                history.deleted(message, device)
    feed(monitor, history)
    monitor.observe(Quiesced())
    assert monitor.counts == {}


def test_a_violation_is_a_value() -> None:
    assert len({Violation("dense", "a"), Violation("dense", "a"), Violation("dense", "b")}) == 2
