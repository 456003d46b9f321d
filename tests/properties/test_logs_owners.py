"""A restore concerns the log that it names: its entries, and nobody else's."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Checkpointed
from syncproof.core.values import DeviceId, Timeline


@pytest.mark.parametrize(("kind", "owner"), [("conversation", 0), ("conversation", 1), ("sync", 0)])
def test_a_restore_takes_no_entry_from_another_log(history, kind, owner) -> None:
    history.joined(1, 1)
    history.sent(7)
    history.appended(1, 7, kind=kind, owner=owner)
    history.reverted(0, owner=1)
    history.appended(1, 7, owner=1, epoch=1)
    history.checkpointed(1, 1, owner=1, epoch=1)
    assert len(history.says("checkpoint-covered")) == 1


@pytest.mark.parametrize(
    ("kind", "owner", "device"), [("sync", 0, 0), ("sync", 1, 1), ("conversation", 0, 1), ("conversation", 1, 1)]
)
def test_a_new_epoch_has_the_entries_of_the_log_that_was_restored(history, kind, owner, device) -> None:
    history.joined(device, device)
    history.sent(7)
    history.appended(1, 7, kind=kind, owner=owner)
    history.reverted(1, kind=kind, owner=owner)
    history.add(Checkpointed(DeviceId(device), Timeline(kind, owner, 1), 1))
    assert len(history.says("checkpoint-covered")) == 1


def test_a_checkpoint_that_passes_a_void_also_passes_what_comes_after_it(history) -> None:
    history.sent(7)
    history.appended(1, None)
    history.appended(2, 7)
    history.checkpointed(1, 2)
    assert history.says("checkpoint-covered") == [
        "device 1 moves its checkpoint in sync timeline 1 to 2, past number 2, which it has not shown"
    ]


def passed_unseen(history) -> list[str]:
    """Return what is said when a device shows the second of two messages, and its checkpoint passes both."""
    history.appended(1, 7)
    history.appended(2, 8)
    history.shown(1, 8, seq=2)
    history.checkpointed(1, 2)
    return [*history.says("checkpoint-covered"), *history.says("prefix-order")]


def test_a_place_that_is_observed_again_is_no_second_place(history) -> None:
    history.sent(7, 8)
    history.placed(7, 7)
    assert len(passed_unseen(history)) == 2


def test_a_second_place_makes_the_entry_a_second_one(history) -> None:
    history.sent(7, 8)
    history.placed(7, 9)
    assert passed_unseen(history) == []


def test_a_place_that_a_restore_took_makes_the_entry_a_second_one(history) -> None:
    history.sent(7, 8)
    history.reverted(6, kind="conversation", owner=0)
    history.placed(7, 7)
    assert passed_unseen(history) == []


@pytest.mark.parametrize(("upto", "owner"), [(7, 0), (0, 1)])
def test_a_place_that_no_restore_took_is_the_same_place_afterwards(history, upto, owner) -> None:
    history.sent(7, 8)
    history.reverted(upto, kind="conversation", owner=owner)
    history.placed(7, 7)
    assert len(passed_unseen(history)) == 2


def test_an_entry_that_is_observed_again_is_no_second_entry(history) -> None:
    history.sent(7, 8)
    for seq, message in ((1, 7), (1, 7), (2, 8)):
        history.appended(seq, message)
    history.shown(1, 7, seq=1)
    history.shown(1, 8, seq=2)
    assert history.says("prefix-order") == []


def test_an_entry_that_is_observed_again_hides_no_gap(history) -> None:
    history.sent(7, 8)
    for seq, message in ((1, 7), (1, 7), (2, 8)):
        history.appended(seq, message)
    history.shown(1, 8, seq=2)
    assert len(history.says("prefix-order")) == 1
