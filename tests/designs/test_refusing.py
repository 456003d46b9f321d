"""Replies that say no: what a server refuses and for how long, and what devices do with such a reply."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.actor import Out, actor, on
from syncproof.core.observations import Pulled, Triggered
from syncproof.core.packets import Closed, Compose, ForgetCursors, Opened, Packet, Throttle
from syncproof.core.values import (
    SERVER,
    ConnectionId,
    ConversationId,
    Cursor,
    DeviceId,
    Id,
    Message,
    MessageId,
    Timeline,
    UserId,
)
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.base import Device
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.packets import (
    Accept,
    Fetch,
    Pull,
    PullReply,
    Register,
    Registered,
    RequestTimeout,
    Roam,
    Submit,
    Unknown,
)
from syncproof.designs.refusing import Again, Busy, CursorRefused, LimitOver, MessageRefused
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.inputs.small_worlds import small_world
from syncproof.studies.verify import search
from tests.helpers.effects import Effects

ME, USER, TALK = DeviceId(0), UserId(0), ConversationId(0)
LINE = ConnectionId.of(ME, 1)
LOG = Timeline("sync", 0)
MINE = Message(MessageId(0), ME, TALK)
REQUESTS = (Submit(MINE), Pull(()), Register(USER), Roam(TALK, 0, 1), Fetch(TALK, 0, 1))


def serving(design: str = "timeline-notify") -> Effects:
    """Return the server of a design, with one device that is connected."""
    server = DESIGNS[design].server(id=SERVER, parameters=DESIGNS[design].parameters)
    server.register_device(ME, USER)
    server.insert_member(TALK, USER)
    ledger = Effects(server)
    ledger.tell(LINE, Opened(LINE, ME))
    return ledger


def connected(kind: type[Device] = TimelineDevice, registered: bool = True, **parameters: Any) -> Effects:
    """Return a device that has just connected and waits for the reply to its first request."""
    device = kind(
        id=ME, user=USER, parameters=Parameters(request_timeout=parameters.pop("request_timeout", 0.0), **parameters)
    )
    device.registered = registered
    ledger = Effects(device)
    ledger.tell(ME, Opened(LINE, ME))
    return ledger


# ---- the server


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda packet: type(packet).__name__)
def test_while_a_limit_lasts_every_request_of_the_device_is_refused(asked: Packet) -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME, 30.0))
    ledger.tell(LINE, asked)
    assert [packet.wait for packet in ledger.packets(Busy)] == [30.0]
    assert not ledger.open


@pytest.mark.parametrize("design", DESIGNS)
def test_the_server_of_every_design_refuses_a_pull_and_a_submission(design: str) -> None:
    ledger = serving(design)
    ledger.tell(SERVER, Throttle(ME))
    for packet in (Pull(()), Submit(MINE)):
        ledger.tell(LINE, packet)
    assert [packet.kind for packet in ledger.packets(Busy)] == ["pull", "submit"]


def test_a_limit_ends_by_itself() -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME))
    ledger.fire(LimitOver(ME, 0))
    ledger.tell(LINE, Pull(()))
    assert not ledger.packets(Busy)


def test_a_request_that_comes_too_early_begins_the_wait_again() -> None:
    ledger = serving()
    ledger.tell(SERVER, Throttle(ME))
    ledger.tell(LINE, Pull(()))
    assert list(ledger.timers) == [LimitOver(ME, 1)]
    ledger.tell(LINE, Pull(()))
    assert list(ledger.timers) == [LimitOver(ME, 0)]


@pytest.mark.parametrize("design", DESIGNS)
def test_lost_cursors_are_refused_until_the_device_reads_from_the_beginning(design: str) -> None:
    ledger = serving(design)
    ledger.tell(SERVER, ForgetCursors(ME))
    ledger.tell(LINE, Pull((Cursor(LOG, 1),)))
    ledger.tell(LINE, Pull((Cursor(LOG, 1),)))
    assert len(ledger.packets(CursorRefused)) == 2
    ledger.tell(LINE, Pull(()))
    ledger.tell(LINE, Pull((Cursor(LOG, 1),)))
    assert len(ledger.packets(CursorRefused)) == 2


# ---- the device


def test_a_refused_pull_is_sent_again_after_the_wait_and_no_trigger_is_claimed() -> None:
    ledger = connected()
    ledger.seen.clear()
    ledger.tell(LINE, Busy("pull", 30.0))
    assert len(ledger.packets(Pull)) == 1
    assert ledger.timers[Again("pull")][0] == 30.0
    ledger.fire(Again("pull"))
    assert len(ledger.packets(Pull)) == 2
    assert Pulled(ME) in ledger.seen
    assert not [o for o in ledger.seen if isinstance(o, Triggered)]


def test_every_kind_of_refused_request_is_sent_again() -> None:
    ledger = connected(registered=False)
    ledger.tell(LINE, Busy("register", 1.0))
    ledger.fire(Again("register"))
    assert len(ledger.packets(Register)) == 2
    ledger.tell(LINE, Registered((Cursor(LOG, 0),), ((TALK, 3),)))
    ledger.tell(ME, Compose(MINE))
    for kind, packet in (("pull", Pull), ("roam", Roam), ("submit", Submit)):
        before = len(ledger.packets(packet))
        ledger.tell(LINE, Busy(kind, 1.0))
        ledger.fire(Again(kind))
        assert len(ledger.packets(packet)) == before + 1, kind


def test_a_device_that_waits_sends_nothing_when_a_poll_or_a_message_comes() -> None:
    ledger = connected()
    ledger.tell(LINE, Busy("pull", 1.0))
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, Busy("submit", 1.0))
    ledger.tell(ME, Compose(Message(MessageId(1), ME, TALK)))
    assert len(ledger.packets(Submit)) == 1


def test_an_accepting_reply_to_another_copy_ends_the_wait() -> None:
    ledger = connected()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, Busy("submit", 1.0))
    ledger.tell(LINE, Accept(MINE.id, 1))
    assert Again("submit") not in ledger.timers


def test_a_refusal_of_a_submission_that_was_accepted_is_ignored() -> None:
    ledger = connected()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, Accept(MINE.id, 1))
    ledger.tell(LINE, Busy("submit", 1.0))
    assert Again("submit") not in ledger.timers


def test_a_refusal_of_a_copy_of_an_answered_pull_is_ignored() -> None:
    ledger = connected(request_timeout=10.0)
    ledger.fire(RequestTimeout("pull"))
    ledger.tell(LINE, PullReply(()))
    ledger.tell(LINE, Busy("pull", 1.0))
    assert Again("pull") not in ledger.timers


def test_a_refused_request_does_not_time_out_while_the_device_waits() -> None:
    ledger = connected(request_timeout=10.0)
    ledger.tell(LINE, Busy("pull", 1.0))
    assert RequestTimeout("pull") not in ledger.timers


def test_the_waits_end_with_the_connection() -> None:
    ledger = connected()
    ledger.tell(LINE, Busy("pull", 1.0))
    ledger.tell(LINE, Closed(LINE))
    assert not ledger.timers


def test_a_device_that_must_register_asks_once_while_it_waits() -> None:
    ledger = connected()
    ledger.tell(LINE, Unknown())
    ledger.tell(LINE, Busy("register", 1.0))
    ledger.tell(LINE, Unknown())
    assert len(ledger.packets(Register)) == 1


@pytest.mark.parametrize("kind", [TimelineDevice, InboxDevice])
def test_refused_cursors_are_not_sent_again(kind: type[Device]) -> None:
    ledger = connected(kind)
    if isinstance(ledger.actor, TimelineDevice):
        ledger.actor.checkpoints[LOG] = 5
    ledger.tell(LINE, CursorRefused())
    assert ledger.packets(Pull)[-1] == Pull((), True)


# ---- messages that are refused for good


def test_a_message_above_the_limit_is_refused_each_time_and_never_stored() -> None:
    parameters = Parameters(largest_message=1)
    server = DESIGNS["timeline-notify"].server(id=SERVER, parameters=parameters)
    ledger = Effects(server)
    large = Message(MessageId(0), ME, TALK, size=2)
    ledger.tell(LINE, Submit(large))
    ledger.tell(LINE, Submit(large))
    ledger.tell(LINE, Submit(Message(MessageId(1), ME, TALK, size=1)))
    assert ledger.packets(MessageRefused) == [MessageRefused(large.id)] * 2
    assert len(ledger.open) == 1


def test_a_refused_message_is_kept_as_failed_and_the_next_is_sent() -> None:
    ledger = connected()
    following = Message(MessageId(1), ME, TALK)
    for message in (MINE, following):
        ledger.tell(ME, Compose(message))
    ledger.tell(LINE, MessageRefused(MINE.id))
    assert ledger.packets(Submit) == [Submit(MINE), Submit(following)]
    assert isinstance(ledger.actor, Device)
    assert ledger.actor.failed == {MINE.id}


def test_a_refused_message_is_not_sent_over_the_next_connection() -> None:
    ledger = connected()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, MessageRefused(MINE.id))
    ledger.tell(LINE, Closed(LINE))
    ledger.tell(ME, Opened(ConnectionId.of(ME, 2), ME))
    assert len(ledger.packets(Submit)) == 1


def test_a_late_refusal_of_a_message_that_is_not_the_oldest_changes_nothing() -> None:
    ledger = connected()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, MessageRefused(MessageId(7)))
    assert isinstance(ledger.actor, Device)
    assert ledger.actor.failed == set()


@actor
class GivesUpRegistering(TimelineDevice):
    """Takes the refusal of its registration for the last word."""

    @on(Busy)
    def told_to_wait(self, source: Id, packet: Busy, out: Out) -> None:
        if packet.kind != "register":
            super().told_to_wait(source, packet, out)


def test_a_device_that_gives_up_registering_loses_everything() -> None:
    design = DESIGNS["timeline-notify"].variant(device=GivesUpRegistering)
    found = search(design, small_world("two-devices", 1, ("new-device", "rate-limit"))).findings["no-loss"]
    assert found.counterexample is not None
    assert found.counterexample.says == "device 1 appeared and is never registered, so that nothing is for it"
