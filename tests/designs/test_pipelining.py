"""Several submissions on their way at once: which a device sends, and in which order a server places them."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.observations import Placed
from syncproof.core.packets import Closed, Compose, Opened, Throttle
from syncproof.core.values import SERVER, ConnectionId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.base import Device
from syncproof.designs.packets import Accept, RequestTimeout, Submit
from syncproof.designs.refusing import Again, Busy, LimitOver, MessageRefused
from syncproof.designs.timeline.device import TimelineDevice
from tests.helpers.effects import Effects

ME, USER, TALK = DeviceId(0), UserId(0), ConversationId(0)
LINE = ConnectionId.of(ME, 1)
FIRST, SECOND, THIRD = MINE = [Message(MessageId(n), ME, TALK) for n in range(3)]


def sending(window: int = 2, messages: int = 3, **parameters: Any) -> Effects:
    """Return a device that is connected and has composed messages."""
    parameters = {"request_timeout": 0.0, **parameters}
    device = TimelineDevice(id=ME, user=USER, parameters=Parameters(outbox_window=window, **parameters))
    device.registered = True
    ledger = Effects(device)
    ledger.tell(ME, Opened(LINE, ME))
    for message in MINE[:messages]:
        ledger.tell(ME, Compose(message))
    return ledger


def serving(design: str = "timeline-notify", **parameters: Any) -> Effects:
    """Return the server of a design, with one device that is connected."""
    server = DESIGNS[design].server(id=SERVER, parameters=Parameters(outbox_window=2, **parameters))
    server.register_device(ME, USER)
    server.insert_member(TALK, USER)
    ledger = Effects(server)
    ledger.tell(LINE, Opened(LINE, ME))
    return ledger


def placed(ledger: Effects) -> list[int]:
    return [int(each.message) for each in ledger.seen if isinstance(each, Placed)]


# ---- the device


def test_as_many_are_submitted_as_the_window_holds_and_each_names_the_one_before_it() -> None:
    assert sending().packets(Submit) == [Submit(FIRST), Submit(SECOND, FIRST.id)]


def test_an_accepted_message_lets_the_next_follow() -> None:
    ledger = sending()
    ledger.tell(LINE, Accept(FIRST.id, 1))
    assert ledger.packets(Submit)[-1] == Submit(THIRD, SECOND.id)


def test_replies_may_come_in_any_order() -> None:
    ledger = sending()
    ledger.tell(LINE, Accept(SECOND.id, 2))
    ledger.tell(LINE, Accept(FIRST.id, 1))
    assert isinstance(ledger.actor, Device)
    assert list(ledger.actor.outbox) == [THIRD]


def test_what_was_not_submitted_is_not_taken_for_accepted() -> None:
    ledger = sending()
    ledger.tell(LINE, Accept(THIRD.id, 3))
    assert isinstance(ledger.actor, Device)
    assert list(ledger.actor.outbox) == MINE


def test_a_refusal_for_now_lets_the_whole_window_be_submitted_again() -> None:
    ledger = sending(messages=2)
    ledger.tell(LINE, Busy("submit", 1.0))
    ledger.fire(Again("submit"))
    assert ledger.packets(Submit)[2:] == [Submit(FIRST), Submit(SECOND, FIRST.id)]


def test_an_accepted_message_does_not_end_the_wait_of_one_that_was_refused_for_now() -> None:
    ledger = sending(messages=2)
    ledger.tell(LINE, Busy("submit", 1.0))
    ledger.tell(LINE, Accept(FIRST.id, 1))
    ledger.fire(Again("submit"))
    assert ledger.packets(Submit)[2:] == [Submit(SECOND)]


def test_the_next_connection_begins_with_the_oldest_message() -> None:
    ledger = sending(messages=2)
    ledger.tell(LINE, Closed(LINE))
    ledger.tell(ME, Opened(ConnectionId.of(ME, 2), ME))
    assert ledger.packets(Submit)[2:] == [Submit(FIRST), Submit(SECOND, FIRST.id)]


def test_what_is_still_open_times_out() -> None:
    ledger = sending(messages=2, request_timeout=10.0)
    ledger.tell(LINE, Accept(FIRST.id, 1))
    ledger.fire(RequestTimeout("submit"))
    assert ledger.packets(Submit)[-1] == Submit(SECOND)


# ---- the server


@pytest.mark.parametrize("design", DESIGNS)
def test_a_submission_waits_until_the_one_before_it_is_placed(design: str) -> None:
    ledger = serving(design)
    ledger.tell(LINE, Submit(FIRST))
    ledger.tell(LINE, Submit(SECOND, FIRST.id))
    assert len(ledger.open) <= 1
    ledger.complete()
    assert placed(ledger) == [0, 1]


def test_a_submission_whose_predecessor_was_refused_for_now_is_ignored() -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME))
    ledger.tell(LINE, Submit(FIRST))
    ledger.fire(LimitOver(ME, 1))
    ledger.tell(LINE, Submit(SECOND, FIRST.id))
    assert not ledger.open
    ledger.tell(LINE, Submit(FIRST))
    ledger.tell(LINE, Submit(SECOND, FIRST.id))
    ledger.complete()
    assert placed(ledger) == [0, 1]


def test_a_submission_follows_one_that_was_refused_for_good() -> None:
    ledger = serving(largest_message=1)
    large = Message(FIRST.id, ME, TALK, size=2)
    ledger.tell(LINE, Submit(large))
    ledger.tell(LINE, Submit(SECOND, FIRST.id))
    ledger.complete()
    assert ledger.packets(MessageRefused) == [MessageRefused(FIRST.id)]
    assert placed(ledger) == [1]


def test_a_copy_of_an_earlier_submission_does_not_stop_the_later_ones() -> None:
    ledger = serving()
    for packet in (Submit(FIRST), Submit(SECOND, FIRST.id), Submit(FIRST), Submit(THIRD, SECOND.id)):
        ledger.tell(LINE, packet)
    ledger.complete()
    assert placed(ledger) == [0, 1, 2]


def test_what_waits_is_forgotten_with_its_connection() -> None:
    ledger = serving()
    ledger.tell(LINE, Submit(FIRST))
    ledger.tell(LINE, Submit(SECOND, FIRST.id))
    ledger.tell(LINE, Closed(LINE))
    ledger.complete()
    assert placed(ledger) == [0]
