"""The function `size`: what it takes, what it refuses, and the check beside a simulation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from syncproof.errors import InputError
from syncproof.inputs.scenario import Scenario
from syncproof.studies.results.common import plain
from syncproof.studies.size import Sizing, check, size
from syncproof.studies.size.check import PROMISES

PAIR = ["inbox-store-first", "timeline-notify"]


@pytest.fixture(scope="module")
def checked(small: Scenario) -> Sizing:
    faulty = small.with_values({"faults": {"push_loss": 0.1}, "presence.half_open": 0.2, "population.new_devices": 1})
    return size(faulty, users=1_000_000, designs=PAIR, check=True, jobs=1)


def test_the_check_is_within_what_is_promised(checked: Sizing) -> None:
    assert checked.beyond() == []
    assert checked.status() == 0
    assert checked.checked is not None
    assert {line.line for line in checked.checked.designs["timeline-notify"]} == {name for name, _ in PROMISES}


def test_the_check_says_which_faults_it_removed(checked: Sizing) -> None:
    assert checked.checked is not None
    assert checked.checked.removed == ["faults", "presence.half_open", "population.new_devices"]
    assert "presence.half_open" in " ".join(checked.results().warnings)


def test_an_error_beyond_the_promise_is_a_violation(checked: Sizing, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked.checked is not None
    line = checked.checked.designs["timeline-notify"][0]
    monkeypatch.setattr(line, "within", False)
    assert checked.beyond() == [("timeline-notify", "rows written")]
    assert checked.status() == 1


def test_a_line_is_within_its_tolerance_or_not() -> None:
    counted = {name: 100.0 for name, _ in PROMISES}
    found = check.lines({**counted, "rows written": 101.5, "packets": 102.5, "rows read": 200.0}, counted)
    assert {line.line for line in found if not line.within} == {"rows written"}
    nothing = check.lines({**counted, "rows deleted": 3.0}, {**counted, "rows deleted": 0.0})
    assert {line.line for line in nothing if not line.within} == {"rows deleted"}


def test_the_results_are_the_same_each_time(small: Scenario) -> None:
    first, second = (json.dumps(plain(size(small, designs=PAIR).results())) for _ in range(2))
    assert first == second


def test_the_scenario_says_for_how_many_users(small: Scenario) -> None:
    table = small.with_values({"size": {"users": 5000, "peak": 4.0}})
    demand = size(table, designs=PAIR).results().demand
    assert (demand.users, demand.peak) == (5000, 4.0)
    assert size(table, users=70, designs=PAIR).results().demand.users == 70


def test_devices_and_messages_replace_those_of_the_scenario(small: Scenario) -> None:
    demand = size(small, devices=4, messages_per_user_day=1000, designs=PAIR).results().demand
    assert demand.devices_per_user == 4
    assert demand.messages_per_user_day == pytest.approx(1000)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"users": 0}, "users: 0; allowed: a whole number from 1"),
        ({"devices": 65}, "devices: 65; allowed: a whole number from 1 to 64"),
        ({"peak": 0.5}, "peak: 0.5; allowed: times the mean, a number from 1 on"),
        ({"utilisation": 1}, "utilisation: 1; allowed"),
        ({"history": -1.0}, "history: -1.0; allowed: seconds, a number above 0"),
        ({"designs": ["inbox"]}, "unknown design 'inbox'"),
        ({"prices": "none.toml"}, "none.toml: cannot be read"),
        ({"check": 1}, "check: 1 is a number; allowed: True or False"),
    ],
)
def test_a_wrong_argument_is_told_in_a_line(small: Scenario, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as error:
        size(small, **{"designs": PAIR, **arguments})
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("model.notifications", False, "model.notifications: False; allowed: True"),
        ("presence.opens_to_send", False, "presence.opens_to_send: False"),
        ("traffic.messages_per_user_per_day", 0.0, "nobody writes to anybody"),
    ],
)
def test_a_scenario_without_formulas_is_refused(small: Scenario, key: str, value: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        size(small.with_value(key, value), designs=PAIR)


def test_a_seeded_bug_has_no_formulas(small: Scenario) -> None:
    from syncproof.seeded_bugs import BUGS

    with pytest.raises(InputError, match="size has no formulas for"):
        size(small, designs=[next(iter(BUGS))])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "many-endpoints"])
def test_every_ready_design_is_within_what_is_promised(name: str) -> None:
    assert size(name, check=True, jobs=1).beyond() == []
