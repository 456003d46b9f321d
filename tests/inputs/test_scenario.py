"""Scenario files: the predefined ones, and one clear line for each error in a file."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.inputs.scenario import Scenario, load, ready
from syncproof.inputs.sections.base import Section
from syncproof.inputs.workload import generate

READY = [
    "abandoned-devices",
    "big-group",
    "campus",
    "commute",
    "default",
    "irc-group",
    "many-endpoints",
    "overload",
    "push-outage",
    "reconnect-storm",
    "rush-hour",
    "sdk-platform",
    "server-crash",
    "team-chat",
    "wechat-2017",
]
HEAD = 'title = "A test"\nshows = "That it loads."\n'


def fails(tmp_path: Path, text: str) -> list[str]:
    """Return the error lines of a scenario file, without its path."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(str(path))
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)) for line in lines]


def test_the_ready_scenarios_are_these() -> None:
    assert list(ready()) == READY


@pytest.mark.parametrize("name", READY)
def test_a_ready_scenario_loads_and_says_what_it_shows(name: str) -> None:
    made = load(name)
    assert made.name == name
    assert made.title
    assert made.shows.endswith(".")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in READY if name not in ("campus", "irc-group")])
def test_a_ready_scenario_makes_traffic_that_a_comparison_can_afford(name: str) -> None:
    made = generate(load(name), 1)
    assert 100 < len(made.times) < 4000


def test_a_scenario_is_loaded_by_its_path_and_the_rest_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + '[presence]\nonline = "90s"\n', encoding="utf-8")
    made = load(str(path))
    assert (made.name, made.presence.online, made.network.header_bytes) == ("mine", 90.0, 60)


def test_a_seed_that_no_generator_takes_is_an_error_of_the_file(tmp_path: Path) -> None:
    assert fails(tmp_path, HEAD + f"seed = {2**40}\n") == [f":3: seed: {2**40}; allowed: 0 to {2**40 - 1}"]


def test_a_default_that_does_not_fit_the_file_is_called_one(tmp_path: Path) -> None:
    few = HEAD + "[population]\nusers = 4\n[conversations]\npairs = 3\n"
    assert fails(tmp_path, few) == [":5: conversations.group_size.max: 10 (the default); allowed: at most the 4 users"]
    written = few + "group_size = { min = 2, max = 9 }\n"
    assert fails(tmp_path, written) == [":7: conversations.group_size.max: 9; allowed: at most the 4 users"]


def test_a_predefined_name_takes_precedence_over_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "commute").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load("commute").title == "Phones on a train"


def test_a_scenario_can_be_sent_to_another_process() -> None:
    made = load("server-crash")
    assert pickle.loads(pickle.dumps(made)) == made


# ---- errors


def test_an_unknown_scenario_names_the_ready_ones_and_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        load("comute")
    message = str(caught.value)
    assert all(name in message for name in READY)
    assert "did you mean 'commute'?" in message


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read: No such file"):
        load("nowhere.toml")


