"""inbox-drained against histories written by hand."""

from __future__ import annotations


def test_delivered_and_still_queued(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7, seq=1, kind="inbox", owner=1)
    assert history.says("inbox-drained") == ["message 7 was delivered from inbox 1 and is still queued there"]


def test_shown_before_the_copy_was_queued(history) -> None:
    history.shown(1, 7)
    history.queued(7, 1)
    assert len(history.says("inbox-drained")) == 1


def test_any_device_that_fetches_there_counts(history) -> None:
    history.queued(7, 1, devices=(1, 2))
    history.shown(2, 7)
    assert len(history.says("inbox-drained")) == 1


def test_deleted_after_delivery(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.deleted(7, 1)
    assert history.says("inbox-drained") == []


def test_a_copy_may_wait_for_its_device(history) -> None:
    history.queued(7, 1)
    history.shown(2, 7)
    assert history.says("inbox-drained") == []


def test_a_second_copy_that_stays(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.deleted(7, 1)
    history.queued(7, 1)
    assert len(history.says("inbox-drained")) == 1


def test_a_copy_that_is_gone_is_not_queued(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.gone(7, box=1)
    assert history.says("inbox-drained") == []


def test_a_message_gone_from_the_message_store_may_still_be_queued(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.gone(7)
    assert len(history.says("inbox-drained")) == 1


def test_the_inbox_of_a_retired_device_need_not_be_drained(history) -> None:
    history.queued(7, 1)
    history.shown(1, 7)
    history.retired(1)
    assert history.says("inbox-drained") == []


def test_a_shared_inbox_is_judged_by_the_remaining_devices(history) -> None:
    history.queued(7, 1, devices=(1, 2))
    history.shown(2, 7)
    history.retired(1)
    assert len(history.says("inbox-drained")) == 1
