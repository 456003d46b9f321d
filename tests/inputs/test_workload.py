"""Traffic: keyed draws, arrivals, presence, and traces converted to sessions and members."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.inputs import scenario
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traces import EVENTS, Trace, read
from syncproof.inputs.workload import DAY, LINGER, Traffic, generate

DEFAULT = scenario.load("default")
DRAIN = 900.0
"""Seconds that presence goes on after the last message: a poll interval."""


def changed(**values: object) -> Scenario:
    """Return the default scenario with changed keys, whose dots are written as two underscores."""
    made = DEFAULT
    for key, value in values.items():
        made = made.with_value(key.replace("__", "."), value)
    return made


def presence(*rows: tuple[float, str, int, float]) -> Trace:
    users = 1 + max(row[2] for row in rows)
    numbered = [(at, EVENTS.index(event), user, dead) for at, event, user, dead in rows]
    return Trace("presence", "rows", users, numbered, rows[-1][0])


def group(trace: Trace, member_for: str = "30d") -> Traffic:
    made = scenario.load("irc-group").with_value("population.devices_per_user", 1)
    return generate(made.with_value("presence.member_for", member_for), 1, trace)


# ---- synthetic


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


def test_devices_are_abandoned_one_by_one_whatever_others_there_are() -> None:
    made = changed(population__abandoned=0.3, population__new_devices=0)
    fewer, more = generate(made, 1).abandoned, generate(made.with_value("population.new_devices", 2), 1).abandoned
    assert fewer
    assert set(fewer) <= set(more)


def test_without_abandoned_devices_the_traffic_is_the_same() -> None:
    assert generate(changed(population__abandoned=0.0), 1) == generate(DEFAULT, 1)


def test_a_user_whose_devices_are_all_abandoned_writes_no_more() -> None:
    traffic = generate(changed(population__abandoned=1.0), 1)
    left = {device: at for at, device, _ in traffic.abandoned}
    assert len(left) == len(traffic.owners)
    assert 0 < len(traffic.times) < len(generate(DEFAULT, 1).times)
    assert all(at < left[device] for at, device in zip(traffic.times, traffic.devices, strict=True))


def test_a_shortened_traffic_has_no_device_that_is_abandoned_later() -> None:
    traffic = generate(changed(population__abandoned=1.0), 1)
    short = traffic.first(len(traffic.times) // 4)
    assert short.abandoned == tuple([each for each in traffic.abandoned if each[0] < short.horizon])


def test_the_same_seed_gives_the_same_traffic() -> None:
    assert generate(DEFAULT, 4) == generate(DEFAULT, 4)


def test_another_seed_gives_other_traffic() -> None:
    assert generate(DEFAULT, 4).times != generate(DEFAULT, 5).times


def test_arrivals_do_not_depend_on_the_number_of_devices() -> None:
    few, many = (generate(changed(population__devices_per_user=n), 4) for n in (1, 5))
    assert few.times == many.times
    assert few.conversations == many.conversations
    assert few.sizes == many.sizes
    assert [few.owners[d] for d in few.devices] == [many.owners[d] for d in many.devices]


def test_presence_of_a_device_does_not_depend_on_how_many_there_are() -> None:
    few, many = (
        generate(changed(population__devices_per_user=n, presence__opens_to_send=False, population__new_devices=0), 4)
        for n in (1, 3)
    )
    assert few.sessions == many.sessions[::3]


def test_presence_does_not_depend_on_the_messages() -> None:
    quiet, loud = (
        generate(changed(traffic__messages_per_user_per_day=rate, presence__opens_to_send=False), 4)
        for rate in (1.0, 500.0)
    )
    assert quiet.sessions == loud.sessions


def test_messages_are_composed_at_the_stated_rate() -> None:
    made = generate(changed(duration="10d", traffic__messages_per_user_per_day=100.0), 4)
    assert len(made.times) == pytest.approx(20 * 10 * 100, rel=0.03)
    assert made.times == sorted(made.times)
    assert 0 <= made.times[0] <= made.times[-1] < made.horizon


def test_a_daily_rhythm_moves_messages_to_the_day() -> None:
    made = generate(changed(duration="10d", traffic__day_night=True), 4)
    by_day = sum(0.25 <= at % DAY / DAY < 0.75 for at in made.times)
    assert by_day / len(made.times) == pytest.approx(0.818, abs=0.02)


def test_only_members_write_to_a_conversation() -> None:
    made = generate(DEFAULT, 4)
    pairs = zip(made.devices, made.conversations, strict=True)
    assert all(made.owners[device] in made.members[conversation] for device, conversation in pairs)


def test_pairs_are_distinct_and_groups_have_the_stated_sizes() -> None:
    made = generate(DEFAULT, 4)
    pairs, groups = made.members[:40], made.members[40:]
    assert len(set(pairs)) == 40
    assert all(a < b for a, b in pairs)
    assert len(groups) == 5
    assert all(3 <= len(members) == len(set(members)) <= 8 for members in groups)


def test_zipf_makes_small_groups_more_frequent() -> None:
    sizes = {"zipf": 2.0, "min": 3, "max": 20}
    made = generate(changed(conversations__groups=400, conversations__group_size=sizes), 4)
    counts = [len(members) for members in made.members[40:]]
    assert counts.count(3) > 4 * counts.count(10) > 0


def test_bodies_have_the_stated_median() -> None:
    made = generate(changed(duration="10d"), 4)
    assert sorted(made.sizes)[len(made.sizes) // 2] == pytest.approx(200, rel=0.03)


def test_a_list_of_device_counts_is_taken_in_turn() -> None:
    made = generate(changed(population__devices_per_user=[1, 3]), 4)
    assert made.owners[:8] == [0, 1, 1, 1, 2, 3, 3, 3]


def test_sessions_are_in_order_disjoint_and_within_the_run() -> None:
    made = generate(DEFAULT, 4)
    for sessions in made.sessions:
        assert all(0 <= start < end <= made.end and dead >= 0 for start, end, dead in sessions)
        assert all(one[1] <= other[0] for one, other in pairwise(sessions))


def test_devices_are_connected_for_the_stated_share_of_the_time() -> None:
    made = generate(changed(duration="30d", presence__opens_to_send=False, population__new_devices=0), 4)
    online = sum(end - start for sessions in made.sessions for start, end, _ in sessions)
    assert online / (made.end * len(made.owners)) == pytest.approx(0.75, abs=0.01)


def test_the_stated_share_of_sessions_ends_half_open() -> None:
    made = generate(changed(duration="30d", presence__opens_to_send=False, population__new_devices=0), 4)
    ends = [dead for sessions in made.sessions for _, end, dead in sessions if end < made.end]
    assert sum(dead > 0 for dead in ends) / len(ends) == pytest.approx(0.2, abs=0.01)
    assert sum(ends) / sum(dead > 0 for dead in ends) == pytest.approx(180.0, rel=0.03)


def test_a_session_that_the_end_cuts_is_not_half_open() -> None:
    made = generate(changed(presence__half_open=1.0), 4)
    assert all(dead == 0 for sessions in made.sessions for _, end, dead in sessions if end == made.end)


@pytest.mark.parametrize("values", [{"presence__offline": "0s"}, {"presence__always_online": 1.0}])
def test_a_device_that_never_disconnects_has_one_session(values: dict[str, object]) -> None:
    made = generate(changed(**values, population__new_devices=0), 4)
    assert all(sessions == [(0.0, made.end, 0.0)] for sessions in made.sessions)


def test_a_user_who_composes_connects_first() -> None:
    made = generate(DEFAULT, 4)
    for at, device in zip(made.times, made.devices, strict=True):
        assert any(start <= at <= end for start, end, _ in made.sessions[device])


def test_without_opening_to_send_some_messages_wait_in_the_outbox() -> None:
    made = generate(changed(presence__opens_to_send=False), 4)
    pairs = zip(made.times, made.devices, strict=True)
    assert not all(any(start <= at <= end for start, end, _ in made.sessions[device]) for at, device in pairs)


def test_new_devices_join_midway_and_are_connected_then() -> None:
    made = generate(changed(population__new_devices=3), 4)
    assert [device for _, device in made.joins] == list(range(made.initial_devices, made.initial_devices + 3))
    for at, device in made.joins:
        assert 0 < at < made.horizon
        start, end, _ = made.sessions[device][0]
        assert start == at
        assert end >= at + LINGER
        assert device not in made.devices


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


def test_reinstalls_take_over_from_first_devices() -> None:
    made = generate(changed(population__reinstalls=3, population__new_devices=1), 4)
    assert len(made.joins) == 4
    at_of = {device: at for at, device in made.joins}
    assert made.joins == sorted(made.joins)
    firsts = [made.owners.index(user) for user in range(3)]
    assert sorted(made.replaces.values()) == firsts
    for new, old in made.replaces.items():
        at = at_of[new]
        assert new >= made.initial_devices
        assert made.owners[new] == made.owners[old]
        assert made.sessions[new][0][0] == at
        assert all(end <= at for _, end, _ in made.sessions[old])
        used = [(t, d) for t, d in zip(made.times, made.devices, strict=True) if d in (old, new)]
        assert all((d == new) == (t >= at) for t, d in used)
        assert {d for _, d in used} == {old, new}


def test_there_are_at_most_as_many_reinstalls_as_users() -> None:
    made = generate(changed(population__reinstalls=999), 4)
    assert len(made.replaces) == DEFAULT.population.users


def test_a_shortened_traffic_has_nothing_after_its_end() -> None:
    made = generate(changed(population__reinstalls=3, traffic__recalls=0.5), 4)
    soon = made.first(sum(t < made.joins[0][0] for t in made.times) // 2)
    assert (soon.joins, soon.replaces) == ([], {})
    assert soon.about
    assert set(soon.about) == {n for n in made.about if n < len(soon.times)}
    later = made.first(sum(t <= made.joins[0][0] for t in made.times) + 1)
    assert set(later.replaces) == {device for _, device in later.joins if device in made.replaces}
    assert later.joins


def test_traffic_can_be_ended_after_some_messages() -> None:
    made = generate(DEFAULT, 4)
    part = made.first(100)
    assert len(part.times) == len(part.devices) == len(part.sizes) == 100
    assert part.horizon == made.times[100]
    assert all(end <= part.end for sessions in part.sessions for _, end, _ in sessions)


# ---- traces


def test_a_scenario_that_wants_a_trace_says_so() -> None:
    with pytest.raises(InputError, match="--trace FILE"):
        generate(scenario.load("campus"), 1)


def test_a_trace_of_the_wrong_kind_names_a_scenario_that_fits() -> None:
    with pytest.raises(InputError, match="irc-group"):
        generate(DEFAULT, 1, presence((0, "connect", 0, 0)))


def test_snap_has_one_conversation_for_each_unordered_pair(tmp_path: Path) -> None:
    path = tmp_path / "snap.txt"
    path.write_text("1 2 0\n2 1 10\n3 1 20\n", encoding="utf-8")
    made = generate(scenario.load("campus"), 1, read(path))
    assert made.members == [(0, 1), (0, 2)]
    assert made.conversations == [0, 0, 1]
    assert [made.owners[device] for device in made.devices] == [0, 1, 2]
    assert made.times == [0.0, 10.0, 20.0]


def test_a_snap_user_is_connected_from_the_first_to_a_day_after_the_last_appearance(tmp_path: Path) -> None:
    path = tmp_path / "snap.txt"
    days = 86_400
    path.write_text(f"1 2 0\n3 4 {10 * days}\n4 3 {30 * days}\n1 2 {60 * days}\n", encoding="utf-8")
    made = generate(scenario.load("campus").with_value("presence.online", "30m"), 1, read(path))
    for device, user in enumerate(made.owners):
        if user in (2, 3):
            assert made.sessions[device][0][0] >= 10 * days
            assert made.sessions[device][-1][1] <= 31 * days


def test_a_connection_lasts_from_connect_to_disconnect() -> None:
    trace = presence((0, "connect", 0, 0), (50, "disconnect", 0, 0), (60, "connect", 0, 0), (100, "message", 0, 0))
    assert group(trace).sessions == [[(0, 50, 0), (60, 101 + DRAIN, 0)]]


def test_a_dead_connection_ends_when_the_device_was_gone() -> None:
    trace = presence((0, "connect", 0, 0), (500, "disconnect", 0, 240), (900, "connect", 0, 0))
    assert group(trace).sessions == [[(0, 260, 240), (900, 901 + DRAIN, 0)]]


@pytest.mark.parametrize("event", ["message", "disconnect"])
def test_a_user_whose_first_event_is_a_message_or_disconnect_was_connected_before(event: str) -> None:
    trace = presence((0, "connect", 1, 0), (70, event, 0, 0), (80, "disconnect", 0, 0), (90, "message", 1, 0))
    assert group(trace).sessions[0] == [(0, 80 if event == "message" else 70, 0)]


def test_a_user_who_left_before_the_log_began_has_no_connection() -> None:
    trace = presence((0, "disconnect", 0, 240), (90, "connect", 1, 0))
    assert group(trace).sessions == [[], [(90, 91 + DRAIN, 0)]]


def test_a_message_without_a_connection_opens_one_until_the_next_disconnect() -> None:
    trace = presence((0, "connect", 0, 0), (10, "disconnect", 0, 0), (30, "message", 0, 0), (50, "disconnect", 0, 0))
    assert group(trace).sessions == [[(0, 10, 0), (30, 50, 0)]]


def test_a_later_connect_ends_the_earlier_connection() -> None:
    trace = presence((0, "connect", 0, 0), (100, "connect", 0, 0), (200, "connect", 0, 0), (300, "disconnect", 0, 0))
    assert group(trace).sessions == [[(0, 100, 0), (100, 200, 0), (200, 300, 0)]]


def test_a_device_that_reconnected_before_the_server_noticed_keeps_its_newer_connection() -> None:
    trace = presence(
        (0, "connect", 0, 0),
        (300, "connect", 0, 0),
        (500, "disconnect", 0, 250),
        (600, "message", 0, 0),
        (700, "disconnect", 0, 0),
    )
    assert group(trace).sessions == [[(0, 250, 250), (300, 700, 0)]]


def test_a_disconnect_without_a_connection_ends_nothing() -> None:
    trace = presence((0, "connect", 0, 0), (10, "disconnect", 0, 0), (20, "disconnect", 0, 0), (40, "connect", 0, 0))
    assert group(trace).sessions == [[(0, 10, 0), (40, 41 + DRAIN, 0)]]


def test_members_leave_some_time_after_their_last_appearance_and_come_back() -> None:
    trace = presence(
        (0, "connect", 0, 0),
        (0, "connect", 1, 0),
        (50, "message", 1, 0),
        (400, "message", 1, 0),
        (420, "message", 0, 0),
    )
    made = group(trace, member_for="100s")
    assert made.members == [()]
    assert made.changes == [
        (0, "add", 0, 0),
        (0, "add", 0, 1),
        (100, "remove", 0, 0),
        (150, "remove", 0, 1),
        (400, "add", 0, 1),
        (420, "add", 0, 0),
    ]


def test_the_trace_gives_the_first_devices_sessions_and_the_scenario_the_seconds() -> None:
    trace = presence((0, "connect", 0, 0), (40 * DAY, "message", 0, 0))
    made = generate(scenario.load("irc-group").with_value("population.devices_per_user", 2), 1, trace)
    assert made.owners == [0, 0]
    assert made.sessions[0] == [(0, 40 * DAY + 1 + DRAIN, 0)]
    assert len(made.sessions[1]) > 10
    assert set(made.devices) == {0}


def test_a_trace_with_too_many_sessions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_text("1 2 0\n2 1 3000000000\n")
    made = scenario.load("campus").with_value("presence.online", "1s").with_value("presence.offline", "1s")
    with pytest.raises(InputError, match=r"presence\.online: with this trace .* sessions; allowed: at most 20,000,000"):
        generate(made, 1, read(path))


def test_a_presence_trace_with_too_many_other_sessions_is_refused() -> None:
    made = scenario.load("irc-group").with_value("presence.online", "1s").with_value("presence.offline", "1s")
    made = made.with_value("population.devices_per_user", 2).with_value("presence.member_for", "3650d")
    with pytest.raises(InputError, match="allowed: at most 20,000,000"):
        generate(made, 1, presence((0.0, "connect", 0, 0.0), (3e9, "message", 0, 0.0)))
