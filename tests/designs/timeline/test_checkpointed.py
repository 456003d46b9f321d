"""When a server writes the checkpoints that it has learnt, and what a crash loses of them."""

from __future__ import annotations

from syncproof.core.moves import Complete, Crash, Disconnect, Fire, Restart
from syncproof.core.observations import Learnt
from syncproof.core.values import SERVER, Timeline
from syncproof.designs import Population
from syncproof.designs.packets import CheckpointsRecorded, RecordCheckpoints
from syncproof.designs.timeline.checkpointed import CheckpointedServer
from tests.helpers.stage import LAPTOP, PHONE, Stage

LINE = Timeline("sync", 0)


def server(stage: Stage) -> CheckpointedServer:
    found = stage.world.actors[SERVER]
    assert isinstance(found, CheckpointedServer)
    return found


def stage(**parameters: object) -> Stage:
    """Return a stage on which both devices of a user have pulled from behind the first message."""
    made = Stage("timeline-checkpointed", Population((0, 0), ((0,),)), sequencer="dense", **parameters)
    made.connect(PHONE, LAPTOP)
    made.compose(PHONE)
    made.settle()
    made.seen.clear()
    server(made).learn((PHONE, LINE), 1, made.world.hosts[SERVER])
    server(made).learn((LAPTOP, LINE), 1, made.world.hosts[SERVER])
    return made


def test_checkpoints_are_written_in_one_batch_when_the_timer_fires() -> None:
    made = stage()
    made.settle()
    assert server(made).known == {}
    made.do(Fire(SERVER, RecordCheckpoints()))
    assert [type(packet) for packet, _ in made.world.operations[SERVER]] == [CheckpointsRecorded]
    made.settle()
    assert server(made).known == {(PHONE, LINE): 1, (LAPTOP, LINE): 1}
    assert [o.device for o in made.of(Learnt)] == [PHONE, LAPTOP]


def test_without_a_delay_a_checkpoint_is_written_at_once_and_what_comes_meanwhile_after_it() -> None:
    made = stage(checkpoint_delay=0.0)
    writes = [packet for packet, _ in made.world.operations[SERVER]]
    assert [packet.checkpoints[0][0] for packet in writes if isinstance(packet, CheckpointsRecorded)] == [PHONE]
    made.do(Complete(SERVER, writes[0]))
    made.settle()
    assert server(made).known == {(PHONE, LINE): 1, (LAPTOP, LINE): 1}


def test_a_crash_loses_what_is_not_written_and_the_next_pull_shows_it_again() -> None:
    made = stage()
    made.do(Disconnect(PHONE, False), Disconnect(LAPTOP, False), Crash(SERVER), Restart(SERVER))
    assert (server(made).known, server(made).learnt) == ({}, {})
    made.connect(PHONE, LAPTOP)
    made.do(Fire(SERVER, RecordCheckpoints()))
    made.settle()
    assert server(made).known == {(PHONE, LINE): 1, (LAPTOP, LINE): 1}


def test_a_checkpoint_that_is_known_is_not_written_again() -> None:
    made = stage()
    made.do(Fire(SERVER, RecordCheckpoints()))
    server(made).learn((PHONE, LINE), 1, made.world.hosts[SERVER])
    made.settle()
    server(made).learn((LAPTOP, LINE), 1, made.world.hosts[SERVER])
    assert not made.world.timers


def test_nothing_is_written_if_the_devices_were_retired_before_the_timer_fired() -> None:
    made = stage()
    for device in (PHONE, LAPTOP):
        server(made).retire(device, made.world.hosts[SERVER])
    made.settle()
    made.do(Fire(SERVER, RecordCheckpoints()))
    assert SERVER not in made.world.operations
    assert server(made).recording == {}
