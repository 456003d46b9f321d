"""What a recorder outside of a server does not know accuses nobody, and what it does know is judged (schema 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.core.observations import Composed, Deleted, Joined, MemberAdded, Placed, Queued
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.engines.check import check_observations
from syncproof.errors import InputError
from syncproof.properties.roster import Roster
from syncproof.studies.recordings import check
from tests.helpers.recorded import PEOPLE, REST, Row, accepted, composed, judged, of, placed, shown, verdict, written

SENT = (composed("hello"), placed("hello"), accepted("hello"), shown("phone", "hello"), shown("laptop", "hello"))
BOX = {"kind": "inbox", "owner": "laptop"}


def test_a_black_box_log_of_a_sound_server_violates_nothing(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT, REST)
    assert run.violations == {}
    assert verdict(run, "no-loss")[0] == "holds"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("conversation-order", "needs 2 messages in a conversation"),
        ("accepted-once", "nobody knows the place of message hello"),
        ("accepted-is-durable", "holds"),
        ("store-before-sync", "the history has no Stored"),
        ("tail-append", "never met its evidence: an entry of a log"),
    ],
)
def test_a_property_without_its_evidence_says_what_it_wanted(tmp_path: Path, name: str, why: str) -> None:
    found, says = verdict(judged(tmp_path, *PEOPLE, *SENT, REST), name)
    assert found == ("holds" if why == "holds" else "unknown")
    assert says == "" if why == "holds" else why in says


def test_a_message_accepted_and_never_placed_is_lost_for_the_members_of_that_moment(tmp_path: Path) -> None:
    late = of("Joined", device="tablet", user="bob")
    run = judged(tmp_path, *PEOPLE, composed("hello"), accepted("hello"), shown("phone", "hello"), late, REST)
    assert verdict(run, "no-loss") == (
        "violated",
        "message hello was accepted, but device laptop of its audience never shows it",
    )
    assert run.violations == {"no-loss": 1}


def test_whom_a_message_is_owed_to_is_unknown_without_members(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE[:2], composed("hello"), placed("hello"), accepted("hello"), REST)
    assert verdict(run, "no-loss") == ("unknown", "the history lacks MemberAdded or Subscribed of conversation lunch")


def test_a_device_that_only_sends_is_owed_nothing(tmp_path: Path) -> None:
    people = (*PEOPLE[:2], of("Subscribed", device="laptop", conversation="lunch"))
    run = judged(
        tmp_path, *people, composed("hello"), placed("hello"), accepted("hello"), shown("laptop", "hello"), REST
    )
    assert run.violations == {}
    assert verdict(run, "no-loss")[0] == "holds"


def test_a_subscribed_device_is_owed_every_message(tmp_path: Path) -> None:
    people = (*PEOPLE[:2], *[of("Subscribed", device=d, conversation="lunch") for d in ("laptop", "phone")])
    gone = of("Unsubscribed", device="phone", conversation="lunch")
    for message, rows in (("placed", [placed("placed")]), ("never-placed", [])):
        run = judged(tmp_path, *people, gone, composed(message), *rows, accepted(message), REST)
        assert [v.says for v in run.monitor.violations["no-loss"]] == [
            f"message {message} was accepted, but device laptop of its audience never shows it"
        ]


def test_the_audience_is_that_of_the_moment(tmp_path: Path) -> None:
    left = of("MemberRemoved", conversation="lunch", user="bob")
    retired = of("Retired", device="laptop")
    for row in (left, retired):
        run = judged(tmp_path, *PEOPLE, row, composed("hello"), placed("hello"), accepted("hello"), REST)
        (violation,) = run.monitor.violations["no-loss"]
        assert "device phone" in violation.says


@pytest.mark.parametrize(("cause", "verdict_"), [("restore", "holds"), ("retention", "holds"), ("crash", "violated")])
def test_what_a_crash_lost_is_no_excuse(tmp_path: Path, cause: str, verdict_: str) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT[:3], of("Gone", message="hello", cause=cause), REST)
    assert verdict(run, "no-loss")[0] == verdict_


def test_a_message_that_a_crash_took_before_it_was_accepted_is_not_stored(tmp_path: Path) -> None:
    stored, gone = of("Stored", message="hello"), of("Gone", message="hello", cause="crash")
    run = judged(tmp_path, *PEOPLE, *SENT[:2], stored, gone, accepted("hello"), REST)
    assert verdict(run, "accepted-is-durable")[0] == "violated"


def test_an_audit_finds_what_is_missing_and_accuses_of_nothing_else(tmp_path: Path) -> None:
    sent = [row for name in ("kept", "lost") for row in (composed(name), placed(name), accepted(name))]
    for found, expected in ((["kept", "lost"], {}), (["kept"], {"accepted-is-durable": 1})):
        run = judged(tmp_path, *PEOPLE, *sent, of("Audited", messages=found))
        assert run.violations == expected
    assert (
        verdict(run, "accepted-is-durable")[1]
        == "message lost was accepted, and an audit does not find it on the server"
    )


def test_an_audit_asks_nothing_of_a_message_that_is_shown_everywhere(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT, of("Audited", messages=[]))
    assert verdict(run, "accepted-is-durable")[0] == "holds"


def test_without_audit_and_stored_durability_is_unknown(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT[:3], REST)
    assert verdict(run, "accepted-is-durable") == ("unknown", "the history has no Stored or Queued")


def test_a_recorder_that_sees_what_is_stored_sees_what_is_not(tmp_path: Path) -> None:
    other = (composed("other"), placed("other"), of("Stored", message="other"), accepted("other"))
    run = judged(tmp_path, *PEOPLE, *SENT[:3], *other, REST)
    assert verdict(run, "accepted-is-durable") == (
        "violated",
        "message hello is accepted, but nothing says that it is on the server",
    )


@pytest.mark.parametrize(
    "copy", [of("Stored", message="hello"), of("Queued", box=BOX, message="hello", devices=["laptop"])]
)
def test_stored_after_the_acceptance_is_too_late(tmp_path: Path, copy: Row) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT[:3], copy)
    assert verdict(run, "accepted-is-durable") == ("violated", "message hello was accepted before it was on the server")


def test_a_send_of_unknown_outcome_is_neither_owed_nor_left_over(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT, composed("maybe"), of("Unsure", message="maybe"), REST)
    assert run.violations == {}
    assert verdict(run, "outbox-drained") == ("unknown", "nobody knows what became of message maybe")


def test_a_send_whose_outcome_is_learnt_later_is_judged(tmp_path: Path) -> None:
    for learnt in (accepted("maybe"), of("Refused", message="maybe")):
        run = judged(tmp_path, *PEOPLE, *SENT, composed("maybe"), of("Unsure", message="maybe"), learnt, REST)
        assert verdict(run, "outbox-drained")[0] == "holds"


def queued(*rows: Row) -> tuple[Row, ...]:
    copy = of("Queued", box=BOX, message="hello", devices=["laptop"])
    return (*PEOPLE, *SENT[:2], copy, accepted("hello"), *rows)


@pytest.mark.parametrize(
    ("cause", "before", "expected"), [("sent", False, 1), ("sent", True, 0), ("expired", False, 0), ("ack", False, 1)]
)
def test_a_copy_deleted_without_an_ack_is_judged_by_whose_it_was(
    tmp_path: Path, cause: str, before: bool, expected: int
) -> None:
    deleted = of("Deleted", box=BOX, message="hello", device=None, cause=cause)
    rows = (shown("laptop", "hello"), deleted) if before else (deleted, shown("laptop", "hello"))
    run = judged(tmp_path, *queued(*rows))
    assert run.violations.get("no-early-delete", 0) == expected


def test_a_deletion_without_a_device_or_a_copy_leaves_it_unknown(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT, of("Deleted", box=BOX, message="hello", device=None))
    assert verdict(run, "no-early-delete") == (
        "unknown",
        "the history lacks Queued of message hello in inbox laptop",
    )


def test_redelivery_and_the_replica_of_a_read_are_told(tmp_path: Path) -> None:
    timeline = {"kind": "conversation", "owner": "lunch"}
    entry = of("Appended", timeline=timeline, seq=1, message="hello")
    again = of("Delivered", device="laptop", message="hello", attempt=2)
    read = of("RangeRead", device="laptop", timeline=timeline, after=0, upto=1, seqs=[], replica="west")
    run = judged(tmp_path, *PEOPLE, *SENT[:2], entry, again, read)
    assert verdict(run, "range-read")[1] == (
        "a read of (0, 1] in conversation timeline lunch on replica west leaves out 1"
    )


def test_numbers_in_wrong_order_violate_dense_even_without_places(tmp_path: Path) -> None:
    entries = [of("Appended", timeline={"kind": "sync", "owner": "bob"}, seq=seq, message=None) for seq in (1, 2, 5)]
    run = judged(tmp_path, *PEOPLE, *SENT, *entries, promises=("dense",))
    assert verdict(run, "dense") == ("violated", "number 5 of sync timeline bob follows 2")
    assert run.status() == 1


def test_places_that_are_known_are_judged_beside_those_that_are_not(tmp_path: Path) -> None:
    sent = [row for name in ("one", "two", "three") for row in (composed(name), placed(name))]
    rows = (shown("laptop", "two", place=2), shown("laptop", "three"), shown("laptop", "one", place=1))
    assert judged(tmp_path, *PEOPLE, *sent, accepted("one"), *rows).violations == {"conversation-order": 1}
    run = judged(tmp_path, *PEOPLE, *sent, accepted("one"), *rows[:2])
    assert verdict(run, "conversation-order") == (
        "unknown",
        "nobody knows the place at which device laptop shows message three",
    )


def test_the_first_reply_names_the_place_of_a_message_whose_place_nobody_saw(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SENT[:2], accepted("hello", place=3), accepted("hello", place=4))
    assert verdict(run, "accepted-once")[1] == "message hello is accepted at place 4, but its place is 3"


def test_observations_after_rest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.jsonl:12: Shown after Quiesced; allowed: nothing"):
        judged(tmp_path, *PEOPLE, *SENT, REST, shown("laptop", "hello"))


def test_observations_after_rest_and_a_comment_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", *PEOPLE, *SENT, REST)
    path.write_text(path.read_text() + "\n# more\n" + '{"type":"Shown","device":1,"message":1,"conversation":1}')
    with pytest.raises(InputError, match=r"run\.jsonl:14: Shown after Quiesced"):
        check(path)


def test_a_complete_history_is_judged_by_what_it_does_not_say(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, composed("hello"), accepted("hello"), REST, complete=True)
    assert set(run.violations) == {"accepted-once", "accepted-is-durable", "no-loss"}


def test_schema_1_is_judged_as_it_was(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, composed("hello"), accepted("hello"), REST, schema=1)
    assert set(run.violations) == {"accepted-once", "accepted-is-durable", "no-loss"}


def test_what_is_left_out_is_filled_in_before_properties_see_it() -> None:
    roster = Roster()
    for o in (Joined(DeviceId(4), UserId(2)), MemberAdded(ConversationId(1), UserId(2))):
        assert roster.complete(o) is o
    placed = roster.complete(Placed(MessageId(1), ConversationId(1)))
    assert (placed.members, placed.audience) == ((2,), (4,))
    assert roster.complete(Placed(MessageId(1), ConversationId(9))).audience is None
    given = Placed(MessageId(1), ConversationId(1), 1, (), ())
    assert roster.complete(given) is given
    box = Timeline("inbox", 4)
    roster.complete(Queued(box, MessageId(1), (DeviceId(4),)))
    assert roster.complete(Deleted(box, MessageId(1), None)).devices == (4,)
    assert check_observations([Composed(MessageId(1), DeviceId(4), ConversationId(1))], []).count == 1
