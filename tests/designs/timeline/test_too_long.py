"""A gap that is too long to be served entry by entry: the reply says what was missed, and where to continue."""

from __future__ import annotations

import pytest

from syncproof.core.packets import Opened
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
    UserId,
)
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.packets import Pull, PullReply, Respond
from syncproof.designs.timeline.log import Log, sync_of
from syncproof.designs.timeline.reading import LogServer
from tests.helpers.effects import Effects

ME, USER = DeviceId(0), UserId(0)
LINE = ConnectionId.of(ME, 1)
LOG = sync_of(USER)
ENTRIES = [Entry(n, n if n < 3 else 1, Message(MessageId(n), DeviceId(1), ConversationId(n // 3))) for n in (1, 2, 3)]
"""Two messages of one conversation, then one of another."""


def answer(after: int, longest: int) -> Page:
    """Return the page that a device gets which has everything up to `after`."""
    server = DESIGNS["timeline-notify"].server(id=SERVER, parameters=Parameters(longest_gap=longest))
    assert isinstance(server, LogServer)
    server.register_device(ME, USER)
    log = server.sync[USER] = Log.empty()
    for entry in ENTRIES:
        log.append(entry)
    ledger = Effects(server)
    ledger.tell(LINE, Opened(LINE, ME))
    ledger.tell(LINE, Pull((Cursor(LOG, after),)))
    ledger.complete(Respond)
    (reply,) = ledger.packets(PullReply)
    (page,) = reply.pages
    return page


def test_a_longer_gap_is_told_with_the_last_place_of_each_conversation_in_it() -> None:
    missing = ((ConversationId(0), 2), (ConversationId(1), 1))
    assert answer(0, 2) == Page(LOG, 3, (), 3, True, missing)


@pytest.mark.parametrize(("after", "longest"), [(1, 2), (0, 3), (0, 0)])
def test_a_gap_that_is_not_longer_is_served(after: int, longest: int) -> None:
    assert answer(after, longest).entries == tuple(ENTRIES[after:])