@pytest.mark.parametrize(
    ("text", "starts", "holds"),
    [
        ('[presence]\nonlin = "1h"\n', ":4: presence.onlin: unknown key; allowed: online, ", "did you mean 'online'?"),
        ("[presense]\n", ":3: presense: unknown key; allowed: ", "did you mean 'presence'?"),
        ("sead = 3\n", ":3: sead: unknown key", "did you mean 'seed'?"),
        ('name = "x"\n', ":3: name: unknown key", "allowed: title"),
        ("[population]\nusers = 0\n", ":4: population.users: 0; allowed: ", "1 to 1000000"),
        ('[population]\nusers = "ten"\n', ":4: population.users: 'ten'; allowed: ", "a whole number, 1 to 1000000"),
        ("[population]\nusers = true\n", ":4: population.users: True; allowed: ", "a whole number, 1 to 1000000"),
        ("[population]\ndevices_per_user = [1, 0]\n", ":4: population.devices_per_user: [1, 0]; allowed: ", "1 to 64"),
        ("[population]\ndevices_per_user = []\n", ":4: population.devices_per_user: []; allowed: ", "1 to 64"),
        ("[population]\ndevices_per_user = 65\n", ":4: population.devices_per_user: 65; allowed: ", "1 to 64"),
        ("[population]\nnew_devices = -1\n", ":4: population.new_devices: -1; allowed: ", "0 or more"),
        ("[faults]\npush_loss = nan\n", ":4: faults.push_loss: nan; allowed: ", "0 to 1"),
        ("[network.push_ms]\nmedian = -1.0\n", ":4: network.push_ms.median: -1.0; allowed: ", "0 to 1000000000"),
        ("[network.push_ms]\nmedian = 1e308\n", ":4: network.push_ms.median: 1e+308; allowed: ", "0 to 1000000000"),
        (
            "[faults.outages]\nlength = '1h'\n",
            ":3: faults.outages: ",
            "a list of tables, each under [[faults.outages]]",
        ),
        ("[faults]\npush_loss = 1.5\n", ":4: faults.push_loss: 1.5; allowed: ", "0 to 1"),
        ("[presence]\nhalf_open = -0.1\n", ":4: presence.half_open: -0.1; allowed: ", "0 to 1"),
        ('duration = "0s"\n', ":3: duration: '0s'; allowed: ", "more than 0"),
        ("duration = 3600\n", ":3: duration: 3600; allowed: ", "such as '15m'"),
        ("duration = 3600.0\n", ":3: duration: 3600.0; allowed: ", "such as '15m'"),
        ('[traffic]\ntrace = "snapp"\n', ":4: traffic.trace: 'snapp'; allowed: none, snap, presence", "'snap'?"),
        ('[model]\nsequencer = "clok"\n', ":4: model.sequencer: 'clok'; allowed: auto, ", "did you mean 'clock'?"),
        (
            "[traffic]\nbody_bytes = { median = 100.0, sgma = 1.0 }\n",
            ":4: traffic.body_bytes.sgma: unknown key; allowed: median, sigma",
            "did you mean 'sigma'?",
        ),
        ("[network]\nup_ms = { sigma = 1.0 }\n", ":4: network.up_ms.median: is missing", "allowed: a value"),
        ("[conversations]\npairs = 400\n", ":4: conversations.pairs: 400; allowed: at most 190 among 20 users", ""),
        ("[conversations]\ngroup_size = { min = 5, max = 4 }\n", ":4: conversations.group_size: ", "min at most max"),
        ("[conversations.group_size]\nmax = 30\n", ":4: conversations.group_size.max: 30; allowed: ", "20 users"),
        ("[conversations]\npairs = 0\ngroups = 0\n", ":3: conversations: no pairs and no groups; allowed: ", "one"),
        (
            '[[faults.outages]]\nstart = "1h"\nlength = "1h"\n[[faults.outages]]\nstart = "9h"\nlength = "1h"\n',
            ":7: faults.outages.1.start: 32400 s; allowed: before the duration, 28800 s",
            "",
        ),
        (
            '[[faults.gateway_losses]]\nat = "9h"\n',
            ":4: faults.gateway_losses.0.at: 32400 s; allowed: before the duration, 28800 s",
            "",
        ),
        (
            "[faults]\nhandovers_per_day = 1.0\n",
            ":4: faults.handovers_per_day: there is no gateway in one process; allowed: ",
            'deployment.kind = "cluster"',
        ),
        (
            '[deployment]\nkind = "cluster"\n[[faults.gateway_crashes]]\nat = "9h"\n',
            ":6: faults.gateway_crashes.0.at: 32400 s; allowed: before the duration, 28800 s",
            "",
        ),
        (
            '[deployment]\nkind = "cluster"\n[[faults.partitions]]\nat = "1h"\nlength = "1m"\ngateway = 2\n',
            ":8: faults.partitions.0.gateway: 2; allowed: ",
            "1",
        ),
        ('[deployment]\nkind = "clustre"\n', ":4: deployment.kind: 'clustre'; allowed: single, cluster", "cluster"),
        (
            '[[traffic.bursts]]\nstart = "9h"\nlength = "1m"\nfactor = 2.0\n',
            ":4: traffic.bursts.0.start: 32400 s; allowed: before the duration, 28800 s",
            "",
        ),
        (
            '[[traffic.bursts]]\nstart = "1h"\nlength = "1m"\nfactor = 0.5\n',
            ":6: traffic.bursts.0.factor: 0.5; allowed: ",
            "1",
        ),
        ('[[faults.outages]]\nstart = "1h"\n', ":3: faults.outages.0.length: is missing", "allowed"),
        (
            '[[faults.server_crashes]]\nat = "1h"\ndwn = "2s"\n',
            ":5: faults.server_crashes.0.dwn: unknown key; allowed: at, down",
            "did you mean 'down'?",
        ),
        ("[population\n", ":3: not TOML: ", "line 3"),
        ("population = 5\n", ":3: population: 5; allowed: ", "a table with users, "),
        ("[population]\nusers = " + "9" * 5000 + "\n", ": a number has too many digits; ", "allowed: at most 4300"),
    ],
)
def test_an_error_is_reported_in_one_line(tmp_path: Path, text: str, starts: str, holds: str) -> None:
    (line,) = fails(tmp_path, HEAD + text)
    assert line.startswith(starts)
    assert holds in line


def test_all_errors_of_a_file_are_reported_one_per_line(tmp_path: Path) -> None:
    text = HEAD + "[population]\nusers = 0\n[faults]\npush_loss = 2.0\npush_los = 0.1\n"
    assert [line.split(": ")[1] for line in fails(tmp_path, text)] == [
        "population.users",
        "faults.push_loss",
        "faults.push_los",
    ]


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'title = "\xe9"\n')
    with pytest.raises(InputError, match=r"latin\.toml: byte 10 is not UTF-8; allowed: a TOML file in UTF-8"):
        load(str(path))


