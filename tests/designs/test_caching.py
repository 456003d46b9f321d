"""A cache that answers a pull with an earlier reply, and devices that ignore a page of an epoch which they have left."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Checkpointed, Noted
from syncproof.core.packets import CacheReply, Opened
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
from syncproof.designs.base import Server
from syncproof.designs.packets import Pull, PullReply, Respond
from syncproof.designs.timeline.device import TimelineDevice
from tests.helpers.effects import Effects

ME, USER = DeviceId(0), UserId(0)
LINE = ConnectionId.of(ME, 1)
EARLIER, LATER = Timeline("sync", 0, 0), Timeline("sync", 0, 1)


def cached(design: str = "timeline-notify") -> Effects:
    """Return the server of a design, with a cache that keeps the reply to the next pull of a device."""
    server = DESIGNS[design].server(id=SERVER, parameters=DESIGNS[design].parameters)
    server.register_device(ME, USER)
    ledger = Effects(server)
    ledger.tell(LINE, Opened(LINE, ME))
    ledger.tell(SERVER, CacheReply(ME))
    return ledger


@pytest.mark.parametrize("design", DESIGNS)
def test_the_same_question_is_given_the_kept_reply_once(design: str) -> None:
    ledger = cached(design)
    for _ in range(3):
        ledger.tell(LINE, Pull(()))
    assert len(ledger.packets(PullReply)) == 1
    assert len([then for then, _, _ in ledger.open if isinstance(then, Respond)]) == 2


def test_another_question_goes_to_the_server() -> None:
    ledger = cached()
    ledger.tell(LINE, Pull(()))
    ledger.tell(LINE, Pull((Cursor(EARLIER, 1),)))
    assert not ledger.packets(PullReply)


def test_a_cache_does_not_look_at_the_epoch() -> None:
    ledger = cached()
    ledger.tell(LINE, Pull((Cursor(EARLIER, 1),)))
    ledger.tell(LINE, Pull((Cursor(LATER, 1),)))
    assert len(ledger.packets(PullReply)) == 1


@pytest.mark.parametrize("design", DESIGNS)
def test_a_cache_survives_what_the_server_does_not(design: str) -> None:
    ledger = cached(design)
    backup = ledger.actor.snapshot()
    ledger.tell(LINE, Pull(()))
    before = ledger.actor
    restored = DESIGNS[design].server(id=SERVER, parameters=DESIGNS[design].parameters)
    restored.restore(backup)
    restored.restored(before, ledger)
    assert isinstance(before, Server)
    assert restored.kept == before.kept != {}
    assert restored.awaited == {}


def test_a_device_ignores_a_page_of_an_epoch_that_it_has_left() -> None:
    device = TimelineDevice(id=ME, user=USER, parameters=Parameters())
    device.checkpoints[LATER] = 1
    ledger = Effects(device)
    entry = Entry(2, 2, Message(MessageId(5), DeviceId(1), ConversationId(0)))
    ledger.tell(LINE, PullReply((Page(EARLIER, 1, (entry,), 2),)))
    assert ledger.seen == [Noted("earlier-epoch", ME)]
    ledger.tell(LINE, PullReply((Page(LATER, 1, (entry,), 2),)))
    assert Checkpointed(ME, LATER, 2) in ledger.seen
