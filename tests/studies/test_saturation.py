"""Where storage saturates, beside the load that a scenario offers."""

from __future__ import annotations

import pytest

from syncproof.inputs.durations import DAY
from syncproof.inputs.scenario import Scenario, load
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload import generate
from syncproof.studies import saturation
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from syncproof.studies.results.comparison import MetricResults, Offered
from syncproof.studies.saturation import Knee, offered

pytestmark = pytest.mark.slow

BUSY: Scenario = load("rush-hour").with_values(
    {"duration": "1m", "warmup": "10s", "drain": "60s", "model.poll_interval": "1m"}
)
DESIGNS = ["inbox-store-first", "timeline-dense-push"]


@pytest.fixture(scope="module")
def busy() -> Comparison:
    return compare(BUSY, designs=DESIGNS, runs=2, jobs=1, sweep=False)


def knee(low: float | None, value: float, high: float | None, busy: float = 0.9) -> Knee:
    def metric(value: float, low: float | None = None, high: float | None = None) -> MetricResults:
        return MetricResults(value, low, high, unit="", runs=[])

    return Knee("design", metric(value, low, high), metric(busy), metric(0.0))


@pytest.mark.slow
def test_storage_saturates_at_its_servers_over_the_work_of_a_message(busy: Comparison) -> None:
    two = compare(BUSY.with_value("storage.parallel", 2), designs=DESIGNS, runs=2, jobs=1, sweep=False)
    for servers, found in ((1, busy), (2, two)):
        for each in saturation.knees(found.results()):
            work = found.results().designs[each.design].metrics["storage_ms_per_message"].runs
            assert each.at.runs == pytest.approx([1000 * servers / (ms or 0.0) for ms in work], rel=1e-4)


def test_with_twice_the_servers_it_saturates_at_twice_the_load() -> None:
    """Below saturation a message takes as much of the station's time, whatever the number of servers is."""
    calm = BUSY.with_values({"traffic.messages_per_user_per_day": 2000.0, "model.request_timeout": "0s"})
    one, two = (
        saturation.knees(compare(made, designs=DESIGNS[:1], runs=2, jobs=1, sweep=False).results())[0].at.value or 0.0
        for made in (calm, calm.with_value("storage.parallel", 2))
    )
    assert two == pytest.approx(2 * one, rel=0.02)


def test_the_design_that_stores_more_saturates_first(busy: Comparison) -> None:
    results = busy.results()
    assert [each.design for each in saturation.knees(results)] == DESIGNS
    assert saturation.first(saturation.knees(results), results) == DESIGNS[:1]


@pytest.mark.slow
def test_a_report_shows_it_only_where_a_station_is_busy(busy: Comparison) -> None:
    quiet = compare(BUSY.with_value("storage.parallel", 64), designs=DESIGNS, runs=1, jobs=1, sweep=False)
    for found, shown in ((busy, True), (quiet, False)):
        assert ('<section id="saturation">' in found.html()) is shown
        assert ("## At what load storage saturates" in found.markdown()) is shown


def test_an_interval_around_the_load_does_not_tell() -> None:
    assert [knee(4.0, 5.0, 6.0).room(at) for at in (3.0, 5.5, 7.0)] == ["serves", "unclear", "saturated"]


def test_a_single_run_has_its_value_alone() -> None:
    assert [knee(None, 5.0, None).room(at) for at in (4.9, 5.1)] == ["serves", "saturated"]


def test_far_below_it_it_is_extrapolated() -> None:
    assert knee(4.0, 5.0, 6.0, busy=0.05).extrapolated
    assert not knee(4.0, 5.0, 6.0, busy=0.2).extrapolated


def test_a_burst_is_the_peak_and_part_of_the_mean() -> None:
    made = load("overload")
    usual = 100 * 1700 / DAY
    found = offered(made, generate(made, 1))
    assert found.peak_messages_per_s == pytest.approx(8 * usual, rel=1e-5)
    assert found.mean_messages_per_s == pytest.approx(usual * (1 + 7 * 60 / made.duration), rel=1e-5)


def test_without_a_burst_mean_and_peak_are_alike(busy: Comparison) -> None:
    assert busy.results().offered == Offered(*2 * [pytest.approx(100 * 5800 / DAY, rel=1e-5)])
    assert [name for name, _ in saturation.loads(busy.results())] == ["load"]


def test_at_noon_twice_the_mean_is_offered() -> None:
    made = BUSY.with_values({"traffic.day_night": True, "duration": "1d", "traffic.messages_per_user_per_day": 40.0})
    found = offered(made, generate(made, 1))
    assert found.peak_messages_per_s == pytest.approx(2 * found.mean_messages_per_s, rel=1e-5)


@pytest.mark.parametrize("start", ["1h", "11h"])
def test_as_much_is_offered_as_is_drawn(start: str) -> None:
    values = {
        "traffic.day_night": True,
        "duration": "18h",
        "traffic.messages_per_user_per_day": 1000.0,
        "traffic.bursts": [{"start": start, "length": "2h", "factor": 10.0}],
        "presence.offline": "0s",
    }
    made = BUSY.with_values(values)
    drawn = generate(made, 1)
    assert len(drawn.times) / drawn.horizon == pytest.approx(offered(made, drawn).mean_messages_per_s, rel=0.02)


def test_a_trace_has_its_busiest_minute() -> None:
    made = load("campus")
    times = [0.0, 59.0, 60.0, 61.0, 119.0, 300.0]
    traffic = Traffic([0], 1, [(0,)], times, [0] * 6, [0] * 6, [1] * 6, [[]], [], [], 600.0)
    assert offered(made, traffic) == Offered(0.01, 0.05)
