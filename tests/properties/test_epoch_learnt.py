"""epoch-learnt against histories written by hand."""

from __future__ import annotations

STILL = "device {} still reads epoch {} of sync timeline 1, whose epoch is {}"


def test_a_device_that_continues_in_the_old_epoch(history) -> None:
    for device in (1, 2):
        history.checkpointed(device, 3)
    history.reverted(2)
    history.checkpointed(1, 2, start=True, epoch=1)
    assert history.says("epoch-learnt") == [STILL.format(2, 0, 1)]


def test_every_device_learns_the_new_epoch(history) -> None:
    for device in (1, 2):
        history.checkpointed(device, 3)
    history.reverted(2)
    for device in (1, 2):
        history.checkpointed(device, 2, start=True, epoch=1)
    assert history.says("epoch-learnt") == []


def test_only_the_latest_epoch_counts(history) -> None:
    history.checkpointed(1, 3)
    history.reverted(2)
    history.checkpointed(1, 2, start=True, epoch=1)
    history.reverted(1, epoch=2, of=0)
    assert history.says("epoch-learnt") == [STILL.format(1, 1, 2)]


def test_a_device_without_a_checkpoint_has_nothing_to_learn(history) -> None:
    history.reverted(2)
    assert history.says("epoch-learnt") == []


def test_another_log_keeps_its_epoch(history) -> None:
    history.checkpointed(1, 3)
    history.reverted(2, owner=0)
    history.reverted(2, kind="conversation")
    assert history.says("epoch-learnt") == []


def test_a_retired_device_has_nothing_to_learn(history) -> None:
    for device in (1, 2):
        history.checkpointed(device, 3)
    history.reverted(2)
    history.retired(2)
    assert history.says("epoch-learnt") == [STILL.format(1, 0, 1)]
