"""no-early-delete against histories written by hand."""

from __future__ import annotations


def test_deleted_before_its_device_showed_it(history) -> None:
    history.queued(7, 1)
    history.shown(2, 7)
    history.deleted(7, 1)
    assert history.says("no-early-delete") == [
        "the copy of message 7 for device 1 is deleted before the device has shown it"
    ]


def test_shown_then_deleted(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7, seq=1, kind="inbox")
    history.deleted(7, 1)
    assert history.says("no-early-delete") == []


def test_shown_before_the_copy_was_queued(history) -> None:
    history.shown(1, 7)
    history.queued(7, 1)
    history.deleted(7, 1)
    assert history.says("no-early-delete") == []


def test_a_second_copy_of_what_was_shown(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.deleted(7, 1)
    history.queued(7, 1)
    history.deleted(7, 1)
    assert history.says("no-early-delete") == []


def test_a_shared_inbox_is_judged_by_the_device_that_asked(history) -> None:
    history.queued(7, 1, devices=(1, 2))
    history.shown(2, 7)
    history.deleted(7, 1, device=2)
    assert history.says("no-early-delete") == []
