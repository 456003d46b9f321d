"""Devices that give up waiting: what they send again, when, and how they take the replies that this makes."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.observations import Pulled, Triggered
from syncproof.core.packets import Closed, Compose, Opened
from syncproof.core.values import (
    SERVER,
    ConnectionId,
    ConversationId,
    Cursor,
    DeviceId,
    Entry,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.base import Device
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.packets import (
    Accept,
    Fetch,
    Notification,
    Pull,
    PullReply,
    Register,
    Registered,
    RequestTimeout,
    Roam,
    RoamReply,
    Submit,
    Unknown,
)
from syncproof.designs.requesting import LONGEST_WAIT, REQUEST_JITTER
from syncproof.designs.timeline.consumers import ConsumerDevice
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.studies.verify import search
from tests.helpers.effects import Effects

ME, TALK = DeviceId(0), ConversationId(0)
LINE, NEXT = ConnectionId.of(ME, 1), ConnectionId.of(ME, 2)
LOG = Timeline("sync", 0)
MINE = Message(MessageId(0), ME, TALK)


def opened(kind: type[Device] = InboxDevice, registered: bool = True, **parameters: Any) -> Effects:
    """Return a device that has just connected and waits for the reply to its first request."""
    device = kind(id=ME, user=UserId(0), parameters=Parameters(**parameters))
    device.registered = registered
    ledger = Effects(device)
    ledger.tell(ME, Opened(LINE, ME))
    return ledger


def page(first: int, last: int, more: bool = False, of: Timeline = LOG) -> Page:
    """Return a page of messages of another device with the numbers from `first` to `last`."""
    entries = [Entry(n, n, Message(MessageId(100 + n), DeviceId(1), TALK)) for n in range(first, last + 1)]
    return Page(of, first - 1, tuple(entries), last, more)


# ---- sending again


def test_a_request_is_sent_again_after_waits_that_double_up_to_five_minutes() -> None:
    ledger = opened()
    timer = RequestTimeout("pull")
    waits = []
    for _ in range(7):
        wait, jitter = ledger.timers[timer]
        assert jitter == REQUEST_JITTER
        waits.append(wait)
        ledger.fire(timer)
    assert waits == [10, 20, 40, 80, 160, LONGEST_WAIT, LONGEST_WAIT]
    assert len(ledger.packets(Pull)) == 8


def test_without_backoff_a_wait_is_as_long_as_the_first() -> None:
    ledger = opened(request_backoff=False)
    for _ in range(3):
        ledger.fire(RequestTimeout("pull"))
    assert ledger.timers[RequestTimeout("pull")][0] == 10


def test_a_timeout_of_zero_arms_nothing() -> None:
    ledger = opened(request_timeout=0.0)
    ledger.tell(ME, Compose(MINE))
    assert not ledger.timers


def test_a_pull_that_is_sent_again_has_a_trigger() -> None:
    ledger = opened()
    ledger.seen.clear()
    ledger.fire(RequestTimeout("pull"))
    assert ledger.seen == [Triggered(ME, "timeout"), Pulled(ME)]


def test_every_kind_of_request_is_sent_again() -> None:
    ledger = opened(TimelineDevice, registered=False)
    ledger.fire(RequestTimeout("register"))
    ledger.tell(LINE, Registered((Cursor(LOG, 0),), ((TALK, 3),)))
    ledger.tell(ME, Compose(MINE))
    for kind in ("pull", "roam", "submit"):
        ledger.fire(RequestTimeout(kind))
    for packet in (Register, Pull, Roam, Submit):
        first, second = ledger.packets(packet)
        assert first == second


def test_a_fetch_of_what_was_trimmed_is_sent_again() -> None:
    ledger = opened(TimelineDevice)
    ledger.tell(LINE, PullReply((Page(LOG, 5, (), 5, False, ((TALK, 5),)),)))
    ledger.fire(RequestTimeout("pull"))
    assert ledger.packets(Fetch) == [Fetch(TALK, 0, 5)] * 2


# ---- waiting no more


def test_a_reply_disarms_the_timer() -> None:
    ledger = opened()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(LINE, PullReply(()))
    assert list(ledger.timers) == [RequestTimeout("submit")]
    ledger.tell(LINE, Accept(MINE.id, 1))
    assert not ledger.timers


def test_the_timer_of_a_request_ends_with_its_connection() -> None:
    ledger = opened()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(ME, Closed(LINE))
    assert not ledger.timers


def test_a_reply_that_a_handler_of_ones_own_took_is_not_asked_for_again() -> None:
    ledger = opened()
    ledger.actor.pulling = False  # type: ignore[attr-defined]
    ledger.fire(RequestTimeout("pull"))
    assert len(ledger.packets(Pull)) == 1
    assert not ledger.timers


# ---- replies to requests that were sent more than once


@pytest.mark.parametrize("kind", [InboxDevice, TimelineDevice, ConsumerDevice])
def test_the_second_reply_to_a_pull_does_not_answer_the_next_pull(kind: type[Device]) -> None:
    of = Timeline("inbox", 0) if kind is InboxDevice else LOG
    ledger = opened(kind)
    ledger.fire(RequestTimeout("pull"))
    ledger.tell(LINE, PullReply((page(1, 2, more=True, of=of),)))
    assert len(ledger.packets(Pull)) == 3
    ledger.tell(LINE, PullReply((page(1, 2, more=True, of=of),)))
    assert len(ledger.packets(Pull)) == 3
    assert RequestTimeout("pull") in ledger.timers
    ledger.tell(LINE, PullReply((page(3, 3, of=of),)))
    assert not ledger.timers
    assert ledger.actor.shown == {MessageId(n) for n in (101, 102, 103)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [InboxDevice, TimelineDevice])
def test_replies_may_overtake_each_other(kind: type[Device]) -> None:
    of = Timeline("inbox", 0) if kind is InboxDevice else LOG
    ledger = opened(kind)
    ledger.fire(RequestTimeout("pull"))
    ledger.tell(LINE, PullReply((page(1, 2, more=True, of=of),)))
    ledger.tell(LINE, PullReply((page(3, 3, of=of),)))  # the reply to the second pull
    ledger.tell(LINE, PullReply((page(1, 2, of=of),)))  # the other reply to the first
    assert not ledger.timers
    assert not ledger.actor.pulling  # type: ignore[attr-defined]
    assert ledger.actor.shown == {MessageId(n) for n in (101, 102, 103)}  # type: ignore[attr-defined]


def test_a_hint_during_superfluous_replies_is_pulled_at_once() -> None:
    ledger = opened(TimelineDevice)
    ledger.fire(RequestTimeout("pull"))
    ledger.tell(LINE, PullReply((page(1, 2),)))
    ledger.tell(SERVER, Notification(LOG, 3, MessageId(103)))
    assert len(ledger.packets(Pull)) == 3


def test_a_second_accept_removes_nothing_from_the_outbox() -> None:
    ledger = opened()
    ledger.tell(ME, Compose(MINE))
    ledger.tell(ME, Compose(Message(MessageId(1), ME, TALK)))
    ledger.fire(RequestTimeout("submit"))
    ledger.tell(LINE, Accept(MINE.id, 1))
    ledger.tell(LINE, Accept(MINE.id, 1))
    assert [m.id for m in ledger.actor.outbox] == [MessageId(1)]  # type: ignore[attr-defined]
    assert RequestTimeout("submit") in ledger.timers


def test_a_second_registration_does_not_begin_a_second_pull() -> None:
    ledger = opened(registered=False)
    ledger.fire(RequestTimeout("register"))
    for _ in range(2):
        ledger.tell(LINE, Registered((), ()))
    assert len(ledger.packets(Pull)) == 1


def test_a_device_that_is_told_twice_that_it_is_unknown_registers_once() -> None:
    ledger = opened()
    ledger.fire(RequestTimeout("pull"))
    for _ in range(2):
        ledger.tell(LINE, Unknown())
    assert len(ledger.packets(Register)) == 1
    assert list(ledger.timers) == [RequestTimeout("register")]
    ledger.tell(LINE, Registered((), ()))
    ledger.tell(LINE, PullReply(()))
    assert not ledger.actor.pulling  # type: ignore[attr-defined]


def test_a_page_of_history_that_comes_twice_is_continued_once() -> None:
    ledger = opened(TimelineDevice, registered=False)
    ledger.tell(LINE, Registered((), ((TALK, 3),)))
    ledger.fire(RequestTimeout("roam"))
    for _ in range(2):
        ledger.tell(LINE, RoamReply(page(1, 2, more=True, of=Timeline("conversation", 0)), TALK))
    assert ledger.packets(Roam)[2:] == [Roam(TALK, 2, 3)]
    assert RequestTimeout("roam") in ledger.timers
    ledger.tell(LINE, RoamReply(page(3, 3, of=Timeline("conversation", 0)), TALK))
    assert RequestTimeout("roam") not in ledger.timers


# ---- in searches


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("kinds", [(), ("push",), ("sender-retry",)], ids=str)
def test_a_design_keeps_its_promises_with_devices_that_give_up(name: str, kinds: tuple[str, ...]) -> None:
    world = SmallWorld("two-people", 1, kinds, (("request_timeout", 10.0),))
    found = search(name, world)
    assert found.complete
    promised = [p for p, faults in DESIGNS[name].promises.items() if set(world.faults) <= set(faults)]
    assert [p for p in promised if found.findings[p].verdict == "violated"] == []
    assert found.findings["pull-terminates"].verdict == "holds"
