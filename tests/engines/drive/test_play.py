"""When a run has come to rest."""

from __future__ import annotations

import pytest

from syncproof.engines.drive.adapter import load
from syncproof.engines.drive.play import REST_S, quiet_s
from syncproof.engines.drive.targets import TARGETS


def test_a_run_rests_longer_than_a_server_waits_until_it_gives_again() -> None:
    nats = load(TARGETS["nats"])
    assert nats.gives_again_s > 0.0
    assert quiet_s(nats) == nats.gives_again_s + REST_S


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_run_rests_for_several_looks_of_a_device(name: str) -> None:
    target = load(TARGETS[name])
    assert quiet_s(target) >= max(REST_S, 4 * target.poll_s)
