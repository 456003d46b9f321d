"""Every parameter changes what a search visits or what a simulation measures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from syncproof.core.observations import Observation, RangeRead
from syncproof.core.world import World
from syncproof.designs import DESIGNS, Parameters
from syncproof.designs.forms import FORMS
from syncproof.engines.explore import explore
from syncproof.inputs import fault_plan, scenario, workload
from syncproof.inputs.bounds import UNSEARCHED, within
from syncproof.inputs.small_worlds import ASPECTS, SmallWorld, build
from syncproof.studies.runs import simulate_design

SEARCHED: list[tuple[str, SmallWorld]] = [
    ("timeline-notify", SmallWorld("two-devices", 2, (), (("page_size", 1),))),
    ("inbox-store-first", SmallWorld("two-people", 2, ("disconnect",), (("page_size", 1),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("notifications", False),))),
    ("inbox-store-first", SmallWorld("two-people", 1, (), (("notifications", False),))),
    ("inbox-sync-first", SmallWorld("two-people", 1, (), (("notifications", False),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("sequencer", "dense"),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("sequencer", "clock"),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("sequencer", "segmented"),))),
    ("timeline-notify", SmallWorld("two-devices", 2, (), (("workers", 1),))),
    ("timeline-checkpointed", SmallWorld("two-people", 1, (), (("retention", "acknowledged"),))),
    ("timeline-hybrid-fanout", SmallWorld("two-people", 1, (), (("fanout_threshold", 1),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("checkpoint", "after-apply"),))),
    ("timeline-notify", SmallWorld("two-people", 1, ("sender-retry",), (("idempotent_send", False),))),
    ("inbox-store-first", SmallWorld("two-people", 1, ("sender-retry",), (("idempotent_send", False),))),
    ("inbox-sync-first", SmallWorld("two-people", 1, ("sender-retry",), (("idempotent_send", False),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("largest_message", 1),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("outbox_window", 2),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("accept_carries_seq", False),))),
    ("timeline-read-fanout", SmallWorld("two-people", 1, (), (("accept_carries_seq", False),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("sync_ttl", 1.0),))),
    ("timeline-notify", SmallWorld("two-people", 2, (), (("longest_gap", 1), ("notifications", False)))),
    ("timeline-checkpointed", SmallWorld("two-people", 1, (), (("checkpoint_delay", 0.0),))),
    ("timeline-dense-push", SmallWorld("two-people", 1, (), (("dense_numbers", "reserved"),))),
    ("timeline-dense-push", SmallWorld("two-people", 2, ("push",), (("gap_wait", 0.0),))),
    ("inbox-store-first", SmallWorld("two-people", 1, (), (("retransmission", False),))),
    ("inbox-store-first", SmallWorld("two-people", 2, (), (("ack_batch", 2),))),
    ("inbox-store-first", SmallWorld("two-people", 1, (), (("inbox_ttl", 60.0),))),
    ("inbox-shared", SmallWorld("two-people", 1, (), (("shared_delete", "send"),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("request_timeout", 10.0),))),
    ("timeline-notify", SmallWorld("two-people", 1, (), (("unread_counts", True),))),
    ("timeline-notify", SmallWorld("two-devices", 2, ("read", "expiring"), (("expiry_from", "read"),))),
]
"""A design, and a world with a parameter that must change what a search of it visits."""
SIMULATED: list[tuple[str, str, object]] = [
    ("inbox-store-first+ack-batching", "ack_delay", 600.0),
    ("timeline-notify", "request_backoff", False),
    ("inbox-sync-first", "poll_interval", 60.0),
    ("inbox-sync-first", "ack_timeout", 0.05),
    ("timeline-notify", "sequencer_block", 1),
    ("timeline-notify", "lifetime", 60.0),
]
"""A design, and a parameter with a value that changes metrics only: in a search a timer may fire at any moment whatever its
delay, and a write that nothing waits for changes no state."""


def changes_a_search(design: str, world: SmallWorld) -> bool:
    """Return whether the parameters of a world change a run of it without faults or, if not that, how many states it has."""
    plain = replace(world, parameters=())
    return observed(design, world) != observed(design, plain) or states(design, world) != states(design, plain)


@cache
def states(design: str, world: SmallWorld) -> int:
    """Return how many states a search visits."""
    system, _, environment = build(design, world)
    return len(explore(system, environment).graph.states)


@cache
def observed(design: str, world: SmallWorld) -> list[Observation]:
    """Return the observations of one run without faults."""
    system, _, environment = build(design, world)
    seen: list[Observation] = []
    faultless = World(system, seen.append)
    for move in environment.prelude:
        faultless.apply(move)
    for script in environment.scripts:
        for move in script:
            faultless.apply(move)
    while (pending := next(faultless.pending(), None)) is not None:
        faultless.apply(pending)
    return seen


@pytest.mark.parametrize(("design", "world"), SEARCHED, ids=lambda value: str(value))
@pytest.mark.slow
def test_a_parameter_changes_what_a_search_visits(design: str, world: SmallWorld) -> None:
    assert changes_a_search(design, world)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "name", "value"), SIMULATED)
def test_a_parameter_changes_the_metrics_of_a_simulation(design: str, name: str, value: object) -> None:
    model = {"poll_interval": "10m", "ack_timeout": "10m", "request_timeout": "50ms"}
    model |= {"sequencer": "segmented"} if name == "sequencer_block" else {}
    usual = scenario.load("default").with_values(
        {"duration": "1h", "faults.push_loss": 0.3, "traffic.expiring": 0.5, "model": model}
    )
    changed = usual.with_value(f"model.{name}", value)
    traffic = workload.generate(usual, 1)
    plan = fault_plan.plan(usual, traffic, 1)
    usual_run, changed_run = (simulate_design(design, each, traffic, plan, 1) for each in (usual, changed))
    assert usual_run.metrics != changed_run.metrics


def standard_worlds() -> list[tuple[str, SmallWorld]]:
    """Return the worlds of the standard bounds in which a design has another parameter than its own."""
    return [(design, world) for design in DESIGNS for world in within("standard", design) if world.parameters]


def test_the_standard_bounds_search_every_parameter_or_say_why_not() -> None:
    """A path that is never taken keeps every promise."""
    searched = {name for _, world in standard_worlds() for name, _ in world.parameters}
    searched |= {name for parameters, _ in ASPECTS.values() for name, _ in parameters}
    searched |= {name for form in FORMS.values() for name in form.pins}
    assert searched | set(UNSEARCHED) == set(Parameters.__struct_fields__)
    assert not searched & set(UNSEARCHED)
    assert all(UNSEARCHED.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "world"),
    [(design, world) for design, world in standard_worlds() if world.messages == 1 or not world.kinds],
    ids=str,
)
def test_a_parameter_opens_a_path_in_its_standard_world(design: str, world: SmallWorld) -> None:
    """The worlds with two messages and faults, which have many states, differ by the same parameters."""
    assert changes_a_search(design, world)


def test_every_parameter_is_tested_here() -> None:
    assert {world.parameters[0][0] for _, world in SEARCHED} | {name for _, name, _ in SIMULATED} == set(
        Parameters.__struct_fields__
    )


@pytest.mark.parametrize(("threshold", "read_from"), [(1, "conversation"), (2, "sync")])
def test_hybrid_fanout_reads_the_conversation_above_the_threshold_and_copies_below(
    threshold: int, read_from: str
) -> None:
    world = SmallWorld("two-people", 1, (), (("fanout_threshold", threshold),))
    pages = [o for o in observed("timeline-hybrid-fanout", world) if isinstance(o, RangeRead) and o.seqs]
    assert {page.timeline.kind for page in pages} == {read_from}