def test_a_missing_title_is_reported(tmp_path: Path) -> None:
    assert fails(tmp_path, 'shows = "x"\n') == [": title: is missing; allowed: a text in quotes"]


@pytest.mark.parametrize(
    ("text", "starts", "allowed"),
    [
        ('duration = "99999999999999d"\n', ":3: duration: ", "at most 3650d"),
        (
            "[traffic]\nmessages_per_user_per_day = 1e9\n",
            ":4: traffic.messages_per_user_per_day: 1e+09 makes ",
            "20,000,000",
        ),
        (
            "[population]\nnew_devices = 100000000000\n",
            ":4: population.new_devices: 1e+11 makes 1e+11 devices",
            "10,000,000",
        ),
        ('[presence]\nonline = "1ms"\noffline = "1ms"\n', ":4: presence.online: 0.001 makes ", "20,000,000"),
        (
            "[population]\nusers = 1000000\n[faults]\ndevice_crashes_per_day = 1000.0\n",
            ":6: faults.device_crashes",
            "20,0",
        ),
        (
            "[population]\nusers = 1000000\n[conversations]\npairs = 30000000\n",
            ":6: conversations.pairs: 3e+07",
            "20,0",
        ),
        ("[conversations]\ngroups = 9999999999\n", ":4: conversations.groups: 1e+10 makes 1e+11 members", "20,0"),
    ],
)
def test_a_scenario_that_is_too_large_is_refused_before_it_runs(
    tmp_path: Path, text: str, starts: str, allowed: str
) -> None:
    (line,) = fails(tmp_path, HEAD + text)
    assert line.startswith(starts)
    assert "allowed: at most" in line
    assert allowed in line


def test_the_largest_allowed_scenario_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD + 'duration = "1d"\n[population]\nusers = 100000\n[traffic]\nmessages_per_user_per_day = 200.0\n'
    )
    assert load(str(path)).population.users == 100_000


# ---- one key changed


def test_a_changed_copy_does_not_change_the_original() -> None:
    before = load("default")
    after = before.with_value("population.devices_per_user", 3)
    assert (before.population.devices_per_user, after.population.devices_per_user) == ([1, 2, 2, 3], 3)
    assert after.presence == before.presence


def test_a_changed_duration_may_be_text_or_seconds() -> None:
    made = load("default")
    assert made.with_value("presence.online", "90s") == made.with_value("presence.online", 90.0)


def test_a_whole_table_can_be_changed() -> None:
    made = load("default").with_value("conversations.group_size", {"min": 4, "max": 5})
    assert (made.conversations.group_size.min, made.conversations.pairs) == (4, 40)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "population.device_per_user",
            3,
            "unknown key; allowed: users, devices_per_user, new_devices, reinstalls, abandoned; did you mean",
        ),
        ("populaton.users", 3, "did you mean 'population'?"),
        ("seed.x", 3, "seed.x: unknown key"),
        ("name", "x", "name: unknown key"),
        ("population.users", -1, "default: population.users: -1; allowed: "),
        ("population.users", 2, "default: conversations.pairs: 40; allowed: at most 1 among 2 users"),
    ],
)
def test_a_changed_key_is_checked_as_in_a_file(key: str, value: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load("default").with_value(key, value)
    assert message in str(caught.value)


def test_every_key_of_a_scenario_is_documented_by_its_table() -> None:
    tables = [field.annotation for field in Scenario.model_fields.values()]
    assert all(table.__doc__ for table in tables if isinstance(table, type) and issubclass(table, Section))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("population = 5", "population: 5; allowed: a table with users, devices_per_user"),
        ("conversations.group_size = 5", "conversations.group_size: 5; allowed: a table with min, max"),
        ("network.push_ms = 5", "network.push_ms: 5; allowed: a table with median, sigma"),
        ("faults.server_crashes = [5]", "faults.server_crashes.0: 5; allowed: a table with at, down"),
        ("population.users = 'x'", "population.users: 'x'; allowed: a whole number, 1 to 1000000"),
        ("faults.push_loss = 'x'", "faults.push_loss: 'x'; allowed: a number, 0 to 1"),
        ("network.push_ms = { median = 'x' }", "network.push_ms.median: 'x'; allowed: a number, 0 to 1000000000"),
        ("model.notifications = 5", "model.notifications: 5; allowed: true or false"),
        ("presence.online = '0s'", "presence.online: '0s'; allowed: more than 0"),
        ("duration = '\u0661h'", "duration: '\u0661h'; allowed: a number and a unit"),
    ],
)
def test_an_error_is_in_the_words_of_a_scenario_file(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"\ufefftitle = 't'\nshows = 's'\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(str(path))
    assert f"mine.toml:3: {says}" in str(caught.value)
    assert not re.search("valid|instance|Input|String|Section", str(caught.value))


def test_of_many_errors_the_first_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "t"\nshows = "s"\n' + "[[faults.server_crashes]]\n" * 50)
    with pytest.raises(InputError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1].endswith("mine.toml: and 30 more errors")
