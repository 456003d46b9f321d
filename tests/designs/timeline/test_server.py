"""When a server of logs accepts a message, and whom it then tells of it."""

from __future__ import annotations

import pytest

from syncproof.core.moves import Complete, Connect, Crash, Deliver, Disconnect, Restart, Tell
from syncproof.core.observations import Accepted, Pulled
from syncproof.core.packets import RemoveMember, Resend
from syncproof.core.values import SERVER, ConversationId, UserId
from syncproof.designs import Population
from syncproof.designs.packets import Accept, Commit, Notification, Synced
from tests.helpers.stage import LAPTOP, PHONE, TABLET, Stage

OWN_DEVICES = Population((0, 0), ((0,),))


def stage(design: str = "timeline-notify", population: Population = OWN_DEVICES, **parameters: object) -> Stage:
    made = Stage(design, population, **parameters)
    made.connect(*sorted(d for d in made.world.hosts if d != SERVER))  # type: ignore[type-var]
    made.seen.clear()
    return made


def complete(of: Stage, kind: type[Commit | Synced]) -> None:
    """Complete the first open operation of this kind."""
    packet = next(p for p, _ in of.world.operations[SERVER] if isinstance(p, kind))
    of.do(Complete(SERVER, packet))


def notified(of: Stage) -> list[int]:
    """Return the devices to which a notification is under way."""
    return sorted(
        name for name, host in of.world.hosts.items() for m in host.mail if isinstance(m.packet, Notification)
    )


@pytest.mark.parametrize("design", ["timeline-notify", "timeline-dense-push", "timeline-push", "timeline-read-fanout"])
def test_the_sending_device_shows_its_message_without_a_pull_and_the_other_ones_as_ever(design: str) -> None:
    made = stage(design)
    made.compose(PHONE)
    made.settle()
    assert made.shown(PHONE) == made.shown(LAPTOP) == [0]
    assert PHONE not in [pulled.device for pulled in made.of(Pulled)]


def test_without_the_number_in_the_reply_the_sending_device_pulls() -> None:
    made = stage(accept_carries_seq=False)
    made.compose(PHONE)
    made.settle()
    assert made.shown(PHONE) == [0]
    assert PHONE in [pulled.device for pulled in made.of(Pulled)]


def test_the_reply_comes_with_the_senders_own_copy() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    complete(made, Commit)
    assert made.of(Accepted) == []
    complete(made, Synced)
    assert [accepted.message for accepted in made.of(Accepted)] == [0]
    assert notified(made) == [LAPTOP]


def test_a_sender_who_was_removed_is_accepted_with_the_commit() -> None:
    made = stage(population=Population((0, 1), ((0, 1),)))
    made.compose(PHONE)
    made.submit()
    made.do(Tell(SERVER, RemoveMember(ConversationId(0), UserId(0))))
    complete(made, Commit)
    assert [accepted.message for accepted in made.of(Accepted)] == [0]


def test_a_second_submission_over_the_same_connection_waits_for_the_same_reply() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    complete(made, Commit)
    made.do(Tell(PHONE, Resend()))
    made.submit()
    assert made.of(Accepted) == []
    complete(made, Synced)
    assert len(made.of(Accepted)) == 1


@pytest.mark.parametrize("clean", [True, False])
def test_a_sender_that_came_back_over_another_connection_is_notified(clean: bool) -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    complete(made, Commit)
    made.do(Disconnect(PHONE, clean), Connect(PHONE))
    complete(made, Synced)
    assert notified(made) == [PHONE, LAPTOP]


def test_a_submission_over_a_later_connection_is_answered_there() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    complete(made, Commit)
    made.do(Disconnect(PHONE, False), Connect(PHONE))
    made.submit()
    complete(made, Synced)
    assert notified(made) == [LAPTOP]
    replies = [packet for connection in made.world.connections.values() for packet in connection.down]
    assert [packet.seq > 0 for packet in replies if isinstance(packet, Accept)] == [True]


def test_a_late_submission_over_an_old_connection_does_not_take_the_reply_away() -> None:
    made = stage()
    made.compose(PHONE)
    made.do(Disconnect(PHONE, True), Connect(PHONE))
    old, new = sorted(c.id for c in made.world.connections.values() if c.client == PHONE)
    made.do(*[Deliver(new, "server")] * 2)
    complete(made, Commit)
    made.do(Deliver(old, "server"))
    complete(made, Synced)
    assert [type(packet) for packet in made.world.connections[new].down] == [Accept]


def test_after_a_crash_between_the_stores_the_sender_is_answered_from_the_index() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    complete(made, Commit)
    made.do(Disconnect(PHONE, False), Disconnect(LAPTOP, False), Crash(SERVER), Restart(SERVER))
    made.settle()
    made.connect(PHONE, LAPTOP)
    assert made.shown(PHONE) == made.shown(LAPTOP) == [0]
    assert [accepted.message for accepted in made.of(Accepted)] == [0]
    assert made.violated() == {}


def test_a_message_of_another_device_before_the_own_one_is_pulled_in_order() -> None:
    made = stage()
    made.compose(LAPTOP)
    made.compose(PHONE)
    for connection in sorted(made.world.connections, reverse=True):
        made.do(Deliver(connection, "server"))
    for _ in range(2):
        complete(made, Commit)
    while any(isinstance(p, Synced) for p, _ in made.world.operations.get(SERVER, ())):
        complete(made, Synced)
    for connection in [c for c in made.world.connections.values() if c.client == PHONE]:
        made.do(Deliver(connection.id, "client"))
    assert made.shown(PHONE) == []
    made.settle()
    assert made.shown(PHONE) == made.shown(LAPTOP) == [0, 1]


def test_a_consumer_is_told_no_number() -> None:
    made = stage("log-device-acks")
    made.compose(PHONE)
    made.settle()
    assert made.shown(PHONE) == made.shown(LAPTOP) == [0]
    assert TABLET not in made.world.hosts
