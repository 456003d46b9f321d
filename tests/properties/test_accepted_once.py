"""accepted-once against histories written by hand."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Placed
from syncproof.core.values import ConversationId, MessageId

TWICE = "message 7 was accepted at place 7 of conversation 0, and takes place 8 as well"


def test_accepted_at_its_place_again_and_again(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.accepted(7, 7)
    history.accepted(7)
    assert history.says("accepted-once") == []


def test_accepted_without_a_place(history) -> None:
    history.composed(7)
    history.accepted(7, 7)
    history.accepted(7, 7)
    assert history.says("accepted-once") == ["message 7 is accepted and has taken no place"]


def test_placed_after_it_was_accepted_is_too_late_and_said_once(history) -> None:
    history.composed(7)
    history.accepted(7)
    history.placed(7, 7)
    history.accepted(7, 7)
    assert history.says("accepted-once") == ["message 7 is accepted and has taken no place"]


def test_accepted_at_another_place(history) -> None:
    history.sent(7)
    history.accepted(7, 3)
    assert history.says("accepted-once") == ["message 7 is accepted at place 3, but its place is 7"]


def test_placed_again_before_it_is_accepted(history) -> None:
    history.sent(7)
    history.placed(7, 8)
    history.accepted(7, 8)
    assert history.says("accepted-once") == []


def test_accepted_at_a_place_that_it_has_no_more(history) -> None:
    history.sent(7)
    history.placed(7, 8)
    history.accepted(7, 7)
    assert history.says("accepted-once") == ["message 7 is accepted at place 7, but its place is 8"]


def test_a_second_place_after_it_was_accepted(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.placed(7, 8)
    history.accepted(7, 7)
    assert history.says("accepted-once") == [TWICE]


def test_the_same_place_observed_again_is_no_second_place(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.placed(7, 7)
    history.accepted(7, 7)
    assert history.says("accepted-once") == []


def test_the_same_place_of_another_conversation_is_a_second_place(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.add(Placed(MessageId(7), ConversationId(1), 7, (), ()))
    assert history.says("accepted-once") == [
        "message 7 was accepted at place 7 of conversation 0, and takes place 7 of conversation 1 as well"
    ]


def test_a_restore_that_took_the_place_frees_the_message(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.reverted(6, kind="conversation", owner=0)
    history.placed(7, 8)
    history.accepted(7, 8)
    assert history.says("accepted-once") == []


def test_a_message_whose_place_a_restore_took_needs_another(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.reverted(6, kind="conversation", owner=0)
    history.accepted(7, 7)
    assert history.says("accepted-once") == ["message 7 is accepted and has taken no place"]


@pytest.mark.parametrize("upto", [7, 9])
def test_a_restore_that_left_the_place_frees_nothing(history, upto) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.reverted(upto, kind="conversation", owner=0)
    history.placed(7, 8)
    assert history.says("accepted-once") == [TWICE]


def test_restores_of_other_logs_free_nothing(history) -> None:
    history.sent(7)
    history.accepted(7, 7)
    history.reverted(0, kind="conversation", owner=1)
    history.reverted(0, kind="sync", owner=0)
    history.placed(7, 8)
    assert history.says("accepted-once") == [TWICE]


@pytest.mark.parametrize("place", [6, 8])
def test_accepted_at_a_place_that_it_never_had(history, place) -> None:
    history.sent(7)
    history.accepted(7, place)
    assert history.says("accepted-once") == [f"message 7 is accepted at place {place}, but its place is 7"]
