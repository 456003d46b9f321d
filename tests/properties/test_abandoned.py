"""Nothing is owed to a device that is gone for good, although the server keeps it in audiences."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Abandoned, Retired
from syncproof.properties import PROPERTIES


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_excuses_a_retired_device_excuses_an_abandoned_one(name: str) -> None:
    reactions = PROPERTIES[name].reactions
    assert (Retired in reactions) == (Abandoned in reactions)


def test_a_message_placed_before_need_not_be_shown_there(history) -> None:
    history.sent(7)
    history.accepted(7)
    history.shown(0, 7)
    history.shown(1, 7)
    history.abandoned(2)
    assert history.says("no-loss") == []


def test_a_message_placed_later_need_not_be_shown_there(history) -> None:
    history.abandoned(2)
    history.sent(7)
    history.accepted(7)
    history.shown(0, 7)
    history.shown(1, 7)
    assert history.says("no-loss") == []


def test_the_others_must_show_a_message_placed_later(history) -> None:
    history.abandoned(2)
    history.sent(7)
    history.accepted(7)
    history.shown(0, 7)
    assert history.says("no-loss") == ["message 7 was accepted, but device 1 of its audience never shows it"]


def test_a_message_without_a_place_is_not_owed_to_it(history) -> None:
    history.member_added(0, 0)
    history.member_added(0, 1)
    history.composed(7)
    history.abandoned(1)
    history.joined(1, 1)  # its registration was still on the way
    history.abandoned(2)
    history.accepted(7)
    assert history.says("no-loss") == ["message 7 was accepted, but device 0 of its audience never shows it"]


def test_a_copy_of_a_message_placed_later_may_go_once_the_others_showed_it(history) -> None:
    history.abandoned(2)
    history.sent(7)
    history.queued(7, 1)
    history.accepted(7)
    history.shown(1, 7)
    history.deleted(7, 1)
    assert history.says("accepted-is-durable") == []


def test_it_is_not_compared_with_the_other_devices_of_its_user(history) -> None:
    history.abandoned(2)
    history.sent(7)
    history.shown(1, 7)
    assert history.says("convergence") == []


def test_it_is_not_compared_although_its_registration_arrives_later(history) -> None:
    history.abandoned(2)
    history.joined(2, 1)
    history.sent(7)
    history.shown(1, 7)
    assert history.says("convergence") == []


def test_its_copies_stay_in_its_inbox(history) -> None:
    history.shown(1, 7)
    history.abandoned(1)
    history.queued(7, 1)
    assert history.says("inbox-drained") == []


def test_a_shared_inbox_is_judged_by_the_other_devices(history) -> None:
    history.abandoned(1)
    history.queued(7, 1, devices=(1, 2))
    history.shown(2, 7)
    assert len(history.says("inbox-drained")) == 1


def test_what_it_composed_and_never_sent_is_not_owed(history) -> None:
    history.composed(7, device=0)
    history.composed(8, device=1)
    history.abandoned(1)
    assert history.says("outbox-drained") == ["message 7, composed on device 0, is neither accepted nor refused"]


def test_it_need_not_fetch_history_if_its_registration_arrives_later(history) -> None:
    history.sent(7)
    history.abandoned(3)
    history.joined(3, 1, history=((0, 1),))
    assert history.says("roaming-complete") == []
