"""Where faults have times, a comparison keeps latency over time and draws it with them."""

from __future__ import annotations

import pytest

from syncproof.engines.simulate.histogram import pooled
from syncproof.engines.simulate.run import SLOTS
from syncproof.inputs.scenario import Scenario, load
from syncproof.report import figures, over_time
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison


def office(**faults: object) -> Scenario:
    values = {
        "duration": "1h", "population.users": 4, "conversations.pairs": 3, "conversations.groups": 0,
        "traffic.messages_per_user_per_day": 1000.0,
    }  # fmt: skip
    return load("default").with_values({**values, **{f"faults.{key}": value for key, value in faults.items()}})


@pytest.fixture(scope="module")
def found() -> Comparison:
    outage = office(outages=[{"start": "20m", "length": "20m"}])
    return compare(outage, designs=["timeline-notify"], runs=1, seed=1, jobs=1, sweep=False)


def test_each_delivery_is_kept_where_its_message_was_composed(found: Comparison) -> None:
    (run,) = found.outcomes["timeline-notify"]
    assert run.slot_s == 3600 / SLOTS
    assert all(0 <= slot <= SLOTS for slot in run.over_time)
    whole = pooled(run.over_time.values())
    assert (whole.counts, whole.beyond) == (run.histograms["delivery"].counts, run.histograms["delivery"].beyond)


def test_an_outage_is_seen_while_it_lasts_and_shaded(found: Comparison) -> None:
    (run,) = found.outcomes["timeline-notify"]
    within = [slot for slot in run.over_time if 1200 <= slot * run.slot_s < 2400]
    outage = pooled(run.over_time[slot] for slot in within)
    usual = pooled(found for slot, found in run.over_time.items() if slot not in within)
    assert outage.quantile(0.5) > 10 * usual.quantile(0.5)
    drawn = figures.svg(found.figure("over-time"), "over-time")
    assert ">pushes are lost<" in drawn
    assert 'id="over-time"' in found.html()


def test_without_a_fault_at_a_time_nothing_is_kept() -> None:
    calm = compare(office(), designs=["timeline-notify"], runs=1, seed=1, jobs=1, sweep=False)
    assert not over_time.told(calm)
    assert 'id="over-time"' not in calm.html()
