"""Comparing: aggregation, intervals, worst verdicts, warnings, the API that a notebook uses."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.properties import PROPERTIES
from syncproof.properties.verdicts import PropertyResult
from syncproof.report.sentences import compare as sentences
from syncproof.studies import executors
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from syncproof.studies.jobs import PROCESS, SHOWING, memory_of
from syncproof.studies.results.common import plain
from syncproof.studies.results.comparison import PropertyResults

pytestmark = pytest.mark.slow

DESIGNS = ("inbox-store-first", "inbox-sync-first", "inbox-shared", "timeline-notify", "timeline-dense-push")
WANTED: dict[str, Any] = {
    "title": "Tom & Jerry's <office>",
    "shows": 'a | hostile "name"',
    "duration": "1h",
    "runs": 3,
    "population": {"users": 5, "devices_per_user": [1, 2], "new_devices": 1},
    "conversations": {"pairs": 5, "groups": 1, "group_size": {"min": 3, "max": 4}},
    "traffic": {"messages_per_user_per_day": 300.0},
    "presence": {"online": "20m", "offline": "5m", "half_open": 0.3},
    "faults": {"push_loss": 0.05},
}


@pytest.fixture(scope="session")
def found() -> Comparison:
    return compare(Scenario.model_validate(WANTED), designs=DESIGNS, jobs=1)


@pytest.mark.slow
def test_results_have_every_metric_and_property(found: Comparison) -> None:
    results = found.results()
    assert (results.schema, results.command, results.runs) == (2, "compare", 3)
    for design in results.designs.values():
        assert list(design.metrics) == list(METRICS)
        assert list(design.properties) == list(PROPERTIES)
    json.dumps(plain(results), allow_nan=False)


def test_means_are_those_of_the_runs(found: Comparison) -> None:
    values = [r.metrics["packets_per_delivery"] for r in found.outcomes["timeline-notify"]]
    mean = found.results().designs["timeline-notify"].metrics["packets_per_delivery"].value
    assert mean == pytest.approx(sum(values) / 3, rel=1e-5)


def test_the_articles_central_numbers(found: Comparison) -> None:
    """The inbox needs fewer packets than notify and pull; its writes grow with devices, the timeline's do not."""
    designs = found.results().designs
    packets = {n: designs[n].metrics["packets_per_delivery"].value for n in designs}
    assert packets["timeline-notify"] > packets["inbox-store-first"]
    assert packets["timeline-dense-push"] < packets["timeline-notify"]
    sweep = found.results().sweep.designs
    grown = {n: [p.metrics["server_writes_per_message"] for p in sweep[n].values()] for n in sweep}
    assert grown["inbox-store-first"] == sorted(grown["inbox-store-first"])
    assert grown["inbox-store-first"][-1] > 3 * grown["inbox-store-first"][0]
    assert len(set(grown["timeline-notify"])) == 1


def test_every_design_meets_the_same_traffic(found: Comparison) -> None:
    messages = {tuple(r.messages for r in runs) for runs in found.outcomes.values()}
    assert len(messages) == 1


def test_a_verdict_is_the_worst_of_the_runs(found: Comparison) -> None:
    runs = [
        PropertyResult("holds", True),
        PropertyResult("violated", True, 2, ["device 1 ..."]),
        PropertyResult("unknown", True),
    ]
    outcomes = {
        n: [
            type(r)(**{**_fields(r), "properties": {**r.properties, "no-loss": p}})
            for r, p in zip(rs, runs, strict=True)
        ]
        for n, rs in found.outcomes.items()
    }
    worse = Comparison(found.scenario, 1, 3, found.designs, outcomes)
    finding = worse.results().designs["timeline-notify"].properties["no-loss"]
    assert finding == PropertyResults("violated", True, 2, "device 1 ... (run 1)")
    assert worse.status() == 1


def test_an_unknown_promise_is_status_3(found: Comparison) -> None:
    assert _with_no_loss(found, PropertyResult("unknown", True)).status() == 3


def test_the_answer_says_only_the_reason_for_which_promises_are_unknown(found: Comparison) -> None:
    cut = _with_no_loss(found, PropertyResult("unknown", True, why="the run did not come to rest"))
    promising = [name for name, each in cut.results().designs.items() if each.properties["no-loss"].promised]
    assert sentences.answer(cut)[0] == (
        f"No run broke a promise, but {len(promising)} promises are unknown, the first of {promising[0]}: the run did not come "
        "to rest."
    )


