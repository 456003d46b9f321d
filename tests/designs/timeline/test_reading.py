"""The time to live of the sync store: what is trimmed, what stays, and what a device that was away reads instead."""

from __future__ import annotations

from syncproof.core.moves import Complete, Connect, Crash, Disconnect, Fire, Restart
from syncproof.core.observations import Trimmed
from syncproof.core.values import SERVER, UserId
from syncproof.designs.packets import Aged, Commit, Synced, Trim
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


def expire(of: Stage, upto: int = 1) -> None:
    """Let the time of the copies up to a number be over."""
    for timer in [p for p in of.world.timers[SERVER] if isinstance(p, Aged) and p.upto == upto]:
        of.do(Fire(SERVER, timer))


def test_a_copy_leaves_the_sync_store_when_its_time_is_over_and_stays_in_the_message_store() -> None:
    made = stage()
    made.compose(PHONE)
    made.settle()
    expire(made)
    made.settle()
    assert [(o.timeline, o.upto) for o in made.of(Trimmed)] == [(sync_of(user), 1) for user in (ANNA, BELA)]
    assert [len(log.entries) for log in server(made).store.values()] == [1]
    assert not made.world.timers


def test_a_younger_copy_stays() -> None:
    made = stage()
    for _ in range(2):
        made.compose(PHONE)
        made.settle()
    expire(made)
    made.settle()
    assert server(made).sync[BELA].seqs == [2]


def test_copies_whose_time_is_over_one_after_the_other_are_all_trimmed_and_none_twice() -> None:
    made = stage()
    for _ in range(2):
        made.compose(PHONE)
        made.settle()
    expire(made, 1)
    expire(made, 2)
    sizes = [packet.size for packet, _ in made.world.operations[SERVER] if isinstance(packet, Trim)]
    assert sizes == [42] * 4  # a row and 10 bytes each
    made.settle()
    assert [log.seqs for log in server(made).sync.values()] == [[], []]


def test_a_device_that_was_away_longer_reads_the_message_store() -> None:
    made = stage()
    made.do(Disconnect(LAPTOP, True))
    made.settle()
    made.compose(PHONE)
    made.settle()
    expire(made)
    made.settle()
    made.do(Connect(LAPTOP))
    made.settle()
    assert made.shown(LAPTOP) == [0]
    assert made.violated() == {}


def test_a_copy_that_an_intent_may_still_need_stays_and_is_looked_at_again() -> None:
    made = stage()
    made.compose(PHONE)
    made.submit()
    for kind in (Commit, Synced):
        made.do(Complete(SERVER, next(p for p, _ in made.world.operations[SERVER] if isinstance(p, kind))))
    (timer,) = [packet for packet in made.world.timers[SERVER] if isinstance(packet, Aged)]
    made.do(Fire(SERVER, timer))
    assert timer in made.world.timers[SERVER]
    made.settle()
    assert made.of(Trimmed) == []
    made.do(Fire(SERVER, timer))
    made.settle()
    assert [o.timeline for o in made.of(Trimmed)] == [timer.timeline]


def test_after_a_restart_copies_age_again() -> None:
    made = stage()
    made.compose(PHONE)
    made.settle()
    made.do(Crash(SERVER), Restart(SERVER))
    assert list(made.world.timers[SERVER]) == [Aged(sync_of(ANNA), 1), Aged(sync_of(BELA), 1)]
