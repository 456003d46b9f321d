"""Messages: when they are composed, what they are about, and that other draws do not change them."""

from __future__ import annotations

import pytest

from syncproof.inputs.durations import DAY
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT, changed


def test_messages_are_composed_at_the_stated_rate() -> None:
    made = generate(changed(duration="10d", traffic__messages_per_user_per_day=100.0), 4)
    assert len(made.times) == pytest.approx(20 * 10 * 100, rel=0.03)
    assert made.times == sorted(made.times)
    assert 0 <= made.times[0] <= made.times[-1] < made.horizon


def test_arrivals_do_not_depend_on_the_number_of_devices() -> None:
    few, many = (generate(changed(population__devices_per_user=n), 4) for n in (1, 5))
    assert few.times == many.times
    assert few.conversations == many.conversations
    assert few.sizes == many.sizes
    assert [few.owners[d] for d in few.devices] == [many.owners[d] for d in many.devices]


def test_a_burst_adds_messages_within_its_time_and_changes_no_other() -> None:
    plain = generate(DEFAULT, 1)
    burst = generate(changed(traffic__bursts=[{"start": "1h", "length": "30m", "factor": 3.0}]), 1)

    def messages(traffic: Traffic) -> list[tuple[float, int, int, int]]:
        return list(zip(traffic.times, traffic.devices, traffic.conversations, traffic.sizes, strict=True))

    added = sorted(set(messages(burst)) - set(messages(plain)))
    assert set(messages(plain)) <= set(messages(burst))
    assert all(3600.0 <= at < 5400.0 for at, *_ in added)
    usual = sum(3600.0 <= at < 5400.0 for at in plain.times)
    assert usual < len(added) < 3 * usual


def test_a_burst_at_night_is_as_quiet_as_the_night() -> None:
    made = changed(duration="1d", traffic__day_night=True)
    plain = len(generate(made, 1).times)
    night = made.with_value("traffic.bursts", [{"start": "0s", "length": "10m", "factor": 5.0}])
    noon = made.with_value("traffic.bursts", [{"start": "12h", "length": "10m", "factor": 5.0}])
    assert len(generate(night, 1).times) - plain < 0.1 * (len(generate(noon, 1).times) - plain)


def test_a_daily_rhythm_moves_messages_to_the_day() -> None:
    made = generate(changed(duration="10d", traffic__day_night=True), 4)
    by_day = sum(0.25 <= at % DAY / DAY < 0.75 for at in made.times)
    assert by_day / len(made.times) == pytest.approx(0.818, abs=0.02)


def test_only_members_write_to_a_conversation() -> None:
    made = generate(DEFAULT, 4)
    pairs = zip(made.devices, made.conversations, strict=True)
    assert all(made.owners[device] in made.members[conversation] for device, conversation in pairs)


def test_bodies_have_the_stated_median() -> None:
    made = generate(changed(duration="10d"), 4)
    assert sorted(made.sizes)[len(made.sizes) // 2] == pytest.approx(200, rel=0.03)


def test_a_recall_is_about_the_message_before_it_of_the_same_device_and_conversation() -> None:
    made = generate(changed(traffic__recalls=0.3), 4)
    assert made.about
    assert not set(made.about) & set(made.about.values())
    places = list(zip(made.devices, made.conversations, strict=True))
    for number, other in made.about.items():
        assert other < number
        assert places[other] == places[number]
        between = [n for n in range(other + 1, number) if places[n] == places[number]]
        assert between == []


def test_the_stated_share_is_recalled() -> None:
    made = generate(changed(traffic__recalls=0.2, duration="10d", population__devices_per_user=1), 4)
    assert len(made.about) / len(made.times) == pytest.approx(0.2 / 1.2, abs=0.01)  # a recall is not recalled
    every = generate(changed(traffic__recalls=1.0), 4)
    pairs: dict[tuple[int, int], int] = {}
    for place in zip(every.devices, every.conversations, strict=True):
        pairs[place] = pairs.get(place, 0) + 1
    assert len(every.about) == sum(count // 2 for count in pairs.values())


def test_without_recalls_the_traffic_is_the_same_but_for_them() -> None:
    plain, recalling = generate(DEFAULT, 4), generate(changed(traffic__recalls=0.5), 4)
    assert plain.about == {}
    assert (plain.times, plain.devices, plain.sessions) == (recalling.times, recalling.devices, recalling.sessions)


def test_the_stated_share_of_messages_expires_and_no_recall_does() -> None:
    made = generate(changed(traffic__expiring=0.3, traffic__recalls=0.3, duration="10d"), 4)
    assert len(made.expiring) / (len(made.times) - len(made.about)) == pytest.approx(0.3, abs=0.02)
    assert not made.expiring & set(made.about)


def test_without_expiring_messages_the_traffic_is_the_same_but_for_them() -> None:
    plain, expiring = generate(DEFAULT, 4), generate(changed(traffic__expiring=0.5), 4)
    assert plain.expiring == frozenset()
    assert (plain.times, plain.devices, plain.sessions) == (expiring.times, expiring.devices, expiring.sessions)
