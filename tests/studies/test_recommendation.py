"""Which designs are on the front, which one is recommended, and what turns that: on results made by hand."""

from __future__ import annotations

import math

from syncproof.studies.intervals import mean_difference
from syncproof.studies.recommendation import LATE, LOST, PACKETS, ROWS, pareto, recommend
from syncproof.studies.results.comparison import (
    ComparisonResults,
    DesignComparison,
    Difference,
    EndpointRuns,
    MetricResults,
    PropertyResults,
    Recommendation,
    SmallRun,
)

KEY = "population.devices_per_user"
Costs = tuple[list[float], list[float], list[float]]
"""Rows written, packets and late share, each run by run."""
NAMES = (ROWS[0], PACKETS, LATE)


def metric(runs: list[float]) -> MetricResults:
    """Return a metric with these values, run by run."""
    return MetricResults(math.fsum(runs) / len(runs), None, None, unit="", runs=[*runs])


def design(costs: Costs, **verdicts: str) -> DesignComparison:
    """Return a design with these costs, and what else is said of promised properties; it loses nothing."""
    metrics = {name: metric(runs) for name, runs in zip(NAMES, costs, strict=True)}
    metrics |= {name: metric([0.0] * len(costs[0])) for name in (*ROWS[1:], LOST)}
    properties = {"no-loss": "holds", "roaming-complete": "holds"}
    properties |= {name.replace("_", "-"): verdict for name, verdict in verdicts.items()}
    found = {
        name: PropertyResults(verdict, name != "roaming-complete", int(verdict == "violated"))
        for name, verdict in properties.items()
    }
    return DesignComparison(found, metrics, rows={}, packets={}, deliveries=100)


def small_run(costs: tuple[float, float, float], lost: float = 0.0, violated: tuple[str, ...] = ()) -> SmallRun:
    """Return a small run with these costs."""
    metrics: dict[str, float | None] = dict(zip(NAMES, costs, strict=True))
    return SmallRun({**metrics, ROWS[1]: 0.0, ROWS[2]: 0.0, LOST: lost}, [*violated], [], [*violated], [], messages=10)


def compared(
    designs: dict[str, DesignComparison],
    runs: dict[str, dict[str, SmallRun]] | None = None,
    faults: tuple[str, ...] = (),
) -> ComparisonResults:
    """Return the results of a comparison of these designs, with the paired differences."""
    found = ComparisonResults(
        schema=2,
        command="compare",
        scenario="by hand",
        seed=1,
        runs=3,
        trace=None,
        take_s=None,
        messages=[10, 10, 10],
        designs=designs,
        sweep=EndpointRuns(KEY, runs or {}),
        losses=None,
        polls=None,
        notifications_off=None,
        faults_fired=dict.fromkeys(faults, 1),
        warnings=[],
    )
    names = list(designs)
    for number, a in enumerate(names):
        for b in names[number + 1 :]:
            found.differences[f"{b} - {a}"] = {
                name: minus(designs[b].metrics[name].runs, designs[a].metrics[name].runs)
                for name in (*ROWS, PACKETS, LATE, LOST)
            }
    return found


def minus(one: list[float | None], other: list[float | None]) -> Difference:
    """Return the paired difference of two metrics, of which every run has a value."""
    known = [[value for value in runs if value is not None] for runs in (one, other)]
    found = mean_difference(*known)
    return Difference(found.value, found.low, found.high)


CHEAP = design(([2.0, 2.1, 2.2], [3.0, 3.1, 3.2], [0.02, 0.02, 0.02]))
DEAR = design(([8.0, 8.2, 8.1], [5.0, 5.1, 5.0], [0.05, 0.05, 0.05]))
PUNCTUAL = design(([9.0, 9.1, 9.2], [6.0, 6.1, 6.2], [0.001, 0.001, 0.001]))


def recommended(results: ComparisonResults, keeping: tuple[str, ...] = ()) -> Recommendation:
    """Return the recommendation for a scenario with two devices a user."""
    return recommend(results, {KEY: 2.0}, keeping)


