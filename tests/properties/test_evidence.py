"""Evidence: every property says what it must have seen, and asks for it no longer than necessary."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncproof.core.actor import state
from syncproof.core.observations import Accepted, Joined, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties import PROPERTIES, Property, observes
from syncproof.properties._base import NO_EVIDENCE, seen
from syncproof.properties.evidence import Given, HistorySize, Watch, lacking, unmet
from syncproof.properties.monitor import Monitor
from syncproof.properties.verdicts import OPEN_END, PropertyResult, judge
from tests.helpers.histories import History

Write = Callable[[History], object]
NOT_YET: dict[str, list[Write]] = {
    "no-duplicate": [lambda h: h.sent(1)],
    "no-creation": [lambda h: h.sent(1)],
    "prefix-order": [lambda h: h.shown(1, 1), lambda h: h.shown(1, 1, seq=1, kind="inbox")],
    "conversation-order": [lambda h: h.shown(1, 1, place=1)],
    "sender-order": [lambda h: h.composed(1), lambda h: h.placed(1, 1)],
    "accepted-is-durable": [lambda h: h.stored(1)],
    "store-before-sync": [lambda h: h.stored(1)],
    "tail-append": [lambda h: h.sent(1)],
    "range-read": [lambda h: h.read(1, 0, 5), lambda h: h.read(1, 0, 5, 1, kind="inbox")],
    "dense": [lambda h: h.appended(1, 1, kind="conversation")],
    "checkpoint-monotonic": [lambda h: h.checkpointed(1, 5, start=True)],
    "checkpoint-covered": [lambda h: h.checkpointed(1, 5, start=True)],
    "no-early-delete": [lambda h: h.queued(1, 1)],
    "no-loss": [lambda h: h.sent(1)],
    "convergence": [
        lambda h: h.placed(1, 1, users=(0, 1), devices=(0, 1)),
        lambda h: h.placed(1, 1, users=(0, 1), devices=(0,)),
    ],
    "inbox-drained": [lambda h: h.shown(1, 1)],
    "roaming-complete": [lambda h: h.joined(9, 1, []), lambda h: h.joined(9, 1, [(0, 0)])],
    "epoch-learnt": [lambda h: h.checkpointed(1, 5)],
    "pull-terminates": [lambda h: h.triggered(1)],
}
MET: dict[str, Write] = {
    "no-duplicate": lambda h: h.shown(1, 1),
    "no-creation": lambda h: h.shown(1, 1),
    "prefix-order": lambda h: h.shown(1, 1, seq=1),
    "conversation-order": lambda h: h.shown(1, 1, place=2),
    "sender-order": lambda h: h.placed(1, 2),
    "accepted-is-durable": lambda h: h.accepted(1),
    "store-before-sync": lambda h: h.shown(1, 1),
    "tail-append": lambda h: h.appended(1, 1),
    "range-read": lambda h: h.read(1, 0, 5, 1),
    "dense": lambda h: h.appended(1, None),
    "checkpoint-monotonic": lambda h: h.checkpointed(1, 5),
    "checkpoint-covered": lambda h: h.checkpointed(1, 5),
    "no-early-delete": lambda h: h.deleted(1, 1),
    "no-loss": lambda h: h.accepted(1),
    "convergence": lambda h: h.placed(1, 1, users=(0, 1), devices=(0, 1, 2)),
    "inbox-drained": lambda h: h.queued(1, 1),
    "roaming-complete": lambda h: h.joined(9, 1, [(0, 3)]),
    "epoch-learnt": lambda h: h.reverted(2),
    "pull-terminates": lambda h: h.pulled(1),
}
SHOWN = Shown(DeviceId(0), MessageId(0), ConversationId(0), 1)
PLENTY = Given(("new-device", "server-restore"), 2, 2)


def met(name: str, history: History) -> bool:
    watch = Watch([PROPERTIES[name]])
    for observation in history.observations:
        watch.see(observation)
    return name in watch.met


@pytest.mark.parametrize("name", PROPERTIES)
def test_each_property_declares_what_it_must_have_seen(name: str) -> None:
    automaton = PROPERTIES[name]
    assert automaton.wants, f"{name} needs `wants`, one clause"
    assert automaton.evidence, f"{name} needs `evidence`, predicates by class of observation"


@pytest.mark.parametrize("name", MET)
def test_evidence_is_met_by_what_the_property_wants(name: str, history: History) -> None:
    MET[name](history)
    assert met(name, history)


@pytest.mark.parametrize("name", NOT_YET)
def test_evidence_is_not_met_by_less(name: str, history: History) -> None:
    for write in NOT_YET[name]:
        write(history)
    assert not met(name, history)


def test_a_property_that_declares_nothing_wants_an_observation_that_it_reacts_to() -> None:
    @state
    class Undeclared(Property):
        name = "undeclared"

        @observes(Shown)
        def on_shown(self, o: Shown) -> str | None:
            return None

    watch = Watch([Undeclared])
    assert unmet(Undeclared) == "never met its evidence: an observation Shown"
    watch.see(Accepted(MessageId(1)))
    assert "undeclared" not in watch.met
    watch.see(SHOWN)
    assert "undeclared" in watch.met


def test_a_property_may_declare_that_it_wants_nothing() -> None:
    @state
    class Forbids(Property):
        name = "forbids"
        evidence = NO_EVIDENCE

    assert list(Watch([Forbids]).met) == ["forbids"]


def test_a_predicate_is_not_asked_again_when_its_evidence_was_met() -> None:
    asked: list[Shown] = []

    @state
    class Asks(Property):
        name = "asks"
        evidence = {**seen(Shown, lambda o: asked.append(o) is None), **seen(Accepted)}  # noqa: RUF012

    watch = Watch([Asks, PROPERTIES["no-duplicate"], PROPERTIES["no-loss"]])
    watch.see(SHOWN)
    watch.see(SHOWN)
    assert len(asked) == 1
    assert list(watch.pending) == [Accepted]
    assert [name for name, _ in watch.pending[Accepted]] == ["no-loss"]


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("epoch-learnt", Given(("push-lost",), 2, 2), "needs the fault server-restore"),
        ("roaming-complete", Given((), 2, 2), "needs the fault new-device or reinstall"),
        ("roaming-complete", Given(("reinstall",), 2, 2), ""),
        ("conversation-order", Given((), 1, 2), "needs 2 messages in a conversation"),
        ("sender-order", Given((), 1, 2), "needs 2 messages in a conversation"),
        ("convergence", Given((), 2, 1), "needs 2 devices of a user"),
        ("convergence", Given((), 1, 2), ""),
        ("no-loss", Given((), 0, 0), "needs 1 messages in a conversation"),
        ("no-loss", Given((), 1, 0), "needs 1 devices of a user"),
        ("no-loss", Given((), 1, 1), ""),
        ("change-monotonic", Given((), 1, 1), "needs a recall, an edit or a read marker"),
        ("change-monotonic", Given((), 1, 1, changes=True), ""),
        ("unread-agrees", Given((), 1, 1), "needs devices that show how much is unread"),
        ("unread-agrees", Given((), 1, 1, unread=True), ""),
        ("expires", Given((), 1, 1), "needs a message that expires"),
        ("expires", Given((), 1, 1, expires=True), ""),
    ],
)
def test_what_was_not_given_is_said(name: str, given: Given, says: str) -> None:
    assert lacking(PROPERTIES[name], given) == says


def test_a_history_gives_its_messages_by_conversation_and_its_devices_by_user(history: History) -> None:
    history.sent(1, 2)
    history.composed(3, conversation=5)
    size = HistorySize()
    for observation in history.observations:
        size.see(observation)
    assert size.given(("trim",)) == Given(("trim",), 2, 2)


@pytest.mark.parametrize(
    ("write", "changes"),
    [
        (lambda h: h.sent(1), False),
        (lambda h: h.changed(8), True),
        (lambda h: h.amended(1, 8, 8), True),
    ],
)
def test_a_history_gives_changes_if_one_is_composed_or_applied(history: History, write: Write, changes: bool) -> None:
    write(history)
    size = HistorySize()
    for observation in history.observations:
        size.see(observation)
    assert size.given(()).changes is changes


def test_what_was_given_does_not_change() -> None:
    with pytest.raises(AttributeError):
        PLENTY.messages = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("place", "devices", "left"), [(2, (0,), "convergence"), (1, (0, 1, 2), "sender-order")], ids=["later", "earlier"]
)
def test_a_property_that_met_its_evidence_leaves_the_others(
    history: History, place: int, devices: tuple[int, ...], left: str
) -> None:
    watch = Watch([PROPERTIES["convergence"], PROPERTIES["sender-order"]])
    history.placed(1, place, devices=devices)
    watch.see(history.observations[-1])
    assert [name for asked in watch.pending.values() for name, _ in asked] == [left]


# ---- the verdict on a run


def verdict(name: str, history: History, given: Given = PLENTY, **options: object):
    monitor = Monitor()
    for observation in history.observations:
        monitor.observe(observation)
    promises = {name: (*given.faults, "trim")}
    return judge(promises, {}, monitor, given, **{"quiesced": True} | options)[name]  # type: ignore[arg-type]


def test_a_run_without_evidence_is_unknown_and_says_what_it_wanted(history: History) -> None:
    found = verdict("dense", history)
    assert (found.verdict, found.met, found.exercised, found.promised) == ("unknown", False, True, True)
    assert found.why == "never met its evidence: an entry of a sync timeline"


def test_a_run_that_could_not_have_met_the_evidence_did_not_exercise_the_property(history: History) -> None:
    found = verdict("convergence", history, Given((), 2, 1))
    assert (found.verdict, found.exercised) == ("unknown", False)
    assert found.why == "not exercised: needs 2 devices of a user, to see a message for two devices of one user"


def test_a_property_that_was_asked_for_is_never_without_effect(history: History) -> None:
    assert verdict("convergence", history, Given((), 2, 1), asked=("convergence",)).exercised


def test_a_run_with_evidence_holds(history: History) -> None:
    history.appended(1, 1)
    assert verdict("dense", history).verdict == "holds"


def test_a_violation_counts_whatever_the_evidence_is(history: History) -> None:
    history.joined(9, 1, [(0, 0)])
    history.shown(9, 1)
    history.shown(9, 1)
    found = verdict("no-duplicate", history, Given((), 0, 0))
    assert (found.verdict, found.exercised, found.why) == ("violated", True, "")


def test_nothing_holds_where_nothing_was_accepted(history: History) -> None:
    history.appended(1, 1)
    found = verdict("dense", history, Given((), 0, 0), happened=False)
    assert (found.verdict, found.why, found.exercised) == ("unknown", "nothing was accepted", True)


def test_liveness_is_unknown_where_a_run_did_not_come_to_rest(history: History) -> None:
    history.accepted(1)
    found = verdict("no-loss", history, quiesced=False)
    assert (found.verdict, found.why) == ("unknown", OPEN_END)


MORE: dict[str, Write] = {
    "sender-order": lambda h: h.placed(1, 5),
    "conversation-order": lambda h: h.shown(1, 1, place=5),
    "roaming-complete": lambda h: h.joined(9, 1, [(0, 1)]),
    "convergence": lambda h: h.placed(1, 1, users=(1,), devices=(1, 2)),
    "prefix-order": lambda h: h.shown(1, 1, seq=1, kind="conversation"),
    "range-read": lambda h: h.read(1, 0, 5, 1, kind="conversation"),
}


@pytest.mark.parametrize("name", MORE)
def test_evidence_is_met_by_other_numbers_as_well(name: str, history: History) -> None:
    MORE[name](history)
    assert met(name, history)


def test_joining_counts_only_with_a_history_to_fetch() -> None:
    watch = Watch([PROPERTIES["roaming-complete"]])
    watch.see(Joined(DeviceId(1), 0, None))  # type: ignore[arg-type]
    assert not watch.met


def test_safety_needs_no_rest(history: History) -> None:
    history.appended(1, 1)
    assert verdict("dense", history, quiesced=False).verdict == "holds"


@pytest.mark.parametrize(
    ("faults", "asked", "promised"),
    [
        ((), (), False),
        (("push-lost",), (), False),
        ((), ("epoch-learnt",), True),
        (("server-restore",), (), True),
    ],
)
def test_a_promise_about_a_fault_counts_where_the_fault_is_or_the_property_was_asked_for(
    history: History, faults: tuple[str, ...], asked: tuple[str, ...], promised: bool
) -> None:
    assert verdict("epoch-learnt", history, Given(faults, 2, 2), asked=asked).promised is promised


def test_what_was_met_was_exercised_whatever_was_given(history: History) -> None:
    history.appended(1, 1)
    found = verdict("dense", history, Given((), 0, 0))
    assert (found.verdict, found.exercised) == ("holds", True)


def test_a_property_that_is_not_applicable_is_not_judged_and_the_others_are(history: History) -> None:
    history.appended(1, 1)
    history.appended(3, 1)
    monitor = Monitor()
    for observation in history.observations:
        monitor.observe(observation)
    found = judge({"tail-append": ()}, {"tail-append": "it has no log"}, monitor, PLENTY, quiesced=True)
    assert found["tail-append"] == PropertyResult("not-applicable", False, 0, [], "", True, True)
    assert list(found) == list(PROPERTIES)
    assert found["dense"].verdict == "violated"


def test_a_history_of_nothing_gives_nothing() -> None:
    assert HistorySize().given(()) == Given((), 0, 0)
