"""Traffic from traces, whose rows become sessions, members and messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import load
from syncproof.inputs.traces import EVENTS, Trace, read
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate

DRAIN = 900.0
"""Seconds that presence goes on after the last message: a poll interval."""


def presence(*rows: tuple[float, str, int, float]) -> Trace:
    users = 1 + max(row[2] for row in rows)
    numbered = [(at, EVENTS.index(event), user, dead) for at, event, user, dead in rows]
    return Trace("presence", "rows", users, numbered, rows[-1][0])


def group(trace: Trace, member_for: str = "30d") -> Traffic:
    made = load("irc-group").with_value("population.devices_per_user", 1)
    return generate(made.with_value("presence.member_for", member_for), 1, trace)


def test_snap_has_one_conversation_for_each_unordered_pair(tmp_path: Path) -> None:
    path = tmp_path / "snap.txt"
    path.write_text("1 2 0\n2 1 10\n3 1 20\n", encoding="utf-8")
    made = generate(load("campus"), 1, read(path))
    assert made.members == [(0, 1), (0, 2)]
    assert made.conversations == [0, 0, 1]
    assert [made.owners[device] for device in made.devices] == [0, 1, 2]
    assert made.times == [0.0, 10.0, 20.0]


def test_a_snap_user_is_connected_from_the_first_to_a_day_after_the_last_appearance(tmp_path: Path) -> None:
    path = tmp_path / "snap.txt"
    days = 86_400
    path.write_text(f"1 2 0\n3 4 {10 * days}\n4 3 {30 * days}\n1 2 {60 * days}\n", encoding="utf-8")
    made = generate(load("campus").with_value("presence.online", "30m"), 1, read(path))
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
    made = generate(load("irc-group").with_value("population.devices_per_user", 2), 1, trace)
    assert made.owners == [0, 0]
    assert made.sessions[0] == [(0, 40 * DAY + 1 + DRAIN, 0)]
    assert len(made.sessions[1]) > 10
    assert set(made.devices) == {0}


def test_a_trace_with_too_many_sessions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_text("1 2 0\n2 1 3000000000\n")
    made = load("campus").with_value("presence.online", "1s").with_value("presence.offline", "1s")
    with pytest.raises(InputError, match=r"presence\.online: with this trace .* sessions; allowed: at most 20,000,000"):
        generate(made, 1, read(path))


def test_a_presence_trace_with_too_many_other_sessions_is_refused() -> None:
    made = load("irc-group").with_value("presence.online", "1s").with_value("presence.offline", "1s")
    made = made.with_value("population.devices_per_user", 2).with_value("presence.member_for", "3650d")
    with pytest.raises(InputError, match="allowed: at most 20,000,000"):
        generate(made, 1, presence((0.0, "connect", 0, 0.0), (3e9, "message", 0, 0.0)))
