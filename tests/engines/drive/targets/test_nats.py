"""NATS JetStream: a durable consumer for each device, acked message by message."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Delivered
from tests.helpers.servers import run

pytestmark = pytest.mark.slow


def test_what_was_not_acked_is_given_again_and_shown_once() -> None:
    broken, played = run("nats", "crash-applied")
    assert broken == set()
    assert any(isinstance(o, Delivered) and o.attempt > 1 for o in played.history)


def test_nothing_is_trimmed_that_a_consumer_has_not_acked() -> None:
    broken, _ = run("nats", "trimmed")
    assert broken == set()


def test_a_restored_stream_is_a_new_log_to_its_readers() -> None:
    broken, _ = run("nats", "restored")
    assert "accepted-is-durable" in broken
    assert "tail-append" not in broken
