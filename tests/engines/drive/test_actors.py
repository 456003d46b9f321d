"""The process of an actor, here in this process: a step is durable before anybody hears of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.observations import Accepted, Noted, Stored, Triggered
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id, MessageId
from syncproof.core.world import System
from syncproof.engines.drive.actors import Process
from syncproof.engines.drive.devices import Command
from syncproof.engines.drive.journal import Reader
from syncproof.engines.drive.wire import Channel

LINE = ConnectionId.of(3, 1)


class Keep(Packet, frozen=True, gc=False):
    word: int


class Kept(Packet, frozen=True, gc=False):
    accepts = "message"
    message: MessageId


class Written(Packet, frozen=True, gc=False):
    word: int


@actor
class Shelf(Actor):
    words: list[int] = durable(list)
    asked: int = volatile(int)

    @on(Keep)
    def keep(self, source: Id, packet: Keep, out: Out) -> None:
        self.asked += 1
        out.write("disk", 1, 1, Written(packet.word))

    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        self.words.append(packet.word)
        out.observe(Triggered(DeviceId(3), "poll"))
        out.observe(Stored(MessageId(packet.word)))
        out.send(LINE, Kept(MessageId(packet.word)))


class Desk(Process):
    """A process whose sends are kept, with what was on the disk at the time."""

    def __init__(self, folder: Path) -> None:
        shelf = Shelf(id=ActorId(-2))
        super().__init__(System("shelf", lambda: {shelf.id: shelf}), shelf, str(folder / "server.db"), 0.0)
        self.folder = folder
        self.sent: list[tuple[Id, Packet, list[Any]]] = []
        self.fails = False

    def deliver(self, destination: Id, packet: Packet) -> None:
        if self.fails:
            raise KeyboardInterrupt
        self.sent.append((destination, packet, noted(self.folder)))

    def channels(self) -> list[Channel]:
        return []

    def work(self) -> None:
        """Do nothing: no one connects."""

    def obey(self, command: Command) -> None:
        """Do nothing: no one commands."""


def noted(folder: Path) -> list[Any]:
    reader = Reader(folder / "server.db")
    found = [seen for _, seen in sorted(reader.fresh(), key=lambda each: each[0])]
    reader.close()
    return found


def test_a_step_is_on_the_disk_before_anything_of_it_is_sent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.handle(LINE, Keep(4))
    desk.run_due()
    assert [(to, packet) for to, packet, _ in desk.sent] == [(LINE, Kept(MessageId(4)))]
    assert desk.sent[0][2] == [Stored(MessageId(4))], "what a running process did is noted after its sends"
    assert noted(tmp_path) == [Triggered(DeviceId(3), "poll"), Stored(MessageId(4)), Accepted(MessageId(4))]


def test_a_process_that_ends_before_it_sends_has_accepted_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.handle(LINE, Keep(4))
    desk.fails = True
    with pytest.raises(KeyboardInterrupt):
        desk.run_due()
    assert noted(tmp_path) == [Stored(MessageId(4))]


def test_durable_fields_survive_the_process_and_open_writes_do_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.handle(LINE, Keep(4))
    desk.run_due()
    desk.handle(LINE, Keep(5))
    desk.database.close()
    again = Desk(tmp_path)
    assert again.recover()
    again.run_due()
    assert isinstance(again.actor, Shelf)
    assert (again.actor.words, again.actor.asked) == ([4], 0)


def test_a_packet_that_no_channel_carries_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"Kept to DeviceId\(9\): driven systems have one server and devices"):
        raise Desk(tmp_path).unlinked(Kept(MessageId(1)), DeviceId(9))


def test_only_engines_note_what_engines_make(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.observe(Noted("x", ActorId(1)))
    with pytest.raises(TypeError, match="observes Accepted, which engines alone make"):
        desk.observe(Accepted(MessageId(1)))
