"""A mix that is small enough to count by hand, and a scenario whose runs take part of a second."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.inputs import workload
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.studies.size import traffic
from syncproof.studies.size.mix import Mix

SMALL: dict[str, Any] = {
    "title": "small",
    "shows": "a test",
    "name": "small",
    "duration": "3h",
    "population": {"users": 8, "devices_per_user": [1, 2, 3]},
    "conversations": {"pairs": 10, "groups": 3, "group_size": {"min": 3, "max": 6}},
    "traffic": {"messages_per_user_per_day": 300.0},
    "presence": {"online": "30m", "offline": "20m"},
    "model": {"fanout_threshold": 3},
}


@pytest.fixture(scope="session")
def small() -> Scenario:
    return Scenario.model_validate(SMALL)


TEN_MINUTES = Scenario.model_validate({**SMALL, "duration": "10m"})


def two_users(**changes: Any) -> Traffic:
    """Return ten minutes in which user 0 (device 0) writes one message of 100 bytes to user 1 (devices 1 and 2).

    Device 1 is connected all the time, device 2 from the sixth to the eighth minute.
    """
    facts: dict[str, Any] = {
        "owners": [0, 1, 1],
        "initial_devices": 3,
        "members": [(0, 1)],
        "times": [120.0],
        "devices": [0],
        "conversations": [0],
        "sizes": [100],
        "sessions": [[(0.0, 600.0, 0.0)], [(0.0, 600.0, 0.0)], [(360.0, 480.0, 0.0)]],
        "changes": [],
        "joins": [],
        "horizon": 600.0,
    }
    return Traffic(**{**facts, **changes})


@pytest.fixture
def mix() -> Mix:
    return traffic.count(two_users(), TEN_MINUTES, rest=False)


@pytest.fixture(scope="session")
def small_traffic(small: Scenario) -> Traffic:
    return workload.generate(small, 1000)
