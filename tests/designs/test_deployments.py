"""A design's server is the store behind gateways, unchanged: gateways pass on what connections do, and lose nothing silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.my_design import Hasty
from syncproof.core.actor import Out, actor, on
from syncproof.core.fairness import quiesce
from syncproof.core.moves import Connect, Crash, Disconnect, Handover, Move, Notice, Restart, Tell
from syncproof.core.observations import Accepted, Observation, Shown
from syncproof.core.packets import Closed, Compose, HangUp, Opened
from syncproof.core.values import SERVER, ConnectionId, ConversationId, DeviceId, Message, MessageId, Timeline, UserId
from syncproof.core.world import World
from syncproof.designs import DESIGNS, Design
from syncproof.designs.deployments import DEPLOYMENTS, Down, DownPush, Gateway, Up, store_of
from syncproof.designs.packets import Accept, Notification, Submit
from syncproof.designs.timeline.server import TimelineServer
from syncproof.engines.explore import HandlerError, explore
from syncproof.errors import InputError
from syncproof.formats.header import parse_header
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld, small_world
from syncproof.properties import PROPERTIES
from syncproof.report.counterexamples import write_moves
from syncproof.studies.hunt import play
from syncproof.studies.recordings import open_moves
from syncproof.studies.verify import search
from tests.helpers.effects import Effects

FIRST, SECOND = DEPLOYMENTS["cluster"].gateways
LINK = ConnectionId.of(FIRST, 1)
PHONE, WEB = DeviceId(0), DeviceId(1)
OPEN = ConnectionId.of(PHONE, 1)
MESSAGE = Message(MessageId(0), PHONE, ConversationId(0))
SENT = Submit(MESSAGE)
HINT = Notification(Timeline("sync", 0), 1, MESSAGE.id)


def gateway(*happened: tuple[ConnectionId, Opened]) -> tuple[Gateway, Effects]:
    """Return a gateway to which connections have opened, and its effects."""
    made = Gateway(id=FIRST)
    out = Effects(made)
    for source, packet in happened:
        out.tell(source, packet)
    out.sent.clear()
    return made, out


LINKED = (LINK, Opened(LINK, FIRST))
ONLINE = (OPEN, Opened(OPEN, PHONE))


def test_a_gateway_passes_up_what_a_connection_does() -> None:
    _, out = gateway(LINKED)
    for packet in (Opened(OPEN, PHONE), SENT, Closed(OPEN)):
        out.tell(OPEN, packet)
    assert out.sent == [(LINK, Up(OPEN, packet)) for packet in (Opened(OPEN, PHONE), SENT, Closed(OPEN))]


def test_what_devices_send_to_a_gateway_that_is_cut_from_the_store_waits_in_order() -> None:
    made, out = gateway(ONLINE)
    out.tell(OPEN, SENT)
    assert out.sent == []
    out.tell(*LINKED)
    assert out.sent == [(LINK, Up(OPEN, Opened(OPEN, PHONE))), (LINK, Up(OPEN, SENT))]
    assert made.waiting == []


def test_a_gateway_that_loses_the_store_closes_the_connections_of_its_devices() -> None:
    made, out = gateway(LINKED, ONLINE)
    out.tell(LINK, Closed(LINK))
    assert out.closed == [OPEN]
    assert (made.store, made.online) == (None, {})


def test_a_gateway_passes_down_only_to_connections_that_are_open() -> None:
    _, out = gateway(LINKED, ONLINE)
    out.tell(LINK, Down(OPEN, SENT))
    out.tell(LINK, Down(ConnectionId.of(PHONE, 2), SENT))
    out.tell(LINK, DownPush(PHONE, HINT))
    out.tell(LINK, DownPush(WEB, HINT))
    assert out.sent == [(OPEN, SENT), (PHONE, HINT)]


def test_a_connection_that_the_store_closes_is_closed_at_the_gateway() -> None:
    made, out = gateway(LINKED, ONLINE)
    out.tell(LINK, Down(OPEN, HangUp()))
    assert out.closed == [OPEN]
    assert made.online == {}


def store() -> tuple[TimelineServer, Effects]:
    server = store_of(TimelineServer)(id=SERVER, parameters=DESIGNS["timeline-notify"].parameters)
    assert isinstance(server, TimelineServer)
    return server, Effects(server)


def test_the_store_sees_the_connections_of_devices() -> None:
    server, out = store()
    out.tell(LINK, Opened(LINK, FIRST))
    out.tell(LINK, Up(OPEN, Opened(OPEN, PHONE)))
    assert server.online == {PHONE: OPEN}
    out.tell(LINK, Up(OPEN, Closed(OPEN)))
    assert server.online == {}


def test_a_store_that_loses_a_gateway_takes_the_connections_of_its_devices_for_closed() -> None:
    server, out = store()
    other = ConnectionId.of(SECOND, 1)
    out.tell(LINK, Up(OPEN, Opened(OPEN, PHONE)))
    out.tell(other, Up(ConnectionId.of(WEB, 1), Opened(ConnectionId.of(WEB, 1), WEB)))
    out.tell(LINK, Closed(LINK))
    assert list(server.online) == [WEB]


def test_a_store_of_one_class_is_made_once() -> None:
    assert store_of(TimelineServer) is store_of(TimelineServer)
    assert store_of(TimelineServer).__name__ == "TimelineServer"


# ---- in a world


def cluster(design: str | Design = "timeline-notify", people: str = "two-people") -> tuple[World, list[Observation]]:
    """Return a world of a cluster in which every gateway and device is connected, and what is observed from now on."""
    system, _, environment = small_worlds.build(design, SmallWorld(people, 1, (), deployment="cluster"))
    seen: list[Observation] = []
    world = World(system, seen.append)
    for move in environment.prelude:
        world.apply(move)
    seen.clear()
    return world, seen


def drain(world: World) -> None:
    while (move := next(world.pending(), None)) is not None:
        world.apply(move)


def test_devices_connect_to_the_gateways_in_turn() -> None:
    world, _ = cluster(people="three-devices")
    assert [world.server_of(c).name for c in sorted(world.connections) if c.client >= 0] == [FIRST, SECOND, FIRST]
    world.apply(Handover(PHONE))
    newest = world.open_connection(PHONE)
    assert newest is not None
    assert world.server_of(newest.id).name == SECOND


def test_a_message_is_shown_behind_another_gateway_and_accepted_once() -> None:
    world, seen = cluster()
    world.apply(Tell(PHONE, Compose(MESSAGE)))
    drain(world)
    assert [o.device for o in seen if isinstance(o, Shown)] == [PHONE, WEB]
    assert [o for o in seen if isinstance(o, Accepted)] == [Accepted(MESSAGE.id, 1)]


def test_after_a_handover_the_store_sees_two_connections_of_the_device() -> None:
    world, _ = cluster()
    world.apply(Handover(PHONE))
    drain(world)
    server = world.actors[SERVER]
    assert isinstance(server, TimelineServer)
    assert [c for c, device in sorted(server.peers.items()) if device == PHONE] == [OPEN, ConnectionId.of(PHONE, 2)]
    world.apply(Notice(OPEN, "server"))
    drain(world)
    assert [c for c, device in server.peers.items() if device == PHONE] == [ConnectionId.of(PHONE, 2)]


@pytest.mark.parametrize("fault", [Crash(FIRST), Disconnect(FIRST, False)])
def test_the_store_does_not_know_of_a_gateway_that_is_gone_until_it_is_told(fault: Move) -> None:
    world, _ = cluster()
    server = world.actors[SERVER]
    assert isinstance(server, TimelineServer)
    world.apply(fault)
    drain(world)
    assert PHONE in server.online
    world.apply(Notice(LINK, "server"))
    assert PHONE not in server.online
    phone = world.connections[OPEN]
    assert (phone.client_open, phone.server_open) == (True, False)


def test_a_push_reaches_only_a_device_that_is_connected_to_the_gateway_that_pushes() -> None:
    world, _ = cluster()
    world.apply(Tell(PHONE, Compose(MESSAGE)))
    while not world.mail.get(WEB):
        world.apply(next(world.pending()))
    (mail,) = world.hosts[WEB].mail
    assert world.reaches(mail.source, mail.receiver, world.system.link(mail.packet))
    world.apply(Handover(WEB))
    assert not world.reaches(mail.source, mail.receiver, world.system.link(mail.packet))


@pytest.mark.parametrize("faults", [(Crash(FIRST),), (Crash(SERVER),), (Disconnect(FIRST, False), Crash(SECOND))])
def test_a_cluster_comes_to_rest_with_everything_connected(faults: tuple[Move, ...]) -> None:
    world, seen = cluster()
    world.apply(Tell(PHONE, Compose(MESSAGE)))
    for fault in faults:
        world.apply(fault)
    assert quiesce(world)
    assert all(host.connection is not None for host in world.hosts.values() if host.name != SERVER)
    assert {o.device for o in seen if isinstance(o, Shown)} == {PHONE, WEB}


def test_a_gateway_that_notices_its_cut_takes_half_open_connections_with_it() -> None:
    world, _ = cluster()
    world.apply(Disconnect(PHONE, False))
    world.apply(Crash(SERVER))
    assert quiesce(world)
    assert [c.id for c in world.connections.values() if not (c.client_open and c.server_open)] == []


def test_a_gateway_connects_again_after_a_crash() -> None:
    world, _ = cluster()
    for move in (Crash(FIRST), Restart(FIRST), Connect(FIRST)):
        world.apply(move)
    assert world.open_connection(FIRST) is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["", "handover"])
def test_a_design_written_for_one_process_is_searched_in_a_cluster(kind: str) -> None:
    world = SmallWorld("two-devices", 1, (kind,) if kind else (), deployment="cluster")
    system, _, environment = small_worlds.build(Hasty, world)
    found = explore(system, environment, [PROPERTIES["no-loss"], PROPERTIES["no-duplicate"]])
    assert found.complete
    assert {name: finding.verdict for name, finding in found.findings.items()} == {
        "no-loss": "holds",
        "no-duplicate": "holds",
    }


# ---- small worlds


def test_a_fault_of_several_processes_makes_a_world_a_cluster() -> None:
    assert SmallWorld("two-people", 1, ("handover",)).deployed == "cluster"
    assert SmallWorld("two-people", 1, ("half-open",)).deployed == "single"


@pytest.mark.parametrize(
    ("kinds", "deployment", "says"),
    [
        ((), "many", "unknown deployment 'many'; allowed: single, cluster"),
        (("handover",), "single", "handover cannot happen in the deployment 'single'; allowed: cluster"),
    ],
)
def test_a_world_with_a_deployment_that_cannot_be_is_an_input_error(
    kinds: tuple[str, ...], deployment: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        small_world("two-people", 1, kinds, deployment)


def test_a_moves_file_of_a_cluster_is_replayed_there(tmp_path: Path) -> None:
    system, _, environment = small_worlds.build("timeline-notify", SmallWorld("two-people", 1, ("handover",)))
    world = SmallWorld("two-people", 1, ("handover",))
    path = tmp_path / "moves.jsonl"
    write_moves("timeline-notify", world, (*environment.prelude, Handover(PHONE)), path)
    header, again, moves = open_moves(path)
    assert (header.deployment, again.gateways) == ("cluster", system.gateways)
    assert [move for _, move in moves][-1] == Handover(PHONE)


def test_a_header_with_an_unknown_deployment_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="deployment: 'many'; allowed: single, cluster"):
        parse_header(tmp_path, b'{"schema": 2, "kind": "moves", "deployment": "many"}', "moves")


@pytest.mark.parametrize("design", DESIGNS)
def test_news_of_an_earlier_connection_that_come_late_take_no_device_offline(design: str) -> None:
    """Each gateway passes up what it knows by itself: the second connection may open, and close, after the third."""
    server = DESIGNS[design].server(id=SERVER, parameters=DESIGNS[design].parameters)
    server.register_device(PHONE, UserId(0))
    out = Effects(server)
    second, third = (ConnectionId.of(PHONE, count) for count in (2, 3))
    for event in (Opened(third, PHONE), Opened(second, PHONE), Closed(second)):
        out.tell(event.connection, event)
    assert server.online == {PHONE: third}


@pytest.mark.slow
def test_a_message_is_accepted_over_the_newest_connection_after_two_handovers() -> None:
    found = play("timeline-dense-push", small_world("three-devices", 2, ("handover",)), profile="brief")
    assert found.violation is None


@actor
class AcksBeforeTheStore(Gateway):
    """Answers a submission itself, with a reply that it passes on from nobody."""

    @on(Submit)
    def submitted(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        self.up(source, packet, out)
        out.forward(source, Accept(packet.message.id, 1))


def test_a_gateway_may_not_forward_a_reply_that_nobody_sent() -> None:
    design = DESIGNS["timeline-notify"].variant(gateway=AcksBeforeTheStore)
    with pytest.raises(HandlerError, match=r"forwards Accept\(.*, which the packet that it handles does not carry"):
        search(design, small_world("two-people", 1, (), "cluster"))
