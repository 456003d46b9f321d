"""Predicting a recorded table again: what the record says of each run."""

from __future__ import annotations

from syncproof.inputs import lookup
from syncproof.studies.script_agreement import Seen
from tools.predict_again import promised, runs_of


def test_the_runs_are_those_that_were_recorded() -> None:
    sets = [{"violated": ["no-loss"], "judged": ["no-loss"], "runs": 2}, {"violated": [], "judged": [], "runs": 1}]
    loss = frozenset({"no-loss"})
    assert runs_of({"sets": sets}) == [Seen(loss, loss), Seen(loss, loss), Seen(frozenset(), frozenset())]


def test_an_older_record_tells_the_runs_apart_only_if_all_violate_the_same() -> None:
    old = {"runs": 2, "observed": {"no-loss": 2}, "verdicts": {"no-loss": "violated", "no-creation": "unknown"}}
    assert runs_of(old) == [Seen(frozenset({"no-loss"}), frozenset({"no-loss"}))] * 2
    assert runs_of({**old, "observed": {"no-loss": 1}}) is None


def test_a_design_promises_what_it_lists_under_all_faults_of_the_script() -> None:
    assert "no-loss" in promised(lookup.get("timeline-notify"), "server-killed")
    assert "roaming-complete" not in promised(lookup.get("inbox-store-first"), "new-device")
