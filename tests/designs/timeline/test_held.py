"""What a server of logs says it holds is what it has written, less what it replaced and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers.ledger import walk

CASES: list[tuple[str, dict[str, Any]]] = [
    ("timeline-notify", {}),
    ("timeline-notify", {"idempotent_send": False}),
    ("timeline-notify", {"sync_ttl": 60.0}),
    ("timeline-notify", {"sequencer": "segmented", "sequencer_block": 2}),
    ("timeline-checkpointed", {}),
    ("timeline-checkpointed", {"checkpoint_delay": 0.0}),
    ("timeline-checkpointed", {"retention": "acknowledged"}),
    ("timeline-dense-push", {}),
    ("timeline-dense-push", {"dense_numbers": "reserved"}),
    ("timeline-read-fanout", {}),
    ("timeline-hybrid-fanout", {"fanout_threshold": 1}),
    ("log-device-acks", {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("design", "parameters"), CASES, ids=str)
def test_what_was_written_less_what_was_replaced_and_deleted_is_held(design: str, parameters: dict[str, Any]) -> None:
    for seed in range(40):
        world = walk(design, seed, **parameters)
        assert (seed, world.differences()) == (seed, {})


def test_the_walks_store_something() -> None:
    walks = [walk("timeline-checkpointed", seed).stored for seed in range(40)]
    assert all(any(stored[store] for stored in walks) for store in ("message-store", "sync-store", "checkpoints"))
