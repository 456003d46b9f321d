"""Nothing is green on nothing: verdicts of searches, comparisons and histories without evidence, and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.core.actor import Out, actor
from syncproof.core.environment import Environment
from syncproof.core.observations import Connected, Shown
from syncproof.designs import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.engines.explore import Limits, explore
from syncproof.engines.explore.verdicts import TRY
from syncproof.inputs import scenario
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES
from syncproof.properties.sometimes import SOMETIMES, sometimes
from syncproof.studies import recordings, sweep
from syncproof.studies import verify as verification
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison, worst
from syncproof.studies.hunt import hunt
from syncproof.studies.verification import Explored, Verification, cell_of
from syncproof.studies.verify import explore_one
from tests.helpers.silent import MISSES, MUTE, NOTIFY, QUIET, REACHES, SILENT

NO_FAULT = SmallWorld("two-people", 1, ())
TWO = SmallWorld("two-people", 2, ())
PUSH = SmallWorld("two-people", 2, ("push",))
RESTORE = SmallWorld("two-devices", 1, ("server-restore",))
CRASH = SmallWorld("two-devices", 2, ("server-crash",))


@actor
class NeverPolls(TimelineDevice):
    """Arm no poll timer."""

    def arm_poll(self, out: Out) -> None:
        pass


def explored(world: SmallWorld, *unmet: str, complete: bool = True, reached: dict[str, bool] | None = None, **facts):
    findings = {n: ("unknown" if n in unmet else "holds", None, "") for n in PROPERTIES}
    return Explored(
        "timeline-notify", world, findings, 1, 1, 1, complete, {}, reached or {}, 0.1, 1, unmet=unmet, **facts
    )


def cell(name: str, *row: Explored):
    return cell_of(NOTIFY, row, name)


# ---- one cell over worlds


def test_a_property_holds_if_one_of_the_worlds_met_its_evidence():
    found = cell("no-loss", explored(NO_FAULT, "no-loss"), explored(TWO))
    assert (found.verdict, found.promise, found.why, found.exercised) == ("holds", "kept", "", True)


def test_a_property_whose_evidence_could_be_met_and_was_not_is_unknown():
    found = cell("no-loss", explored(NO_FAULT, "no-loss"), explored(TWO, "no-loss"))
    assert (found.verdict, found.promise, found.exercised) == ("unknown", "unknown", True)
    assert found.why == "never met its evidence: an accepted message"


def test_a_property_that_no_world_could_exercise_is_unknown_and_its_promise_not_judged():
    found = cell("conversation-order", explored(NO_FAULT, "conversation-order"))
    assert (found.verdict, found.promise, found.exercised) == ("unknown", "not judged", False)
    assert found.why.startswith("not exercised: needs 2 messages in a conversation, to see a message shown at a place")


def test_a_promise_is_kept_only_if_a_world_that_it_covers_met_the_evidence():
    """Convergence is not promised under a restore of the server, so what happens there keeps no promise."""
    found = cell("convergence", explored(RESTORE), explored(CRASH, "convergence"))
    assert (found.verdict, found.promise) == ("unknown", "unknown")
    assert found.why == "never met its evidence: a message for two devices of one user"


def test_a_property_that_holds_only_where_it_is_not_promised_is_not_marked_as_promised():
    """A restarted server gives a message a second place, where inbox-sync-first does not promise sender-order."""
    row = [explored(NO_FAULT, "sender-order"), explored(CRASH)]
    found = cell_of(DESIGNS["inbox-sync-first"], row, "sender-order")
    assert (found.verdict, found.promise, found.marked_promised) == ("holds", "not judged", False)


def test_without_evidence_the_exit_status_says_unknown():
    row = [explored(TWO, "no-loss")]
    assert Verification("small", {"timeline-notify": row}, {}, 1.0).status() == 3
    row = [explored(NO_FAULT, "conversation-order")]
    assert Verification("small", {"timeline-notify": row}, {}, 1.0).status() == 0


def test_results_say_what_was_not_exercised():
    found = Verification("small", {"timeline-notify": [explored(NO_FAULT, "conversation-order")]}, {}, 1.0)
    proof = found.results().designs["timeline-notify"].properties["conversation-order"]
    assert (proof.verdict, proof.exercised) == ("unknown", False)
    assert proof.why is not None
    assert found.results().designs["timeline-notify"].properties["no-loss"].exercised


# ---- sometimes


def test_one_of_several_worlds_is_enough_for_what_a_users_design_declares():
    says = "it happens"
    rows = [explored(NO_FAULT, reached={says: False}, some=(says,)), explored(TWO, reached={says: True}, some=(says,))]
    assert verification.vacuous(rows) == []
    assert verification.vacuous(rows[:1]) == [("timeline-notify", NO_FAULT, says)]


def test_what_no_world_reached_is_named_once():
    says = "it happens"
    rows = [explored(world, reached={says: False}, some=(says,)) for world in (NO_FAULT, TWO)]
    assert verification.vacuous(rows) == [("timeline-notify", NO_FAULT, says)]


def test_every_world_must_reach_what_a_ready_design_lists():
    says = "a device saw a gap"
    rows = [explored(NO_FAULT, reached={says: False}), explored(TWO, reached={says: True})]
    assert verification.vacuous(rows) == [("timeline-notify", NO_FAULT, says)]


# ---- searches


def test_a_search_that_reaches_a_declared_property_holds():
    found = verification.explore(REACHES, "two-people", messages=2)
    assert found.results().designs["reaches"].witnesses["a device shows a second message"] == "1 of 1 worlds"
    assert found.status() == 0


def test_a_search_that_does_not_reach_it_is_unknown():
    found = verification.explore(MISSES, "two-people", messages=1, faults=["push"])
    assert [what for _, _, what in found.vacuous] == ["a device shows a ninth message"]
    assert found.status() == 3
    assert "never reached this: a device shows a ninth message" in repr(found)


def test_it_is_not_asked_for_without_its_fault():
    found = verification.explore(MISSES, "two-people", messages=1)
    assert (found.vacuous, found.status()) == ([], 0)


def test_a_search_in_which_nothing_is_accepted_is_unknown():
    found = verification.explore(MUTE, "two-people")
    assert found.status() == 3
    assert {what for _, _, what in found.vacuous} >= {"a message was accepted"}
    assert found.cell(MUTE.name, "no-loss").promise == "unknown"


def test_a_search_without_a_message_is_unknown():
    found = verification.judged(
        "timeline-notify", world := SmallWorld("two-people", 0, ()), verification.search(NOTIFY, world)
    )
    assert found.status() == 3
    assert [what for _, _, what in found.vacuous] == ["a message was accepted"]


def test_the_engine_itself_says_unknown():
    system, _, environment = build(MUTE, NO_FAULT)
    finding = explore(system, environment, [PROPERTIES["no-loss"]]).findings["no-loss"]
    assert (finding.verdict, finding.met) == ("unknown", False)
    assert finding.why == "never met its evidence: an accepted message"


def test_what_is_observed_before_a_search_is_evidence():
    """In the prelude the devices connect and pull; without a script and without polls nothing more happens."""
    system, _, environment = build(NOTIFY.variant(device=NeverPolls), NO_FAULT)
    still = Environment(prelude=environment.prelude)
    connected = sometimes("connected", "a device connects", {Connected: lambda o: True})
    found = explore(system, still, [PROPERTIES["pull-terminates"], connected]).findings
    assert {name: finding.verdict for name, finding in found.items()} == dict.fromkeys(found, "holds")


def test_the_engine_judges_what_some_run_must_reach():
    system, _, environment = build(
        "timeline-dense-push+reserved-numbers", SmallWorld("two-devices", 1, ("server-crash",))
    )
    found = explore(system, environment, [SOMETIMES["void"], SOMETIMES["ack-timeout"]]).findings
    assert found["void"].verdict == "holds"
    assert (found["ack-timeout"].verdict, found["ack-timeout"].why) == (
        "unknown",
        "never reached: an acknowledgement did not arrive in time",
    )


def test_evidence_costs_a_search_no_state():
    world = SmallWorld("two-devices", 1, ("server-crash",))
    system, _, environment = build("timeline-dense-push", world)
    alone = explore(system, environment).graph
    asked = explore(*build("timeline-dense-push", world)[::2], list(SOMETIMES.values())).graph
    assert (len(alone.states), len(alone.targets)) == (len(asked.states), len(asked.targets))


def test_what_was_reached_before_a_search_was_cut_short_counts():
    found = verification.search(REACHES, PUSH, Limits(states=2_000))
    assert not found.complete
    assert found.findings["second-shown"].verdict == "holds"


def test_a_search_that_was_cut_short_says_what_to_try_for_liveness():
    found = explore_one("timeline-notify", PUSH, Limits(states=100))
    assert TRY in found.findings["no-loss"][2]
    assert TRY in found.findings["pull-terminates"][2]
    assert TRY not in found.findings["no-duplicate"][2]


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_every_promise_of_a_ready_design_is_exercised_or_says_what_it_takes(design: str):
    """In one world without faults, changes, counts and expiry only what takes these is not exercised."""
    found = verification.explore(design, "two-devices", messages=2)
    idle = {name for name in PROPERTIES if not found.cell(design, name).exercised}
    assert idle <= {"change-monotonic", "roaming-complete", "epoch-learnt", "unread-agrees", "expires"}
    assert found.status() == 0


# ---- comparisons


@pytest.fixture
def quiet(tmp_path: Path) -> scenario.Scenario:
    path = tmp_path / "quiet.toml"
    path.write_text(QUIET)
    return scenario.load(str(path))


def test_a_comparison_in_which_nothing_is_accepted_is_unknown(quiet: scenario.Scenario):
    found = compare(quiet, designs=["timeline-notify"], runs=1, jobs=1, sweep=False)
    assert found.status() == 3
    facts = found.results().designs["timeline-notify"].properties["no-loss"]
    assert (facts.verdict, facts.why, facts.exercised) == ("unknown", "nothing was accepted", True)


def small(design: object, **values: object) -> Comparison:
    usual = scenario.load("default").with_values({"duration": "20m", **values})
    return compare(usual, designs=[design], runs=1, jobs=1, sweep=False)  # type: ignore[list-item]


@pytest.mark.slow
def test_a_comparison_of_a_server_that_accepts_nothing_is_unknown():
    assert small(MUTE).status() == 3


def test_a_comparison_of_a_server_that_stores_nothing_is_a_violation():
    assert small(SILENT).status() == 1


def test_what_a_comparison_cannot_exercise_does_not_count():
    found = small("timeline-notify", **{"population.devices_per_user": 1, "population.new_devices": 0})
    facts = found.results().designs["timeline-notify"].properties["convergence"]
    assert (facts.verdict, facts.exercised, facts.promised) == ("unknown", False, True)
    assert facts.why == "not exercised: needs 2 devices of a user, to see a message for two devices of one user"
    assert found.status() == 0
    assert "○" in found.markdown()
    assert "not exercised" in found.html()


def test_a_comparison_says_whether_a_declared_property_was_reached():
    found = small(REACHES)
    assert found.results().designs["reaches"].sometimes == {"a device shows a second message": "1 of 1 runs"}
    assert found.status() == 0


def test_a_comparison_that_never_reaches_it_is_unknown():
    """Every promise is kept, so nothing but this makes the comparison unknown."""
    last = sometimes("last-shown", "a device shows a millionth message", {Shown: lambda o: o.place == 1_000_000})
    found = small(NOTIFY.variant(name="never", sometimes={last: ()}))
    judged = [p for p in found.results().designs["never"].properties.values() if p.promised and p.exercised]
    assert {p.verdict for p in judged} == {"holds"}
    assert found.status() == 3
    assert "never never reached: a device shows a millionth message" in found.results().warnings


def test_a_design_that_promises_nothing_and_accepts_nothing_is_unknown(quiet: scenario.Scenario):
    found = compare(quiet, designs=[NOTIFY.variant(name="modest", promises={})], runs=1, jobs=1, sweep=False)
    assert found.status() == 3


def test_of_several_runs_one_that_met_the_evidence_is_enough():
    from syncproof.properties.verdicts import PropertyResult

    holds = PropertyResult("holds", True)
    missed = PropertyResult("unknown", True, why="never met its evidence: X", met=False)
    idle = PropertyResult("unknown", True, why="not exercised: X", met=False, exercised=False)
    assert worst([missed, holds]).verdict == "holds"
    assert worst([idle, missed]).exercised
    assert (worst([idle, idle]).verdict, worst([idle, idle]).exercised) == ("unknown", False)
    assert worst([holds, missed], happened=False).why == "nothing was accepted"


def test_a_sweep_does_not_count_what_it_cannot_exercise():
    usual = scenario.load("default").with_values({"duration": "20m", "population.new_devices": 0})
    found = sweep.sweep(usual, vary={"population.devices_per_user": [1]}, designs=["timeline-notify"], runs=1, jobs=1)
    assert [point.promised_unknown for point in found.results().points] == [[]]
    assert found.status() == 0


def test_a_sweep_in_which_nothing_is_accepted_is_unknown(quiet: scenario.Scenario):
    found = sweep.sweep(quiet, vary={"model.poll_interval": ["10m"]}, designs=["timeline-notify"], runs=1, jobs=1)
    assert "no-loss" in found.results().points[0].promised_unknown
    assert found.status() == 3


# ---- histories, Hypothesis


def history(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(['{"schema": 1, "kind": "history"}', *lines]) + "\n")
    return path


JOINED = ('{"type":"Joined","device":0,"user":0}', '{"type":"Composed","message":1,"device":0,"conversation":0}')
ACCEPTED = '{"type":"Accepted","message":1}'
PLACED = '{"type":"Placed","message":1,"conversation":0,"place":1,"members":[0],"audience":[0]}'
REST = '{"type":"Quiesced"}'


def test_a_named_promise_without_evidence_is_unknown(tmp_path: Path):
    file = history(tmp_path / "h.jsonl", *JOINED, PLACED, ACCEPTED, REST)
    found = recordings.check(file, promises=["dense"])
    assert (found.verdicts()["dense"].verdict, found.status()) == ("unknown", 3)
    assert "never met its evidence: an entry of a sync timeline" in repr(found)
    assert recordings.check(file).status() == 0


def test_a_named_promise_counts_also_if_it_was_not_exercised(tmp_path: Path):
    file = history(tmp_path / "h.jsonl", *JOINED, PLACED, ACCEPTED, REST)
    assert recordings.check(file, promises=["epoch-learnt"]).status() == 3


def test_a_history_in_which_nothing_was_accepted_is_unknown(tmp_path: Path):
    found = recordings.check(history(tmp_path / "h.jsonl", *JOINED, PLACED, REST))
    assert found.status() == 3
    assert "nothing happened: no message was accepted" in repr(found)
    verdicts = {name: result.verdict for name, result in found.verdicts().items()}
    assert verdicts.pop("outbox-drained") == "violated"
    assert set(verdicts.values()) == {"unknown"}


@pytest.mark.slow
def test_hypothesis_names_what_no_example_met():
    found = hunt(MUTE, messages=1, faults=[], profile="dev", population="two-people")
    assert "no-loss" in found.unmet
    assert "unknown, since no example met its evidence: no-loss, no-duplicate" in repr(found)
    assert hunt("timeline-notify", messages=3, faults=[], profile="dev").unmet == (
        "change-monotonic",
        "expires",
        "roaming-complete",
        "epoch-learnt",
        "unread-agrees",
    )