def _with_no_loss(found: Comparison, verdict: PropertyResult) -> Comparison:
    """Return a comparison in whose runs no-loss has this verdict."""
    outcomes = {
        n: [type(r)(**{**_fields(r), "properties": {**r.properties, "no-loss": verdict}}) for r in rs]
        for n, rs in found.outcomes.items()
    }
    return Comparison(found.scenario, 1, 3, found.designs, outcomes)


def _fields(result: Any) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__dataclass_fields__}


def test_a_fault_that_never_fired_is_a_warning(found: Comparison) -> None:
    outcomes = {
        n: [type(r)(**{**_fields(r), "faults_fired": {"push-lost": 0}}) for r in rs] for n, rs in found.outcomes.items()
    }
    quiet = Comparison(found.scenario, 1, 3, found.designs, outcomes)
    assert quiet.results().warnings == ["push-lost was configured and never happened"]


def test_tables_for_a_notebook(found: Comparison) -> None:
    table = found.table()
    assert set(table.columns) == {"value", "low", "high", "unit"}
    assert table.loc[("timeline-notify", "lost_deliveries"), "value"] == 0
    assert found.verdicts().loc["no-loss", "inbox-shared"] == "violated"
    assert "<table>" in found._repr_html_()


@pytest.mark.parametrize("name", ["cost", "saturation", "delivery", "catchup", "endpoints"])
def test_figures_carry_units(found: Comparison, name: str) -> None:
    axes = found.figure(name).axes
    assert axes
    assert all(a.get_xlabel() for a in axes)


def test_an_unknown_figure_lists_the_known(found: Comparison) -> None:
    with pytest.raises(InputError, match="allowed: cost, saturation, delivery, catchup, endpoints"):
        found.figure("costs")


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_named(found: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        found.write(tmp_path / "file")


def test_runs_without_a_message_cause_a_warning_and_prove_no_promise() -> None:
    talk = {**WANTED, "traffic": {"messages_per_user_per_day": 0.0}, "runs": 1}
    silent = compare(Scenario.model_validate(talk), designs=["timeline-notify"], jobs=1)
    assert any("timeline-notify accepted no message" in warning for warning in silent.results().warnings)
    verdicts = {v.verdict for v in silent.results().designs["timeline-notify"].properties.values()}
    assert verdicts == {"unknown", "not-applicable"}
    assert silent.status() == 3
    assert {c.verdict for c in silent.results().claims.values()} == {"unknown"}
    assert "No run broke a promise" in silent.markdown()
    with warnings.catch_warnings(action="error"):
        assert "accepted no message" in silent.html()


@pytest.mark.parametrize(("method", "wanted", "used"), [("fork", 3, 3), ("spawn", 3, 1), ("forkserver", None, 1)])
def test_a_design_that_only_this_process_has_is_run_here(
    method: str, wanted: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multiprocessing.get_start_method", lambda: method)
    assert executors.workers(wanted, inherit=True) == used
    assert executors.workers(3) == 3


def test_a_design_given_as_an_object_is_compared_as_if_it_had_a_name() -> None:
    quick = Scenario.model_validate(WANTED)
    own = lookup.get("timeline-notify").variant(name="the same")
    found = compare(quick, designs=[own, "timeline-notify"], runs=2, sweep=False).results().designs
    assert found["the same"].complexity is None  # only that of ready designs is measured
    found["the same"].complexity = found["timeline-notify"].complexity
    assert found["the same"] == found["timeline-notify"]


def test_the_memory_of_a_run_grows_with_the_devices_that_a_message_is_shown_on() -> None:
    """User 1 has two devices, and is no member between the first message and the second, nor twice."""
    traffic = Traffic(
        owners=[0, 1, 1], initial_devices=3, members=[(0, 1)], times=[1.0, 3.0, 5.0], devices=[0, 0, 0],
        conversations=[0, 0, 0], sizes=[1, 1, 1], sessions=[[], [], []],
        changes=[(2.0, "remove", 0, 1), (4.0, "add", 0, 1), (4.5, "add", 0, 1)], joins=[], horizon=6.0,
    )  # fmt: skip
    assert memory_of(traffic) == PROCESS + SHOWING * (3 + 1 + 3)
