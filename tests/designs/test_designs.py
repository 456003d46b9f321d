"""The behaviour that distinguishes each design, in a world whose moves the test chooses."""

from __future__ import annotations

from unittest import TestCase

import pytest

from syncproof.core.actor import Out, actor, on
from syncproof.core.fairness import quiesce
from syncproof.core.moves import Arrive, Complete, Connect, Crash, Deliver, Disconnect, Fire, Lose, Restart, Spawn, Tell
from syncproof.core.observations import Appended, Deleted, Learnt, Noted, Pulled, Queued, Roamed, Shown, Trimmed
from syncproof.core.packets import AddMember, RemoveMember
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
from syncproof.designs import DESIGNS, Parameters, Population
from syncproof.designs.packets import Commit, Push, Reserved, Roam, RoamReply, Synced, Unacked
from syncproof.designs.timeline.log import log_of
from syncproof.designs.timeline.server import TimelineServer
from syncproof.errors import InputError
from syncproof.inputs.lookup import get
from syncproof.inputs.small_worlds import small_world
from syncproof.properties import PROPERTIES
from syncproof.studies.verify import search
from tests import test_invariants
from tests.helpers.stage import LAPTOP, PAIR, PHONE, TABLET, Stage


@pytest.mark.parametrize("design", DESIGNS)
def test_what_was_written_offline_is_sent_in_order_on_connect(design: str) -> None:
    stage = Stage(design)
    stage.connect(LAPTOP)
    for _ in range(3):
        stage.compose(PHONE)
    assert stage.shown(LAPTOP) == []
    stage.connect(PHONE)
    assert stage.shown(LAPTOP) == [0, 1, 2]


@pytest.mark.parametrize("design", [d for d in DESIGNS if d != "inbox-shared"])
def test_the_senders_other_devices_receive_too(design: str) -> None:
    stage = Stage(design)
    stage.connect(LAPTOP, TABLET)
    stage.compose(LAPTOP)
    stage.settle()
    assert stage.shown(TABLET) == stage.shown(LAPTOP) == [0]


@pytest.mark.parametrize("design", [d for d in DESIGNS if d.startswith("timeline")])
def test_a_new_device_fetches_the_history_and_no_copy_of_it(design: str) -> None:
    stage = Stage(design, page_size=2)
    stage.connect(PHONE, LAPTOP)
    for _ in range(5):
        stage.compose(PHONE)
        stage.settle()
    new = DeviceId(3)
    stage.do(Spawn(new, UserId(1)))
    stage.connect(new)
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [(o.after, o.upto, o.entries) for o in stage.of(Roamed)] == [
        (0, 2, ((1, 0), (2, 1))),
        (2, 4, ((3, 2), (4, 3))),
        (4, 5, ((5, 4),)),
    ]
    assert stage.shown(new) == [5]
    assert not set(stage.violated()) & set(DESIGNS[design].promises)


@actor
class SendsNoHistory(TimelineServer):
    """Answers each request for history with an empty page that claims to be all of it."""

    @on(Roam)
    def roam(self, source: ConnectionId, packet: Roam, out: Out) -> None:
        page = Page(log_of(packet.conversation), packet.after, (), packet.upto)
        out.send(source, RoamReply(page, packet.conversation))


def test_a_server_that_sends_empty_history_violates_roaming() -> None:
    design = DESIGNS["timeline-notify"].variant(server=SendsNoHistory)
    found = search(design, small_world("two-people", 1, ("new-device",)))
    assert [name for name, f in found.findings.items() if f.verdict == "violated"] == ["roaming-complete"]


@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-sync-first"])
def test_an_inbox_has_no_history_for_a_new_device(design: str) -> None:
    stage = Stage(design)
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    stage.do(Spawn(DeviceId(3), UserId(1)))
    assert quiesce(stage.world)
    assert set(stage.violated()) == {"roaming-complete"} | ({"store-before-sync"} if "sync" in design else set())


def test_store_first_writes_before_it_pushes_and_deletes_after_the_ack() -> None:
    stage = Stage("inbox-store-first")
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    for device in (LAPTOP, TABLET):
        order = [type(o) for o in stage.seen if (isinstance(o, Queued) and device in o.devices)
                 or (isinstance(o, Shown | Deleted) and o.device == device)]  # fmt: skip
        assert order == [Queued, Shown, Deleted]


