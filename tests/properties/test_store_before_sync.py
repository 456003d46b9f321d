"""store-before-sync against histories written by hand."""

from __future__ import annotations


def test_shown_elsewhere_before_it_is_stored(history) -> None:
    history.composed(7)
    history.shown(1, 7)
    history.shown(2, 7)
    assert history.says("store-before-sync") == ["device 1 shows message 7 before the server has stored it"]


def test_stored_first(history) -> None:
    history.composed(7)
    history.stored(7)
    history.shown(1, 7)
    assert history.says("store-before-sync") == []


def test_the_composing_device_may_show_it_at_once(history) -> None:
    history.composed(7)
    history.shown(0, 7)
    assert history.says("store-before-sync") == []
