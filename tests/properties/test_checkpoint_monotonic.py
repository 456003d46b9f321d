"""checkpoint-monotonic against histories written by hand."""

from __future__ import annotations


def test_a_checkpoint_moves_back(history) -> None:
    history.checkpointed(1, 5)
    history.checkpointed(1, 3)
    history.checkpointed(1, 4)
    assert history.says("checkpoint-monotonic") == ["device 1 moves its checkpoint in sync timeline 1 from 5 back to 3"]


def test_a_checkpoint_moves_back_below_the_starting_value(history) -> None:
    history.checkpointed(1, 5, start=True)
    history.checkpointed(1, 3)
    assert len(history.says("checkpoint-monotonic")) == 1


def test_checkpoints_move_forward_on_each_device(history) -> None:
    for seq in (1, 4, 4, 9):
        history.checkpointed(1, seq)
    history.checkpointed(2, 2)
    assert history.says("checkpoint-monotonic") == []


def test_a_new_epoch_has_its_own_starting_value(history) -> None:
    history.checkpointed(1, 5)
    history.checkpointed(1, 0, start=True)
    assert history.says("checkpoint-monotonic") == []


def test_the_first_may_be_zero(history) -> None:
    history.checkpointed(1, 0)
    assert history.says("checkpoint-monotonic") == []
