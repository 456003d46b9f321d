"""Backups and restores of actors in a world."""

from __future__ import annotations

import pytest

from syncproof.core.fairness import recoveries
from syncproof.core.moves import Complete, Connect, Crash, Deliver, Fire, Keep, MoveError, Notice, Restart, Restore
from syncproof.core.observations import Crashed, Disconnected, Noted, Pulled
from syncproof.core.values import SERVER, DeviceId
from tests.helpers.talkers import FIRST, PHONE, Saved, Say, Shout, connected, save, tell, world


def test_a_restored_server_has_what_the_backup_had_and_nothing_under_way() -> None:
    made, phone, server, seen = connected()
    save(made, SERVER, "a")
    made.apply(Keep(SERVER))
    save(made, SERVER, "b")
    tell(made, SERVER, "save:c")
    tell(made, SERVER, "tell:last words")
    tell(made, PHONE, "tell:into nothing")
    made.apply(Restore(SERVER))
    assert (server.saved, server.connection) == (["a"], None)
    assert [o for o in seen if isinstance(o, Noted | Pulled | Crashed)][2:] == [
        Noted("restored from ['a', 'b'] to ['a']", SERVER),
        Crashed(SERVER),
    ]
    assert SERVER in made.down
    with pytest.raises(MoveError, match="no open operation"):
        made.apply(Complete(SERVER, Saved("c")))
    with pytest.raises(MoveError, match="has no timer"):
        made.apply(Fire(SERVER, Say("timer")))
    with pytest.raises(MoveError, match="nothing to deliver"):
        made.apply(Deliver(FIRST, "server"))
    made.apply(Deliver(FIRST, "client"))
    made.apply(Notice(FIRST, "client"))
    assert phone.heard == ["last words", f"closed {FIRST:d}"]
    assert not any(packet == Shout("lost") for mail in made.mail.values() for _, packet in mail)


def test_a_restored_server_recovers_as_after_a_crash() -> None:
    made, _, _, _ = connected()
    made.apply(Keep(SERVER))
    made.apply(Restore(SERVER))
    found = list(recoveries(made.down, made.connections, made.clients()))
    assert found == [Restart(SERVER), Notice(FIRST, "client"), Connect(PHONE)]


def test_a_restored_device_leaves_its_connection_half_open() -> None:
    made, phone, server, seen = connected()
    made.apply(Keep(PHONE))
    save(made, PHONE, "a")
    tell(made, PHONE, "tell:late")
    tell(made, SERVER, "tell:lost")
    made.apply(Restore(PHONE))
    assert (phone.saved, phone.heard, phone.connection) == ([], [], None)
    assert Disconnected(PHONE, False) in seen
    with pytest.raises(MoveError, match="nothing to deliver"):
        made.apply(Deliver(FIRST, "client"))
    made.apply(Deliver(FIRST, "server"))
    made.apply(Notice(FIRST, "server"))
    assert server.heard == ["late", f"closed {FIRST:d}"]


def test_a_restore_uses_the_latest_backup_as_it_was_taken() -> None:
    made, _, server, _ = world()
    for word in ("a", "b", "c"):
        save(made, SERVER, word)
        if word != "c":
            made.apply(Keep(SERVER))
    for _ in range(2):  # one backup can be used several times
        made.apply(Restore(SERVER))
        assert server.saved == ["a", "b"]
        made.apply(Restart(SERVER))
        save(made, SERVER, "d")


def test_a_backup_may_be_taken_while_its_actor_is_down() -> None:
    made, _, server, _ = world()
    save(made, SERVER, "a")
    made.apply(Crash(SERVER))
    made.apply(Keep(SERVER))
    with pytest.raises(MoveError, match="is not running"):
        made.apply(Restore(SERVER))
    made.apply(Restart(SERVER))
    save(made, SERVER, "b")
    made.apply(Restore(SERVER))
    assert server.saved == ["a"]


def test_without_a_backup_there_is_no_restore() -> None:
    made, _, _, _ = world()
    with pytest.raises(MoveError, match="there is no backup of"):
        made.apply(Restore(SERVER))
    with pytest.raises(MoveError, match="there is no actor"):
        made.apply(Keep(DeviceId(7)))
    assert not made.down
