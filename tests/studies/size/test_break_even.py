"""Where designs change places, from charges: by hand for straight lines, and as the formulas say."""

from __future__ import annotations

import pytest

from syncproof.inputs.scenario import Scenario
from syncproof.studies.size import size
from syncproof.studies.size.break_even import DEVICES, MEMBERS, MESSAGES, Course, cheapest, crossings

ALL = ("cost", "rows written", "rows written and deleted")


def along(values: tuple[float, ...], **series: list[float]) -> Course:
    return Course("x", values, {"cost": series})


def test_two_lines_cross_between_two_points() -> None:
    """On logarithmic axes 1 to 4 and 4 to 1 meet half way, at the root of 1 x 100."""
    (found,) = crossings(along((1.0, 100.0), a=[1.0, 4.0], b=[4.0, 1.0]))
    assert (found.less_below, found.less_above, found.at, found.between) == ("a", "b", 10.0, (1.0, 100.0))


def test_designs_that_touch_do_not_cross() -> None:
    assert list(crossings(along((1.0, 2.0, 3.0), a=[1.0, 2.0, 1.0], b=[2.0, 2.0, 2.0]))) == []


def test_designs_that_cost_the_same_at_a_point_cross_there() -> None:
    (found,) = crossings(along((1.0, 2.0, 3.0), a=[1.0, 2.0, 3.0], b=[2.0, 2.0, 2.0]))
    assert (found.less_below, found.less_above, found.between) == ("a", "b", (1.0, 3.0))


def test_the_cheapest_is_told_of_those_that_keep_history_and_that_lose_nothing() -> None:
    found = cheapest(along((1.0, 2.0), a=[1.0, 3.0], b=[2.0, 2.0], lossy=[0.0, 0.0]), ["b"], ["a", "b"])
    assert (found.keeping_history, found.losing_nothing) == (["b", "b"], ["a", "b"])


def test_a_design_that_may_lose_messages_is_not_the_cheapest(small: Scenario) -> None:
    found = size(small, designs=["inbox-shared", "inbox-store-first"])
    assert found.losing_nothing() == ["inbox-store-first"]
    assert found.keeping_history() == []
    assert {each for along in found.results().cheapest for each in along.losing_nothing} == {"inbox-store-first"}
    assert {each for along in found.results().cheapest for each in along.keeping_history} == {None}


def test_copies_for_devices_are_more_than_copies_for_users_from_one_and_two_kths_devices_on(small: Scenario) -> None:
    """Store-first writes 1 + kD rows a message, notify 3 + k: equal at D = 1 + 2 / k."""
    found = size(small, designs=["inbox-store-first", "timeline-notify"]).results()
    members = found.traffic.members_per_message
    (at,) = [b.at for b in found.break_even if b.quantity == DEVICES and b.measure == "rows written"]
    assert at == pytest.approx(1 + 2 / members, rel=0.05)


def test_the_group_size_where_reading_is_cheaper_is_the_hybrids_reason(small: Scenario) -> None:
    found = size(small, designs=["timeline-notify", "timeline-read-fanout"]).results()
    places = [b for b in found.break_even if b.quantity == MEMBERS and b.measure == "rows written"]
    assert places == []  # a copy for each member is more than none, whatever the size
    assert {each.quantity for each in found.cheapest} == {DEVICES, MEMBERS, MESSAGES}
