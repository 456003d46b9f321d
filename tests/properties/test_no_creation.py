"""no-creation against histories written by hand."""

from __future__ import annotations


def test_shown_before_it_was_placed(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    assert history.says("no-creation") == ["device 1 shows message 7, which nobody has composed and placed"]


def test_placed_though_nobody_composed_it(history) -> None:
    history.placed(7, 1)
    history.shown(1, 7)
    assert history.says("no-creation") == ["message 7 takes a place in conversation 0, but it was never composed"]


def test_shown_to_a_user_who_was_not_a_member(history) -> None:
    history.joined(3, 2)
    history.sent(7)
    history.shown(3, 7)
    assert history.says("no-creation") == [
        "device 3 shows message 7 of conversation 0, of which its user was no member"
    ]


def test_shown_to_the_members(history) -> None:
    history.sent(7)
    for device in (0, 1, 2):
        history.shown(device, 7)
    assert history.says("no-creation") == []


def test_a_device_that_a_member_registers_later_may_show_it(history) -> None:
    history.sent(7)
    history.joined(3, 1)
    history.shown(3, 7)
    assert history.says("no-creation") == []


def test_members_of_the_first_placing_stay_in_the_audience(history) -> None:
    history.sent(7)
    history.placed(7, 8, users=(0,), devices=(0,))
    history.shown(1, 7)
    assert history.says("no-creation") == []


def test_a_second_placing_may_add_members(history) -> None:
    history.joined(3, 2)
    history.sent(7)
    history.placed(7, 8, users=(0, 1, 2), devices=(0, 1, 2, 3))
    history.shown(3, 7)
    assert history.says("no-creation") == []


def test_what_is_placed_is_no_longer_kept_as_composed(history) -> None:
    history.sent(7)
    assert history.run("no-creation").composed == {}


def test_the_composing_device_may_show_it_after_its_user_was_removed(history) -> None:
    history.composed(7, device=1)
    history.placed(7, 1, users=(0,), devices=(0,))
    history.shown(1, 7)
    assert history.says("no-creation") == []


def test_other_devices_of_a_removed_composer_may_not_show_it(history) -> None:
    history.composed(7, device=1)
    history.placed(7, 1, users=(0,), devices=(0,))
    history.shown(2, 7)
    assert len(history.says("no-creation")) == 1
