"""A complaint that is made while the world is set up is a violation in every engine: no move is needed for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Move, Tell
from syncproof.core.observations import Shown
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConversationId, DeviceId, Id, MessageId
from syncproof.core.world import System
from syncproof.counterexamples.minimise import minimise
from syncproof.designs import DESIGNS
from syncproof.designs.inbox.server import InboxServer
from syncproof.engines.check import check_observations
from syncproof.engines.explore import explore
from syncproof.engines.hypothesis_machine import machine
from syncproof.engines.hypothesis_runs import play
from syncproof.engines.replay import replay_moves
from syncproof.formats.header import Header
from syncproof.formats.history import Recording, moves_path, read_history, read_moves
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import Scenario
from syncproof.properties import PROPERTIES
from syncproof.studies.runs import simulate_design

NAME = ActorId(0)
SHOWN = Shown(DeviceId(0), MessageId(99), ConversationId(0), 1)
ONCE = PROPERTIES["no-duplicate"]


class Show(Packet, frozen=True, gc=False):
    """Show the message."""


@actor
class Eager(Actor):
    """Shows a message when it starts, as often as `times` says, and when it is told to."""

    times: int = 2

    def start(self, out: Out) -> None:
        for _ in range(self.times):
            out.observe(SHOWN)

    @on(Show)
    def show(self, source: Id, packet: Show, out: Out) -> None:
        out.observe(SHOWN)


def eager(times: int) -> System:
    return System("eager", lambda: {NAME: Eager(id=NAME, times=times)})


SETUPS = [(2, ()), (1, (Tell(NAME, Show()),)), (0, (Tell(NAME, Show()),) * 2)]


@pytest.mark.parametrize(("times", "prelude"), SETUPS)
def test_explore(times: int, prelude: tuple[Move, ...]) -> None:
    environment = Environment(prelude=prelude, scripts=((Tell(NAME, Show()),),))
    finding = explore(eager(times), environment, [PROPERTIES["prefix-order"], ONCE]).findings["no-duplicate"]
    assert finding.verdict == "violated"
    assert finding.counterexample is not None
    assert (finding.counterexample.prelude, finding.counterexample.moves) == (prelude, ())
    assert "message 99" in finding.counterexample.says


@pytest.mark.parametrize(("times", "prelude"), SETUPS)
def test_the_hypothesis_machine_and_minimise(times: int, prelude: tuple[Move, ...]) -> None:
    environment = Environment(prelude=prelude, scripts=((Tell(NAME, Show()),),))
    violation = play(machine(eager(times), environment, ["no-duplicate"]), profile="dev").violation
    assert violation is not None
    assert violation.moves == ()
    tell: tuple[Move, ...] = (Tell(NAME, Show()),)
    assert minimise(eager(times), environment, tell, "no-duplicate") == ()


def test_replay_and_check() -> None:
    assert replay_moves(eager(2), [], ["no-duplicate"]).monitor.counts == {"no-duplicate": 1}
    assert check_observations([SHOWN, SHOWN], ["no-duplicate"]).monitor.counts == {"no-duplicate": 1}


@actor
class Hasty(InboxServer):
    """Claims when it starts that a device has shown a message that nobody composed."""

    def start(self, out: Out) -> None:
        super().start(out)
        out.observe(SHOWN)


HASTY = DESIGNS["inbox-store-first"].variant(server=Hasty)


def test_simulate_and_its_recording(tmp_path: Path) -> None:
    scenario = Scenario.model_validate({"title": "eager", "shows": "tests", "duration": "1m"})
    traffic = workload.generate(scenario, 1)
    recording = Recording(Header(schema=1, kind="moves", design="mine", population=traffic.population))
    found = simulate_design(HASTY, scenario, traffic, fault_plan.plan(scenario, traffic, 1), 1, recorder=recording)
    assert found.properties["no-creation"].verdict == "violated"
    recording.write(tmp_path / "history.jsonl", {})
    _, observations = read_history(tmp_path / "history.jsonl")
    assert check_observations(observations, ["no-creation"]).monitor.counts["no-creation"] > 0
    _, moves = read_moves(moves_path(tmp_path / "history.jsonl"))
    system = HASTY.system(traffic.population, scenario.parameters())
    assert replay_moves(system, moves, ["no-creation"]).monitor.counts["no-creation"] > 0


def test_the_pytest_fixture(keeps_promises: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match=r"promises no-creation and breaks it in two-devices, .*, in 0 moves"):
        keeps_promises(HASTY, faults=[])
