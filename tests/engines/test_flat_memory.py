"""What a checker keeps in memory does not grow with the messages that are settled, nor with the entries of logs."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from syncproof.core.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Composed,
    Joined,
    Observation,
    Placed,
    RangeRead,
    Shown,
    Stored,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.engines.bulk.checker import BulkChecker
from syncproof.engines.check import Checker
from syncproof.formats.columnar import columnar_of
from syncproof.properties import PROPERTIES
from tests.helpers.small_blocks import use_small_blocks

pytestmark = pytest.mark.slow

DEVICES = (DeviceId(0), DeviceId(1))  # each of a user of its own, of the same number
CONVERSATION = ConversationId(0)
BLOCK, WARM, LAST = 50, 300, 700
"""Messages that are fed at once; messages before the memory is looked at; the message at which it is looked at again."""


def told(message: int) -> Iterator[Observation]:
    """Yield the life of a message, which is also its place and the number of its entry in the log of each user."""
    name = MessageId(message)
    yield Composed(name, DEVICES[0], CONVERSATION)
    yield Placed(name, CONVERSATION, message, tuple(UserId(device) for device in DEVICES), DEVICES)
    yield Stored(name)
    yield Accepted(name, message)
    for device in DEVICES:
        log = Timeline("sync", int(device))
        yield Appended(log, message, name)
        yield RangeRead(device, log, message - 1, message, (message,))
        yield Shown(device, name, CONVERSATION, message, log, message)
        yield Checkpointed(device, log, message)


def growth(bulk: bool) -> float:
    """Return by how many bytes of memory a checker grows for each message."""
    checker = Checker(PROPERTIES)
    columns = BulkChecker(checker, least=1)
    checker.feed(1, [Joined(device, UserId(device)) for device in DEVICES])
    sizes = {}
    tracemalloc.start()
    for first in range(1, LAST, BLOCK):
        block = [o for message in range(first, first + BLOCK) for o in told(message)]
        if bulk:
            columns.feed(checker.count + 1, columnar_of(block))
        else:
            checker.feed(checker.count + 1, block)
        last = first + BLOCK - 1
        if last in (WARM, LAST):
            del block
            gc.collect()  # which also frees the tuples that Python keeps for the next ones
            sizes[last] = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert not checker.monitor.counts
    assert len(checker.history.settling.archive) == LAST
    assert bulk == (columns.cleared > 0)
    return (sizes[LAST] - sizes[WARM]) / (LAST - WARM)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_settled_message_takes_next_to_no_memory(bulk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_blocks(monkeypatch, 16)
    assert growth(bulk) < 30  # of some 135 bytes that are in the file
