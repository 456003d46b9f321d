"""The world: what each move does, above all to connections, operations and timers."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce, recoveries
from syncproof.core.moves import (
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Fire,
    Move,
    MoveError,
    Notice,
    Restart,
    Take,
    Tell,
)
from syncproof.core.observations import Noted
from syncproof.core.packets import Compose
from syncproof.core.values import SERVER, ConversationId, DeviceId, Id, Message, MessageId
from syncproof.core.world import System, World
from syncproof.designs import DESIGNS, Parameters, Population
from syncproof.designs.packets import Commit
from syncproof.engines.explore import explore
from syncproof.engines.handler_errors import HandlerError
from tests.helpers.talkers import FIRST, PHONE, SECOND, Saved, Say, Shout, Talker, connected, tell, world


def test_a_connection_delivers_in_order() -> None:
    made, _, server, _ = connected()
    tell(made, PHONE, "tell:one")
    tell(made, PHONE, "tell:two")
    made.apply(Deliver(FIRST, "server"))
    made.apply(Deliver(FIRST, "server"))
    assert server.heard == ["one", "two"]


def test_a_clean_disconnect_closes_the_server_after_what_is_in_flight() -> None:
    made, _, server, _ = connected()
    tell(made, PHONE, "tell:one")
    made.apply(Disconnect(PHONE, True))
    made.apply(Deliver(FIRST, "server"))
    made.apply(Deliver(FIRST, "server"))
    assert server.heard == ["one", f"closed {FIRST:d}"]
    assert FIRST not in made.connections


def test_a_half_open_connection_loses_what_the_server_sends() -> None:
    made, phone, server, _ = connected()
    made.apply(Disconnect(PHONE, False))
    tell(made, SERVER, "tell:anyone there?")
    assert phone.heard == [f"closed {FIRST:d}"]
    with pytest.raises(MoveError, match="nothing to deliver"):
        made.apply(Deliver(FIRST, "client"))
    made.apply(Notice(FIRST, "server"))
    assert server.heard == [f"closed {FIRST:d}"]


def test_what_was_in_flight_arrives_late_even_after_a_newer_connection() -> None:
    made, _, server, _ = connected()
    tell(made, PHONE, "tell:late")
    made.apply(Disconnect(PHONE, False))
    made.apply(Connect(PHONE))
    tell(made, PHONE, "tell:new")
    made.apply(Deliver(SECOND, "server"))
    made.apply(Deliver(FIRST, "server"))
    assert server.heard == ["new", "late"]


def test_a_server_that_notices_drops_what_had_not_arrived() -> None:
    made, _, server, _ = connected()
    tell(made, PHONE, "tell:lost")
    made.apply(Disconnect(PHONE, False))
    made.apply(Notice(FIRST, "server"))
    assert server.heard == [f"closed {FIRST:d}"]


def test_an_end_of_an_open_connection_notices_nothing() -> None:
    made, _, _, _ = connected()
    for end in ("client", "server"):
        with pytest.raises(MoveError, match="or the other end is open"):
            made.apply(Notice(FIRST, end))  # type: ignore[arg-type]


def test_a_server_crash_leaves_the_clients_end_open_until_it_notices() -> None:
    made, phone, server, _ = connected()
    tell(made, SERVER, "tell:last words")
    made.apply(Crash(SERVER))
    assert server.connection is None
    tell(made, PHONE, "tell:into nothing")
    made.apply(Deliver(FIRST, "client"))
    made.apply(Notice(FIRST, "client"))
    assert phone.heard == ["last words", f"closed {FIRST:d}"]
    assert server.heard == []


def test_a_write_that_lands_in_a_crash_makes_only_durable_observations() -> None:
    made, _, server, seen = connected()
    tell(made, SERVER, "save:a")
    tell(made, SERVER, "save:b")
    made.apply(Crash(SERVER, (Saved("b"),)))
    assert server.saved == ["b"]
    assert [o for o in seen if isinstance(o, Noted)] == [Noted("saved", SERVER)]
    assert not made.mail
    assert not made.timers.get(SERVER)


def test_an_operation_of_a_crashed_actor_never_completes() -> None:
    made, _, _, _ = connected()
    tell(made, SERVER, "save:a")
    made.apply(Crash(SERVER))
    made.apply(Restart(SERVER))
    with pytest.raises(MoveError, match="no open operation"):
        made.apply(Complete(SERVER, Saved("a")))


def test_operations_complete_in_any_order() -> None:
    made, _, server, _ = connected()
    tell(made, SERVER, "save:a")
    tell(made, SERVER, "save:b")
    made.apply(Complete(SERVER, Saved("b")))
    made.apply(Complete(SERVER, Saved("a")))
    assert server.saved == ["b", "a"]


def test_a_handle_that_is_void_does_nothing() -> None:
    made, _, server, _ = connected()
    tell(made, SERVER, "save:a")
    tell(made, PHONE, "tell:one")
    host, connection = made.hosts[SERVER], made.connections[FIRST]
    (operation,) = host.operations
    assert made.crash(host)
    assert not made.complete(operation)
    assert not made.deliver_to_server(connection)
    assert not made.crash(host)
    assert server.saved == []


def test_a_timer_armed_again_leaves_its_old_handle_void() -> None:
    made, _, server, _ = world()
    host = made.hosts[SERVER]
    first, second = host.arm(Say("timer")), host.arm(Say("timer"))
    assert not made.fire(first)
    assert made.fire(second)
    assert server.heard == ["timer"]


def test_moves_made_by_handle_are_recorded_and_can_be_replayed() -> None:
    moves: list[Move] = []
    system = System("talk", lambda: {SERVER: Talker(id=SERVER), PHONE: Talker(id=PHONE)}, server=SERVER)
    made = World(system, record=moves.append)
    server, phone = made.hosts[SERVER], made.hosts[PHONE]
    made.connect(phone)
    made.tell(phone, Say("tell:save:a"))
    made.deliver_to_server(made.connections[FIRST])
    made.crash(server, list(server.operations))
    again = World(system)
    for move in moves:
        again.apply(move)
    assert [type(move) for move in moves] == [Connect, Tell, Deliver, Crash]
    assert {n: a.snapshot() for n, a in again.actors.items()} == {n: a.snapshot() for n, a in made.actors.items()}


def test_a_timer_armed_twice_fires_once() -> None:
    made, _, server, _ = connected()
    for word in ("save:a", "save:b"):
        tell(made, SERVER, word)
        made.apply(Complete(SERVER, Saved(word[5:])))
    made.apply(Fire(SERVER, Say("timer")))
    assert server.heard == ["timer"]
    with pytest.raises(MoveError, match="has no timer"):
        made.apply(Fire(SERVER, Say("timer")))


def test_only_an_offered_step_can_be_taken() -> None:
    made, phone, _, _ = world()
    with pytest.raises(MoveError, match="does not offer"):
        made.apply(Take(PHONE, Say("stepped")))
    phone.shy = False
    made.apply(Take(PHONE, Say("stepped")))
    assert phone.heard == ["stepped"]


def test_recoveries_restart_notice_and_connect() -> None:
    made, _, _, _ = connected()
    made.apply(Crash(SERVER))
    found = list(recoveries(made.down, made.connections, made.clients()))
    assert found == [Restart(SERVER), Notice(FIRST, "client"), Connect(PHONE)]


def crashed_in_commit(name: str, commits: bool) -> World:
    """Return a world that came to rest after the server crashed while it stored a message. `commits`: the write landed."""
    design = DESIGNS[name]
    made = World(design.system(Population((0, 1), ((0, 1),)), Parameters()))
    made.apply(Connect(DeviceId(0)))
    message = Message(MessageId(0), DeviceId(0), ConversationId(0), 10)
    made.apply(Tell(DeviceId(0), Compose(message)))
    while made.connections[FIRST].up:
        made.apply(Deliver(FIRST, "server"))
    begun = tuple([packet for packet, _ in made.operations[SERVER] if isinstance(packet, Commit)])
    assert len(begun) == 1
    made.apply(Crash(SERVER, begun if commits else ()))
    assert quiesce(made)
    return made


@pytest.mark.parametrize("commits", [False, True])
def test_a_message_is_stored_once_whether_its_commit_landed_in_a_crash_or_not(commits: bool) -> None:
    made = crashed_in_commit("timeline-notify", commits)
    server = made.actors[SERVER]
    assert server.sync[1].seqs == [3]  # type: ignore[attr-defined]
    assert [len(d.shown) for d in made.clients().values()] == [1, 1]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("move", "says"),
    [
        (Connect(PHONE), "is connected already"),
        (Connect(DeviceId(9)), "an end is not running"),
        (Disconnect(DeviceId(9), True), "is not connected"),
        (Notice(SECOND, "client"), "there is no connection"),
        (Crash(SERVER, (Saved("never begun"),)), "has no open write"),
        (Crash(SERVER, (Saved("a"), Saved("a"))), "has no open write"),
        (Crash(SERVER, (Saved("only read"),)), "has no open write"),
    ],
)
def test_a_move_that_is_not_enabled_says_why_and_changes_nothing(move: Move, says: str) -> None:
    made, phone, server, _ = connected()
    tell(made, SERVER, "save:a")
    tell(made, SERVER, "look:only read")
    before = phone.snapshot(), server.snapshot(), dict(made.connections), made.operations, dict(made.down)
    with pytest.raises(MoveError, match=says):
        made.apply(move)
    assert (phone.snapshot(), server.snapshot(), dict(made.connections), made.operations, dict(made.down)) == before


def test_a_client_cannot_connect_to_a_crashed_server() -> None:
    made, _, _, _ = world()
    made.apply(Crash(SERVER))
    with pytest.raises(MoveError, match="an end is not running"):
        made.apply(Connect(PHONE))


def test_void_handles_do_nothing() -> None:
    made, phone, _, _ = connected()
    moves: list[Move] = []
    made.record = moves.append
    host = made.hosts[PHONE]
    mail = host.post(PHONE, Say("mail"))
    host.mail.remove(mail)
    assert not made.arrive(mail)
    assert not made.lose(mail)
    assert not made.connect(host)
    made.apply(Crash(PHONE))
    assert not made.tell(host, Say("one"))
    assert not made.take(host, Say("one"))
    assert not made.disconnect(host, True)
    assert [type(move) for move in moves] == [Crash]
    assert phone.heard == []


@actor
class Astray(Actor):
    """Sends to an actor that there is not, or to nobody."""

    to: Id | None = None

    @on(Say)
    def say(self, source: Id, packet: Say, out: Out) -> None:
        out.send(self.to, Shout(packet.word))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "says"),
    [
        (
            None,
            r"\(Astray\) sends Shout to None, which does not exist; send over a connection only while there is one$",
        ),
        (DeviceId(7), r"\(Astray\) sends Shout to DeviceId\(7\), which does not exist$"),
    ],
)
def test_a_packet_to_nobody_is_an_error_of_every_engine(to: Id | None, says: str) -> None:
    system = System("astray", lambda: {PHONE: Astray(id=PHONE, to=to)})
    with pytest.raises(LookupError, match=says):
        tell(World(system), PHONE, "hello")
    with pytest.raises(HandlerError, match=says):
        explore(system, Environment(scripts=((Tell(PHONE, Say("hello")),),)))
