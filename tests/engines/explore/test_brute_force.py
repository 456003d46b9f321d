"""An independent judge, which shares only the world and the automata, agrees in the number of states and in every verdict."""

from __future__ import annotations

import pytest

from syncproof.designs import DESIGNS
from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import KINDS, SmallWorld, build, small_world
from syncproof.properties import PROPERTIES, Property
from syncproof.seeded_bugs import BUGS
from tests.helpers.brute_force import Judge

SOUND = [
    *[(design, SmallWorld("two-people", 1, ())) for design in DESIGNS],
    ("inbox-store-first", SmallWorld("two-devices", 1, ("push",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("push-outage",))),
    ("timeline-checkpointed", SmallWorld("one-device", 1, ("device-crash",))),
    ("timeline-read-fanout", SmallWorld("two-devices", 1, ("server-crash",))),
    ("inbox-store-first", SmallWorld("one-device", 1, ("server-crash",))),
    ("timeline-dense-push", SmallWorld("one-device", 1, ("disconnect",))),
    ("inbox-shared", SmallWorld("one-device", 1, ("half-open",))),
    ("timeline-read-fanout", SmallWorld("two-devices", 1, ("new-device",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("sender-retry",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("membership",))),
    ("timeline-notify", SmallWorld("two-devices", 1, ("clock-step",), (("sequencer", "clock"),))),
    ("log-device-acks", SmallWorld("one-device", 1, ("reinstall",))),
    ("inbox-store-first", SmallWorld("one-device", 1, ("reinstall",))),
    ("timeline-dense-push", SmallWorld("one-device", 1, ("device-restore",))),
    ("inbox-store-first", SmallWorld("one-device", 1, ("device-restore",))),
    ("timeline-checkpointed", SmallWorld("one-device", 1, ("server-restore",))),
    ("timeline-read-fanout", SmallWorld("two-devices", 1, ("trim",))),
    ("timeline-dense-push", SmallWorld("two-devices", 2, ("recall",))),
    ("log-device-acks", SmallWorld("two-devices", 1, ("push",))),
    ("log-device-acks", SmallWorld("one-device", 1, ("disconnect",))),
    ("log-device-acks", SmallWorld("two-devices", 1, ("trim",))),
    ("log-device-acks", SmallWorld("one-device", 1, ("server-restore",))),
    ("timeline-dense-push", SmallWorld("two-devices", 2, ("edit",))),
    ("timeline-checkpointed", SmallWorld("two-devices", 2, ("read",))),
    ("inbox-store-first", SmallWorld("one-device", 2, ("read",))),
    ("timeline-read-fanout", SmallWorld("two-conversations", 2, ())),
    ("timeline-dense-push", SmallWorld("two-people", 2, ("recall", "unread"))),
    ("timeline-push", SmallWorld("two-devices", 1, ("expiring",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("rate-limit",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("cursor-refused",))),
    ("log-device-acks", SmallWorld("one-device", 1, ("gateway-crash",))),
    ("log-device-acks", SmallWorld("one-device", 1, ("handover",))),
    ("log-device-acks", SmallWorld("one-device", 1, ("partition",))),
    ("timeline-dense-push", SmallWorld("one-device", 1, ("failover",))),
    ("timeline-read-fanout", SmallWorld("two-devices", 1, ("replica-lag",))),
    ("timeline-dense-push", SmallWorld("two-devices", 1, ("key-late",))),
    ("timeline-dense-push", SmallWorld("one-device", 1, ("stale-reply",))),
    ("timeline-push", SmallWorld("one-device", 2, ("reply",))),
]
"""Every design, and every kind of fault, in worlds of at most about 1,600 states: the judge needs a millisecond for each."""
SEEDED = ("F03", "F11", "F17", "F18", "F19", "F25", "F26", "F27", "F29", "F32", "F34", "F57")
"""A dozen seeded bugs of several designs and properties, of those whose worlds have few states."""


def compare(design: str, base: str, world: SmallWorld) -> set[str]:
    """Judge a world twice, and return the names of the violated properties."""
    system, _, environment = build(design, world)
    properties: list[type[Property]] = [p for name, p in PROPERTIES.items() if name not in DESIGNS[base].not_applicable]
    judge = Judge(system, environment, properties).run()
    found = explore(system, environment, properties)
    assert found.complete
    assert len(judge.states) == len(found.graph.states)
    violated = {name for name, finding in found.findings.items() if finding.verdict == "violated"}
    assert judge.violated == violated
    unknown = {name for name, finding in found.findings.items() if finding.verdict == "unknown"}
    assert unknown == judge.unknown | {p.name for p in properties} - judge.met - violated
    return violated


def test_every_kind_of_fault_is_judged_twice() -> None:
    assert {kind for _, world in SOUND for kind in world.kinds} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "world"), SOUND, ids=lambda value: str(value).replace(", ", "-"))
def test_the_judge_agrees_on_sound_designs(design: str, world: SmallWorld) -> None:
    compare(design, design, world)


@pytest.mark.slow
@pytest.mark.parametrize("bug", SEEDED)
def test_the_judge_agrees_on_seeded_bugs(bug: str) -> None:
    assert set(BUGS[bug].violates) <= compare(bug, BUGS[bug].base, small_world(*BUGS[bug].world))