def test_sync_first_writes_nothing_for_devices_that_acknowledge() -> None:
    stage = Stage("inbox-sync-first")
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.settle()
    assert stage.of(Queued) == []
    assert stage.shown(TABLET) == [0]


def test_sync_first_writes_for_a_device_that_is_wrongly_believed_online() -> None:
    stage = Stage("inbox-sync-first")
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.do(Disconnect(TABLET, False))
    message = stage.compose(PHONE)
    stage.settle()
    stage.do(Fire(SERVER, Unacked(message, TABLET)))
    stage.settle()
    assert [o.devices for o in stage.of(Queued)] == [(TABLET,)]
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0]


def test_a_shared_inbox_serves_the_device_that_comes_first() -> None:
    stage = Stage("inbox-shared")
    stage.connect(PHONE)
    stage.compose(PHONE)
    stage.settle()
    stage.connect(TABLET)
    stage.connect(LAPTOP)
    assert (stage.shown(TABLET), stage.shown(LAPTOP)) == ([0], [])


def test_without_a_notification_a_message_is_pulled_at_the_next_connect() -> None:
    stage = Stage("timeline-notify", notifications=False)
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == []
    stage.do(Disconnect(LAPTOP, True))
    stage.connect(LAPTOP)
    assert stage.shown(LAPTOP) == [0]


def test_a_hint_during_a_pull_causes_another_pull() -> None:
    stage = Stage("timeline-notify")
    stage.connect(PHONE)
    stage.do(Connect(LAPTOP))  # the server will read the reply to its pull before the message is there
    connection = next(c for c in stage.world.connections.values() if c.client == LAPTOP)
    stage.do(Deliver(connection.id, "server"))
    stage.compose(PHONE)
    stage.submit()
    while any(isinstance(m, Complete) and "Respond" not in repr(m) for m in stage.world.pending()):
        stage.do(next(m for m in stage.world.pending() if isinstance(m, Complete) and "Respond" not in repr(m)))
    stage.do(next(m for m in stage.world.pending() if isinstance(m, Arrive) and m.receiver == LAPTOP))
    stage.settle()
    assert stage.shown(LAPTOP) == [0]


def test_a_checkpoint_is_learnt_from_the_next_pull() -> None:
    stage = Stage("timeline-checkpointed", checkpoint_delay=0.0, accept_carries_seq=False)
    stage.connect(PHONE, LAPTOP)
    for _ in range(2):
        stage.compose(PHONE)
        stage.settle()
    learnt = [(o.device, o.seq) for o in stage.of(Learnt)]
    assert sorted(learnt) == [(PHONE, 3), (LAPTOP, 3)]  # no device has pulled after the second message yet


def test_retention_waits_for_the_slowest_device() -> None:
    stage = Stage("timeline-checkpointed", retention="acknowledged", checkpoint_delay=0.0, accept_carries_seq=False)
    stage.connect(PHONE, LAPTOP)
    for _ in range(2):
        stage.compose(PHONE)
        stage.settle()
    assert {o.timeline.owner for o in stage.of(Trimmed)} == {0}  # user 1's tablet has pulled nothing
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [0, 1]
    assert stage.violated() == {}


def test_a_dense_push_saves_the_pull_and_a_gap_causes_one() -> None:
    stage = Stage("timeline-dense-push", gap_wait=0.0)
    stage.connect(PHONE, LAPTOP)
    before = len(stage.of(Pulled))
    stage.compose(PHONE)
    stage.settle()
    assert len(stage.of(Pulled)) == before
    stage.compose(PHONE)
    lost = None
    while lost is None:
        lost = next((m for m in stage.world.pending() if isinstance(m, Arrive) and m.receiver == LAPTOP), None)
        if lost is None:
            stage.do(next(stage.world.pending()))
    stage.do(Lose(LAPTOP, lost.packet))
    stage.settle()
    assert stage.shown(LAPTOP) == [0]
    stage.compose(PHONE)
    stage.settle()
    assert stage.shown(LAPTOP) == [0, 1, 2]
    assert [o.actor for o in stage.of(Noted) if o.situation == "gap"] == [LAPTOP]
    assert len(stage.of(Pulled)) == before + 1


