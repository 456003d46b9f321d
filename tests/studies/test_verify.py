"""Verdicts from searches: cells, promises, missing results, vacuous searches, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import syncproof
from syncproof.core.moves import Rest
from syncproof.designs import DESIGNS
from syncproof.designs.witnesses import ALWAYS, Meets
from syncproof.engines.explore import Counterexample, Limits
from syncproof.errors import DesignError, InputError, Interrupted
from syncproof.inputs import bounds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.properties.sometimes import SOMETIMES
from syncproof.report.sentences import verify as sentences
from syncproof.studies import executors, pieces
from syncproof.studies import verify as verification
from syncproof.studies.pieces import INTERRUPTED, LOST
from syncproof.studies.verification import Explored, Verification

NO_FAULT = SmallWorld("two-people", 1, ())
PUSH = SmallWorld("two-people", 1, ("push",))
CRASH = SmallWorld("two-people", 1, ("server-crash",))
TWO, CUT_OFF = SmallWorld("two-people", 2, ()), SmallWorld("two-people", 1, ("disconnect",))
NOTIFY, SYNC_FIRST = "timeline-notify", "inbox-sync-first"


def way(length: int) -> Counterexample:
    return Counterexample((), (Rest(),) * length, (), "something is wrong")


def explored(world: SmallWorld, design: str = NOTIFY, *, complete: bool = True, **others: object) -> Explored:
    """Return a search with these findings; a number is the length of a counterexample, other properties hold."""
    applicable = [name for name in PROPERTIES if name not in DESIGNS[design].not_applicable]
    findings: dict[str, tuple[str, Counterexample | None, str]] = dict.fromkeys(applicable, ("holds", None, ""))
    for name, found in others.items():
        name = name.replace("_", "-")
        findings[name] = ("violated", way(found), "") if isinstance(found, int) else ("unknown", None, str(found))
    ending = "complete" if complete else "states"
    return Explored(design, world, findings, 10, 20, 3, complete, {}, {}, 0.1, 1000, ending)


def verified(*row: Explored, design: str = NOTIFY, **facts: object) -> Verification:
    facts = {"missing": {}, "elapsed": 1.0} | facts
    return Verification("small", {design: list(row)}, **facts)  # type: ignore[arg-type]


# ---- one cell


def test_a_property_that_holds_in_every_world_keeps_its_promise():
    cell = verified(explored(NO_FAULT), explored(PUSH)).cell(NOTIFY, "no-loss")
    assert (cell.verdict, cell.promise, cell.length, cell.why) == ("holds", "kept", 0, "")


def test_the_shortest_counterexample_of_all_worlds_is_reported():
    cell = verified(explored(NO_FAULT, no_loss=9), explored(PUSH, no_loss=5), explored(CRASH)).cell(NOTIFY, "no-loss")
    assert (cell.verdict, cell.promise, cell.length, cell.world) == ("violated", "broken", 5, PUSH)


def test_of_a_broken_promise_the_counterexample_is_from_a_world_that_it_covers():
    row = [
        explored(CRASH, SYNC_FIRST, convergence=4),
        explored(NO_FAULT, SYNC_FIRST, convergence=9),
        explored(PUSH, SYNC_FIRST, convergence=8),
    ]
    for worlds in (row, row[::-1]):
        cell = verified(*worlds, design=SYNC_FIRST).cell(SYNC_FIRST, "convergence")
        assert (cell.promise, cell.length, cell.world) == ("broken", 8, PUSH)


def test_a_violation_under_faults_that_no_promise_covers_breaks_none():
    found = verified(explored(CRASH, SYNC_FIRST, convergence=4), explored(NO_FAULT, SYNC_FIRST), design=SYNC_FIRST)
    cell = found.cell(SYNC_FIRST, "convergence")
    assert (cell.verdict, cell.promise) == ("violated", "kept")
    assert found.status() == 0


def test_what_is_not_promised_may_be_violated():
    found = verified(explored(NO_FAULT, "timeline-push", prefix_order=4), design="timeline-push")
    cell = found.cell("timeline-push", "prefix-order")
    assert (cell.verdict, cell.promise, found.status()) == ("violated", "none", 0)


def test_an_unknown_world_makes_property_and_promise_unknown():
    found = verified(explored(NO_FAULT), explored(PUSH, no_loss="the time was up"))
    cell = found.cell(NOTIFY, "no-loss")
    assert (cell.verdict, cell.promise) == ("unknown", "unknown")
    assert cell.why == "two-people, 1 message, push: the time was up"
    assert found.status() == 3


def test_an_unknown_world_that_the_promise_does_not_cover_leaves_it_kept():
    found = verified(explored(NO_FAULT, SYNC_FIRST), explored(CRASH, SYNC_FIRST, convergence="?"), design=SYNC_FIRST)
    cell = found.cell(SYNC_FIRST, "convergence")
    assert (cell.verdict, cell.promise, found.status()) == ("unknown", "kept", 0)


def test_a_violation_counts_whatever_else_is_unknown():
    found = verified(explored(NO_FAULT, no_loss="cut short"), explored(PUSH, no_loss=7))
    cell = found.cell(NOTIFY, "no-loss")
    assert (cell.verdict, cell.promise, found.status()) == ("violated", "broken", 1)


def test_an_inapplicable_property_has_a_reason():
    cell = verified(explored(NO_FAULT)).cell(NOTIFY, "inbox-drained")
    assert (cell.verdict, cell.promise, cell.why) == ("not-applicable", "none", "there is no offline inbox")


# ---- what is missing, what is vacuous


def test_missing_results_make_only_their_own_design_unknown():
    row = {NOTIFY: [explored(NO_FAULT)], SYNC_FIRST: [explored(NO_FAULT, SYNC_FIRST)]}
    found = Verification("small", row, {SYNC_FIRST: 3}, 1.0, [], INTERRUPTED)
    assert found.cell(NOTIFY, "no-loss").verdict == "holds"
    cell = found.cell(SYNC_FIRST, "no-loss")
    assert (cell.verdict, cell.promise) == ("unknown", "unknown")
    assert cell.why == "3 searches are missing: interrupted"
    complete = {name: facts.complete for name, facts in found.results().designs.items()}
    assert complete == {NOTIFY: True, SYNC_FIRST: False}
    assert found.status() == 3


def test_a_search_that_was_cut_short_is_not_complete():
    found = verified(explored(NO_FAULT), explored(PUSH, complete=False, no_loss="states"))
    facts = found.results().designs[NOTIFY]
    assert not facts.complete
    assert [world.complete for world in facts.worlds] == [True, False]


def test_a_vacuous_search_is_unknown():
    found = verified(explored(NO_FAULT), vacuous=[(NOTIFY, NO_FAULT, "push-lost happened")])
    assert found.status() == 3
    assert found.results().vacuous == [f"{NOTIFY}, {NO_FAULT}: never push-lost happened"]


# ---- real searches


@pytest.mark.slow
def test_every_design_meets_its_witnesses_in_small_worlds():
    for design in DESIGNS:
        for kinds in ((), ("sender-retry",), ("server-crash",)):
            found = verification.explore_one(design, SmallWorld("two-devices", 1, kinds))
            assert all(found.witnesses.values()), (design, kinds, found.witnesses)


@pytest.mark.parametrize(
    ("design", "kind", "messages", "situation"),
    [
        ("timeline-dense-push+reserved-numbers", "server-crash", 1, "void"),
        ("timeline-dense-push", "push", 2, "gap"),
        ("timeline-notify", "server-crash", 1, "redriven"),
        ("timeline-notify", "trim", 1, "expired"),
        ("inbox-sync-first", "push", 1, "ack-timeout"),
        ("inbox-store-first", "sender-retry", 1, "duplicate-submit"),
    ],
)
def test_designs_name_the_situations_that_must_be_met(design, kind, messages, situation):
    found = verification.explore_one(design, SmallWorld("two-devices", messages, (kind,)))
    assert found.witnesses[SOMETIMES[situation].says] is True


def test_a_situation_without_a_clause_is_refused_where_it_is_listed():
    with pytest.raises(
        InputError, match=r"^meets: unknown situation 'coalesced'; allowed: message-accepted, .*SOMETIMES of"
    ):
        Meets("push", ("coalesced",))


def test_a_design_that_does_not_meet_a_witness_is_vacuous():
    """No timeline waits for an ack, so it cannot meet the witness `ack-timeout`."""
    import msgspec

    odd = msgspec.structs.replace(DESIGNS[NOTIFY], meets=(Meets(ALWAYS, ("ack-timeout",)),))
    found = verification.search(odd, NO_FAULT)
    judged = verification.gathered("small", NOTIFY, [verification.kept(odd, NO_FAULT, found)])  # type: ignore[arg-type]
    assert [what for _, _, what in judged.vacuous] == [SOMETIMES["ack-timeout"].says]
    assert judged.status() == 3


@pytest.mark.parametrize(
    ("limits", "ending"),
    [(Limits(states=1), "states"), (Limits(memory=1), "memory"), (Limits(time=0.0), "time")],
)
def test_every_limit_ends_in_unknown_with_its_reason(limits, ending):
    found = verification.explore_one(NOTIFY, SmallWorld("two-people", 1, ("disconnect",)), limits)
    verdict, _, why = found.findings["no-loss"]
    assert (found.complete, found.ending, verdict) == (False, ending, "unknown")
    assert f"the limit of {ending} was reached" in why


FURTHER = Limits(memory=1 << 30)


@pytest.fixture
def two_worlds(monkeypatch):
    """Return a function that verifies a design in a world below and a world above a limit of 5,000 states."""
    monkeypatch.setattr(verification, "within", lambda name, design: [TWO, CUT_OFF])
    monkeypatch.setattr(verification, "LIMITS", Limits(states=5000))
    monkeypatch.setattr(verification, "FURTHER", FURTHER)

    def verify(name: str = "deep", **options: Any) -> Verification:
        return verification.verify(["inbox-shared"], name, jobs=1, **options)

    return verify


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException, limits: Limits) -> None:
    """Let the search of the large world with these limits raise an error."""
    search = verification.explore_one

    def explore_one(design: str, world: SmallWorld, given: Limits, **options: Any) -> Explored:
        if world == CUT_OFF and given == limits:
            raise error
        return search(design, world, given, **options)

    monkeypatch.setattr(verification, "explore_one", explore_one)


@pytest.mark.parametrize(("name", "complete"), [("deep", True), ("standard", False)])
def test_deep_bounds_search_again_what_the_limit_of_states_cut_short(two_worlds, name, complete):
    seen: list[verification.Searched] = []
    found = two_worlds(name, progress=seen.append)
    assert [e.complete for e in found.explored["inbox-shared"]] == [True, complete]
    assert found.work.pieces == len(seen) == 2 + complete
    assert [p.done for p in seen] == [1, 2, 3][: len(seen)]
    assert seen[-1].total == len(seen)
    assert found.cell("inbox-shared", "no-duplicate").verdict == ("holds" if complete else "unknown")


def test_a_second_search_that_comes_less_far_takes_nothing_away(two_worlds, monkeypatch):
    monkeypatch.setattr(verification, "FURTHER", Limits(states=10, memory=1 << 30))
    assert two_worlds().explored["inbox-shared"][1].states > 5000


def test_a_second_search_that_finds_no_more_states_may_still_be_complete(two_worlds, monkeypatch):
    whole = verification.explore_one("inbox-shared", CUT_OFF)
    search = verification.explore_one

    def explore_one(design: str, world: SmallWorld, given: Limits, **options: Any) -> Explored:
        cut = world == CUT_OFF and given != FURTHER
        return replace(whole, complete=False, ending="states") if cut else search(design, world, given, **options)

    monkeypatch.setattr(verification, "explore_one", explore_one)
    assert two_worlds().explored["inbox-shared"][1].complete


def test_a_resumed_verification_searches_again_what_is_missing_and_nothing_else(two_worlds, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        raising(patch, Interrupted(), FURTHER)
        assert two_worlds(out=tmp_path).stopped == INTERRUPTED
    found = two_worlds(out=tmp_path, resume=True)
    assert (found.work.pieces, found.work.pieces_read) == (3, 2)
    assert found.explored["inbox-shared"][1].complete


@pytest.mark.parametrize("limits", [Limits(states=5000), FURTHER], ids=["first", "second"])
def test_an_interrupt_ends_either_search_of_a_world_and_keeps_what_was_found(two_worlds, monkeypatch, limits):
    raising(monkeypatch, Interrupted(), limits)
    found = two_worlds()
    assert (found.stopped, found.status(), found.work.pieces) == (INTERRUPTED, 3, 2 + (limits == FURTHER))
    assert [e.ending for e in found.explored["inbox-shared"]] == ["complete", "states"][: 1 + (limits == FURTHER)]
    assert INTERRUPTED in " ".join(sentences.answer(found))


@pytest.mark.parametrize("limits", [Limits(states=5000), FURTHER], ids=["first", "second"])
def test_a_design_that_fails_in_either_search_of_a_world_is_named(two_worlds, monkeypatch, limits):
    raising(monkeypatch, DesignError("its handler raises"), limits)
    found = two_worlds()
    assert (list(found.failed), found.status()) == (["inbox-shared"], 4)
    assert found.cell("inbox-shared", "no-duplicate").verdict == "unknown"
    assert "the code of inbox-shared fails" in " ".join(sentences.answer(found))


@pytest.mark.slow
def test_second_searches_have_as_many_processes_as_memory_allows_unless_they_are_counted(monkeypatch, two_worlds):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(pieces, "available_memory", lambda: 1 << 29)
    names = ["inbox-shared"]
    assert verification.verify(names, "deep").work.workers_why.startswith("1 of 2 workers")
    assert verification.verify(names, "deep", jobs=2).work.workers_why == ""


@pytest.mark.slow
def test_progress_adds_the_searches_up(monkeypatch):
    monkeypatch.setitem(bounds.BOUNDS, "small", (NO_FAULT, PUSH))
    seen: list[verification.Progress] = []
    found = verification.verify([NOTIFY], "small", jobs=1, progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(1, 2), (2, 2)]
    assert seen[-1].states == sum(e.states for e in found.explored[NOTIFY])
    assert seen[-1].depth == max(e.depth for e in found.explored[NOTIFY])
    assert found.run_facts().peak_memory_mib > 0


def test_a_worker_that_is_killed_for_memory_is_reported_without_a_traceback(monkeypatch):
    def perform(work, jobs, workers, opening, failures):
        yield 0, work(jobs[0])
        raise BrokenExecutor("gone")

    monkeypatch.setattr(executors, "perform", perform)
    monkeypatch.setitem(bounds.BOUNDS, "small", (NO_FAULT, PUSH))
    found = verification.verify([NOTIFY], "small", jobs=2)
    assert (found.missing, found.stopped, found.status()) == ({NOTIFY: 1}, LOST, 3)
    assert "memory" in found.cell(NOTIFY, "no-loss").why


def test_unknown_bounds_and_designs_are_input_errors():
    with pytest.raises(InputError, match="unknown bounds 'tiny'; allowed: small, standard, deep"):
        verification.verify([], "tiny")
    with pytest.raises(InputError, match="timeline-notify"):
        verification.verify(["timeline-notfy"], "small")


DRIVER = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from syncproof.inputs import bounds
from syncproof.inputs.small_worlds import TOGETHER, SmallWorld
from syncproof.studies import verify as verification
small, huge = SmallWorld("two-people", 2, ()), SmallWorld("two-people", 1, TOGETHER)
bounds.BOUNDS["small"] = (small, huge)
bounds.BEYOND["timeline-dense-push"] = (huge,)
if __name__ == "__main__":
    names = ["timeline-dense-push", "timeline-notify"]
    report = lambda p: print("done", flush=True) if p.done == 2 else None
    found = verification.verify(names, "small", jobs=int(sys.argv[1]), progress=report)
    rows = [e for row in found.explored.values() for e in row]
    print(json.dumps({
        "status": found.status(), "stopped": found.stopped, "finished": len([e for e in rows if e.complete]),
        "without_bytes": [str(e.world) for e in rows if not e.bytes],
        "verdicts": {name: found.cell(name, "no-duplicate").verdict for name in names},
        "complete": {name: facts.complete for name, facts in found.results().designs.items()},
    }))
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_a_verification_and_keeps_what_was_found(jobs, tmp_path):
    """Two small searches finish, a large one is interrupted, and the finished design keeps its verdict."""
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    environment = os.environ | {"PYTHONPATH": str(Path(syncproof.__file__).parents[1])}
    run = subprocess.Popen([sys.executable, str(driver), str(jobs)], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert run.stdout is not None
        assert run.stdout.readline() == "done\n"
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=120)
    finally:
        run.kill()
    assert json.loads(out) == {
        "status": 3,
        "stopped": INTERRUPTED,
        "finished": 2,
        "without_bytes": [],
        "verdicts": {"timeline-dense-push": "holds", "timeline-notify": "unknown"},
        "complete": {"timeline-dense-push": True, "timeline-notify": False},
    }


def test_a_witness_of_an_impossible_fault_is_not_required():
    """Read fan-out has no sync store that could be trimmed."""
    found = verification.explore_one("timeline-read-fanout", SmallWorld("two-devices", 1, ("trim",)))
    assert all(found.witnesses.values())
    assert "trim happened" not in found.witnesses
