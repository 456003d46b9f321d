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
