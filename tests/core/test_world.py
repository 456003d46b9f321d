"""The world: what each move does, above all to connections, crashes and links."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce, recoveries
from syncproof.core.links import DUPLICATING, ORDERED, UNORDERED, Link, closing_rows
from syncproof.core.moves import (
    Abandon,
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Fire,
    Keep,
    Lose,
    Move,
    MoveError,
    Notice,
    Restart,
    Restore,
    Spawn,
    Take,
    Tell,
)
from syncproof.core.observations import Abandoned, Crashed, Disconnected, Noted, Observation, Pulled
from syncproof.core.packets import Closed, Compose, Opened, Packet
from syncproof.core.values import (
    SERVER,
    ActorId,
    ConnectionId,
    ConversationId,
    DeviceId,
    Id,
    Message,
    MessageId,
    UserId,
)
from syncproof.core.world import System, World
from syncproof.designs import DESIGNS, Parameters, Population
from syncproof.designs.packets import Commit
from syncproof.engines.explore import explore
from syncproof.engines.handler_errors import HandlerError

PHONE = DeviceId(0)
FIRST, SECOND = ConnectionId.of(0, 1), ConnectionId.of(0, 2)


class Say(Packet, frozen=True, gc=False):
    word: str


class Shout(Packet, frozen=True, gc=False):
    link = Link("unordered", lossy=True, while_connected=True)
    word: str


class Saved(Packet, frozen=True, gc=False):
    word: str


@actor
class Talker(Actor):
    heard: list[str] = durable(list)
    saved: list[str] = durable(list)
    connection: Id | None = volatile(type(None))
    shy: bool = volatile(lambda: True)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        self.connection = packet.connection

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.heard.append(f"closed {packet.connection:d}")

    @on(Say)
    def say(self, source: Id, packet: Say, out: Out) -> None:
        """Do what the prefix of the word says; without a prefix add the word to `heard`."""
        if packet.word.startswith("tell:"):
            assert self.connection is not None
            out.send(self.connection, Say(packet.word[5:]))
        elif packet.word.startswith("save:"):
            out.write("disk", 1, 10, Saved(packet.word[5:]))
        elif packet.word.startswith("look:"):
            out.read("disk", 1, 10, Saved(packet.word[5:]))
        elif packet.word.startswith("shout:"):
            out.send(PHONE, Shout(packet.word[6:]))
        else:
            self.heard.append(packet.word)

    @on(Shout)
    def shout(self, source: Id, packet: Shout, out: Out) -> None:
        self.heard.append(packet.word)

    @on(Saved)
    def written(self, source: Id, packet: Saved, out: Out) -> None:
        self.saved.append(packet.word)
        out.observe(Noted("saved", self.id))
        out.send(PHONE, Shout(packet.word))
        out.after(1.0, Say("timer"))

    def restored(self, before: Talker, out: Out) -> None:
        out.observe(Noted(f"restored from {before.saved} to {self.saved}", self.id))
        out.observe(Pulled(PHONE))
        out.send(PHONE, Shout("lost"))

    def steps(self) -> list[Packet]:
        return [] if self.shy else [Say("stepped")]


def world(links: dict[type[Packet], Link] | None = None) -> tuple[World, Talker, Talker, list[Observation]]:
    seen: list[Observation] = []
    phone, server = Talker(id=PHONE), Talker(id=SERVER)
    made = World(System("talk", lambda: {SERVER: server, PHONE: phone}, server=SERVER, links=links), seen.append)
    return made, phone, server, seen


def connected() -> tuple[World, Talker, Talker, list[Observation]]:
    made = world()
    made[0].apply(Connect(PHONE))
    return made


def tell(made: World, actor: ActorId, word: str) -> None:
    made.apply(Tell(actor, Say(word)))


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


def test_a_push_is_lost_without_a_connection() -> None:
    made, phone, _, _ = world()
    tell(made, SERVER, "shout:hello")
    made.apply(Arrive(PHONE, Shout("hello")))
    assert phone.heard == []


def test_a_lossy_link_loses_and_repeats_and_reorders() -> None:
    made, phone, _, _ = connected()
    for word in ("one", "two", "three"):
        tell(made, SERVER, f"shout:{word}")
    made.apply(Lose(PHONE, Shout("one")))
    made.apply(Duplicate(PHONE, Shout("two")))
    for word in ("three", "two", "two"):
        made.apply(Arrive(PHONE, Shout(word)))
    assert phone.heard == ["three", "two", "two"]


def test_mail_waits_for_a_receiver_that_is_down() -> None:
    made, phone, _, _ = world(links={Shout: UNORDERED})
    tell(made, SERVER, "shout:one")
    made.apply(Crash(PHONE))
    assert list(made.arrivals()) == []
    with pytest.raises(MoveError, match="is not running"):
        made.apply(Arrive(PHONE, Shout("one")))
    made.apply(Restart(PHONE))
    made.apply(Arrive(PHONE, Shout("one")))
    assert phone.heard == ["one"]


def test_a_push_to_a_device_that_is_down_arrives_and_is_lost() -> None:
    made, phone, _, _ = connected()
    tell(made, SERVER, "shout:one")
    made.apply(Crash(PHONE))
    assert Arrive(PHONE, Shout("one"), SERVER) in list(made.pending())
    made.apply(Arrive(PHONE, Shout("one")))
    assert (phone.heard, made.mail) == ([], {})


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


CONNECTION_TABLE = [
    ("`Disconnect`, clean", "closes", "closes after what is in flight", "arrives", "is lost"),
    ("`Disconnect`, half-open", "closes", "stays open until `Notice`", "arrives until the server closes", "is lost"),
    (
        "`Crash` or `Restore` of the server",
        "stays open until `Notice`",
        "closes",
        "is lost",
        "arrives until the client closes",
    ),
]


@pytest.mark.parametrize("row", CONNECTION_TABLE)
def test_the_table_of_closings_is_printed_row_by_row(row: tuple[str, ...]) -> None:
    assert row in closing_rows()


def test_a_reliable_link_loses_nothing() -> None:
    made, _, _, _ = world(links={Shout: ORDERED})
    tell(made, SERVER, "shout:one")
    with pytest.raises(MoveError, match="loses nothing"):
        made.apply(Lose(PHONE, Shout("one")))


def test_nothing_arrives_that_was_not_sent() -> None:
    made, _, _, _ = world()
    with pytest.raises(MoveError, match="is on its way"):
        made.apply(Arrive(PHONE, Shout("one")))


def test_an_ordered_link_delivers_only_the_oldest() -> None:
    made, phone, _, _ = world(links={Shout: ORDERED})
    tell(made, SERVER, "shout:one")
    tell(made, SERVER, "shout:two")
    with pytest.raises(MoveError, match="is on its way"):
        made.apply(Arrive(PHONE, Shout("two")))
    made.apply(Arrive(PHONE, Shout("one")))
    made.apply(Arrive(PHONE, Shout("two")))
    assert phone.heard == ["one", "two"]


def test_a_duplicating_link_delivers_any_number_of_times() -> None:
    made, phone, _, _ = world(links={Shout: DUPLICATING})
    tell(made, SERVER, "shout:again")
    for _ in range(3):
        made.apply(Arrive(PHONE, Shout("again")))
    assert phone.heard == ["again"] * 3


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


# ---- backups, restores and reinstalls


def save(made: World, actor: ActorId, word: str) -> None:
    tell(made, actor, f"save:{word}")
    made.apply(Complete(actor, Saved(word)))


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
