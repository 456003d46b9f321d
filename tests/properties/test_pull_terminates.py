"""pull-terminates against histories written by hand."""

from __future__ import annotations

import pytest

from syncproof.properties.pull_terminates import FRUITLESS


def test_endless_pulls_are_reported_once(history) -> None:
    history.triggered(1)
    history.pulled(1, 2 * FRUITLESS)
    assert history.says("pull-terminates") == [
        f"device 1 has pulled {FRUITLESS} times since its last trigger, and nothing came of it"
    ]


@pytest.mark.parametrize("reason", ["triggered", "shown", "checkpointed"])
def test_pulls_with_a_cause_or_a_result(history, reason) -> None:
    history.pulled(1, FRUITLESS - 1)
    if reason == "triggered":
        history.triggered(1)
    elif reason == "shown":
        history.shown(1, 7)
    else:
        history.checkpointed(1, 3)
    history.pulled(1, FRUITLESS - 1)
    assert history.says("pull-terminates") == []


def test_another_devices_trigger_does_not_count(history) -> None:
    history.pulled(1, FRUITLESS - 1)
    history.triggered(2)
    history.pulled(1)
    assert len(history.says("pull-terminates")) == 1


def test_a_hundred_pulls_without_a_result_are_endless(history) -> None:
    history.pulled(1, 99)
    assert history.says("pull-terminates") == []
    history.pulled(1)
    assert len(history.says("pull-terminates")) == 1


@pytest.mark.parametrize("reason", ["triggered", "shown", "checkpointed"])
def test_pulls_are_counted_from_the_last_cause_or_result(history, reason) -> None:
    history.pulled(1)
    if reason == "triggered":
        history.triggered(1)
    elif reason == "shown":
        history.shown(1, 7)
    else:
        history.checkpointed(1, 3)
    history.pulled(1, FRUITLESS)
    assert len(history.says("pull-terminates")) == 1
