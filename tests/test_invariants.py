"""Start here: Hypothesis runs every design, and checks after each step whether the design's promises hold.

A design is a server and devices. Each class below lets Hypothesis run one of them: users compose messages, devices connect
and disconnect, pushes are lost and duplicated, devices and servers crash and restart, in any order. The rules are the methods
of `syncproof.engines.hypothesis_machine.Machine`, one for each kind of move. After each step the invariants check the safety
properties that the design promises (no message is shown twice, none out of order). When an example ends, faults stop,
every device reconnects, and the liveness properties are judged (every accepted message is shown on every device).

A failing test prints its steps as Python to paste. `--hypothesis-show-statistics` lists the faults and situations of the
examples, and `--hypothesis-seed=N` chooses other examples. `tests/seeded_bugs/test_killed.py` tests that designs with
seeded bugs fail.
"""

from __future__ import annotations

from unittest import TestCase

import pytest

from syncproof.engines.hypothesis_runs import profile_settings
from syncproof.inputs.small_worlds import TOGETHER, small_world
from syncproof.studies.hunt import machine

WORLD = small_world("three-devices", 3, TOGETHER)
"""One device that sends three messages, another user's two devices, and the usual faults, each of them up to twice."""
FAST = ("inbox-store-first", "timeline-notify")
"""One design of each family; the others are left to the whole suite."""


def invariants_of(design: str) -> type[TestCase]:
    """Return the test case of a design, with 50 examples; failures are kept in Hypothesis' example database."""
    case = machine(design, WORLD).TestCase
    case.settings = profile_settings("dev")
    return case if design in FAST else pytest.mark.slow(case)


InboxStoreFirst = invariants_of("inbox-store-first")
InboxSyncFirst = invariants_of("inbox-sync-first")
InboxShared = invariants_of("inbox-shared")
TimelineNotify = invariants_of("timeline-notify")
TimelineCheckpointed = invariants_of("timeline-checkpointed")
TimelineDensePush = invariants_of("timeline-dense-push")
TimelinePush = invariants_of("timeline-push")
TimelineReadFanout = invariants_of("timeline-read-fanout")
TimelineHybridFanout = invariants_of("timeline-hybrid-fanout")
LogDeviceAcks = invariants_of("log-device-acks")
