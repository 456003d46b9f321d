"""A replica serves what only reads, from the stores of an earlier moment; everything else is the server's own."""

from __future__ import annotations

import pytest

from syncproof.core.packets import Opened
from syncproof.core.values import SERVER, ConnectionId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Accept, Pull, PullReply, Respond, Submit
from syncproof.designs.replicas import Followed, with_replica
from syncproof.designs.timeline.consumers import ConsumerServer
from syncproof.designs.timeline.server import TimelineServer
from syncproof.engines.explore import explore
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from tests.helpers.effects import Effects

PHONE = DeviceId(0)
OPEN = ConnectionId.of(PHONE, 1)
MESSAGE = Message(MessageId(0), PHONE, ConversationId(0))


def served() -> tuple[TimelineServer, Effects]:
    """Return a server with a replica, to which a device is connected that has sent a message."""
    server = with_replica(TimelineServer)(id=SERVER, parameters=DESIGNS["timeline-notify"].parameters)
    assert isinstance(server, TimelineServer)
    server.register_device(PHONE, UserId(0))
    server.insert_member(ConversationId(0), UserId(0))
    out = Effects(server)
    server.start(out)
    out.tell(OPEN, Opened(OPEN, PHONE))
    out.tell(OPEN, Submit(MESSAGE))
    while found := [then for then, _, _ in out.open if not isinstance(then, Followed)]:
        out.complete(type(found[0]))
    return server, out


def pulled(out: Effects) -> int:
    """Pull everything; return how many entries came."""
    out.tell(OPEN, Pull((), True))
    out.complete(Respond)
    return sum(len(page.entries) for page in out.packets(PullReply)[-1].pages)


def test_a_pull_reads_what_the_replica_has() -> None:
    _, out = served()
    assert pulled(out) == 0
    out.complete(Followed)
    assert pulled(out) == 1


def test_what_writes_is_handled_by_the_server_itself() -> None:
    server, out = served()
    assert [accept.message for accept in out.packets(Accept)] == [MESSAGE.id]
    assert len(server.sync) == 1


def test_a_replica_that_a_crash_kept_from_following_follows_after_the_restart() -> None:
    _, out = served()
    out.crash()
    assert [then for then, _, _ in out.open if isinstance(then, Followed)] == [Followed()]


def test_a_pull_that_notes_what_it_gives_is_not_for_a_replica() -> None:
    assert Pull not in ConsumerServer.only_read


@pytest.mark.parametrize(("name", "verdict"), [("roaming-complete", "violated"), ("no-loss", "holds")])
def test_a_new_device_misses_history_that_the_replica_lacks(name: str, verdict: str) -> None:
    world = SmallWorld("two-devices", 1, ("new-device", "replica-lag"))
    system, _, environment = small_worlds.build("timeline-read-fanout", world)
    found = explore(system, environment, [PROPERTIES[name]])
    assert found.findings[name].verdict == verdict
