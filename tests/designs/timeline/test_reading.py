"""The time to live of the sync store: what is trimmed, what stays, and what a device that was away reads instead."""

from __future__ import annotations

from syncproof.core.moves import Complete, Connect, Crash, Disconnect, Fire, Restart
from syncproof.core.observations import Trimmed
from syncproof.core.values import SERVER, UserId
from syncproof.designs.packets import Aged, Commit, Synced
from syncproof.designs.timeline.log import sync_of
from syncproof.designs.timeline.server import TimelineServer
from tests.helpers.stage import LAPTOP, PHONE, TABLET, Stage

ANNA, BELA = UserId(0), UserId(1)


def stage() -> Stage:
    made = Stage("timeline-notify", sequencer="dense", sync_ttl=60.0)
    made.connect(PHONE, LAPTOP, TABLET)
    return made


def server(of: Stage) -> TimelineServer:
    found = of.world.actors[SERVER]
    assert isinstance(found, TimelineServer)
    return found


def expire(of: Stage) -> None:
    """Let the time of the copies that are in the sync store now be over."""
    (timer,) = [packet for packet in of.world.timers[SERVER] if isinstance(packet, Aged)]
    of.do(Fire(SERVER, timer))
    of.settle()


def test_a_copy_leaves_the_sync_store_when_its_time_is_over_and_stays_in_the_message_store() -> None:
    made = stage()
    made.compose(PHONE)
    made.settle()
    expire(made)
    expire(made)
    assert [(o.timeline, o.upto) for o in made.of(Trimmed)] == [(sync_of(user), 1) for user in (ANNA, BELA)]
    assert [len(log.entries) for log in server(made).store.values()] == [1]
    assert not made.world.timers


def test_a_younger_copy_stays_until_the_next_time() -> None:
    made = stage()
    for _ in range(2):
        made.compose(PHONE)
        made.settle()
    expire(made)
    assert server(made).sync[ANNA].seqs == [2]
    expire(made)
    assert server(made).sync[ANNA].seqs == []


def test_a_device_that_was_away_longer_reads_the_message_store() -> None:
    made = stage()
    made.do(Disconnect(LAPTOP, True))
    made.settle()
    made.compose(PHONE)
    made.settle()
    expire(made)
    expire(made)
    made.do(Connect(LAPTOP))
    made.settle()
    assert made.shown(LAPTOP) == [0]
    assert made.violated() == {}


def test_a_copy_that_an_intent_may_still_need_stays_until_a_later_time() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    for kind in (Commit, Synced):
        made.do(Complete(SERVER, next(p for p, _ in made.world.operations[SERVER] if isinstance(p, kind))))
    (timer,) = [packet for packet in made.world.timers[SERVER] if isinstance(packet, Aged)]
    made.do(Fire(SERVER, timer))
    made.settle()
    assert made.of(Trimmed) == []
    expire(made)
    expire(made)
    assert [o.timeline for o in made.of(Trimmed)] == [sync_of(ANNA), sync_of(BELA)]


def test_after_a_restart_copies_age_again() -> None:
    made = stage()
    made.compose(PHONE)
    made.settle()
    made.do(Crash(SERVER), Restart(SERVER))
    assert list(made.world.timers[SERVER]) == [Aged(((ANNA, 1), (BELA, 1)))]


def test_what_is_being_deleted_is_not_deleted_a_second_time() -> None:
    made = stage()
    made.compose(PHONE)
    made.settle()
    for _ in range(2):
        server(made).trim_upto(BELA, server(made).sync[BELA], 1, made.world.hosts[SERVER])
    assert len(made.world.operations[SERVER]) == 1
