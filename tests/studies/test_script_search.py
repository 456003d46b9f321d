"""Searches of scripts: their steps in order, their faults at their places, and what the ends violate."""

from __future__ import annotations

import pytest

from syncproof.designs.servers import SERVERS
from syncproof.engines.drive import scripts
from syncproof.engines.drive.scripts import SCRIPTS
from syncproof.studies.script_search import ACTS, ScriptPlan, script_ends, search

STATES = 4_000


def outcomes(design: str, script: str, *, pushes: bool = False, states: int = STATES) -> set[frozenset[str]]:
    """Return what the ends of a script with one message of each Send violate."""
    return set(search(design, SCRIPTS[script], 1, pushes=pushes, states=states).outcomes)


def test_every_step_has_its_acts() -> None:
    assert set(ACTS) == set(scripts.ScriptStep.__subclasses__())


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.name)
def test_a_search_allows_the_faults_of_its_script_and_no_others(script: scripts.DriveScript) -> None:
    swallows = {"push-lost"} if any(isinstance(step, scripts.Swallow) for step in script.steps) else set()
    leaves = {"disconnect"} if any(isinstance(step, scripts.Leave) for step in script.steps) else set()
    # A proxy that heals cuts what lost something.
    cuts = {"half-open"} if any(isinstance(step, scripts.Heal) for step in script.steps) else set()
    allowed = {name for name, times in ScriptPlan(script, 1).budgets.items() if times}
    assert set(script.faults) <= allowed <= {*script.faults, *swallows, *leaves, *cuts}


def test_a_writer_that_is_stopped_after_it_took_its_number_loses_its_message_in_every_run() -> None:
    found = search("timeline-read-fanout+serial", SCRIPTS["stopped-writer"], 1, pushes=False, states=20_000)
    assert found.complete
    assert frozenset({"tail-append", "no-loss"}) in found.outcomes
    assert frozenset.intersection(*found.outcomes) == {"tail-append", "no-loss"}
    assert outcomes("timeline-read-fanout", "stopped-writer") == {frozenset()}


def test_one_sender_that_waits_for_its_reply_does_not_meet_the_race_of_two() -> None:
    assert outcomes("timeline-read-fanout+serial", "impatient-sender", states=20_000) == {frozenset()}
    racing = outcomes("timeline-read-fanout+serial", "concurrent-writers")
    assert racing >= {frozenset(), frozenset({"tail-append"})}


def test_a_cursor_ahead_of_the_replica_loses_what_the_replica_lacked_in_every_run() -> None:
    ahead = outcomes("timeline-read-fanout+replica-head", "replica-behind")
    assert frozenset.intersection(*ahead) == {"range-read", "checkpoint-covered", "no-loss"}
    assert outcomes("timeline-read-fanout+replica", "replica-behind", states=20_000) == {frozenset()}


def test_a_stream_numbered_from_a_clock_gives_no_place_twice_after_a_restore() -> None:
    assert all("conversation-order" not in outcome for outcome in outcomes("timeline-read-fanout+clock", "restored"))
    assert any("conversation-order" in outcome for outcome in outcomes("timeline-read-fanout", "restored"))


def test_an_inbox_that_is_saved_after_the_reply_loses_what_mosquitto_loses() -> None:
    lost = frozenset({"no-loss", "convergence"})
    assert any(lost <= each for each in outcomes("inbox-store-first+unsaved", "server-killed", pushes=True))
    assert not any(lost & each for each in outcomes("inbox-store-first", "server-killed", pushes=True))


def test_devices_that_are_online_are_all_sent_what_one_queue_would_give_the_first() -> None:
    carbons = outcomes("inbox-shared+carbons", "new-device", pushes=True, states=2_000)
    assert carbons
    assert not any("no-loss" in outcome for outcome in carbons)
    shared = outcomes("inbox-shared+deleted-on-send", "new-device", pushes=True, states=2_000)
    assert all("no-loss" in outcome for outcome in shared)


def test_a_device_that_confirms_what_needs_no_confirming_loses_nothing() -> None:
    assert outcomes("F09", "crash-confirmed") == {
        frozenset({"prefix-order", "checkpoint-covered", "no-loss", "convergence"})
    }
    assert all("no-loss" not in each for each in outcomes("timeline-push", "crash-confirmed", pushes=True))


def test_a_search_that_is_cut_short_says_so_and_finds_the_same_ends_again() -> None:
    first = search("timeline-read-fanout+serial", SCRIPTS["concurrent-writers"], 1, pushes=False, states=1_000)
    again = search("timeline-read-fanout+serial", SCRIPTS["concurrent-writers"], 1, pushes=False, states=1_000)
    assert not first.complete
    assert first == again


def test_a_prediction_says_how_much_of_the_script_was_searched() -> None:
    found = script_ends("timeline-read-fanout+serial", SCRIPTS["impatient-sender"], False)
    assert (found.messages, found.fewer, found.complete) == (1, False, True)
    shorter = script_ends("timeline-read-fanout", SCRIPTS["server-killed"], False, 500)
    assert (shorter.messages, shorter.fewer, shorter.complete) == (0, True, False)


def test_no_server_has_the_name_of_another_design() -> None:
    assert all(name == design.name for name, design in SERVERS.items())
    assert "timeline-read-fanout" not in SERVERS
