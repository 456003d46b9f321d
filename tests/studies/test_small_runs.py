"""The small runs beside a comparison: which are made, and what comes of them."""

from __future__ import annotations

import pytest

from syncproof.inputs.scenario import load
from syncproof.inputs.workload import generate
from syncproof.studies.jobs import Job
from syncproof.studies.small_runs import DEVICES, HOT, LOSSES, POLLS, QUIET, VALUES, current, gathered, planned

OFFICE = load("default")
TRAFFIC = generate(OFFICE, 1)


def test_each_design_has_one_at_every_value() -> None:
    found = planned(Job(OFFICE, "", 0, 1), ["inbox-shared", "inbox-store-first"], TRAFFIC)
    assert [(each.of, each.value, each.job.design) for each in found] == [
        (key, value, name)
        for key, values in VALUES.items()
        for value in values
        for name in ("inbox-shared", "inbox-store-first")
    ]
    varied = {each.value for each in found if each.of == POLLS and each.job.scenario.model.poll_interval == each.value}
    assert varied == set(VALUES[POLLS])


def test_those_for_single_claims_are_made_with_the_designs_that_they_are_about() -> None:
    found = planned(Job(OFFICE, "", 0, 1), ["timeline-notify", "timeline-dense-push"], TRAFFIC)
    assert [each.job.messages for each in found if each.of in (HOT, QUIET)] == [None] * (len(found) - 2 * 11)


@pytest.mark.parametrize(("drain", "polls"), [("0s", VALUES[POLLS]), ("15m", VALUES[POLLS][:2])])
def test_polls_are_not_rarer_than_the_drain_is_long(drain: str, polls: tuple[float, ...]) -> None:
    found = planned(Job(OFFICE.with_value("drain", drain), "", 0, 1), ["inbox-shared"], TRAFFIC)
    assert tuple(each.value for each in found if each.of == POLLS) == polls


def test_they_are_put_together_by_key_design_and_value() -> None:
    small = planned(Job(OFFICE, "", 0, 1), ["inbox-shared", "timeline-notify"], TRAFFIC)[:3]
    result = small[0].job.work()
    found = gathered(small, [result, None, result], ["inbox-shared"])  # timeline-notify failed in the other one
    assert found.points[DEVICES] == {"inbox-shared": {1: result, 2: result}}
    along = found.along(DEVICES)
    assert along is not None
    assert list(along.designs["inbox-shared"]) == ["1", "2"]
    assert found.along(LOSSES) is None


def test_the_scenarios_own_values_are_known() -> None:
    made = OFFICE.with_values({"population.devices_per_user": [1, 2], "model.poll_interval": "5m"})
    assert current(made) == {DEVICES: 1.5, LOSSES: OFFICE.faults.push_loss, POLLS: 300.0}
