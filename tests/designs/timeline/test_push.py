"""Pushes over dense numbers: what a device does at a gap, and where the numbers come from."""

from __future__ import annotations

from syncproof.core.actor import Actor
from syncproof.core.packets import Closed, Packet
from syncproof.core.values import (
    SERVER,
    ActorId,
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
from syncproof.designs import Parameters
from syncproof.designs.packets import Accept, GapWaited, Pull, PullReply, Push, Reserved
from syncproof.designs.timeline.push import KEPT, DensePushDevice
from syncproof.engines.explore.handlers import Effects
from tests.helpers.stage import LAPTOP, PHONE, TABLET, Stage

CONNECTION = ConnectionId.of(0, 1)
LINE = Timeline("sync", 0)


def phone(checkpoint: int = 1, gap_wait: float = 0.5) -> DensePushDevice:
    made = DensePushDevice(id=DeviceId(0), user=UserId(0), parameters=Parameters(gap_wait=gap_wait))
    made.registered = True
    made.connection = CONNECTION
    made.checkpoints = {LINE: checkpoint}
    return made


def entry(seq: int) -> Entry:
    return Entry(seq, seq, Message(MessageId(seq), DeviceId(1), ConversationId(0)))


def given(actor: Actor, *packets: Packet, source: ActorId | ConnectionId = SERVER) -> Effects:
    """Return the effects of handling these packets, all together."""
    out = Effects(actor)
    for packet in packets:
        actor.handle(source, packet, out)
    return out


def pulls(out: Effects) -> list[Packet]:
    return [packet for _, packet in out.sends if isinstance(packet, Pull)]


def test_at_a_gap_a_device_waits_before_it_pulls() -> None:
    device = phone()
    out = given(device, Push(LINE, entry(3)))
    assert (pulls(out), device.checkpoints) == ([], {LINE: 1})
    assert pulls(given(device, GapWaited())) == [Pull((Cursor(LINE, 1),), False)]


def test_the_missing_push_fills_the_gap_and_nothing_is_pulled() -> None:
    device = phone()
    given(device, Push(LINE, entry(4)), Push(LINE, entry(3)))
    given(device, Push(LINE, entry(2)))
    assert (device.checkpoints, device.shown) == ({LINE: 4}, {2, 3, 4})
    assert (device.kept, device.wanted) == ({}, {})
    assert pulls(given(device, GapWaited())) == []


def test_a_gap_above_the_filled_one_is_still_pulled() -> None:
    device = phone()
    given(device, Push(LINE, entry(3)), Push(LINE, entry(5)), Push(LINE, entry(2)))
    assert device.checkpoints == {LINE: 3}
    assert pulls(given(device, GapWaited())) == [Pull((Cursor(LINE, 3),), False)]


def test_an_own_message_fills_a_gap() -> None:
    device = phone()
    own = Message(MessageId(2), device.id, ConversationId(0))
    device.outbox.append(own)
    given(device, Push(LINE, entry(3)))
    given(device, Accept(own.id, 2, LINE, 1, 2), source=CONNECTION)
    assert device.checkpoints == {LINE: 3}


def test_a_pull_that_reaches_a_kept_entry_fills_the_gap() -> None:
    device = phone()
    given(device, Push(LINE, entry(3)))
    device.pulling = True
    out = given(device, PullReply((Page(LINE, 1, (entry(2),), 2),)), source=CONNECTION)
    assert (pulls(out), device.checkpoints) == ([], {LINE: 3})


def test_a_device_keeps_only_so_many_entries() -> None:
    device = phone()
    given(device, *[Push(LINE, entry(seq)) for seq in range(3, KEPT + 9)])
    assert len(device.kept) == KEPT
    given(device, Push(LINE, entry(2)))
    assert device.checkpoints == {LINE: KEPT + 2}
    assert pulls(given(device, GapWaited())) == [Pull((Cursor(LINE, KEPT + 2),), False)]


def test_a_closed_connection_ends_the_wait() -> None:
    device = phone()
    given(device, Push(LINE, entry(3)))
    given(device, Closed(CONNECTION), source=CONNECTION)
    assert device.kept == {}
    assert pulls(given(device, GapWaited())) == []


def test_during_a_pull_a_gap_is_a_hint() -> None:
    device = phone()
    device.pulling = True
    given(device, Push(LINE, entry(3)))
    assert (device.kept, device.wanted) == ({}, {LINE: 3})


def test_without_a_wait_a_gap_is_pulled_at_once() -> None:
    assert pulls(given(phone(gap_wait=0.0), Push(LINE, entry(3)))) == [Pull((Cursor(LINE, 1),), False)]


def test_only_reserved_numbers_are_persisted_before_the_write() -> None:
    for numbers, reserved in (("at-commit", 0), ("reserved", 2)):
        stage = Stage("timeline-dense-push", dense_numbers=numbers)
        stage.connect(PHONE, LAPTOP, TABLET)
        moves: list[object] = []
        stage.world.record = moves.append
        stage.compose(PHONE)
        stage.settle()
        assert sum(isinstance(getattr(move, "packet", None), Reserved) for move in moves) == reserved
        assert stage.shown(LAPTOP) == stage.shown(TABLET) == [0]
