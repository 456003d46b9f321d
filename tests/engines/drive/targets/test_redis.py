"""Redis: what is synced before the reply survives, what is in memory alone does not."""

from __future__ import annotations

import pytest

from syncproof.engines.drive.targets.redis import entry_at, number_of
from tests.helpers.servers import run


def test_a_number_keeps_the_order_of_entries() -> None:
    entries = ["1795650712583-0", "1795650712583-1", "1795650712583-12", "1795650712584-0"]
    numbers = [number_of(entry) for entry in entries]
    assert numbers == sorted(set(numbers))
    assert [entry_at(number) for number in numbers] == entries
    assert numbers[-1] < 2**63


@pytest.mark.slow
def test_what_was_synced_before_the_reply_survives_a_kill() -> None:
    broken, _ = run("redis-always", "server-killed")
    assert broken == set()


@pytest.mark.slow
def test_a_kill_takes_what_is_in_memory_alone() -> None:
    broken, _ = run("redis-memory", "server-killed")
    assert {"accepted-is-durable", "no-loss"} <= broken


@pytest.mark.slow
def test_a_restored_stream_gives_no_number_twice() -> None:
    broken, _ = run("redis-always", "restored")
    assert broken == {"accepted-is-durable", "convergence"}


@pytest.mark.slow
def test_a_cursor_ahead_of_the_replica_loses_what_the_replica_lacked() -> None:
    broken, _ = run("redis-replica-head", "replica-behind")
    assert {"range-read", "checkpoint-covered", "no-loss"} <= broken


@pytest.mark.slow
def test_a_cursor_of_the_replicas_own_entries_loses_nothing() -> None:
    broken, _ = run("redis-replica", "replica-behind")
    assert broken == set()
