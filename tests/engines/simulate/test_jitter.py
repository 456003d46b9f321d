"""A timer with jitter fires late by a share that is drawn anew each time, and alike in every run."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.actor import Actor, Out, actor, on
from syncproof.core.moves import Fire
from syncproof.core.packets import Packet
from syncproof.core.values import DeviceId, Id
from syncproof.core.world import System
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from tests.helpers.timed import Times

DELAY, TIMES = 10.0, 200


class Again(Packet, frozen=True, gc=False):
    """A timer that arms itself `left` times."""

    left: int


@actor
class Waiter(Actor):
    jitter: float = 0.0

    def start(self, out: Out) -> None:
        out.after(DELAY, Again(TIMES), self.jitter)

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        if packet.left > 1:
            out.after(DELAY, Again(packet.left - 1), self.jitter)


def delays(jitter: float, seed: int = 1) -> dict[int, list[float]]:
    """Return how long each timer of two actors took."""
    table: dict[str, Any] = {"title": "timers", "shows": "jitter", "duration": "1h", "warmup": "0s"}
    wanted = Scenario.model_validate(table)
    traffic = Traffic([0, 1], 2, [], [], [], [], [], [[], []], [], [], 3600.0)
    system = System("waiters", lambda: {DeviceId(n): Waiter(id=DeviceId(n), jitter=jitter) for n in range(2)})
    times = Times()
    made = Simulation(system, [], traffic, FaultPlan(), wanted, seed, times, checks="none")
    times.clock = made.clock
    made.run()
    found: dict[int, list[float]] = {0: [], 1: []}
    last = [0.0, 0.0]
    for at, event in times.events:
        if isinstance(event, Fire):
            found[event.actor].append(at - last[event.actor])
            last[event.actor] = at
    return found


def test_a_timer_without_jitter_is_on_time() -> None:
    assert delays(0.0)[0] == pytest.approx([DELAY] * TIMES)


def test_jitter_adds_up_to_its_share_of_the_delay() -> None:
    found = delays(0.5)[0]
    assert DELAY <= min(found) < 1.05 * DELAY
    assert 1.45 * DELAY < max(found) <= 1.5 * DELAY
    assert sum(found) / TIMES == pytest.approx(1.25 * DELAY, rel=0.03)


def test_each_actor_and_each_time_is_drawn_by_itself() -> None:
    one, other = delays(0.5).values()
    assert len({round(delay, 6) for delay in one + other}) > 1.9 * TIMES


@pytest.mark.slow
def test_jitter_is_alike_in_every_run_of_a_seed() -> None:
    assert delays(0.5) == delays(0.5)
    assert delays(0.5) != delays(0.5, seed=2)
