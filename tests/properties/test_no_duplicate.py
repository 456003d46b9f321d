"""no-duplicate against histories written by hand."""

from __future__ import annotations


def test_shown_twice_on_one_device(history) -> None:
    history.shown(1, 7)
    history.shown(1, 7)
    assert history.says("no-duplicate") == ["device 1 shows message 7 a second time"]


def test_shown_once_on_each_device(history) -> None:
    for device in (0, 1, 2):
        history.shown(device, 7)
    assert history.says("no-duplicate") == []


def test_what_was_forgotten_is_shown_again_once(history) -> None:
    history.shown(1, 7)
    history.forgot(1, 7)
    history.shown(1, 7)
    assert history.says("no-duplicate") == []
    history.shown(1, 7)
    assert len(history.says("no-duplicate")) == 1


def test_only_what_was_forgotten_and_only_there(history) -> None:
    for device in (1, 2):
        history.shown(device, 7)
        history.shown(device, 8)
    history.forgot(1, 7)
    history.shown(1, 8)
    history.shown(2, 7)
    assert history.says("no-duplicate") == [
        "device 1 shows message 8 a second time",
        "device 2 shows message 7 a second time",
    ]