def test_a_number_burnt_by_a_crash_becomes_a_void() -> None:
    stage = Stage("timeline-dense-push+reserved-numbers")
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.submit()
    (commit,) = [packet for packet, _ in stage.world.operations[SERVER]]
    stage.do(Complete(SERVER, commit))
    stage.do(Complete(SERVER, Reserved(UserId(0), 1)))
    stage.do(Crash(SERVER))  # user 0's number 1 is reserved, its entry is not written
    stage.do(Restart(SERVER))
    assert quiesce(stage.world)
    entries = {
        u: [(o.seq, o.message) for o in stage.of(Appended) if o.timeline.kind == "sync" and o.timeline.owner == u]
        for u in (0, 1)
    }
    assert entries == {0: [(1, None), (2, 0)], 1: [(1, 0)]}
    assert stage.shown(LAPTOP) == [0]
    assert stage.violated() == {}


def test_a_late_writer_finds_its_number_taken_and_takes_another() -> None:
    stage = Stage("timeline-dense-push+reserved-numbers")
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.settle()
    late = Message(MessageId(9), PHONE, ConversationId(0), 10)
    stage.world.hosts[SERVER].receive(SERVER, Synced(UserId(1), (Entry(1, 2, late),)))
    stage.settle()
    assert [(o.seq, o.message) for o in stage.of(Appended) if o.timeline == Timeline("sync", 1)] == [(1, 0), (2, 9)]


def test_a_sparse_push_is_shown_at_once_and_confirmed_by_a_pull() -> None:
    stage = Stage("timeline-push")
    stage.connect(PHONE, LAPTOP)
    before = len(stage.of(Pulled))
    stage.compose(PHONE)
    while not any(isinstance(m, Arrive) and m.receiver == LAPTOP for m in stage.world.pending()):
        stage.do(next(stage.world.pending()))
    stage.do(next(m for m in stage.world.pending() if isinstance(m, Arrive) and m.receiver == LAPTOP))
    assert stage.shown(LAPTOP) == [0]
    assert stage.world.actors[LAPTOP].checkpoints == {}  # type: ignore[attr-defined]
    stage.settle()
    assert list(stage.world.actors[LAPTOP].checkpoints.values()) == [3]  # type: ignore[attr-defined]
    assert len(stage.of(Pulled)) > before


def test_read_fanout_keeps_no_copies() -> None:
    stage = Stage("timeline-read-fanout")
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.settle()
    assert [o.timeline.kind for o in stage.of(Appended)] == ["conversation"]
    assert stage.shown(LAPTOP) == [0]


def test_a_hybrid_conversation_that_outgrows_the_threshold_is_read_from_there_on() -> None:
    stage = Stage("timeline-hybrid-fanout", Population((0, 1, 2), ((0, 1),)), fanout_threshold=2)
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.settle()
    stage.do(Tell(SERVER, AddMember(ConversationId(0), UserId(2))))
    stage.compose(PHONE)
    assert quiesce(stage.world)
    assert [(o.timeline.kind, o.message) for o in stage.of(Appended) if o.timeline.kind == "sync"] == [
        ("sync", 0),
        ("sync", 0),
    ]
    assert [stage.shown(d) for d in (PHONE, LAPTOP, TABLET)] == [[0, 1], [0, 1], [1]]
    assert stage.violated() == {}


@pytest.mark.parametrize("design", DESIGNS)
def test_members_receive_what_is_placed_while_they_are_members(design: str) -> None:
    stage = Stage(design, Population((0, 1, 2), ((0, 1),)))
    stage.connect(PHONE, LAPTOP)
    for change in (None, AddMember(ConversationId(0), UserId(2)), RemoveMember(ConversationId(0), UserId(2)),
                   AddMember(ConversationId(0), UserId(2))):  # fmt: skip
        if change is not None:
            stage.do(Tell(SERVER, change))
        stage.compose(PHONE)
        stage.settle()
    assert quiesce(stage.world)
    assert stage.shown(TABLET) == [1, 3]
    assert stage.shown(LAPTOP) == [0, 1, 2, 3]
    assert set(stage.violated()) <= {"store-before-sync", "conversation-order"}


