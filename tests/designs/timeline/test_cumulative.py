"""Cumulative acks: one reply accepts everything up to a number, and nothing that has no place."""

from __future__ import annotations

import pytest

from syncproof.core.packets import Closed, Compose, Opened, Resend, Throttle
from syncproof.core.values import SERVER, ConnectionId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.designs.forms import FORMS
from syncproof.designs.packets import Accept, AcceptUpTo, RequestTimeout, Submit
from syncproof.designs.parameters import Parameters
from syncproof.designs.refusing import Again, Busy, LimitOver, MessageRefused
from syncproof.designs.timeline.cumulative import CumulativeDevice, CumulativeServer
from syncproof.engines.explore import Limits, explore
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES
from tests.helpers.effects import Effects

NAME = "timeline-notify+cumulative-acks"
ME, USER, TALK = DeviceId(0), UserId(0), ConversationId(0)
LINE, NEXT = ConnectionId.of(ME, 1), ConnectionId.of(ME, 2)
FIRST, SECOND, THIRD = MINE = [Message(MessageId(n), ME, TALK) for n in range(3)]


def sending(messages: int = 3, window: int = 16, request_timeout: float = 0.0) -> Effects:
    """Return a device that is connected and has composed messages."""
    parameters = Parameters(outbox_window=window, request_timeout=request_timeout)
    ledger = Effects(CumulativeDevice(id=ME, user=USER, parameters=parameters))
    assert isinstance(ledger.actor, CumulativeDevice)
    ledger.actor.registered = True
    ledger.tell(ME, Opened(LINE, ME))
    for message in MINE[:messages]:
        ledger.tell(ME, Compose(message))
    return ledger


def outbox(ledger: Effects) -> list[Message]:
    assert isinstance(ledger.actor, CumulativeDevice)
    return list(ledger.actor.outbox)


def serving(largest_message: int = 0) -> Effects:
    """Return a server with one device that is connected."""
    parameters = Parameters(outbox_window=16, accept_carries_seq=False, largest_message=largest_message)
    server = CumulativeServer(id=SERVER, parameters=parameters)
    server.register_device(ME, USER)
    server.insert_member(TALK, USER)
    ledger = Effects(server)
    ledger.tell(LINE, Opened(LINE, ME))
    return ledger


def submit(ledger: Effects, *messages: Message) -> None:
    for message in messages:
        ledger.tell(LINE, Submit(message, None, message.id + 1))


def replies(ledger: Effects) -> list[tuple[int, list[int]]]:
    """Return what each reply covers: the number, and the messages of which it is observed."""
    return [(reply.number, [int(m) for m in reply.messages]) for reply in ledger.packets(AcceptUpTo)]


# ---- the device


def test_a_device_numbers_what_it_submits_over_a_connection() -> None:
    assert [packet.number for packet in sending().packets(Submit)] == [1, 2, 3]


def test_one_reply_removes_everything_up_to_its_number() -> None:
    ledger = sending()
    ledger.tell(LINE, AcceptUpTo(2, ()))
    assert outbox(ledger) == [THIRD]


def test_a_reply_lets_the_next_messages_follow() -> None:
    ledger = sending(window=2)
    ledger.tell(LINE, AcceptUpTo(2, ()))
    assert ledger.packets(Submit)[-1] == Submit(THIRD, None, 3)


def test_a_reply_that_says_what_an_earlier_one_said_changes_nothing() -> None:
    ledger = sending()
    ledger.tell(LINE, AcceptUpTo(2, ()))
    ledger.tell(LINE, AcceptUpTo(1, ()))
    assert outbox(ledger) == [THIRD]


def test_a_message_keeps_its_number_when_it_is_sent_again_over_the_same_connection() -> None:
    ledger = sending(messages=2)
    ledger.tell(ME, Resend())
    ledger.tell(LINE, Busy("submit", 1.0))
    ledger.fire(Again("submit"))
    assert [packet.number for packet in ledger.packets(Submit)] == [1, 2, 1, 1, 2]


def test_what_times_out_keeps_its_number() -> None:
    ledger = sending(messages=2, request_timeout=10.0)
    ledger.tell(LINE, AcceptUpTo(1, ()))
    ledger.fire(RequestTimeout("submit"))
    assert ledger.packets(Submit)[-1] == Submit(SECOND, None, 2)


def test_a_refused_message_leaves_the_numbers_of_the_others_as_they_are() -> None:
    ledger = sending()
    ledger.tell(LINE, MessageRefused(FIRST.id))
    ledger.tell(LINE, AcceptUpTo(2, ()))
    assert outbox(ledger) == [THIRD]


def test_the_numbers_start_at_1_again_on_the_next_connection() -> None:
    ledger = sending()
    ledger.tell(LINE, AcceptUpTo(1, ()))
    ledger.tell(LINE, Closed(LINE))
    ledger.tell(ME, Opened(NEXT, ME))
    assert ledger.packets(Submit)[3:] == [Submit(SECOND, None, 1), Submit(THIRD, None, 2)]


# ---- the server


