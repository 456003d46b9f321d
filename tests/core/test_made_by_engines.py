"""What engines alone observe cannot be observed by an actor, whatever it is doing: it could end a debt, or the faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import syncproof.designs
from syncproof.core import observations
from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Complete, Crash, Keep, Move, Restart, Restore, Take, Tell
from syncproof.core.observations import (
    MADE_BY_ENGINES,
    MADE_BY_RECORDERS,
    Abandoned,
    Accepted,
    Appeared,
    Composed,
    Connected,
    Crashed,
    Disconnected,
    FaultsStopped,
    Observation,
    Openable,
    Quiesced,
    Refused,
    Restarted,
    Unsure,
)
from syncproof.core.packets import Packet
from syncproof.core.values import ConversationId, DeviceId, Id, MessageId, ServerId, UserId
from syncproof.core.world import System, World
from syncproof.designs import DESIGNS
from syncproof.designs.inbox.server import InboxServer
from syncproof.engines.check import check_observations
from syncproof.engines.explore import HandlerError, explore
from syncproof.engines.hypothesis_machine import machine
from syncproof.engines.hypothesis_runs import play
from syncproof.engines.replay import ReplayError, replay_moves
from syncproof.errors import DesignError
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import Scenario
from syncproof.properties import PROPERTIES
from syncproof.studies.runs import simulate_design

NAME = ServerId(-2)
PHONE = DeviceId(0)
COMPOSED = Composed(MessageId(0), PHONE, ConversationId(0))
MADE: list[Observation] = [
    Accepted(MessageId(0)),
    Refused(MessageId(0)),
    Unsure(MessageId(0)),
    Openable(PHONE),
    Abandoned(PHONE),
    Connected(PHONE),
    Disconnected(PHONE, True),
    Crashed(NAME),
    Restarted(NAME),
    Appeared(PHONE, UserId(0)),
    FaultsStopped(),
    Quiesced(),
]
OUTBOX = PROPERTIES["outbox-drained"]


class Go(Packet, frozen=True, gc=False):
    """Handle, and begin a write."""


class Written(Packet, frozen=True, gc=False):
    """The write is durable."""


class Step(Packet, frozen=True, gc=False):
    """A step that the actor offers."""


@actor
class Cheat(Actor):
    """Observes what only engines do, in the place that `where` names."""

    where: str
    made: Observation

    def _cheat(self, where: str, out: Out) -> None:
        if where == self.where:
            out.observe(self.made)

    def start(self, out: Out) -> None:
        self._cheat("start", out)

    def restored(self, before: Cheat, out: Out) -> None:
        self._cheat("restored", out)

    def steps(self) -> Iterable[Packet]:
        return (Step(),) if self.where == "step" else ()

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        out.observe(COMPOSED)
        self._cheat("handler", out)
        if self.where in ("completion", "landing"):
            out.write("disk", 1, 1, Written())

    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        self._cheat("completion", out)
        self._cheat("landing", out)

    @on(Step)
    def step(self, source: Id, packet: Step, out: Out) -> None:
        self._cheat("step", out)


MOVES: dict[str, tuple[Move, ...]] = {
    "start": (),
    "handler": (Tell(NAME, Go()),),
    "completion": (Tell(NAME, Go()), Complete(NAME, Written())),
    "landing": (Tell(NAME, Go()), Crash(NAME, (Written(),))),
    "step": (Take(NAME, Step()),),
    "restored": (Keep(NAME), Restore(NAME), Restart(NAME)),
}
"""The moves by which an actor comes to each place."""


def cheating(where: str, made: Observation) -> tuple[System, Environment]:
    """Return an actor that cheats, and what it takes to come to that place."""
    budgets = {"landing": {"server-crash": 1}, "restored": {"server-restore": 1}}.get(where, {})
    system = System("cheat", lambda: {NAME: Cheat(id=NAME, where=where, made=made)}, server=NAME)
    return system, Environment(scripts=((Tell(NAME, Go()),),), budgets=budgets)


def line(made: Observation) -> str:
    return rf"ServerId\(-2\) \(Cheat\) observes {type(made).__name__}, which engines alone make"


both = pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
everywhere = pytest.mark.parametrize("where", MOVES)


def test_each_class_that_engines_make_is_tried_here() -> None:
    assert {type(made) for made in MADE} == MADE_BY_ENGINES


def test_a_class_is_made_by_engines_or_by_the_designs() -> None:
    files = Path(syncproof.designs.__file__).parent.rglob("*.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    kinds = [k for k in vars(observations).values() if isinstance(k, type) and issubclass(k, Observation)]
    by_actors = {kind for kind in kinds if f"observe({kind.__name__}(" in text}
    assert {kind for kind in kinds if kind is not Observation} == by_actors | MADE_BY_ENGINES | MADE_BY_RECORDERS
    assert not by_actors & MADE_BY_ENGINES


def test_the_actor_is_told_what_to_send_instead() -> None:
    with pytest.raises(TypeError, match=r"engines alone make; send a packet whose class has refuses$"):
        World(cheating("start", Refused(MessageId(0)))[0])


@both
@everywhere
def test_a_world(where: str, made: Observation) -> None:
    with pytest.raises(TypeError, match=line(made)):
        made_all(World(cheating(where, made)[0]), MOVES[where])


def made_all(world: World, moves: Iterable[Move]) -> None:
    for move in moves:
        world.apply(move)


@both
@everywhere
def test_a_search(where: str, made: Observation) -> None:
    with pytest.raises((HandlerError, TypeError), match=line(made)) as raised:
        explore(*cheating(where, made), [OUTBOX])
    assert isinstance(raised.value, DesignError) or where in ("start", "restored")


@both
def test_a_replay(made: Observation) -> None:
    with pytest.raises(ReplayError) as raised:
        replay_moves(cheating("handler", made)[0], [(1, move) for move in MOVES["handler"]], ["outbox-drained"])
    assert f"observes {type(made).__name__}" in str(raised.value.__cause__)


@both
def test_a_stateful_machine(made: Observation) -> None:
    with pytest.raises(TypeError, match=line(made)):
        play(machine(*cheating("handler", made), ["outbox-drained"]), profile="dev")


@both
def test_a_simulation(made: Observation) -> None:
    @actor
    class Server(InboxServer):
        def start(self, out: Out) -> None:
            super().start(out)
            out.observe(made)

    scenario = Scenario.model_validate({"title": "cheat", "shows": "tests", "duration": "1m"})
    traffic = workload.generate(scenario, 1)
    with pytest.raises(TypeError, match=rf"\(Server\) observes {type(made).__name__}, which engines alone make"):
        simulate_design(
            DESIGNS["inbox-store-first"].variant(server=Server),
            scenario,
            traffic,
            fault_plan.plan(scenario, traffic, 1),
            1,
        )


@both
def test_the_opening_of_a_system(made: Observation) -> None:
    with pytest.raises(
        TypeError, match=f"^the opening of 'cheat' has {type(made).__name__}, which engines alone make$"
    ):
        System("cheat", dict, opening=(made,))


@both
def test_a_recorded_history_may_have_it(made: Observation) -> None:
    check_observations([made], ["outbox-drained"])


def test_the_pytest_fixture_tells_the_line(keeps_promises: Callable[..., Any]) -> None:
    @actor
    class Server(InboxServer):
        def start(self, out: Out) -> None:
            super().start(out)
            out.observe(Refused(MessageId(0)))

    with pytest.raises(Exception, match=r"\(Server\) observes Refused, which engines alone make"):
        keeps_promises(DESIGNS["inbox-store-first"].variant(server=Server), faults=[])
