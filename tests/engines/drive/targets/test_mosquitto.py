"""Mosquitto: a persistent session keeps what is queued, until the broker is killed before it has saved it."""

from __future__ import annotations

import pytest

from tests.helpers.servers import run

pytestmark = pytest.mark.slow


def test_a_session_keeps_what_comes_while_its_device_is_away() -> None:
    broken, _ = run("mosquitto", "later-device")
    assert broken == set()


def test_a_kill_takes_what_was_acknowledged_and_not_saved() -> None:
    broken, _ = run("mosquitto", "server-killed")
    assert "no-loss" in broken