@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-sync-first", "timeline-notify", "timeline-read-fanout"])
def test_a_retry_over_a_newer_connection_is_one_message(design: str) -> None:
    stage = Stage(design)
    stage.connect(PHONE, LAPTOP, TABLET)
    stage.compose(PHONE)
    stage.do(Disconnect(PHONE, False))  # the first copy is still in flight
    stage.do(Connect(PHONE))
    assert quiesce(stage.world)
    assert [stage.shown(d) for d in (PHONE, LAPTOP, TABLET)] == [[0], [0], [0]]
    assert set(stage.violated()) <= {"store-before-sync"}


def test_a_device_that_crashes_between_applying_and_saving_shows_nothing_twice() -> None:
    stage = Stage("timeline-notify", checkpoint="after-apply")
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    while not stage.shown(LAPTOP):
        stage.do(next(stage.world.pending()))
    stage.do(Crash(LAPTOP))
    assert stage.world.actors[LAPTOP].checkpoints == {}  # type: ignore[attr-defined]
    assert quiesce(stage.world)
    assert stage.shown(LAPTOP) == [0]
    assert stage.violated() == {}


def test_one_worker_takes_one_submission_at_a_time() -> None:
    stage = Stage("timeline-notify", Population((0, 1), ((0, 1),)), workers=1)
    stage.connect(PHONE, LAPTOP)
    stage.compose(PHONE)
    stage.compose(LAPTOP)
    for connection in list(stage.world.connections.values()):
        stage.do(Deliver(connection.id, "server"))
    commits = [m for m in stage.world.pending() if isinstance(m, Complete) and isinstance(m.packet, Commit)]
    assert len(commits) == 1
    stage.settle()
    assert stage.shown(PHONE) == stage.shown(LAPTOP) == [0, 1]


def test_a_push_for_a_device_without_connection_is_lost() -> None:
    stage = Stage("timeline-dense-push")
    stage.connect(PHONE, LAPTOP)
    stage.do(Disconnect(LAPTOP, False))
    stage.compose(PHONE)
    stage.settle()
    assert not any(isinstance(p, Push) for mail in stage.world.mail.values() for _, p in mail)
    assert stage.shown(LAPTOP) == []


def test_a_numbering_that_a_design_cannot_use_is_refused() -> None:
    with pytest.raises(InputError, match=r"timeline-dense-push does not work with 'sparse'; allowed: auto, dense"):
        get("timeline-dense-push").system(PAIR, Parameters(sequencer="sparse"))


def test_an_unknown_design_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'inbox-shared'"):
        get("inbox-sharde")


def test_an_unknown_design_names_the_nearest_seeded_bug_and_does_not_list_all() -> None:
    with pytest.raises(
        InputError, match=r"allowed: .*, a seeded bug \(F01 to F67\), .*; did you mean 'F05'\?"
    ) as raised:
        get("F05x")
    assert "F44" not in str(raised.value)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_property_that_does_not_apply_is_a_known_one(design: str) -> None:
    assert set(DESIGNS[design].not_applicable) <= set(PROPERTIES)


def test_every_design_has_a_test_case_in_which_hypothesis_runs_it() -> None:
    cases = {value for value in vars(test_invariants).values() if isinstance(value, type) and value is not TestCase}
    named = {"".join(word.capitalize() for word in name.split("-")) for name in DESIGNS}
    assert named <= set(vars(test_invariants))
    assert len([case for case in cases if issubclass(case, TestCase)]) == len(DESIGNS)


@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-sync-first"])
def test_a_retry_that_overtakes_its_first_copy_is_answered_over_the_open_connection(design: str) -> None:
    """Two submissions of one message are in flight; the older one, over a dead connection, arrives last."""
    stage = Stage(design)
    stage.connect(PHONE)
    stage.compose(PHONE)
    first, second = ConnectionId.of(0, 1), ConnectionId.of(0, 2)
    stage.do(Disconnect(PHONE, False), Connect(PHONE))
    while stage.world.connections[second].up:
        stage.do(Deliver(second, "server"))
    while stage.world.connections[first].up:
        stage.do(Deliver(first, "server"))
    assert quiesce(stage.world)
    assert stage.shown(PHONE) == [0]
    assert "no-loss" not in stage.violated()


def test_without_idempotent_send_less_is_promised() -> None:
    declared = DESIGNS["timeline-notify"]
    kept = declared.promised(Parameters(idempotent_send=False))
    assert set(declared.promises) - set(kept) == {"convergence", "unread-agrees", "sender-order", "accepted-once"}
