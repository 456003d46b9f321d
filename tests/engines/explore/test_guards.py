"""Guards on receiving in a search: the same as in the world, over links and connections, and what fairness owes."""

from __future__ import annotations

import math

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.links import DUPLICATING, ORDERED, UNORDERED, Link
from syncproof.core.moves import Connect
from syncproof.core.observations import Observation
from syncproof.core.packets import Closed, Idle, Opened, Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.explore import HandlerError, NotSymmetric, explore
from syncproof.properties._base import Property, observes
from tests.engines.explore.test_equal_to_world import Walk
from tests.helpers.brute_force import Judge

SERVER = ActorId(9)


class Job(Packet, frozen=True, gc=False):
    number: int


class Turn(Packet, frozen=True, gc=False):
    """Step: become busy or idle."""


class Look(Packet, frozen=True, gc=False):
    """The poll."""


class Done(Observation, frozen=True, gc=False):
    number: int


def is_idle(self, source: Id, packet: Packet) -> bool:
    return not self.busy


@actor
class Worker(Actor):
    """Takes a job only while it is idle; it is busy and idle in turn, for ever. It is told when nothing is under way."""

    busy: bool = durable(lambda: True)
    turns: int = durable(lambda: 2)
    """How many more times it may change; -1: any number of times."""
    jobs: set[int] = durable(set)

    def steps(self):
        if self.turns:
            yield Turn()

    @on(Turn)
    def turn(self, source: Id, packet: Turn, out: Out) -> None:
        self.busy = not self.busy
        self.turns -= self.turns > 0

    @on(Job, when=is_idle)
    def job(self, source: Id, packet: Job, out: Out) -> None:
        self.jobs.add(packet.number)
        out.observe(Done(packet.number))

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        pass

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        pass

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        pass


@actor
class Endless(Worker):
    """Changes any number of times."""

    def start(self, out: Out) -> None:
        self.turns = -1
        out.poll(1.0, Look(), Idle(Look(), Look()))


@actor
class Boss(Actor):
    """Sends two jobs, over a link or over its connection."""

    connected: bool = volatile(bool)

    def start(self, out: Out) -> None:
        if not isinstance(self.id, DeviceId):
            out.send(SERVER, Job(1))
            out.send(SERVER, Job(2))

    @on(Opened)
    def opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
        out.send(source, Job(1))
        out.send(source, Job(2))

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        pass


@state
class AllDone(Property):
    name = "all-done"
    kind = "liveness"

    done: int = 0

    @observes(Done)
    def on_done(self, o):
        self.done = min(self.done + 1, 2)

    def at_quiescence(self):
        if self.done < 2:
            yield "not all done"


@state
class InOrder(Property):
    name = "in-order"

    last: int = 0

    @observes(Done)
    def on_done(self, o):
        before, self.last = self.last, o.number
        return "out of order" if before > o.number else None


def by_link(link: Link, worker: type[Worker] = Worker) -> System:
    boss = ActorId(0)
    return System("jobs", lambda: {boss: Boss(id=boss), SERVER: worker(id=SERVER)}, links={Job: link})


def by_connection(worker: type[Worker] = Worker) -> System:
    boss = DeviceId(0)
    return System("jobs", lambda: {boss: Boss(id=boss), SERVER: worker(id=SERVER)}, server=SERVER)


CONNECTED = Environment(prelude=(Connect(DeviceId(0)),), budgets={"disconnect": 1, "half-open": 1})
CRASHING = Environment(budgets={"server-crash": 1})
LOSSY = Environment(budgets={"push-lost": math.inf, "push-duplicated": 1})
CASES = {
    "unordered": (by_link(UNORDERED), Environment()),
    "ordered": (by_link(ORDERED), Environment()),
    "duplicating": (by_link(DUPLICATING), CRASHING),
    "crash": (by_link(UNORDERED), CRASHING),
    "lossy": (by_link(Link("ordered", lossy=True)), LOSSY),
    "connection": (by_connection(), CONNECTED),
    "connection and crash": (by_connection(), Environment(prelude=CONNECTED.prelude, budgets={"server-crash": 1})),
    "endless": (by_link(UNORDERED, Endless), Environment()),
    "endless, polls at rest": (by_link(UNORDERED, Endless), Environment(polls="at-rest")),
    "endless connection": (by_connection(Endless), Environment(prelude=CONNECTED.prelude)),
}


