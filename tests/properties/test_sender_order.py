"""sender-order against histories written by hand."""

from __future__ import annotations

import pytest


def test_the_later_message_takes_the_earlier_place(history) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(2, 1)
    history.placed(1, 2)
    assert history.says("sender-order") == [
        "message 1 of device 0 takes place 2 in conversation 0, against the order in which that device composed"
    ]


def test_places_follow_composing(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    for message in (1, 2, 3):
        history.placed(message, message)
    assert history.says("sender-order") == []


def test_each_device_is_judged_on_its_own(history) -> None:
    history.composed(1, device=0)
    history.composed(2, device=1)
    history.placed(2, 1)
    history.placed(1, 2)
    assert history.says("sender-order") == []


def test_a_retry_that_takes_a_second_place_after_a_newer_message(history) -> None:
    history.sent(1, 2)
    history.placed(1, 3)
    assert len(history.says("sender-order")) == 1


def test_the_last_message_may_be_placed_again(history) -> None:
    history.sent(1)
    history.placed(1, 2)
    history.sent(3)
    assert history.says("sender-order") == []


def test_a_message_may_take_its_own_place_again(history) -> None:
    history.sent(1)
    history.placed(1, 1)
    assert history.says("sender-order") == []


@pytest.mark.parametrize("messages", [(1, 2), (2, 1)])
def test_two_messages_at_one_place(history, messages) -> None:
    history.composed(1)
    history.composed(2)
    for message in messages:
        history.placed(message, 5)
    assert len(history.says("sender-order")) == 1


def test_places_that_a_restore_took_are_free_again(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(1, 1)
    history.placed(2, 2)
    history.reverted(1, kind="conversation", owner=0)
    history.placed(3, 2)
    assert history.says("sender-order") == []


def test_what_survived_the_restore_keeps_its_place(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(1, 1)
    history.placed(2, 2)
    history.reverted(2, kind="conversation", owner=0)
    history.placed(3, 2)
    assert len(history.says("sender-order")) == 1


@pytest.mark.parametrize(("kind", "owner"), [("sync", 0), ("conversation", 1)])
def test_a_restore_of_another_log_frees_nothing(history, kind, owner) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(1, 2)
    history.reverted(0, kind=kind, owner=owner)
    history.placed(2, 1)
    assert len(history.says("sender-order")) == 1


def test_a_message_that_nobody_composed_has_no_order(history) -> None:
    history.placed(7, 1)
    history.sent(8)
    assert history.says("sender-order") == []


def test_a_restore_that_took_no_place_of_the_device_frees_and_takes_nothing(history) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(1, 1)
    history.reverted(5, kind="conversation", owner=0)
    history.placed(2, 3)
    assert history.says("sender-order") == []


def test_a_restore_frees_the_places_of_every_device_of_the_conversation(history) -> None:
    for message in (1, 2):
        history.composed(message, device=1)
    history.placed(1, 2)
    history.reverted(1, kind="conversation", owner=0)
    history.placed(2, 2)
    assert history.says("sender-order") == []


def test_messages_that_a_restore_took_take_places_in_their_order_again(history) -> None:
    for message in (1, 2):
        history.composed(message)
    for message in (1, 2):
        history.placed(message, message)
    history.reverted(0, kind="conversation", owner=0)
    for message in (1, 2):
        history.placed(message, message)
    assert history.says("sender-order") == []


def test_a_message_that_a_restore_took_is_compared_with_those_that_it_left(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(2, 1)
    history.placed(3, 2)
    history.reverted(1, kind="conversation", owner=0)
    history.placed(1, 2)
    assert len(history.says("sender-order")) == 1


def test_a_message_that_is_placed_again_is_compared_with_every_other_one(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    for message in (1, 2, 3):
        history.placed(message, 2 * message)
    history.placed(1, 5)
    assert len(history.says("sender-order")) == 1


def test_a_place_against_the_order_is_told_once(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(1, 1)
    history.placed(3, 2)
    history.placed(2, 3)
    history.placed(1, 1)
    assert len(history.says("sender-order")) == 1
