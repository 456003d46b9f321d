"""A restore concerns the log that it names: its entries, and nobody else's."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Checkpointed
from syncproof.core.values import DeviceId, Timeline


def test_a_restore_takes_no_entry_from_another_log(history) -> None:
    history.joined(1, 1)
    history.sent(7)
    history.appended(1, 7, kind="conversation", owner=0)
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
