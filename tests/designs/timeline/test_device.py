"""Handlers of a timeline device: a push, a hint or a page of another epoch, or before the device is registered."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Checkpointed, Shown
from syncproof.core.packets import Packet
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
from syncproof.designs.packets import Accept, Notification, Pull, Push, Registered, RoamReply
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.push import DensePushDevice, PushDevice
from syncproof.engines.explore.handlers import Effects

CONNECTION = ConnectionId.of(0, 1)
FIRST, SECOND = Timeline("sync", 0), Timeline("sync", 0, 1)
TALK = ConversationId(0)


def device(kind: type[TimelineDevice], *, registered: bool = True, **checkpoints: int) -> TimelineDevice:
    made = kind(id=DeviceId(0), user=UserId(0), parameters=Parameters())
    made.registered = registered
    made.connection = CONNECTION
    made.checkpoints = {{"first": FIRST, "second": SECOND}[epoch]: seq for epoch, seq in checkpoints.items()}
    return made


def given(actor: TimelineDevice, packet: Packet, source: ActorId | ConnectionId = SERVER) -> Effects:
    out = Effects(actor)
    actor.handle(source, packet, out)
    return out


def entry(seq: int) -> Entry:
    return Entry(seq, seq, Message(MessageId(seq), DeviceId(1), TALK))


def pulls(out: Effects) -> list[Packet]:
    return [packet for _, packet in out.sends if isinstance(packet, Pull)]


def shown(out: Effects) -> list[int]:
    return [int(o.message) for o in out.observations if isinstance(o, Shown)]


@pytest.mark.parametrize("kind", [DensePushDevice, PushDevice])
def test_a_push_of_a_new_epoch_is_not_shown_but_pulled_from_the_old_checkpoint(kind: type[TimelineDevice]) -> None:
    out = given(device(kind, first=2), Push(SECOND, entry(1)))
    assert shown(out) == []
    assert pulls(out) == [Pull((Cursor(FIRST, 2),), False)]


@pytest.mark.parametrize(
    ("kind", "packet"),
    [
        (TimelineDevice, Notification(FIRST, 5, MessageId(5))),
        (DensePushDevice, Push(FIRST, entry(1))),
        (PushDevice, Push(FIRST, entry(1))),
    ],
)
def test_a_hint_of_an_old_epoch_is_ignored(kind: type[TimelineDevice], packet: Packet) -> None:
    out = given(device(kind, second=3), packet)
    assert (shown(out), out.sends) == ([], [])


@pytest.mark.parametrize(
    ("kind", "packet"),
    [
        (TimelineDevice, Notification(FIRST, 5, MessageId(5))),
        (DensePushDevice, Push(FIRST, entry(1))),
        (PushDevice, Push(FIRST, entry(1))),
    ],
)
def test_a_device_that_is_not_registered_ignores_hints(kind: type[TimelineDevice], packet: Packet) -> None:
    out = given(device(kind, registered=False), packet)
    assert (shown(out), out.sends) == ([], [])


def test_a_push_while_the_checkpoint_is_being_saved_waits() -> None:
    phone = device(DensePushDevice, first=1)
    phone.saving = True
    assert shown(given(phone, Push(FIRST, entry(2)))) == []
    assert phone.wanted == {FIRST: 2}


def test_a_device_that_registers_again_keeps_its_checkpoint() -> None:
    phone = device(TimelineDevice, registered=False, first=1)
    out = given(phone, Registered((Cursor(FIRST, 7),), ()), CONNECTION)
    assert phone.checkpoints == {FIRST: 1}
    assert not [o for o in out.observations if isinstance(o, Checkpointed)]


def test_a_gap_never_moves_a_checkpoint_back() -> None:
    phone = device(TimelineDevice, first=5)
    phone.missed_pages = [Page(FIRST, 3, (), 3, False, ((TALK, 0),))]
    phone.save((), Effects(phone))
    assert phone.checkpoints == {FIRST: 5}


def test_a_page_of_history_that_leaves_a_gap_is_not_kept() -> None:
    phone = device(TimelineDevice)
    phone.history = {TALK: (0, 3)}
    given(phone, RoamReply(Page(Timeline("conversation", 0), 1, (), 3), TALK), CONNECTION)
    assert phone.history == {TALK: (0, 3)}


# ---- what the device wrote itself


def writing(kind: type[TimelineDevice] = TimelineDevice, **checkpoints: int) -> TimelineDevice:
    """Return a device that waits for the reply to its message 9."""
    phone = device(kind, **checkpoints)
    phone.outbox.append(Message(MessageId(9), phone.id, TALK))
    phone.sending = True
    return phone


ACCEPTED = Accept(MessageId(9), 3, FIRST, 6, 8)


def test_an_own_message_that_follows_the_checkpoint_is_shown_and_moves_it() -> None:
    phone = writing(first=6)
    out = given(phone, ACCEPTED, CONNECTION)
    assert (shown(out), pulls(out), phone.checkpoints, phone.reached) == ([9], [], {FIRST: 8}, {TALK: 3})


@pytest.mark.parametrize("checkpoint", [5, 7, 8])
def test_an_own_message_that_does_not_follow_the_checkpoint_leaves_it(checkpoint: int) -> None:
    phone = writing(first=checkpoint)
    out = given(phone, ACCEPTED, CONNECTION)
    assert (shown(out), phone.checkpoints) == ([], {FIRST: checkpoint})
    assert pulls(out) == ([Pull((Cursor(FIRST, checkpoint),), False)] if checkpoint < 8 else [])
    assert not phone.outbox


def test_an_own_message_is_taken_while_a_pull_is_under_way() -> None:
    phone = writing(first=6)
    phone.pulling = True
    assert shown(given(phone, ACCEPTED, CONNECTION)) == [9]


def test_an_own_message_waits_while_the_checkpoint_is_being_saved() -> None:
    phone = writing(first=6)
    phone.saving = True
    assert shown(given(phone, ACCEPTED, CONNECTION)) == []
    assert phone.wanted == {FIRST: 8}


def test_an_own_message_of_an_old_epoch_is_ignored_but_leaves_the_outbox() -> None:
    phone = writing(second=6)
    out = given(phone, ACCEPTED, CONNECTION)
    assert (shown(out), pulls(out), list(phone.outbox)) == ([], [], [])


def test_an_own_message_of_a_new_epoch_is_pulled_from_the_old_checkpoint() -> None:
    out = given(writing(first=6), Accept(MessageId(9), 3, SECOND, 6, 8), CONNECTION)
    assert (shown(out), pulls(out)) == ([], [Pull((Cursor(FIRST, 6),), False)])


def test_a_second_reply_is_a_hint() -> None:
    phone = device(TimelineDevice, first=6)
    out = given(phone, ACCEPTED, CONNECTION)
    assert (shown(out), pulls(out)) == ([], [Pull((Cursor(FIRST, 6),), False)])


def test_a_reply_without_a_number_leaves_the_message_to_the_next_pull() -> None:
    phone = writing(first=6)
    out = given(phone, Accept(MessageId(9), 3), CONNECTION)
    assert (shown(out), pulls(out), phone.checkpoints, list(phone.outbox)) == ([], [], {FIRST: 6}, [])


def test_a_device_that_shows_what_is_pushed_shows_its_own_message_at_once() -> None:
    phone = writing(PushDevice, first=5)
    out = given(phone, ACCEPTED, CONNECTION)
    assert (shown(out), pulls(out), phone.checkpoints) == ([9], [Pull((Cursor(FIRST, 5),), False)], {FIRST: 5})
    assert shown(given(writing(PushDevice, second=5), ACCEPTED, CONNECTION)) == []
