"""The two measured traces, if their files are there: they are read completely, and the traffic agrees with them."""

from __future__ import annotations

import os
from bisect import bisect_right
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from syncproof.inputs import scenario
from syncproof.inputs.durations import DAY
from syncproof.inputs.fault_plan import plan
from syncproof.inputs.traces import Trace, read
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate

DATA = Path(os.environ.get("SYNCPROOF_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
FILES = {"campus": "CollegeMsg.txt", "irc-group": "group_presence.csv"}


@cache
def trace(name: str) -> Trace:
    path = DATA / FILES[name]
    if not path.exists():  # real traffic must not be copied into the repository
        pytest.skip(f"{path} is absent; SYNCPROOF_DATA names another folder")
    return read(path)


@cache
def traffic(name: str) -> Traffic:
    return generate(scenario.load(name), 1, trace(name))


def connected(sessions: list[tuple[float, float, float]], at: float) -> bool:
    index = bisect_right(sessions, at, key=lambda session: session[0]) - 1
    return index >= 0 and at <= sessions[index][1]


def test_college_messages_are_read_completely() -> None:
    read_in = trace("campus")
    assert (read_in.kind, len(read_in.rows), read_in.users, round(read_in.length / DAY)) == ("snap", 59_835, 1_899, 194)


def test_the_group_is_read_completely() -> None:
    read_in = trace("irc-group")
    assert (read_in.kind, len(read_in.rows), read_in.users) == ("presence", 61_715, 614)


def test_no_user_writes_while_the_server_holds_the_dead_connection() -> None:
    written: dict[int, list[float]] = {}
    windows = within = 0
    for at, event, user, dead in trace("irc-group").rows:
        own = written.setdefault(user, [])
        if event == 2:
            own.append(at)
        elif dead > 0:
            windows += 1
            within += bool(own) and own[-1] > at - dead
    assert (windows, within) == (5_603, 0)


@pytest.mark.parametrize("name", FILES)
def test_every_message_of_the_trace_is_sent_once_at_its_time(name: str) -> None:
    rows = [row for row in trace(name).rows if name == "campus" or row[1] == 2]
    made = traffic(name)
    senders = [made.owners[device] for device in made.devices]
    assert made.times == [row[0] for row in rows]
    assert senders == [row[1] if name == "campus" else row[2] for row in rows]


@pytest.mark.parametrize("name", FILES)
def test_a_device_that_composes_is_connected(name: str) -> None:
    made = traffic(name)
    away = [n for n, at in enumerate(made.times) if not connected(made.sessions[made.devices[n]], at)]
    assert away == []


@pytest.mark.parametrize("name", FILES)
def test_sessions_are_in_order_disjoint_and_within_the_run(name: str) -> None:
    made = traffic(name)
    for sessions in made.sessions:
        assert all(0 <= start < end <= made.end and dead >= 0 for start, end, dead in sessions)
        assert all(one[1] <= other[0] for one, other in pairwise(sessions))


def test_campus_has_one_conversation_for_each_pair_and_a_bounded_number_of_sessions() -> None:
    made = traffic("campus")
    assert len(made.members) == len(set(made.members)) == 13_838
    assert 100_000 < sum(map(len, made.sessions)) < 200_000


def test_users_who_write_to_the_group_are_members_at_that_time() -> None:
    made = traffic("irc-group")
    changes = iter([*made.changes, (float("inf"), "", 0, 0)])
    at, action, _, user = next(changes)
    members: set[int] = set()
    for number, written in enumerate(made.times):
        while at <= written:
            (members.add if action == "add" else members.remove)(user)
            at, action, _, user = next(changes)
        assert made.owners[made.devices[number]] in members


def test_half_open_ends_of_the_trace_keep_their_lengths() -> None:
    made = traffic("irc-group")
    first = [device for device, user in enumerate(made.owners) if device == made.owners.index(user)]
    lengths = [dead for device in first for _, _, dead in made.sessions[device] if dead > 0]
    assert 5_400 < len(lengths) <= 5_603
    assert 240 <= min(lengths) <= max(lengths) <= 278


def test_the_faults_of_the_group_can_happen() -> None:
    assert plan(scenario.load("irc-group"), traffic("irc-group"), 1).configured == (
        "push-lost",
        "disconnect",
        "half-open",
        "membership",
    )
