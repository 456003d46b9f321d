"""accepted-is-durable against histories written by hand."""

from __future__ import annotations

import pytest


def test_accepted_and_stored_nowhere(history) -> None:
    history.sent(7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == [
        "it is accepted, but message 7 is nowhere on the server and device 1 has not shown it"
    ]


def test_accepted_without_a_place(history) -> None:
    history.composed(7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == [
        "it is accepted, but message 7 is nowhere on the server and has no place"
    ]


def test_the_last_copy_is_deleted_before_every_device_has_shown_it(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.accepted(7)
    history.shown(1, 7)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == [
        "its last copy is deleted, but message 7 is nowhere on the server and device 2 has not shown it"
    ]


def test_the_message_store_keeps_it(history) -> None:
    history.sent(7)
    history.stored(7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == []


def test_copies_keep_it_until_every_device_has_shown_it(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 2)
    history.accepted(7)
    for device in (1, 2):
        history.shown(device, 7)
        history.deleted(7, device)
    assert history.says("accepted-is-durable") == []


def test_shown_on_the_whole_audience_before_it_was_accepted(history) -> None:
    history.sent(7)
    history.shown(1, 7)
    history.shown(2, 7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == []


def test_shown_before_it_was_placed_counts(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.shown(2, 7)
    history.placed(7, 7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == []


def test_a_copy_before_the_place_counts(history) -> None:
    history.composed(7)
    history.queued(7, 1)
    history.placed(7, 7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == []


def test_a_finished_message_may_be_placed_and_copied_again(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.accepted(7)
    history.shown(1, 7)
    history.shown(2, 7)
    history.deleted(7, 1)
    history.placed(7, 8)
    history.queued(7, 1)
    history.accepted(7)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == []


def test_one_complaint_per_message(history) -> None:
    history.sent(7)
    history.accepted(7)
    history.placed(7, 8)
    history.accepted(7)
    assert len(history.says("accepted-is-durable")) == 1


@pytest.mark.parametrize("last", ["accepted", "shown"])
def test_a_finished_message_is_no_longer_kept_whatever_comes_last(history, last) -> None:
    history.sent(7)
    history.queued(7, 1)
    steps = {"accepted": lambda: history.accepted(7), "shown": lambda: [history.shown(d, 7) for d in (1, 2)]}
    for step in (*(steps[name] for name in steps if name != last), steps[last]):
        step()
    automaton = history.run("accepted-is-durable")
    assert (automaton.open, automaton.composers, automaton.safe) == ({}, {}, {7})


def test_an_accepted_message_is_lost_from_the_message_store(history) -> None:
    history.sent(7)
    history.stored(7)
    history.accepted(7)
    for device in (0, 1, 2):
        history.shown(device, 7)
    history.gone(7)
    assert history.says("accepted-is-durable") == ["message 7 was in the message store and is gone"]


def test_a_message_that_was_not_accepted_may_be_lost(history) -> None:
    history.sent(7)
    history.stored(7)
    history.gone(7)
    assert history.says("accepted-is-durable") == []


def test_a_message_that_was_never_stored_cannot_be_lost(history) -> None:
    history.sent(7)
    history.gone(7)
    assert history.says("accepted-is-durable") == []


def test_the_last_copy_is_lost_from_an_inbox(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 2)
    history.accepted(7)
    history.gone(7, box=1)
    assert history.says("accepted-is-durable") == []
    history.gone(7, box=2)
    assert history.says("accepted-is-durable") == [
        "its last copy is gone, but message 7 is nowhere on the server and device 1 has not shown it"
    ]


def test_a_retired_device_need_not_show_it(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 2)
    history.accepted(7)
    history.shown(1, 7)
    history.deleted(7, 1)
    history.retired(2)
    history.gone(7, box=2)
    assert history.says("accepted-is-durable") == []


def test_another_devices_retirement_excuses_nothing(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.accepted(7)
    history.retired(2)
    history.gone(7, box=1)
    assert len(history.says("accepted-is-durable")) == 1


@pytest.mark.parametrize("device", [0, 1])
def test_every_device_needs_a_message_that_nobody_is_known_to_have_composed(history, device) -> None:
    history.placed(7, 1)
    for other in {0, 1, 2} - {device}:
        history.shown(other, 7)
    history.accepted(7)
    assert history.says("accepted-is-durable") == [
        f"it is accepted, but message 7 is nowhere on the server and device {device} has not shown it"
    ]


@pytest.mark.parametrize("last", ["shown", "retired"])
def test_nothing_more_than_its_id_is_kept_of_a_message_that_no_device_lacks(history, last) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.accepted(7)
    history.shown(1, 7)
    if last == "shown":
        history.shown(2, 7)
    else:
        history.retired(2)
    automaton = history.run("accepted-is-durable")
    assert (automaton.open, automaton.composers, automaton.safe) == ({}, {}, {7})


def test_the_copies_of_a_message_that_is_not_accepted_may_be_deleted(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == []


def test_a_device_is_retired_before_what_it_showed_has_a_place(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.retired(1)
    assert history.says("accepted-is-durable") == []


LAST = ["its last copy is deleted, but message 7 is nowhere on the server and device 1 has not shown it"]
LOST = ["its last copy is gone, but message 7 is nowhere on the server and device 1 has not shown it"]


def test_a_copy_that_is_written_twice_into_one_box_is_one_copy(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 1)
    history.accepted(7)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == LAST


def test_a_copy_that_is_deleted_twice_from_one_box_is_one_copy(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 2)
    history.accepted(7)
    history.deleted(7, 1)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == []
    history.deleted(7, 2)
    assert history.says("accepted-is-durable") == LAST


@pytest.mark.parametrize("copies", [1, 2])
def test_a_copy_that_a_restore_brings_back_counts_once(history, copies) -> None:
    """It was deleted after the backup, and is observed as queued again."""
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 2)
    history.accepted(7)
    history.deleted(7, 1)
    for _ in range(copies):
        history.queued(7, 1)
    history.deleted(7, 2)
    assert history.says("accepted-is-durable") == []
    history.gone(7, box=1)
    assert history.says("accepted-is-durable") == LOST


def test_a_copy_that_comes_back_before_the_message_is_accepted_counts(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.deleted(7, 1)
    history.queued(7, 1)
    history.accepted(7)
    assert history.says("accepted-is-durable") == []
    history.gone(7, box=1)
    assert history.says("accepted-is-durable") == LOST


def test_a_message_whose_only_copy_is_written_twice_and_lost_is_not_in_the_message_store(history) -> None:
    history.sent(7)
    history.queued(7, 1)
    history.queued(7, 1)
    history.gone(7, box=1)
    history.accepted(7)
    assert len(history.says("accepted-is-durable")) == 1
