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


def test_a_restored_device_continues_from_what_it_holds(history) -> None:
    for message in (1, 2, 3):
        history.shown(1, message)
    history.forgot(1, 2, 3, reached=((0, 1),))
    history.shown(1, 2)
    history.shown(1, 3)
    assert history.says("conversation-order") == []


def test_a_restored_device_must_not_show_again_what_it_holds(history) -> None:
    for message in (1, 2, 3):
        history.shown(1, message)
    history.forgot(1, 3, reached=((0, 2),))
    history.shown(1, 2)
    assert history.says("conversation-order") == ["device 1 shows message 2 at place 2 of conversation 0 after place 2"]


def test_a_restore_of_one_device_changes_nothing_for_another(history) -> None:
    for device in (1, 2):
        history.shown(device, 2)
    history.forgot(1, 2)
    history.shown(2, 1)
    assert len(history.says("conversation-order")) == 1


def test_what_one_device_forgot_another_has_shown(history) -> None:
    history.shown(1, 2)
    history.forgot(2)
    history.shown(1, 1)
    assert len(history.says("conversation-order")) == 1


def test_a_device_whose_backup_lacks_a_conversation_begins_it_anew(history) -> None:
    history.shown(1, 1)
    history.forgot(1, 1)
    history.shown(1, 1)
    assert history.says("conversation-order") == []
