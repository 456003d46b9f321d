"""The program that the simulator is timed beside makes the same observations and keeps the same counts."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.counting_simpy import Counting
from benchmarks.simulate import scenario
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.engines.simulate import RunResult
from syncproof.inputs import fault_plan, workload
from syncproof.studies.runs import simulate_design

pytestmark = pytest.mark.slow

DRAWN = {"Triggered", "Pulled", "Served", "Checkpointed", "RangeRead"}
"""What depends on which notifications are lost, which the two programs draw differently."""


class Counts:
    """A recorder that counts observations by class."""

    def __init__(self) -> None:
        self.observed: Counter[str] = Counter()

    def move(self, move: Move) -> None:
        pass

    def observation(self, observation: Observation) -> None:
        self.observed[type(observation).__name__] += 1


@pytest.fixture(scope="module")
def runs() -> tuple[Counting, RunResult, Counts]:
    wanted = scenario(1000, users=100)
    traffic = workload.generate(wanted, 1)
    counts = Counts()
    result = simulate_design(
        "timeline-notify", wanted, traffic, fault_plan.plan(wanted, traffic, 1), 1, recorder=counts, checks="none"
    )
    beside = Counting(wanted, traffic, 1)
    beside.run()
    return beside, result, counts


def test_it_makes_the_same_observations(runs: tuple[Counting, RunResult, Counts]) -> None:
    beside, _, counts = runs
    for kind, count in beside.observed.items():
        if kind.__name__ not in DRAWN:
            assert count == counts.observed[kind.__name__], kind
    # Polls that would find nothing are counted by the simulator, not observed.
    for name in DRAWN - {"Triggered", "Pulled", "Served"}:
        found = next(count for kind, count in beside.observed.items() if kind.__name__ == name)
        assert found == pytest.approx(counts.observed[name], rel=0.05)


def test_it_counts_the_same_packets_and_rows(runs: tuple[Counting, RunResult, Counts]) -> None:
    beside, result, _ = runs
    for kind in ("Submit", "Accept", "Notification"):
        assert beside.packets[kind] == result.packets[kind]
    assert beside.packets["Pull"] == pytest.approx(result.packets["Pull"], rel=0.05)
    for store, rows in result.rows.items():
        for kind, count in rows.items():
            assert beside.rows[store, kind] == pytest.approx(count, rel=0.05)