def test_a_whole_outbox_is_accepted_by_one_reply() -> None:
    ledger = serving()
    submit(ledger, *MINE)
    ledger.complete()
    assert replies(ledger) == [(3, [0, 1, 2])]
    assert not ledger.packets(Accept)


def test_a_message_alone_is_accepted_at_once() -> None:
    ledger = serving()
    for message in MINE:
        submit(ledger, message)
        ledger.complete()
    assert replies(ledger) == [(1, [0]), (2, [1]), (3, [2])]


def test_nothing_is_accepted_before_it_has_its_place() -> None:
    ledger = serving()
    submit(ledger, *MINE)
    assert replies(ledger) == []


def test_a_submission_after_a_gap_is_neither_taken_nor_accepted() -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME))
    submit(ledger, FIRST)
    ledger.fire(LimitOver(ME, 1))
    submit(ledger, SECOND)
    assert not ledger.open
    assert replies(ledger) == []


def test_what_was_refused_for_now_is_taken_when_it_comes_again() -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME))
    submit(ledger, FIRST)
    ledger.fire(LimitOver(ME, 1))
    submit(ledger, SECOND, FIRST, SECOND)
    ledger.complete()
    assert replies(ledger) == [(2, [0, 1])]


def test_a_copy_of_an_accepted_submission_counts_as_no_other_one_and_is_answered() -> None:
    ledger = serving()
    submit(ledger, FIRST)
    ledger.complete()
    submit(ledger, FIRST)
    assert replies(ledger) == [(1, [0]), (1, [0])]


def test_a_copy_of_a_submission_that_is_being_placed_is_answered_with_it() -> None:
    ledger = serving()
    submit(ledger, FIRST, FIRST, SECOND)
    ledger.complete()
    assert replies(ledger) == [(2, [0, 1])]


def test_a_number_that_was_refused_for_good_is_passed_and_not_accepted() -> None:
    ledger = serving(largest_message=1)
    submit(ledger, Message(FIRST.id, ME, TALK, size=2), SECOND)
    ledger.complete()
    assert ledger.packets(MessageRefused) == [MessageRefused(FIRST.id)]
    assert replies(ledger) == [(2, [1])]


def test_a_copy_of_what_was_refused_for_good_is_refused_again() -> None:
    ledger = serving(largest_message=1)
    large = Message(FIRST.id, ME, TALK, size=2)
    submit(ledger, large, large)
    assert ledger.packets(MessageRefused) == [MessageRefused(FIRST.id)] * 2
    assert replies(ledger) == []


def test_a_copy_of_what_waits_and_will_be_refused_is_not_answered_by_itself() -> None:
    ledger = serving(largest_message=1)
    large = Message(SECOND.id, ME, TALK, size=2)
    submit(ledger, FIRST, large, large)
    ledger.complete()
    assert ledger.packets(MessageRefused) == [MessageRefused(SECOND.id)]
    assert replies(ledger) == [(2, [0])]


def test_what_was_stored_over_an_earlier_connection_is_accepted_over_the_next() -> None:
    ledger = serving()
    submit(ledger, FIRST)
    ledger.tell(LINE, Closed(LINE))
    ledger.complete()
    ledger.tell(NEXT, Opened(NEXT, ME))
    ledger.tell(NEXT, Submit(FIRST, None, 1))
    assert replies(ledger) == [(1, [0])]


# ---- searches


@pytest.mark.parametrize("fault", [pytest.param("sender-retry", marks=pytest.mark.slow), "rate-limit"])
def test_a_search_of_two_messages_breaks_no_promise(fault: str) -> None:
    assert violated(NAME, fault) == set()


def test_an_ack_over_a_gap_accepts_what_was_never_stored() -> None:
    assert violated("F66", "rate-limit") == {"accepted-once", "accepted-is-durable", "no-loss"}


def test_the_compiled_loop_finds_the_same_where_one_packet_accepts_several_messages() -> None:
    system, _, environment = build(lookup.get(NAME), small_world("two-people", 2, ()))
    judged = [PROPERTIES[name] for name in ("accepted-once", "accepted-is-durable", "no-loss")]
    plain, fast = [explore(system, environment, judged, fast=each) for each in (False, True)]
    assert plain.complete
    assert len(plain.graph.states) == len(fast.graph.states)
    assert {n: f.verdict for n, f in plain.findings.items()} == {n: f.verdict for n, f in fast.findings.items()}


def violated(design: str, fault: str) -> set[str]:
    system, _, environment = build(lookup.get(design), small_world("two-people", 2, (fault,)))
    names = ("accepted-once", "accepted-is-durable", "no-loss", "sender-order", "outbox-drained", "no-duplicate")
    found = explore(system, environment, [PROPERTIES[name] for name in names], limits=Limits(states=200_000))
    assert found.complete or design == "F66"
    return {name for name, finding in found.findings.items() if finding.verdict == "violated"}


def test_the_form_promises_what_its_design_promises() -> None:
    assert FORMS[NAME].promises == lookup.get("timeline-notify").promises