def test_the_front_leaves_out_what_is_worse_in_everything() -> None:
    assert pareto(compared({"cheap": CHEAP, "dear": DEAR, "punctual": PUNCTUAL})) == ["cheap", "punctual"]


def test_a_design_that_is_better_in_one_cost_alone_is_on_the_front() -> None:
    talkative = design(([1.0, 1.1, 1.2], [9.0, 9.1, 9.2], [0.5, 0.5, 0.5]))
    assert pareto(compared({"cheap": CHEAP, "talkative": talkative})) == ["cheap", "talkative"]


def test_differences_within_noise_keep_both_on_the_front() -> None:
    noisy = design(([1.0, 2.2, 3.4], [3.0, 3.1, 3.2], [0.02, 0.02, 0.02]))
    assert pareto(compared({"cheap": CHEAP, "noisy": noisy})) == ["cheap", "noisy"]


def test_rows_that_are_deleted_and_read_count_for_the_front() -> None:
    reading = design(([1.0, 1.1, 1.2], [3.0, 3.1, 3.2], [0.02, 0.02, 0.02]))
    reading.metrics[ROWS[2]] = metric([7.0, 7.0, 7.0])
    assert pareto(compared({"cheap": CHEAP, "reading": reading})) == ["cheap"]


def test_the_least_product_of_the_costs_is_recommended_with_its_numbers_and_the_next_ones() -> None:
    found = recommended(compared({"dear": DEAR, "cheap": CHEAP}))
    assert found.recommended == "cheap"
    assert found.why == (
        "2.1 rows a message, 3.1 packets a delivery, 2.00% later than 10 s; next comes dear with 8.1, 5.03 and 5.00%"
    )


def test_a_late_share_below_one_in_a_hundred_is_no_advantage() -> None:
    slower = design(([2.0, 2.0, 2.0], [2.0, 2.0, 2.0], [0.0099, 0.0099, 0.0099]))
    never_late = design(([2.0, 2.0, 2.0], [2.1, 2.1, 2.1], [0.0, 0.0, 0.0]))
    assert recommended(compared({"never-late": never_late, "slower": slower})).recommended == "slower"


def test_a_design_that_broke_a_promise_is_not_recommended() -> None:
    broken = design(([1.0] * 3, [1.0] * 3, [0.0] * 3), prefix_order="violated")
    assert recommended(compared({"broken": broken, "dear": DEAR})).recommended == "dear"


def test_a_design_whose_promise_is_unknown_is_not_recommended() -> None:
    unknown = design(([1.0] * 3, [1.0] * 3, [0.0] * 3), prefix_order="unknown")
    assert recommended(compared({"open": unknown, "dear": DEAR})).recommended == "dear"


def test_a_promise_that_no_run_exercised_does_not_count() -> None:
    idle = design(([1.0] * 3, [1.0] * 3, [0.0] * 3), change_monotonic="unknown")
    idle.properties["change-monotonic"].exercised = False
    assert recommended(compared({"idle": idle, "dear": DEAR})).recommended == "idle"


def test_a_design_that_loses_messages_is_not_recommended_also_if_it_does_not_promise_to_keep_them() -> None:
    lossy = design(([1.0] * 3, [1.0] * 3, [0.0] * 3), no_loss="violated")
    lossy.properties["no-loss"].promised = False
    assert recommended(compared({"lossy": lossy, "dear": DEAR})).recommended == "dear"


def test_where_new_devices_appear_a_design_without_history_is_not_recommended() -> None:
    forgetful = design(([1.0] * 3, [1.0] * 3, [0.0] * 3), roaming_complete="violated")
    designs = {"forgetful": forgetful, "dear": DEAR}
    assert recommended(compared(designs)).recommended == "forgetful"
    assert recommended(compared(designs, faults=("new-device",))).recommended == "dear"


def test_none_is_recommended_if_none_kept_its_promises() -> None:
    found = recommended(compared({"broken": design(([1.0] * 3, [1.0] * 3, [0.0] * 3), no_loss="violated")}))
    assert found.recommended is None
    assert found.why == "none kept every promise, lost nothing and gave new devices their history"


