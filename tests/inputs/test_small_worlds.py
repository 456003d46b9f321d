"""Small worlds: their faults, their names, and the system and environment of a search."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import msgspec
import pytest

from syncproof.core.faults import FAULTS
from syncproof.core.moves import Tell
from syncproof.core.packets import Tick
from syncproof.core.values import DeviceId
from syncproof.engines.explore import explore
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import KINDS, SmallWorld, build, small_world


def test_kinds_cover_every_fault_that_has_one_and_no_other() -> None:
    assert sorted(chain(*KINDS.values())) == sorted(fault.name for fault in FAULTS.values() if fault.kind)


def test_the_text_of_a_world_has_its_faults_and_changed_parameters() -> None:
    assert str(SmallWorld("two-people", 1, ())) == "two-people, 1 message, no fault"
    changed = SmallWorld("two-devices", 2, ("push", "recall"), (("sequencer", "clock"), ("workers", 1)))
    assert str(changed) == "two-devices, 2 messages, push and recall, sequencer = clock, workers = 1"


@pytest.mark.parametrize(
    "world", [SmallWorld("two-people", 1, ("push",)), SmallWorld("two-people", 2, (), (("workers", 1),))]
)
def test_a_world_is_printed_as_python_that_makes_it(world: SmallWorld) -> None:
    assert eval(repr(world), {"SmallWorld": SmallWorld}) == world


def test_kinds_are_sorted_whatever_the_order_in_which_they_are_named() -> None:
    assert small_world("two-people", 1, ["trim", "disconnect", "push"]).kinds == ("push", "disconnect", "trim")


@pytest.mark.parametrize(("population", "kinds", "named"), [("three", [], "three"), ("two-people", ["psh"], "psh")])
def test_an_unknown_name_is_an_error(population: str, kinds: list[str], named: str) -> None:
    with pytest.raises(InputError, match=f"'{named}'; allowed: "):
        small_world(population, 1, kinds)


def test_a_parameter_of_the_world_is_given_to_the_system() -> None:
    world = SmallWorld("two-people", 1, (), (("fanout_threshold", 1),))
    system, _, _ = build("timeline-hybrid-fanout", world)
    assert {actor.parameters.fanout_threshold for actor in system.cast().values()} == {1}


def test_what_the_environment_may_tell_is_what_the_table_of_faults_says() -> None:
    told = {fault for _, fault in build("timeline-notify", SmallWorld("two-devices", 1, ()))[2].interventions}
    assert told == {fault.name for fault in FAULTS.values() if fault.move is Tell}


def test_the_environment_tells_no_actor_what_it_does_not_take() -> None:
    told = {fault for _, fault in build("inbox-store-first", SmallWorld("two-devices", 1, ()))[2].interventions}
    assert "clock-step" not in told
    assert "trim" in told


def test_the_clock_shows_a_later_time_before_it_can_step_back() -> None:
    world = SmallWorld("two-people", 1, ("clock-step",), (("sequencer", "clock"),))
    first, *_ = build("timeline-notify", world)[2].prelude
    assert isinstance(first, Tell)
    assert isinstance(first.packet, Tick)
    stepped = [tell.packet for tell, fault in build("timeline-notify", world)[2].interventions if fault == "clock-step"]
    assert [packet.milliseconds for packet in stepped] < [first.packet.milliseconds]


def test_each_fault_may_happen_once_and_membership_twice() -> None:
    assert build("timeline-notify", SmallWorld("two-people", 1, ("push", "membership")))[2].budgets == {
        "push-lost": 1,
        "push-duplicated": 1,
        "push-reordered": 1,
        "membership": 2,
    }


@pytest.mark.parametrize("design", ["inbox-sync-first", "timeline-notify", "timeline-dense-push"])
def test_an_outage_may_lose_every_push(design: str) -> None:
    world = SmallWorld("two-devices", 2, ("push-outage",))
    system, _, environment = build(design, world)
    more = msgspec.structs.replace(environment, budgets={"push-lost": environment.budgets["push-lost"] + 1})
    assert len(explore(system, environment).graph.states) == len(explore(system, more).graph.states)


def test_an_outage_loses_more_pushes_than_one() -> None:
    world = SmallWorld("two-devices", 2, ("push-outage",))
    system, _, environment = build("timeline-notify", world)
    single = msgspec.structs.replace(environment, budgets={"push-lost": 1})
    assert len(explore(system, environment).graph.states) > len(explore(system, single).graph.states)


def test_the_receiving_devices_of_one_user_are_interchangeable() -> None:
    world = SmallWorld("three-devices", 1, ("push",))
    assert small_worlds.interchangeable(world) == ((DeviceId(1), DeviceId(2)),)
    for other in (replace(world, population="two-devices"), replace(world, kinds=("new-device",))):
        with pytest.raises(InputError, match="no two devices are interchangeable"):
            small_worlds.interchangeable(other)
