"""A packet is a timer or a poll of an actor, never both; marks have room for so many keys."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import ORDERED
from syncproof.core.moves import Arrive, Restart, Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, DeviceId, Id, ServerId
from syncproof.core.world import System, World
from syncproof.engines.explore import HandlerError, explore
from syncproof.engines.explore.encoding import DOWN
from syncproof.engines.explore.moves import STRONG, WEAK
from syncproof.properties import Property

ONE, TWO = ActorId(1), ActorId(2)


class Poll(Packet, frozen=True, gc=False):
    """Armed as a poll, a timer, or both."""


class Arm(Packet, frozen=True, gc=False):
    how: str


@actor
class Clock(Actor):
    begins: str = ""

    def start(self, out: Out) -> None:
        self._arm(self.begins, out)

    def _arm(self, how: str, out: Out) -> None:
        if "timer" in how:
            out.after(1.0, Poll())
        if "poll" in how:
            out.poll(1.0, Poll(), Idle(Poll(), Poll()))

    @on(Arm)
    def arm(self, source: Id, packet: Arm, out: Out) -> None:
        self._arm(packet.how, out)

    @on(Poll)
    def polled(self, source: Id, packet: Poll, out: Out) -> None:
        pass


def clocks(one: str, two: str = "", script: tuple[str, ...] = ()):
    system = System("clocks", lambda: {ONE: Clock(id=ONE, begins=one), TWO: Clock(id=TWO, begins=two)})
    tells = tuple([Tell(ONE, Arm(how)) for how in script])
    return explore(system, Environment(scripts=(tells,), polls="at-rest"))


SAYS = r"^ActorId\(1\) \(Clock\) arms Poll\(\) as a timer and as its poll; give one of them a class of its own$"


@pytest.mark.parametrize(
    ("one", "script"), [("", ("timer", "poll")), ("poll", ("timer",)), ("timer", ("poll",)), ("", ("timer and poll",))]
)
def test_a_packet_that_is_armed_as_timer_and_as_poll_is_an_error(one: str, script: tuple[str, ...]) -> None:
    with pytest.raises(HandlerError, match=SAYS):
        clocks(one, script=script)


@pytest.mark.parametrize("how", [("timer", "poll"), ("poll", "timer")])
def test_a_world_refuses_both_at_once(how: tuple[str, str]) -> None:
    world = World(System("clocks", lambda: {ONE: Clock(id=ONE)}))
    world.apply(Tell(ONE, Arm(how[0])))
    with pytest.raises(ValueError, match=SAYS):
        world.apply(Tell(ONE, Arm(how[1])))


def test_the_timer_of_one_actor_may_be_the_poll_of_another() -> None:
    found = clocks("poll", "timer")
    fair = {move.actor: found.tables.moves.fair[n] for n, move in enumerate(found.tables.moves.values)}
    assert fair == {ONE: STRONG, TWO: WEAK}


class Counted(Observation, frozen=True, gc=False):
    which: int


class Excused(Observation, frozen=True, gc=False):
    which: int


@state
class CountsEnd(Property):
    """Nothing is counted endlessly."""

    name = "counts-end"
    kind = "liveness"
    endless = (Counted, Excused)
    endless_key = "which"


@actor
class Counter(Actor):
    most: int = 0
    count: int = durable(int)

    def steps(self):
        if self.count < self.most:
            yield Poll()

    @on(Poll)
    def counts(self, source: Id, packet: Poll, out: Out) -> None:
        out.observe(Counted(self.count))
        self.count += 1


def test_an_endless_property_has_room_for_63_keys() -> None:
    def counted(most: int) -> str:
        system = System("counter", lambda: {ONE: Counter(id=ONE, most=most)})
        return explore(system, Environment(), [CountsEnd]).findings["counts-end"].verdict

    assert counted(63) == "holds"
    with pytest.raises(HandlerError, match=r"^Counted of which 63: an endless property can tell 63 observations apart"):
        counted(64)


@actor
class Alone(Actor):
    """A device where there is no server."""

    @on(Poll)
    def polled(self, source: Id, packet: Poll, out: Out) -> None:
        pass


def test_a_device_connects_to_nothing_where_there_is_no_server() -> None:
    system = System("alone", lambda: {DeviceId(0): Alone(id=DeviceId(0))})
    assert len(explore(system, Environment()).graph.states) == 1


class Again(Packet, frozen=True, gc=False):
    """A retransmission timer."""

    retransmits = True


@actor
class Retrying(Actor):
    """Has a retransmission timer from the beginning."""

    def start(self, out: Out) -> None:
        out.after(1.0, Again())

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        pass


def test_a_bounded_timer_does_not_fire_while_its_actor_is_down() -> None:
    name = ServerId(-2)
    system = System("retrying", lambda: {name: Retrying(id=name)})
    found = explore(system, Environment(early={Again: 1}, budgets={"server-crash": 1}))
    down = [number for number, state in enumerate(found.graph.states) if state[1] == DOWN]
    moves = {
        found.tables.moves.values[found.graph.moves[arc]] for n in down for arc in range(*found.graph.first[n : n + 2])
    }
    assert moves == {Restart(name)}


class Begin(Packet, frozen=True, gc=False):
    """Step of a sender."""


class Sent(Packet, frozen=True, gc=False):
    """A packet that keeps its place among those of its sender."""

    link = ORDERED
    number: int


@actor
class Talker(Actor):
    """Sends its packets in one step, and notes those that it receives."""

    packets: int = 0
    begun: bool = durable(bool)
    heard: list[tuple[Id, int]] = durable(list)

    def steps(self) -> list[Packet]:
        return [Begin()] if self.packets and not self.begun else []

    @on(Begin)
    def begin(self, source: Id, packet: Begin, out: Out) -> None:
        self.begun = True
        for number in range(self.packets):
            out.send(ActorId(0), Sent(number))

    @on(Sent)
    def hear(self, source: Id, packet: Sent, out: Out) -> None:
        self.heard.append((source, packet.number))


def test_ordered_packets_of_one_sender_hold_up_no_other() -> None:
    packets = {ActorId(0): 0, ActorId(1): 2, ActorId(2): 1, ActorId(3): 1}
    system = System("talkers", lambda: {name: Talker(id=name, packets=n) for name, n in packets.items()})
    found = explore(system, Environment())
    local = found.tables.encoding.local
    numbers = [
        number
        for number, state in enumerate(found.graph.states)
        if local(state)[ActorId(0)] == (False, (list,)) and all(local(state)[ActorId(n)][0] for n in (1, 2, 3))
    ]
    assert numbers
    for number in numbers:
        moves = [
            found.tables.moves.values[found.graph.moves[arc]] for arc in range(*found.graph.first[number : number + 2])
        ]
        assert [type(move) for move in moves] == [Arrive] * 3
