"""A reply that accepts or refuses a message is observed in the step that sends it, in every engine, whatever the handler does."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.hosts import Landed
from syncproof.core.moves import Crash, Notice, Restart, Tell
from syncproof.core.observations import Accepted, Composed, Observation, Placed, Refused
from syncproof.core.packets import Compose, Packet
from syncproof.core.replies import answers_only, told
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Id, Message, MessageId, ServerId
from syncproof.core.world import System, World
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Accept, AcceptUpTo, Commit, Respond
from syncproof.designs.timeline.server import TimelineServer
from syncproof.engines.explore import explore
from syncproof.inputs.fault_plan import plan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.workload import generate
from syncproof.properties import PROPERTIES
from syncproof.studies import verify
from syncproof.studies.runs import simulate_design
from tests.helpers.stage import PHONE, Stage

DESK, CLERK = DeviceId(0), ServerId(-2)


class Ask(Packet, frozen=True, gc=False):
    message: MessageId


class Yes(Packet, frozen=True, gc=False):
    accepts = "message"
    message: MessageId


class No(Packet, frozen=True, gc=False):
    refuses = "message"
    message: MessageId


class Misspelt(Packet, frozen=True, gc=False):
    accepts = "mesage"
    message: MessageId


@actor
class Clerk(Actor):
    """Refuses odd messages and accepts even ones."""

    @on(Ask)
    def ask(self, source: Id, packet: Ask, out: Out) -> None:
        out.send(source, No(packet.message) if packet.message % 2 else Yes(packet.message))


@actor
class Desk(Actor):
    """Composes a message whenever it is told to, and asks for it."""

    @on(Compose)
    def compose(self, source: Id, packet: Compose, out: Out) -> None:
        out.observe(Composed(packet.message.id, DESK, packet.message.conversation))
        out.send(CLERK, Ask(packet.message.id))

    @on(Yes)
    def yes(self, source: Id, packet: Yes, out: Out) -> None: ...

    @on(No)
    def no(self, source: Id, packet: No, out: Out) -> None: ...


def office(*numbers: int) -> tuple[System, Environment]:
    """Return a desk and a clerk, and the messages that the desk composes."""
    system = System("office", lambda: {CLERK: Clerk(id=CLERK), DESK: Desk(id=DESK)})
    message = [Message(MessageId(n), DESK, ConversationId(0)) for n in numbers]
    return system, Environment(scripts=(tuple([Tell(DESK, Compose(m)) for m in message]),))


def test_a_packet_says_what_its_sending_tells() -> None:
    assert told(Accept(MessageId(7), 3)) == (Accepted(MessageId(7), 3),)
    assert told(Yes(MessageId(7))) == (Accepted(MessageId(7), None),)
    assert told(No(MessageId(7))) == (Refused(MessageId(7)),)
    assert told(Ask(MessageId(7))) == ()


def test_a_packet_may_accept_several_messages_or_none() -> None:
    assert told(AcceptUpTo(9, (MessageId(7), MessageId(8)))) == (Accepted(MessageId(7)), Accepted(MessageId(8)))
    assert told(AcceptUpTo(9, ())) == ()


def test_a_field_that_the_packet_lacks_is_named() -> None:
    with pytest.raises(TypeError, match=r"^Misspelt\.accepts names the field 'mesage'; allowed: message$"):
        told(Misspelt(MessageId(7)))


def test_a_world_observes_refusals_and_acceptances() -> None:
    system, environment = office(0, 1)
    seen: list[Observation] = []
    world = World(system, seen.append)
    for move in environment.scripts[0]:
        world.apply(move)
        while (pending := next(world.pending(), None)) is not None:
            world.apply(pending)
    assert [o for o in seen if isinstance(o, Accepted | Refused)] == [Accepted(MessageId(0)), Refused(MessageId(1))]


@pytest.mark.parametrize("numbers", [(0,), (1,), (0, 1)])
def test_in_a_search_a_refusal_ends_the_debt_of_the_outbox_as_an_acceptance_does(numbers: tuple[int, ...]) -> None:
    found = explore(*office(*numbers), [PROPERTIES["outbox-drained"]])
    assert found.complete
    assert found.findings["outbox-drained"].verdict == "holds"


def test_in_a_search_what_nobody_answers_stays_in_the_outbox() -> None:
    @actor
    class Silent(Clerk):
        @on(Ask)
        def ask(self, source: Id, packet: Ask, out: Out) -> None: ...

    _, environment = office(0)
    system = System("office", lambda: {CLERK: Silent(id=CLERK), DESK: Desk(id=DESK)})
    found = explore(system, environment, [PROPERTIES["outbox-drained"]])
    assert found.findings["outbox-drained"].verdict == "violated"


def test_what_a_crashed_process_would_have_sent_is_not_observed() -> None:
    seen: list[Observation] = []
    Landed(Clerk(id=CLERK), seen.append).send(DESK, Accept(MessageId(7), 1))
    assert seen == []


def test_an_accepting_reply_to_a_retry_is_observed_even_if_the_first_was_cut_by_a_crash() -> None:
    stage = Stage("timeline-notify")
    stage.connect(PHONE)
    message = stage.compose(PHONE)
    stage.submit()
    server = stage.world.hosts[CLERK]
    stage.do(Crash(CLERK, tuple([o.packet for o in server.operations if isinstance(o.packet, Commit)])))
    assert [o.message for o in stage.of(Placed)] == [message]
    assert stage.of(Accepted) == []
    stage.do(Restart(CLERK), Notice(ConnectionId.of(PHONE, 1), "client"))
    stage.connect(PHONE)
    assert [o.message for o in stage.of(Placed)] == [message]
    assert stage.of(Accepted) == [Accepted(message, 1)]


# ---- answers that are observed are no mere answers


def test_a_packet_that_carries_an_accepting_reply_is_no_mere_answer() -> None:
    where = ConnectionId.of(0, 1)
    assert answers_only(Respond(where, Ask(MessageId(7)))) == where
    assert answers_only(Respond(where, Accept(MessageId(7), 1))) is None
    assert answers_only(Respond(where, No(MessageId(7)))) is None
    assert answers_only(Accept(MessageId(7), 1)) is None


# ---- a server that accepts and does nothing else


@actor
class Liar(TimelineServer):
    """Accepts every message, stores nothing, and observes nothing."""

    def receive(self, source: ConnectionId, message: Message, out: Out) -> None:
        out.send(source, Accept(message.id, 1))
        self.release(out)


LIAR = DESIGNS["timeline-notify"].variant(server=Liar)


def test_a_search_of_a_server_that_accepts_and_stores_nothing_breaks_promises() -> None:
    found = verify.explore(LIAR)
    assert found.status() == 1
    for name in ("no-loss", "accepted-once"):
        assert found.matrix()[LIAR.name][name].broken


def test_a_simulation_of_it_breaks_the_same_promises() -> None:
    scenario = Scenario.model_validate(
        {
            "title": "short",
            "shows": "a liar",
            "duration": "10m",
            "population": {"users": 2},
            "conversations": {"pairs": 1, "groups": 0},
            "traffic": {"messages_per_user_per_day": 600.0},
        }
    )
    traffic = generate(scenario, 1)
    result = simulate_design(LIAR, scenario, traffic, plan(scenario, traffic, 1), 1)
    assert result.messages > 0
    for name in ("no-loss", "accepted-once"):
        assert (result.properties[name].verdict, result.properties[name].promised) == ("violated", True)
