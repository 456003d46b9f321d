"""conversation-order against histories written by hand."""

from __future__ import annotations


def test_a_later_place_is_shown_first(history) -> None:
    history.shown(1, 2)
    history.shown(1, 1)
    history.shown(1, 3)
    assert history.says("conversation-order") == ["device 1 shows message 1 at place 1 of conversation 0 after place 2"]


def test_places_grow_and_may_be_left_out(history) -> None:
    for message in (1, 2, 5):
        history.shown(1, message)
    history.shown(2, 1)
    assert history.says("conversation-order") == []


def test_two_messages_at_one_place(history) -> None:
    history.shown(1, 1, place=1)
    history.shown(1, 2, place=1)
    assert len(history.says("conversation-order")) == 1


def test_a_device_that_forgot_shows_again_from_what_it_holds(history) -> None:
    for message in (1, 2, 3):
        history.shown(1, message)
    history.forgot(1, 2, 3, reached=((0, 1),))
    history.shown(1, 2)
    history.shown(1, 3)
    assert history.says("conversation-order") == []


def test_what_it_still_holds_it_does_not_show_again(history) -> None:
    for message in (1, 2, 3):
        history.shown(1, message)
    history.forgot(1, 3, reached=((0, 2),))
    history.shown(1, 2)
    assert history.says("conversation-order") == ["device 1 shows message 2 at place 2 of conversation 0 after place 2"]


def test_another_devices_database_is_as_it_was(history) -> None:
    for device in (1, 2):
        history.shown(device, 2)
    history.forgot(1, 2)
    history.shown(2, 1)
    assert len(history.says("conversation-order")) == 1
