"""outbox-drained against histories written by hand."""

from __future__ import annotations

STUCK = "message {}, composed on device 0, is neither accepted nor refused"


def test_what_is_neither_accepted_nor_refused_is_stuck(history) -> None:
    history.composed(8)
    history.composed(7)
    assert history.says("outbox-drained") == [STUCK.format(7), STUCK.format(8)]


def test_what_is_accepted_is_not_stuck(history) -> None:
    history.composed(7)
    history.accepted(7)
    assert history.says("outbox-drained") == []


def test_what_is_refused_is_not_stuck(history) -> None:
    history.composed(7)
    history.refused(7)
    assert history.says("outbox-drained") == []


def test_a_place_alone_is_no_reply(history) -> None:
    history.sent(7)
    assert history.says("outbox-drained") == [STUCK.format(7)]


def test_a_retired_device_sends_nothing_any_more_and_the_others_must(history) -> None:
    history.composed(7, device=0)
    history.composed(8, device=1)
    history.retired(1)
    assert history.says("outbox-drained") == [STUCK.format(7)]


def test_what_a_restore_took_from_the_outbox_is_not_owed_and_the_rest_is(history) -> None:
    history.composed(7)
    history.composed(8)
    history.forgot(0, unsent=[8])
    assert history.says("outbox-drained") == [STUCK.format(7)]


def test_what_a_device_forgot_of_what_it_had_shown_is_owed(history) -> None:
    history.composed(7)
    history.forgot(0, 7)
    assert history.says("outbox-drained") == [STUCK.format(7)]


def test_nothing_is_kept_of_what_was_answered(history) -> None:
    for message in range(5):
        history.composed(message)
        history.accepted(message)
        history.accepted(message)
    assert history.run("outbox-drained").waiting == {}
