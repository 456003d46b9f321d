"""Handlers of a simulated run depend on fields and packet alone, or the run is an error that names actor and packet."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id, ServerId
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.engines.handler_errors import ImpureHandler, UnfitValue
from syncproof.engines.simulate import purity
from syncproof.engines.simulate.purity import compare
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import Scenario, load
from syncproof.studies.compare import compare as compare_designs
from syncproof.studies.runs import simulate_design

COUNT = itertools.count()
NAME = ServerId(-2)


class Go(Packet, frozen=True, gc=False):
    pass


@actor
class Holder(Actor):
    """Has a set whose order, and a count outside of its fields, that handlers may depend on."""

    held: set[str] = durable(set)
    last: str = volatile(str)

    def start(self, out: Out) -> None:
        self.last = str(next(COUNT))

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        self.last = next(iter(self.held))


def holder(*held: str) -> Holder:
    made = Holder(id=NAME)
    made.held.update(held)
    return made


def test_a_call_that_differs_from_time_to_time_is_refused() -> None:
    with pytest.raises(ImpureHandler, match=r"Holder\) did something else when it was called again, start"):
        compare(holder(), "start", lambda twin, out: twin.start(out))


def test_a_call_that_depends_on_the_order_of_a_set_is_refused() -> None:
    with pytest.raises(ImpureHandler, match=r"Holder\): what it does, go, depends on the order of a dict or a set"):
        compare(holder("a", "b"), "go", lambda twin, out: twin.go(NAME, Go(), out))


@dataclass(unsafe_hash=True)
class Shared:
    value: int


def test_an_object_that_can_be_changed_is_refused_where_it_is_stored() -> None:
    def store(twin: Any, out: Out) -> None:
        twin.last = Shared(1)

    with pytest.raises(UnfitValue, match=r"\(Holder\): last holds Shared, whose attributes can be changed"):
        compare(holder(), "store", store)


def test_an_object_that_can_be_changed_is_refused_before_a_call_changes_it() -> None:
    def change(twin: Any, out: Out) -> None:
        twin.last.value += 1

    made: Any = holder()
    made.last = Shared(1)
    with pytest.raises(UnfitValue, match=r"\(Holder\): last holds Shared, whose attributes can be changed"):
        compare(made, "change", change)
    assert made.last.value == 1


def test_a_pure_call_changes_nothing() -> None:
    made = holder("a")
    assert compare(made, "go", lambda twin, out: twin.go(NAME, Go(), out)) > 0
    assert made.last == ""


def test_effects_are_compared_in_the_order_that_engines_distinguish() -> None:
    def write_all(twin: Any, out: Out) -> None:
        for item in twin.held:
            out.write("rows", 1, len(item), Go())

    def send_all(twin: Any, out: Out) -> None:
        for item in twin.held:
            out.write("rows", 1, len(item), Go())
            out.send(NAME, Go() if item == "a" else Notification)  # type: ignore[arg-type]

    compare(holder("a", "bb"), "writing", write_all)
    with pytest.raises(ImpureHandler):
        compare(holder("a", "bb"), "sending", send_all)


@actor
class Moody(TimelineDevice):
    """Ignores some notifications, as a count outside of its fields decides."""

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        if next(COUNT) % 3:
            super().notified(source, packet, out)


@pytest.fixture
def office() -> Scenario:
    return load("default").model_copy(update={"duration": 1800.0})


@pytest.mark.slow
@pytest.mark.parametrize("every", [False, True])
def test_a_comparison_refuses_an_impure_device(office: Scenario, every: bool) -> None:
    design = DESIGNS["timeline-notify"].variant(device=Moody)
    with pytest.raises(ImpureHandler, match=r"test_purity\.py:\d+: DeviceId\(\d+\) \(Moody\) did something else"):
        compare_designs(office, designs=[design], runs=1, jobs=1, sweep=False, check_every_call=every)


@pytest.mark.slow
def test_the_ready_designs_pass_a_check_of_every_call(office: Scenario) -> None:
    short = office.model_copy(update={"duration": 300.0})
    found = compare_designs(short, runs=1, jobs=1, sweep=False, check_every_call=True)
    assert found.results() == compare_designs(short, runs=1, jobs=1, sweep=False).results()


@pytest.mark.parametrize(("first", "checked"), [(purity.FIRST, 2), (0.0, 1)])
def test_the_first_call_of_each_kind_is_checked_as_long_as_a_run_may_spend_on_it(
    office: Scenario, first: float, checked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an actor so large one check takes the allowance, and one what the first events have earned."""
    seen: list[str] = []

    def counted(actor: Actor, what: str, act: Any) -> int:
        seen.append(what.split("(")[0])
        return 10**6

    monkeypatch.setattr(purity, "FIRST", first)
    monkeypatch.setattr(purity, "compare", counted)
    short = office.model_copy(update={"duration": 300.0})
    traffic = workload.generate(short, 1)
    simulate_design("timeline-notify", short, traffic, fault_plan.plan(short, traffic, 1), 1)
    assert len(seen) == checked


def test_in_a_small_system_every_kind_of_call_is_checked(office: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def noted(actor: Actor, what: str, act: Any) -> int:
        seen.add(what.split("(")[0])
        return 10

    monkeypatch.setattr(purity, "compare", noted)
    short = office.model_copy(update={"duration": 300.0})
    traffic = workload.generate(short, 1)
    run = simulate_design("timeline-notify", short, traffic, fault_plan.plan(short, traffic, 1), 1)
    sent = {kind for kind, count in run.packets.items() if count and kind != "Connect"}
    assert {f"handling {kind}" for kind in sent} <= seen


def test_a_draw_is_refused_even_if_nothing_comes_of_it() -> None:
    with pytest.raises(ImpureHandler, match=r"test_purity\.py:\d+: a random number is drawn \(random\)"):
        compare(holder("a"), "draw", lambda twin, out: random.random())