LATE_CHEAP = design(([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.51, 0.51, 0.51]))
NEVER = design(([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]))


def test_a_design_that_delivers_most_too_late_is_not_recommended_however_cheap_it_is() -> None:
    found = recommended(compared({"late": LATE_CHEAP, "dear": DEAR, "other": CHEAP}))
    assert found.recommended == "other"
    assert recommended(compared({"late": LATE_CHEAP, "dear": DEAR})).why.endswith(", and delivered half within 10 s")


def test_none_is_recommended_if_each_delivers_most_too_late() -> None:
    found = recommended(compared({"never": NEVER, "late": LATE_CHEAP}))
    assert found.recommended is None
    assert found.why == (
        "no design that kept every promise and lost nothing delivered half within 10 s; the best was late, with 51.00% later"
    )


def test_a_small_run_that_delivers_most_too_late_turns_nothing() -> None:
    runs = {"cheap": {"6": small_run((9.0, 9.0, 0.1))}, "dear": {"6": small_run((1.0, 1.0, 0.6))}}
    assert turned(runs) == []


def test_beside_a_design_without_history_the_best_with_history_is_named() -> None:
    results = compared({"cheap": CHEAP, "punctual": PUNCTUAL, "dear": DEAR})
    found = recommended(results, keeping=("punctual", "dear"))
    assert (found.recommended, found.with_history) == ("cheap", "punctual")
    assert found.why_with_history == "9.1 rows a message, 6.1 packets a delivery, 0.10% later than 10 s"


def test_a_recommended_design_with_history_stands_alone() -> None:
    found = recommended(compared({"cheap": CHEAP, "dear": DEAR}), keeping=("cheap", "dear"))
    assert (found.with_history, found.why_with_history) == (None, "")


def turned(runs: dict[str, dict[str, SmallRun]]) -> list[tuple[str, str]]:
    """Return at which value the recommendation of `cheap` over `dear` turns in small runs, and to what."""
    found = recommended(compared({"cheap": CHEAP, "dear": DEAR}, runs))
    assert found.recommended == "cheap"
    return [(turn.value, turn.recommended) for turn in found.turned_by]


GOOD, BAD = small_run((1.0, 1.0, 0.0)), small_run((9.0, 9.0, 0.5))


def test_the_nearest_value_that_turns_the_recommendation_is_named() -> None:
    runs = {"cheap": {"1": GOOD, "2": GOOD, "3": BAD, "6": BAD}, "dear": {"1": BAD, "2": BAD, "3": GOOD, "6": GOOD}}
    assert turned(runs) == [("3", "dear")]


def test_each_key_of_the_small_runs_may_turn_it() -> None:
    results = compared({"cheap": CHEAP, "dear": DEAR})
    polls = {"cheap": {"60": BAD, "3600": GOOD}, "dear": {"60": GOOD, "3600": BAD}}
    results.polls = EndpointRuns("model.poll_interval", polls)
    found = recommend(results, {KEY: 2.0, "model.poll_interval": 900.0})
    assert [(turn.key, turn.value, turn.recommended) for turn in found.turned_by] == [
        ("model.poll_interval", "60", "dear")
    ]
    assert found.tried == {"model.poll_interval": ["60", "3600"]}


def test_the_scenarios_own_value_turns_nothing() -> None:
    assert turned({"cheap": {"2": BAD}, "dear": {"2": GOOD}}) == []


def test_a_small_run_that_lost_messages_or_broke_a_promise_recommends_nothing() -> None:
    lossy = small_run((1.0, 1.0, 0.0), lost=1.0)
    broken = small_run((1.0, 1.0, 0.0), violated=("prefix-order",))
    assert turned({"cheap": {"3": BAD}, "dear": {"3": lossy}}) == []
    assert turned({"cheap": {"3": BAD}, "dear": {"3": broken}}) == []
    assert turned({"cheap": {"3": lossy}, "dear": {"3": BAD}}) == [("3", "dear")]
