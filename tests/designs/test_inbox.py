"""Offline inboxes: pushes again, acks in batches and ranges, deletion, time to live, and what the stores hold."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.observations import Deleted, Gone, Noted
from syncproof.core.packets import AddMember, Closed, Opened, RemoveMember
from syncproof.core.values import (
    SERVER,
    ConnectionId,
    ConversationId,
    DeviceId,
    Entry,
    Message,
    MessageId,
    Page,
    Timeline,
    UserId,
)
from syncproof.designs import Parameters
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.forms import ready
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.inbox.shared import SharedInboxServer
from syncproof.designs.inbox.sync_first import SyncFirstServer
from syncproof.designs.packets import (
    Accept,
    Ack,
    AckDue,
    AckRange,
    Copied,
    Dropped,
    Enrolled,
    Indexed,
    Outlived,
    Pull,
    PullReply,
    Push,
    Register,
    Removed,
    Repush,
    Submit,
    Unacked,
)
from syncproof.designs.requesting import LONGEST_WAIT
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.studies.verify import search
from tests.helpers.effects import Effects
from tests.helpers.stage import LAPTOP, PHONE, TABLET

TALK = ConversationId(0)
SIZE = 100
COPY = ROW_BYTES + SIZE


def message(number: int) -> Message:
    return Message(MessageId(number), PHONE, TALK, SIZE)


def line(device: DeviceId, count: int = 1) -> ConnectionId:
    return ConnectionId.of(device, count)


def box(owner: int) -> Timeline:
    return Timeline("inbox", owner)


def serving(
    kind: type[InboxServer] = InboxServer, online: tuple[DeviceId, ...] = (PHONE, LAPTOP), **parameters: Any
) -> Effects:
    """Return a server with the phone of user 0, and the laptop and the tablet of user 1."""
    server = kind(id=SERVER, parameters=Parameters(**parameters))
    for device, user in ((PHONE, 0), (LAPTOP, 1), (TABLET, 1)):
        server.register_device(device, UserId(user))
    for user in (0, 1):
        server.insert_member(TALK, UserId(user))
    ledger = Effects(server)
    for device in online:
        ledger.tell(SERVER, Opened(line(device), device))
    return ledger


def submit(ledger: Effects, number: int = 0) -> None:
    ledger.tell(line(PHONE), Submit(message(number)))


def copies(ledger: Effects, owner: int) -> list[int]:
    return sorted(map(int, ledger.actor.boxes[box(owner)].copies))  # type: ignore[attr-defined]


# ---- pushes again


def test_a_push_without_an_ack_is_sent_again_after_waits_that_double_up_to_five_minutes() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    timer = Repush(LAPTOP, MessageId(0))
    waits = []
    for _ in range(8):
        waits.append(ledger.timers[timer][0])
        ledger.fire(timer)
    assert waits == [5, 10, 20, 40, 80, 160, LONGEST_WAIT, LONGEST_WAIT]
    assert len(ledger.packets(Push)) == 9
    assert [o.situation for o in ledger.seen if isinstance(o, Noted)] == ["redelivered"] * 8


@pytest.mark.parametrize("ack", [Ack((MessageId(0),)), AckRange(box(LAPTOP), 0, 1)])
def test_an_ack_disarms_the_timer_of_the_push(ack: Ack | AckRange) -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    ledger.tell(line(LAPTOP), ack)
    assert not ledger.timers


def test_nothing_is_pushed_again_to_a_device_that_is_believed_to_be_offline() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    ledger.tell(SERVER, Closed(line(LAPTOP)))
    assert not ledger.timers
    ledger.tell(SERVER, Opened(line(LAPTOP, 2), LAPTOP))
    assert not ledger.timers  # it drains its inbox


def test_a_device_with_a_newer_connection_is_still_waited_for() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    ledger.tell(SERVER, Opened(line(LAPTOP, 2), LAPTOP))
    ledger.tell(SERVER, Closed(line(LAPTOP)))
    assert list(ledger.timers) == [Repush(LAPTOP, MessageId(0))]


def test_a_copy_that_is_gone_is_not_pushed_again() -> None:
    ledger = serving(SharedInboxServer)
    submit(ledger)
    ledger.complete()
    ledger.tell(SERVER, Opened(line(TABLET), TABLET))
    ledger.tell(line(TABLET), Ack((MessageId(0),)))  # it drained the inbox that the laptop shares
    pushed = len(ledger.packets(Push))
    ledger.fire(Repush(LAPTOP, MessageId(0)))
    assert len(ledger.packets(Push)) == pushed
    assert not ledger.timers


def test_without_retransmission_no_timer_is_armed() -> None:
    ledger = serving(retransmission=False)
    submit(ledger)
    ledger.complete()
    assert not ledger.timers


# ---- deletion


def test_overlapping_acks_delete_a_copy_once() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    deleted = ledger.rows["deleted"]
    ledger.tell(line(LAPTOP), Ack((MessageId(0),)))
    ledger.tell(line(LAPTOP), AckRange(box(LAPTOP), 0, 1))
    assert len(ledger.open) == 1
    ledger.complete()
    assert ledger.rows["deleted"] == deleted + 1
    assert ledger.imbalance() == {}


def test_a_range_ack_deletes_the_page_that_it_is_about_in_one_operation() -> None:
    ledger = serving(online=(PHONE,), page_size=2)
    for number in range(3):
        submit(ledger, number)
    ledger.complete()
    ledger.tell(SERVER, Opened(line(LAPTOP), LAPTOP))
    ledger.tell(line(LAPTOP), Pull(()))
    ledger.complete()
    (reply,) = ledger.packets(PullReply)
    submit(ledger, 3)
    ledger.complete()
    ledger.tell(line(LAPTOP), AckRange(reply.pages[0].timeline, reply.pages[0].after, reply.pages[0].upto))
    assert [len(then.messages) for then, _, _ in ledger.open if isinstance(then, Removed)] == [2]
    ledger.complete()
    assert copies(ledger, LAPTOP) == [2, 3]


def test_an_ack_of_a_device_that_is_not_registered_is_ignored() -> None:
    ledger = serving()
    stranger = DeviceId(9)
    ledger.tell(SERVER, Opened(line(stranger), stranger))
    ledger.tell(line(stranger), AckRange(box(stranger), 0, 1))
    assert not ledger.open


@pytest.mark.parametrize("delete", ["ack", "send"])
def test_a_shared_copy_is_deleted_on_the_ack_or_on_sending(delete: str) -> None:
    ledger = serving(SharedInboxServer, shared_delete=delete)
    submit(ledger)
    ledger.complete()
    assert copies(ledger, 1) == ([0] if delete == "ack" else [])
    assert bool(ledger.timers) == (delete == "ack")
    assert ledger.imbalance() == {}


def test_a_shared_copy_that_is_deleted_on_sending_is_gone_once_it_was_pulled() -> None:
    ledger = serving(SharedInboxServer, online=(PHONE,), shared_delete="send")
    submit(ledger)
    ledger.complete()
    ledger.tell(SERVER, Opened(line(LAPTOP), LAPTOP))
    ledger.tell(line(LAPTOP), Pull(()))
    ledger.complete()
    assert copies(ledger, 1) == []
    assert [o.device for o in ledger.seen if isinstance(o, Deleted)] == [LAPTOP]


# ---- time to live


def test_a_copy_that_is_too_old_is_deleted() -> None:
    ledger = serving(online=(PHONE,), inbox_ttl=60.0)
    submit(ledger)
    ledger.complete()
    timer = Outlived(box(LAPTOP), MessageId(0))
    assert ledger.timers[timer] == (60, 0)
    ledger.fire(timer)
    ledger.complete()
    assert [(o.message, o.box) for o in ledger.seen if isinstance(o, Gone)] == [(MessageId(0), box(LAPTOP))]
    assert copies(ledger, LAPTOP) == []
    assert ledger.imbalance() == {}


def test_a_deleted_copy_has_no_time_to_live_any_more() -> None:
    ledger = serving(inbox_ttl=60.0)
    submit(ledger)
    ledger.complete()
    ledger.tell(line(LAPTOP), Ack((MessageId(0),)))
    ledger.complete()
    assert list(ledger.timers) == [Outlived(box(TABLET), MessageId(0))]


def test_the_time_to_live_begins_anew_after_a_restart() -> None:
    ledger = serving(online=(PHONE,), inbox_ttl=60.0)
    submit(ledger)
    ledger.complete()
    ledger.crash()
    assert set(ledger.timers) == {Outlived(box(d), MessageId(0)) for d in (LAPTOP, TABLET)}


# ---- what the stores hold


def test_an_intent_is_a_row_from_the_index_until_the_message_is_accepted() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete(Indexed)
    held = ledger.actor.held()
    assert held is not None
    assert held["inbox-index"] == 2 * ROW_BYTES
    assert ledger.imbalance() == {}
    ledger.complete(Copied)
    assert ledger.packets(Accept)
    held = ledger.actor.held()
    assert held is not None
    assert (held["inbox-index"], held["inbox"]) == (ROW_BYTES, 2 * COPY)
    assert ledger.imbalance() == {}


def test_a_message_that_is_indexed_twice_is_one_row() -> None:
    ledger = serving()
    submit(ledger)
    submit(ledger)
    ledger.complete()
    assert ledger.imbalance() == {}


def test_a_crash_leaves_no_bytes_that_nobody_holds() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete(Indexed)
    ledger.crash()
    ledger.tell(SERVER, Opened(line(PHONE, 2), PHONE))
    ledger.tell(line(PHONE, 2), Submit(message(0)))
    ledger.complete()
    assert ledger.packets(Accept)
    assert ledger.imbalance() == {}


def test_a_server_that_keeps_no_index_holds_one_intent_of_a_message_that_comes_twice() -> None:
    ledger = serving(idempotent_send=False)
    for _ in range(2):
        submit(ledger)
    ledger.complete(Indexed)
    assert ledger.imbalance() == {}


def test_a_copy_that_is_written_again_after_a_crash_is_held_once() -> None:
    ledger = serving(SyncFirstServer, online=(PHONE,))
    for _ in range(2):  # the crash loses which message was accepted, so the sender submits it again
        submit(ledger)
        ledger.complete()
        ledger.crash()
        ledger.tell(SERVER, Opened(line(PHONE), PHONE))
    assert copies(ledger, LAPTOP) == [0]
    assert ledger.imbalance() == {}


NEW = DeviceId(3)


def reinstall(ledger: Effects) -> None:
    ledger.tell(SERVER, Opened(line(NEW), NEW))
    ledger.tell(line(NEW), Register(UserId(1), LAPTOP))


def test_a_reinstall_deletes_the_inbox_with_its_bytes() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    reinstall(ledger)
    ledger.complete()
    assert box(LAPTOP) not in ledger.actor.boxes  # type: ignore[attr-defined]
    assert not ledger.timers
    assert ledger.imbalance() == {}


def test_a_copy_for_a_device_that_was_retired_meanwhile_is_deleted_again() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete(Indexed)
    reinstall(ledger)
    ledger.complete(Enrolled)
    ledger.complete()
    assert ledger.packets(Accept)
    assert ledger.imbalance() == {}


@pytest.mark.parametrize("crashes", [False, True])
def test_a_retired_device_whose_copy_is_being_deleted_leaves_nothing(crashes: bool) -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    ledger.tell(line(LAPTOP), Ack((MessageId(0),)))
    reinstall(ledger)
    ledger.complete(Enrolled)
    assert ledger.imbalance() == {}
    if crashes:
        ledger.crash()
    ledger.complete()
    assert box(LAPTOP) not in ledger.actor.boxes  # type: ignore[attr-defined]
    assert ledger.imbalance() == {}


def test_retention_leaves_out_what_is_being_deleted() -> None:
    ledger = serving()
    submit(ledger)
    ledger.complete()
    ledger.tell(line(LAPTOP), Ack((MessageId(0),)))
    ledger.actor.expire(SERVER, None, ledger)  # type: ignore[attr-defined]
    assert [then.box.owner for then, _, _ in ledger.open if isinstance(then, Dropped)] == [TABLET]
    ledger.complete()
    assert ledger.imbalance() == {}


def test_rows_of_devices_and_members_are_held() -> None:
    ledger = serving()
    for _ in range(2):  # the device sends its request again
        reinstall(ledger)
    ledger.complete()
    ledger.tell(SERVER, AddMember(TALK, UserId(2)))
    assert ledger.actor.held() == {"registry": 3 * ROW_BYTES, "members": 3 * ROW_BYTES, "inbox": 0, "inbox-index": 0}
    assert ledger.imbalance() == {}
    ledger.tell(SERVER, RemoveMember(TALK, UserId(0)))
    assert ledger.imbalance() == {}


def test_sync_first_holds_what_it_wrote_for_an_ack_that_came_late() -> None:
    ledger = serving(SyncFirstServer)
    submit(ledger)
    ledger.fire(Unacked(MessageId(0), LAPTOP))
    ledger.tell(line(LAPTOP), Ack((MessageId(0),)))
    ledger.complete()
    assert copies(ledger, LAPTOP) == []
    assert copies(ledger, TABLET) == [0]
    assert not ledger.timers
    assert ledger.imbalance() == {}


# ---- the device


def connected(**parameters: Any) -> Effects:
    device = InboxDevice(id=LAPTOP, user=UserId(1), parameters=Parameters(**parameters))
    device.registered = True
    ledger = Effects(device)
    ledger.tell(LAPTOP, Opened(line(LAPTOP), LAPTOP))
    ledger.tell(line(LAPTOP), PullReply(()))
    ledger.sent.clear()
    return ledger


def push(ledger: Effects, number: int) -> None:
    ledger.tell(SERVER, Push(box(LAPTOP), Entry(number + 1, number + 1, message(number))))


def test_a_push_restarts_the_poll_timer() -> None:
    ledger = connected()
    polls = ledger.polls
    push(ledger, 0)
    assert ledger.polls == polls + 1


def test_a_push_during_a_pull_leaves_the_poll_timer_to_the_reply() -> None:
    ledger = connected()
    ledger.actor.catch_up(ledger)  # type: ignore[attr-defined]
    polls = ledger.polls
    push(ledger, 0)
    assert ledger.polls == polls


def test_acks_of_pushes_are_collected() -> None:
    ledger = connected(ack_batch=3)
    for number in (0, 1, 1):
        push(ledger, number)
    assert ledger.packets(Ack) == []
    assert ledger.timers[AckDue()] == (1, 0)
    push(ledger, 2)
    assert ledger.packets(Ack) == [Ack((MessageId(0), MessageId(1), MessageId(2)))]
    assert not ledger.timers


def test_collected_acks_are_sent_when_they_are_due() -> None:
    ledger = connected(ack_batch=3)
    push(ledger, 0)
    ledger.fire(AckDue())
    assert ledger.packets(Ack) == [Ack((MessageId(0),))]


def test_acks_are_not_sent_over_another_connection() -> None:
    ledger = connected(ack_batch=3)
    push(ledger, 0)
    ledger.tell(LAPTOP, Closed(line(LAPTOP)))
    assert not ledger.timers
    ledger.tell(LAPTOP, Opened(line(LAPTOP, 2), LAPTOP))
    push(ledger, 1)
    ledger.fire(AckDue())
    assert ledger.packets(Ack) == [Ack((MessageId(1),))]


def test_a_page_is_acknowledged_as_a_range_of_one_size() -> None:
    sizes = set()
    for count in (1, 50):
        ledger = connected()
        entries = tuple([Entry(n + 1, n + 1, message(n)) for n in range(count)])
        ledger.tell(line(LAPTOP), PullReply((Page(box(LAPTOP), 0, entries, count),)))
        (ack,) = ledger.packets(AckRange)
        assert (ack.after, ack.upto) == (0, count)
        sizes.add(ack.body_bytes)
    assert len(sizes) == 1


# ---- forms


@pytest.mark.parametrize(
    ("name", "lost", "world"),
    [
        ("inbox-store-first+ttl", "no-loss", SmallWorld("two-people", 1, ("push",))),
        ("inbox-store-first+ttl", "convergence", SmallWorld("two-devices", 1, ("push",))),
        ("inbox-store-first+ttl", "accepted-is-durable", SmallWorld("two-people", 1, ())),
        ("inbox-shared+deleted-on-send", "no-early-delete", SmallWorld("two-people", 1, ())),
        ("inbox-shared+deleted-on-send", "no-loss", SmallWorld("two-people", 1, ("push",))),
    ],
)
def test_a_form_loses_what_it_does_not_promise(name: str, lost: str, world: SmallWorld) -> None:
    form = ready(name)
    assert form is not None
    assert lost not in form.promises
    found = search(form, world).findings
    assert found[lost].verdict == "violated"
    assert [each for each in form.promises if found[each].verdict == "violated"] == []


def test_a_parameter_takes_the_promises_away_that_its_form_lacks() -> None:
    for name in ("inbox-store-first+ttl", "inbox-shared+deleted-on-send"):
        form = ready(name)
        design = ready(name.split("+")[0])
        assert form is not None
        assert design is not None
        assert dict(design.promised(Parameters(**form.pins))) == dict(form.promises)  # type: ignore[arg-type]
