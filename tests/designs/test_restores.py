"""Backups, restores, reinstalls, retention and changes of messages: how sound designs handle them."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.fairness import quiesce
from syncproof.core.moves import (
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Keep,
    Notice,
    Restart,
    Restore,
    Spawn,
    Tell,
)
from syncproof.core.observations import (
    Amended,
    Appended,
    Checkpointed,
    Forgot,
    Gone,
    Joined,
    Noted,
    Placed,
    Retired,
    Reverted,
    Shown,
)
from syncproof.core.packets import AddMember, Expire, RemoveMember
from syncproof.core.values import SERVER, ConversationId, DeviceId, Entry, Message, MessageId, Timeline, UserId
from syncproof.designs import DESIGNS, Population
from syncproof.designs.packets import Fetch, Register, Trim, Unknown
from tests.helpers.stage import LAPTOP, PHONE, TABLET, Stage

TIMELINES = [name for name in DESIGNS if name.startswith("timeline")]
SOUND = [name for name in DESIGNS if name not in ("inbox-shared",)]


def begun(design: Any, **parameters: Any) -> Any:
    """Return a stage on which every device is connected and has shown message 0."""
    stage = Stage(design, **parameters)
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    assert settled(stage)
    return stage


def settled(stage: Any) -> bool:
    stage.settle()
    return all(stage.shown(device)[:1] == [0] for device in (PHONE, LAPTOP, TABLET))


def violated_promises(stage: Any, design: str, *faults: str) -> set[str]:
    """Return the properties that are promised under these faults and violated."""
    promises = DESIGNS[design].promises
    return {name for name in stage.violated() if name in promises and set(faults) <= set(promises[name])}


# ---- the server is put back


@pytest.mark.parametrize("design", TIMELINES)
def test_devices_learn_the_new_epoch_and_receive_what_follows(design: str) -> None:
    stage = begun(design)
    stage.do(Keep(SERVER))
    stage.compose(PHONE)
    stage.settle()
    stage.do(Restore(SERVER), Restart(SERVER))
    assert quiesce(stage.world)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    for device in (PHONE, LAPTOP, TABLET):
        assert stage.shown(device) == [0, 1, 2]
    assert {t.epoch for d in (LAPTOP, TABLET) for t in stage.world.actors[d].checkpoints} == {1}
    assert "new-epoch" in [o.situation for o in stage.of(Noted)]
    assert violated_promises(stage, design, "server-restore") == set()


def test_a_restored_server_observes_where_its_logs_continue_and_what_is_gone() -> None:
    stage = begun("timeline-notify")
    stage.do(Keep(SERVER))
    stage.compose(PHONE)
    stage.settle()
    stage.do(Restore(SERVER))
    conversation, phone = Timeline("conversation", 0, 1), Timeline("sync", 0, 1)
    found = {o.timeline: (o.upto, o.of) for o in stage.of(Reverted)}
    assert found[conversation] == (1, 0)
    assert found[phone] == (stage.world.actors[SERVER].sync[UserId(0)].last, 0)
    assert [o.message for o in stage.of(Gone)] == [1]
    stage.do(Restart(SERVER))
    assert stage.world.actors[SERVER].epoch == 1


def test_each_restore_begins_an_epoch_of_its_own() -> None:
    stage = begun("timeline-notify")
    stage.do(Keep(SERVER))
    for _ in range(2):
        stage.compose(PHONE)
        assert quiesce(stage.world)
        stage.do(Restore(SERVER), Restart(SERVER))
        assert quiesce(stage.world)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [(o.timeline.epoch, o.of) for o in stage.of(Reverted) if o.timeline.kind == "conversation"] == [
        (1, 0),
        (2, 0),  # the backup was taken in the first epoch
    ]
    assert {t.epoch for t in stage.world.actors[LAPTOP].checkpoints} == {2}
    assert stage.shown(TABLET) == [0, 1, 2, 3]
    assert violated_promises(stage, "timeline-notify", "server-restore") == set()


def test_a_device_that_was_offline_during_two_restores_learns_the_latest_epoch() -> None:
    stage = begun("timeline-notify")
    stage.do(Keep(SERVER), Disconnect(TABLET, True))
    for _ in range(2):
        stage.do(Restore(SERVER), Restart(SERVER))
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1]
    starts = [o.timeline.epoch for o in stage.of(Checkpointed) if o.device == TABLET and o.start]
    assert starts == [2]


@pytest.mark.parametrize("design", SOUND)
def test_a_device_that_a_restored_server_does_not_know_registers_again(design: str) -> None:
    new = DeviceId(3)
    stage = begun(design)
    stage.do(Keep(SERVER), Spawn(new, UserId(1)))
    stage.connect(new)
    stage.compose(PHONE)
    stage.settle()
    stage.do(Restore(SERVER), Restart(SERVER))
    assert new not in stage.world.actors[SERVER].owners
    assert quiesce(stage.world)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [o.device for o in stage.of(Joined) if o.history is not None] == [new, new]
    assert stage.shown(new) == [1, 2]
    assert violated_promises(stage, design, "server-restore", "new-device") == set()


def test_an_unregistered_device_is_answered_unknown_and_registers() -> None:
    new = DeviceId(3)
    stage = begun("timeline-notify")
    stage.do(Keep(SERVER), Spawn(new, UserId(1)))
    stage.connect(new)
    stage.do(Restore(SERVER), Restart(SERVER))
    old = stage.world.open_connection(new)
    stage.do(Notice(old.id, "client"), Connect(new))
    connection = stage.world.open_connection(new)
    stage.do(Deliver(connection.id, "server"))
    assert [type(packet) for packet in connection.down] == [Unknown]
    stage.do(Deliver(connection.id, "client"))
    assert connection.up[-1] == Register(UserId(1))


@pytest.mark.parametrize("design", SOUND)
def test_an_installation_that_the_server_has_forgotten_is_retired_when_it_is_replaced(design: str) -> None:
    forgotten, new = DeviceId(3), DeviceId(4)
    stage = begun(design)
    stage.do(Keep(SERVER), Spawn(forgotten, UserId(1)))
    stage.connect(forgotten)
    stage.do(Restore(SERVER), Restart(SERVER))
    stage.compose(forgotten)
    stage.do(Spawn(new, UserId(1), forgotten))
    assert quiesce(stage.world)
    assert [o.device for o in stage.of(Retired)] == [forgotten]
    assert "outbox-drained" not in stage.violated()


# ---- a device is put back


@pytest.mark.parametrize("design", TIMELINES)
def test_a_restored_device_receives_again_what_it_forgot(design: str) -> None:
    stage = begun(design)
    stage.do(Keep(TABLET))
    for _ in range(2):
        stage.compose(PHONE)
        stage.settle()
    assert stage.shown(TABLET) == [0, 1, 2]
    stage.do(Restore(TABLET), Restart(TABLET))
    assert stage.world.actors[TABLET].shown == {0}
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1, 2, 1, 2]
    assert stage.world.actors[TABLET].shown == {0, 1, 2}
    assert violated_promises(stage, design, "device-restore") == set()


@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-sync-first"])
def test_an_inbox_has_nothing_left_for_a_device_that_forgot(design: str) -> None:
    stage = begun(design)
    stage.do(Keep(TABLET))
    stage.compose(PHONE)
    stage.settle()
    stage.do(Restore(TABLET), Restart(TABLET))
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1]
    assert {"no-loss", "convergence"} <= set(stage.violated())
    assert violated_promises(stage, design, "device-restore") == set()


def test_a_new_device_that_is_restored_fetches_its_history_again() -> None:
    new = DeviceId(3)
    stage = begun("timeline-notify")
    stage.do(Spawn(new, UserId(1)))
    stage.do(Keep(new))
    stage.connect(new)
    stage.do(Restore(new), Restart(new))
    assert quiesce(stage.world)
    assert stage.world.actors[new].history == {ConversationId(0): (1, 1)}
    assert stage.violated() == {}


# ---- a device is reinstalled


@pytest.mark.parametrize("design", SOUND)
def test_a_reinstall_retires_the_old_device(design: str) -> None:
    new = DeviceId(3)
    stage = begun(design)
    stage.do(Spawn(new, UserId(1), TABLET))
    stage.compose(PHONE)
    assert quiesce(stage.world)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [o.device for o in stage.of(Retired)] == [TABLET]
    assert TABLET not in stage.world.actors[SERVER].owners
    assert stage.of(Placed)[-1].audience == (PHONE, LAPTOP, new)
    assert stage.shown(new)[-1:] == [2]
    assert violated_promises(stage, design, "reinstall", "new-device") == set()


@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-shared"])
def test_a_message_whose_copying_a_crash_cut_is_not_copied_for_a_device_that_was_retired_since(design: str) -> None:
    new = DeviceId(3)
    stage = Stage(design)
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.submit()
    (indexed,) = [packet for packet, _ in stage.world.operations[SERVER]]
    stage.do(Crash(SERVER, (indexed,)), Restart(SERVER), Spawn(new, UserId(1), TABLET))
    stage.connect(new)
    assert [o.device for o in stage.of(Retired)] == [TABLET]
    assert quiesce(stage.world)  # the phone connects, and submits the message again
    assert stage.shown(LAPTOP) == [0]
    assert violated_promises(stage, design, "reinstall", "new-device", "server-crash") == set()


def test_a_reinstall_that_registers_twice_retires_once() -> None:
    new = DeviceId(3)
    stage = begun("timeline-notify")
    stage.do(Spawn(new, UserId(1), TABLET), Connect(new), Disconnect(new, False), Connect(new))
    for connection in [c for c in list(stage.world.connections.values()) if c.client == new]:
        stage.do(Deliver(connection.id, "server"))
    assert quiesce(stage.world)
    assert [o.device for o in stage.of(Retired)] == [TABLET]
    assert len([o for o in stage.of(Joined) if o.device == new]) == 1


def test_a_reinstall_of_a_device_that_a_restored_server_never_knew() -> None:
    old, new = DeviceId(3), DeviceId(4)
    stage = begun("timeline-notify")
    stage.do(Keep(SERVER), Spawn(old, UserId(1)))
    stage.connect(old)
    stage.do(Restore(SERVER), Restart(SERVER), Spawn(new, UserId(1), old))
    assert quiesce(stage.world)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [o.device for o in stage.of(Retired)] == [old]
    assert stage.shown(new) == [1]


# ---- retention


def with_trimmed_absence(design: str, population: Population | None = None, **parameters: Any) -> Any:
    """Return a stage whose tablet is offline while messages 1 to 3 are sent and then everything is trimmed."""
    stage = Stage(design, *([population] if population else []), **parameters)
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    stage.do(Disconnect(TABLET, True))
    for _ in range(3):
        stage.compose(PHONE)
        stage.settle()
    stage.do(Tell(SERVER, Expire()))
    stage.settle()
    return stage


@pytest.mark.parametrize("design", TIMELINES)
@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_an_expired_checkpoint_is_refetched_from_the_message_store(design: str, page_size: int) -> None:
    stage = with_trimmed_absence(design, page_size=page_size)
    stage.compose(PHONE)
    stage.settle()
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1, 2, 3, 4]
    assert violated_promises(stage, design, "trim", "disconnect") == set()


def test_trimmed_entries_are_fetched_from_the_message_store() -> None:
    stage = with_trimmed_absence("timeline-notify")
    assert quiesce(stage.world)
    found = [(o.message, o.timeline) for o in stage.of(Shown) if o.device == TABLET][1:]
    assert found == [(1, None), (2, None), (3, None)]


def test_each_page_is_fetched_once() -> None:
    stage = with_trimmed_absence("timeline-notify", page_size=2)
    asked = []
    stage.do(Connect(TABLET))
    while (move := next(stage.world.pending(), None)) is not None:
        connection = stage.world.connections.get(getattr(move, "connection", None))
        if isinstance(move, Deliver) and move.end == "server" and isinstance(connection.up[0], Fetch):
            asked.append((connection.up[0].after, connection.up[0].upto))
        stage.do(move)
    assert asked == [(1, 4), (3, 4)]


def test_missed_messages_of_two_conversations_are_fetched_from_each_in_order() -> None:
    stage = Stage("timeline-notify", Population((0, 1, 1), ((0, 1), (0, 1))))
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.do(Disconnect(TABLET, True))
    for conversation in (0, 1, 0, 1):
        stage.compose(PHONE, conversation)
        stage.settle()
    stage.do(Tell(SERVER, Expire()))
    stage.settle()
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 2, 1, 3]
    assert stage.violated() == {}


@pytest.mark.parametrize("design", TIMELINES)
def test_messages_from_while_the_user_was_not_a_member_are_not_fetched(design: str) -> None:
    stage = Stage(design, Population((0, 1, 2), ((0, 1, 2),)))
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    stage.do(Disconnect(TABLET, True))
    changes = (None, RemoveMember(ConversationId(0), UserId(2)), AddMember(ConversationId(0), UserId(2)))
    for change in changes:
        if change is not None:
            stage.do(Tell(SERVER, change))
        stage.compose(PHONE)
        stage.settle()
    stage.do(Tell(SERVER, Expire()))
    stage.settle()
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1, 3]
    assert violated_promises(stage, design, "trim", "membership", "disconnect") == set()


def test_a_reply_to_a_fetch_covers_its_range_even_if_the_user_may_read_nothing_there() -> None:
    stage = Stage("timeline-notify", Population((0, 1, 2), ((0, 1),)))
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    connection = stage.world.open_connection(TABLET)
    assert connection is not None
    connection.up.append(Fetch(ConversationId(0), 0, 1))
    stage.do(Deliver(connection.id, "server"))
    while not connection.down:
        stage.do(next(stage.world.pending()))
    page = connection.down[-1].page
    assert (page.entries, page.upto, page.has_more) == ((), 1, False)


def test_an_entry_whose_intent_is_pending_is_not_trimmed() -> None:
    """One user's copy is written and the other's is not; after a crash both are repeated, and none may be written twice."""
    stage = begun("timeline-notify")
    message = stage.compose(PHONE)
    while not any(o.message == message and o.timeline.kind == "sync" for o in stage.of(Appended)):
        stage.do(next(stage.world.pending()))
    assert stage.world.actors[SERVER].intents
    stage.do(Tell(SERVER, Expire()))
    while trims := [m for m in stage.world.pending() if isinstance(m, Complete) and isinstance(m.packet, Trim)]:
        stage.do(trims[0])
    stage.do(Crash(SERVER))
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1]
    copies = [o.timeline.owner for o in stage.of(Appended) if o.message == message and o.timeline.kind == "sync"]
    assert sorted(copies) == [0, 1]
    assert violated_promises(stage, "timeline-notify", "trim") == set()


# ---- changes of messages


def entry(message: int, place: int, kind: Any = "message", about: int = 0) -> Entry:
    return Entry(place, place, Message(MessageId(message), PHONE, ConversationId(0), 10, kind, about))


def test_a_change_has_the_same_result_before_and_after_its_message() -> None:
    versions = []
    for order in ((0, 1), (1, 0)):
        stage = Stage("timeline-push")
        device = stage.world.actors[TABLET]
        out = stage.world.hosts[TABLET]
        entries = (entry(7, 1), entry(8, 2, "recall", 7))
        for number in order:
            device.show(entries[number], None, out)
        versions.append(dict(device.versions))
        assert [(o.what, o.which, o.version, o.by) for o in stage.of(Amended)] == [("message", 7, 2, 8)]
    assert versions == [{("message", 7): (True, 2)}] * 2


@pytest.mark.parametrize("design", SOUND)
@pytest.mark.parametrize("kind", ["recall", "edit"])
def test_a_change_reaches_every_device(design: str, kind: str) -> None:
    stage = begun(design)
    stage.compose(PHONE, kind=kind, about=0)
    assert quiesce(stage.world)
    assert {(o.device, o.which, o.version) for o in stage.of(Amended)} == {(d, 0, 2) for d in (PHONE, LAPTOP, TABLET)}
    assert violated_promises(stage, design) == set()


def test_an_edit_that_comes_late_does_not_undo_a_later_one() -> None:
    stage = Stage("timeline-push")
    device = stage.world.actors[TABLET]
    out = stage.world.hosts[TABLET]
    for change in (entry(9, 3, "edit", 7), entry(8, 2, "edit", 7)):
        device.show(change, None, out)
    assert [o.version for o in stage.of(Amended)] == [3]
    assert device.versions == {("message", 7): (False, 3)}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_recall_counts_more_than_a_later_edit(order: tuple[int, int]) -> None:
    stage = Stage("timeline-push")
    device = stage.world.actors[TABLET]
    entries = (entry(8, 2, "recall", 7), entry(9, 3, "edit", 7))
    for number in order:
        device.show(entries[number], None, stage.world.hosts[TABLET])
    assert device.versions == {("message", 7): (True, 2)}
    assert [(o.version, o.final) for o in stage.of(Amended)][-1] == (2, True)
    assert "change-monotonic" not in stage.violated()


def test_a_device_says_which_messages_of_its_outbox_a_backup_lacks() -> None:
    stage = Stage("timeline-notify")
    kept = stage.compose(PHONE)
    stage.do(Keep(PHONE))
    lost = stage.compose(PHONE)
    stage.do(Restore(PHONE))
    assert [message.id for message in stage.world.actors[PHONE].outbox] == [kept]
    assert [o.unsent for o in stage.of(Forgot)] == [(lost,)]


def test_a_read_marker_only_moves_forward_and_may_come_before_its_messages() -> None:
    stage = Stage("timeline-push")
    device = stage.world.actors[TABLET]
    out = stage.world.hosts[TABLET]
    for change in (entry(10, 1, "read", 5), entry(11, 2, "read", 3), entry(12, 3, "read", 6)):
        device.show(change, None, out)
    assert [(o.what, o.which, o.version) for o in stage.of(Amended)] == [("read", 0, 5), ("read", 0, 6)]


def test_a_device_that_forgot_a_recall_receives_it_again() -> None:
    stage = begun("timeline-notify")
    stage.do(Keep(TABLET))
    stage.compose(PHONE, kind="recall", about=0)
    stage.settle()
    stage.do(Restore(TABLET), Restart(TABLET))
    assert stage.world.actors[TABLET].versions == {}
    assert quiesce(stage.world)
    assert stage.world.actors[TABLET].versions == {("message", 0): (True, 2)}
    assert stage.violated() == {}