@pytest.mark.parametrize("case", CASES)
def test_tables_are_equal_to_the_world_at_every_state(case):
    system, environment = CASES[case]
    found = Walk(system, environment, [AllDone, InOrder])
    found.run()
    assert found.met["deliver"] + found.met["arrive"] > 0


@pytest.mark.parametrize("case", CASES)
def test_states_and_verdicts_are_those_of_the_brute_force(case):
    system, environment = CASES[case]
    judge = Judge(system, environment, [AllDone, InOrder]).run()
    found = explore(system, environment, [AllDone, InOrder])
    assert len(found.graph.states) == len(judge.states)
    assert {name for name, finding in found.findings.items() if finding.verdict == "violated"} == judge.violated


def verdict(case: str, name: str) -> str:
    return explore(*CASES[case], [AllDone, InOrder]).findings[name].verdict


def test_the_head_of_an_ordered_link_keeps_what_is_behind_it_waiting():
    assert verdict("ordered", "in-order") == "holds"
    assert verdict("unordered", "in-order") == "violated"


def test_a_worker_that_stays_busy_never_takes_a_job():
    assert verdict("ordered", "all-done") == "violated"


def test_a_job_that_is_possible_again_and_again_is_taken():
    """The guard makes it impossible for a while, again and again: fairness is strong."""
    assert verdict("endless", "all-done") == "holds"
    assert verdict("endless connection", "all-done") == "holds"


def test_a_guard_that_changes_a_field_is_an_error():
    def counting(self, source, packet):
        self.turns += 1
        return True

    @actor
    class Counting(Worker):
        @on(Job, when=counting)
        def job(self, source: Id, packet: Job, out: Out) -> None:
            pass

    with pytest.raises(HandlerError, match="its guard of Job changes a field; it may only look"):
        explore(by_link(UNORDERED, Counting), Environment())


def test_a_guard_that_raises_is_an_error_that_names_it():
    @actor
    class Raising(Worker):
        @on(Job, when=lambda self, source, packet: self.bussy)
        def job(self, source: Id, packet: Job, out: Out) -> None:
            pass

    with pytest.raises(HandlerError, match="its guard of Job: AttributeError"):
        explore(by_link(UNORDERED, Raising), Environment())


class Sender(ActorId):
    __slots__ = ()


def test_symmetry_asks_guards_too():
    @actor
    class Choosy(Worker):
        @on(Job, when=lambda self, source, packet: not self.busy and source != Sender(1))
        def job(self, source: Id, packet: Job, out: Out) -> None:
            pass

    senders = [Sender(0), Sender(1)]
    cast = lambda: {SERVER: Choosy(id=SERVER)} | {name: Boss(id=name) for name in senders}  # noqa: E731
    with pytest.raises(NotSymmetric, match="asked whether it receives Job"):
        explore(System("choosy", cast, links={Job: UNORDERED}), Environment(), symmetric=[senders])


def test_a_guard_that_treats_the_ids_alike_is_accepted():
    senders = [Sender(0), Sender(1)]
    cast = lambda: {SERVER: Worker(id=SERVER)} | {name: Boss(id=name) for name in senders}  # noqa: E731
    system = System("fair", cast, links={Job: UNORDERED})
    whole, part = explore(system, Environment()), explore(system, Environment(), symmetric=[senders])
    assert part.complete
    assert len(part.graph.states) < len(whole.graph.states)
