"""roaming-complete against histories written by hand."""

from __future__ import annotations


def test_a_new_device_gets_a_part_of_the_history(history) -> None:
    history.joined(3, 1, history=((0, 5), (1, 2)))
    history.roamed(3, 2, conversation=1)
    history.roamed(3, 4)
    assert history.says("roaming-complete") == ["new device 3 cannot reach the 5 earlier places of conversation 0"]


def test_a_new_device_gets_all_of_it_page_by_page(history) -> None:
    history.joined(3, 1, history=((0, 5),))
    history.roamed(3, 4)
    history.roamed(3, 5)
    assert history.says("roaming-complete") == []


def test_another_device_does_not_count(history) -> None:
    history.joined(3, 1, history=((0, 5),))
    history.roamed(1, 5)
    assert len(history.says("roaming-complete")) == 1


def test_an_empty_conversation_and_a_device_from_the_beginning_need_nothing(history) -> None:
    history.joined(3, 1, history=((0, 0),))
    assert history.says("roaming-complete") == []


def test_a_single_place_is_history_too(history) -> None:
    history.joined(3, 1, history=((0, 1),))
    assert len(history.says("roaming-complete")) == 1
