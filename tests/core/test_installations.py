"""Devices in a world that appear, are installed again, and are abandoned."""

from __future__ import annotations

import pytest

from syncproof.core.fairness import recoveries
from syncproof.core.moves import Abandon, Complete, Connect, Crash, Deliver, MoveError, Notice, Restart, Spawn, Tell
from syncproof.core.observations import Abandoned, Disconnected, Observation
from syncproof.core.values import SERVER, DeviceId, UserId
from syncproof.core.world import System, World
from tests.helpers.talkers import FIRST, PHONE, Saved, Say, Talker, tell

NEW = DeviceId(1)


def growing() -> tuple[World, Talker, list[Observation]]:
    """Return a world of a connected phone and a server in which devices may appear."""
    seen: list[Observation] = []
    server = Talker(id=SERVER)
    system = System(
        "talk",
        lambda: {SERVER: server, PHONE: Talker(id=PHONE)},
        server=SERVER,
        spawn=lambda device, user, replaces: Talker(id=device),
    )
    made = World(system, seen.append)
    made.apply(Connect(PHONE))
    return made, server, seen


def test_a_reinstall_removes_the_old_device() -> None:
    made, server, seen = growing()
    tell(made, PHONE, "save:under way")
    tell(made, PHONE, "tell:late")
    made.apply(Spawn(NEW, UserId(0), PHONE))
    assert list(made.clients()) == [NEW]
    assert PHONE not in made.down
    assert Disconnected(PHONE, False) in seen
    for move in (Restart(PHONE), Connect(PHONE), Complete(PHONE, Saved("under way")), Tell(PHONE, Say("hello"))):
        with pytest.raises(MoveError):
            made.apply(move)
    made.apply(Deliver(FIRST, "server"))
    assert list(recoveries(made.down, made.connections, made.clients())) == [Notice(FIRST, "server"), Connect(NEW)]
    made.apply(Notice(FIRST, "server"))
    assert server.heard == ["late", f"closed {FIRST:d}"]


def test_a_device_that_is_down_or_gone_is_not_reinstalled() -> None:
    made, _, _ = growing()
    made.apply(Crash(PHONE))
    with pytest.raises(MoveError, match="is not running"):
        made.apply(Spawn(NEW, UserId(0), PHONE))
    made.apply(Restart(PHONE))
    made.apply(Spawn(NEW, UserId(0), PHONE))
    with pytest.raises(MoveError, match="is not running"):
        made.apply(Spawn(DeviceId(2), UserId(0), PHONE))
    with pytest.raises(MoveError, match="cannot appear here"):
        made.apply(Spawn(NEW, UserId(0)))


def test_an_abandoned_device_is_gone_and_the_server_notices_later() -> None:
    made, server, seen = growing()
    tell(made, PHONE, "save:under way")
    tell(made, PHONE, "tell:late")
    made.apply(Abandon(PHONE))
    assert made.clients() == {}
    assert seen[-1] == Abandoned(PHONE)
    for move in (Restart(PHONE), Connect(PHONE), Complete(PHONE, Saved("under way")), Abandon(PHONE)):
        with pytest.raises(MoveError):
            made.apply(move)
    made.apply(Deliver(FIRST, "server"))
    assert list(recoveries(made.down, made.connections, made.clients())) == [Notice(FIRST, "server")]
    made.apply(Notice(FIRST, "server"))
    assert server.heard == ["late", f"closed {FIRST:d}"]


def test_only_a_device_is_abandoned() -> None:
    made, _, _ = growing()
    with pytest.raises(MoveError, match="no device"):
        made.apply(Abandon(DeviceId(SERVER)))


def test_a_new_device_replaces_nobody() -> None:
    made, _, _ = growing()
    made.apply(Spawn(NEW, UserId(0)))
    assert list(made.clients()) == [PHONE, NEW]
    assert made.open_connection(PHONE) is not None
