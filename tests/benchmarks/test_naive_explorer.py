"""The naive explorer, which the benchmark compares with the explorer, finds the same states and transitions."""

from __future__ import annotations

import pytest

from benchmarks.naive_explorer import explore as naive
from examples.two_phase_commit import two_phase
from syncproof.core.environment import Environment
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import SmallWorld, build


def messaging(design: str) -> tuple[System, Environment]:
    """Return a small world without retransmission, which the naive explorer does not bound."""
    system, _, environment = build(design, SmallWorld("two-people", 1, (), (("retransmission", False),)))
    return system, environment


@pytest.mark.parametrize(
    ("system", "environment"),
    [messaging("inbox-store-first"), messaging("timeline-dense-push"), (two_phase(3), Environment())],
    ids=["inbox-store-first", "timeline-dense-push", "two-phase commit"],
)
def test_it_counts_what_the_explorer_counts(system: System, environment: Environment) -> None:
    graph = explore(system, environment).graph
    assert naive(system, environment) == (len(graph.states), len(graph.targets))
