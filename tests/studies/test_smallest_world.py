"""Shortest counterexamples: in the smallest world, under the scenario's faults and parameters; or why none was found."""

from __future__ import annotations

import dataclasses

import pytest

from syncproof.inputs.scenario import Scenario
from syncproof.studies import smallest_world
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from syncproof.studies.smallest_world import WaySearch, kinds_of, search_worlds, ways, worlds_to_search

pytestmark = pytest.mark.slow


def scenario(**tables: object) -> Scenario:
    return Scenario.model_validate(
        {
            "title": "t",
            "shows": "s",
            "duration": "30m",
            "runs": 1,
            "population": {"users": 2, "devices_per_user": 2},
            "conversations": {"pairs": 1, "groups": 0},
            "traffic": {"messages_per_user_per_day": 800.0},
            **tables,
        }
    )


def compared(*designs: str, **tables: object) -> Comparison:
    return compare(scenario(**tables), designs=designs, jobs=1, sweep=False)


def test_each_violated_property_gets_a_counterexample_in_its_smallest_world() -> None:
    found = compared("inbox-shared")
    violated = [n for n, p in found.results().designs["inbox-shared"].properties.items() if p.verdict == "violated"]
    by_name = {way.name: way for way in ways(found)}
    assert list(by_name) == sorted(violated, key=lambda name: (by_name[name].length, violated.index(name)))
    assert (str(by_name["no-loss"].world), by_name["no-loss"].length) == ("three-devices, 1 message, no fault", 20)


def test_broken_promises_come_before_shorter_counterexamples() -> None:
    found = compared("inbox-shared", "inbox-sync-first")
    results = found.results().designs["inbox-shared"].properties
    results["convergence"].promised = True
    first, second = ways(found)[:2]
    assert (first.name, first.promised) == ("convergence", True)
    assert second.length < first.length


def test_a_scenario_without_violations_has_no_counterexamples() -> None:
    assert ways(compared("timeline-notify")) == []


def test_only_the_configured_kinds_of_fault_are_tried() -> None:
    assert list(kinds_of({"push-lost": 3, "half-open": 0})) == ["push", "half-open"]
    assert list(kinds_of({"push-outage": 1})) == ["push"]
    assert {kind for world in worlds_to_search(["push", "half-open"]) for kind in world.kinds} == {"push", "half-open"}
    assert {world.kinds for world in worlds_to_search([])} == {()}


def test_small_worlds_come_first() -> None:
    sizes = [len(world.kinds) + world.messages for world in worlds_to_search(["push", "disconnect", "half-open"])]
    assert sizes == sorted(sizes)


def test_the_search_has_the_parameters_of_the_scenario() -> None:
    """Only without idempotent send a retry takes a second place, after a message that was composed later."""
    hunt = WaySearch("inbox-store-first", ("sender-order",), scenario().parameters(), ("sender-retry",))
    careless = dataclasses.replace(hunt, parameters=scenario(model={"idempotent_send": False}).parameters())
    assert search_worlds(careless)["sender-order"][1] is not None
    assert search_worlds(hunt)["sender-order"][1] is None


def test_what_is_not_found_says_how_far_the_search_went(monkeypatch: pytest.MonkeyPatch) -> None:
    hunt = WaySearch("timeline-notify", ("no-loss",), scenario().parameters().without_timeouts(), ())
    assert "searched in part" not in search_worlds(hunt)["no-loss"][2]
    monkeypatch.setattr(smallest_world, "STATES", 500)
    monkeypatch.setattr(smallest_world, "ALTOGETHER", 5000)
    world, counterexample, why = search_worlds(hunt)["no-loss"]
    assert (world, counterexample) == (None, None)
    assert why.startswith("not met in ")
    assert "searched in part only" in why


def test_a_comparison_is_searched_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared("inbox-shared")
    first = ways(found)
    monkeypatch.setattr(smallest_world, "search_worlds", None)
    assert ways(found) == first
