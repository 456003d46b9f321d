"""Endless properties: forbidden repetitions without an excuse are decided on cycles, per key, and shown as a real cycle."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System, World
from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import small_world
from syncproof.properties._base import Property
from syncproof.seeded_bugs import BUGS
from syncproof.studies.verify import search


class Ask(Packet, frozen=True, gc=False):
    """A step."""


class Answer(Packet, frozen=True, gc=False):
    """A packet to the asker itself."""


class Asked(Observation, frozen=True, gc=False):
    who: ActorId


class Excused(Observation, frozen=True, gc=False):
    who: ActorId


@state
class AsksTerminate(Property):
    """No actor asks endlessly without an excuse."""

    name = "asks-terminate"
    kind = "liveness"
    endless = (Asked, Excused)
    endless_key = "who"


@actor
class Asker(Actor):
    """Asks, receives an answer, asks again, at most `times`; may observe an excuse each time."""

    excuses: bool = False
    times: int = 0
    asked: bool = durable(bool)
    count: int = durable(int)

    def steps(self):
        if not self.asked and (not self.times or self.count < self.times):
            yield Ask()

    @on(Ask)
    def ask(self, source: Id, packet: Packet, out: Out) -> None:
        self.asked = True
        self.count += bool(self.times)
        out.observe(Asked(self.id))
        out.send(self.id, Answer())

    @on(Answer)
    def answer(self, source: Id, packet: Packet, out: Out) -> None:
        self.asked = False
        if self.excuses:
            out.observe(Excused(self.id))


def judged(*askers: dict[str, object]):
    system = System("askers", lambda: {ActorId(n): Asker(id=ActorId(n), **a) for n, a in enumerate(askers)})
    finding = explore(system, Environment(), [AsksTerminate]).findings["asks-terminate"]
    return system, finding


def test_endless_asking_is_violated_by_a_possible_cycle():
    system, finding = judged({})
    assert finding.verdict == "violated"
    assert finding.counterexample.says == "who 0: Asked indefinitely, without Excused"
    seen: list[Observation] = []
    world = World(system, seen.append)
    for move in (*finding.counterexample.moves, *finding.counterexample.cycle * 3):
        world.apply(move)
    assert seen.count(Asked(ActorId(0))) >= 3


def test_endless_asking_with_an_excuse_each_time_holds():
    assert judged({"excuses": True})[1].verdict == "holds"


def test_asking_a_few_times_holds():
    assert judged({"times": 2})[1].verdict == "holds"


def test_endless_asking_is_not_excused_by_another_actor():
    _, finding = judged({"excuses": True}, {})
    assert finding.verdict == "violated"
    assert finding.counterexample.says == "who 1: Asked indefinitely, without Excused"


class Again(Packet, frozen=True, gc=False):
    """A timer, a poll or an operation that begins itself again."""


class Pause(Packet, frozen=True, gc=False):
    """A step that changes something."""


@actor
class Repeater(Actor):
    """Asks again and again without changing anything, by the `means` given; may also change something by steps."""

    means: str = "step"
    excuses: bool = False
    pauses: bool = False
    paused: bool = durable(bool)

    def start(self, out: Out) -> None:
        if self.means != "step":
            self._begin(out)

    def _begin(self, out: Out) -> None:
        match self.means:
            case "timer":
                out.after(1.0, Again())
            case "poll":
                out.poll(1.0, Again(), Idle(Again(), Again()))
            case "operation":
                out.write("disk", 1, 1, Again())
            case "packet":
                out.send(self.id, Again())

    def steps(self):
        if self.means == "step":
            yield Again()
        if self.pauses:
            yield Pause()

    @on(Again)
    def again(self, source: Id, packet: Packet, out: Out) -> None:
        out.observe(Asked(self.id))
        if self.excuses:
            out.observe(Excused(self.id))
        self._begin(out)

    @on(Pause)
    def pause(self, source: Id, packet: Packet, out: Out) -> None:
        self.paused = not self.paused


MEANS = ["step", "timer", "poll", "operation", "packet"]


def repeated(polls="any", **fields: object):
    system = System("repeater", lambda: {ActorId(0): Repeater(id=ActorId(0), **fields)})
    return system, explore(system, Environment(polls=polls), [AsksTerminate]).findings["asks-terminate"]


@pytest.mark.parametrize("polls", ["any", "at-rest"])
@pytest.mark.parametrize("pauses", [False, True])
@pytest.mark.parametrize("means", MEANS)
def test_what_is_repeated_in_one_state_is_repeated_endlessly(means, pauses, polls):
    if means == "poll" and pauses and polls == "at-rest":
        return  # it never rests
    system, finding = repeated(means=means, pauses=pauses, polls=polls)
    assert finding.verdict == "violated"
    cycle = finding.counterexample.cycle
    assert len(cycle) == (3 if pauses else 1)
    assert cycle[0].packet == Again()
    seen: list[Observation] = []
    world = World(system, seen.append)
    for move in (*finding.counterexample.moves, *cycle * 3):
        world.apply(move)
    assert seen.count(Asked(ActorId(0))) >= 3


@pytest.mark.parametrize("means", MEANS)
def test_what_is_repeated_in_one_state_with_an_excuse_holds(means):
    assert repeated(means=means, excuses=True)[1].verdict == "holds"


@pytest.mark.parametrize("bug", ["F05", "F27"])
def test_seeded_bugs_that_pull_endlessly_are_found(bug):
    finding = search(bug, small_world(*BUGS[bug].world)).findings["pull-terminates"]
    assert finding.verdict == "violated"
    assert finding.counterexample.cycle
    assert "Pulled indefinitely, without Triggered" in finding.counterexample.says
