"""A device is woken by each push or notification that reaches it and by each poll, run or counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncproof.core.moves import Arrive, Fire
from syncproof.core.observations import Pulled
from syncproof.designs.packets import Poll, Pull
from syncproof.inputs import workload
from syncproof.inputs.scenario import Scenario
from tests.helpers.timed import ran

SCENARIO = Scenario.model_validate(
    {
        "title": "wakeups",
        "shows": "tests",
        "duration": "2h",
        "population": {"users": 6, "devices_per_user": 2},
        "conversations": {"pairs": 6, "groups": 1, "group_size": {"min": 3, "max": 5}},
        "traffic": {"messages_per_user_per_day": 200.0},
        "presence": {"offline": "0s"},
        "faults": {"push_loss": 0.2},
        "model": {"poll_interval": "5m"},
    }
)


@pytest.mark.parametrize("design", ["inbox-store-first", "timeline-notify"])
@pytest.mark.parametrize("parallel", [1, 8])
def test_wakeups_are_the_pushes_that_arrive_and_the_polls(design: str, parallel: int) -> None:
    wanted = SCENARIO.with_value("storage.parallel", parallel)
    made, times = ran(design, wanted, replace(workload.generate(wanted, 1), drain=0.0))
    moves = [event for at, event in times.events if 0 <= at < made.traffic.horizon]
    arrived = sum([isinstance(move, Arrive) for move in moves])
    fired = sum([isinstance(move, Fire) and isinstance(move.packet, Poll) for move in moves])
    pulled = sum([isinstance(event, Pulled) for at, event in times.events if at >= 0])
    counted = made.network.tallies[Pull].sent - pulled
    assert min(arrived, fired, counted) > 20
    assert made.network.wakeups_at_horizon == arrived + fired + counted
