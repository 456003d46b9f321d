"""The report of a sweep: self-contained, escaped, reproducible, complete."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError
from syncproof.inputs.scenario import Scenario
from syncproof.report import sweep as sweep_page
from syncproof.report.sentences import sweep as sentences
from syncproof.report.tables import number
from syncproof.studies.sweep import Sweep, sweep
from tests.helpers.pages import Tags

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script> | [link](http://evil)"
WANTED: dict[str, Any] = {
    "title": HOSTILE,
    "shows": HOSTILE,
    "duration": "20m",
    "population": {"users": 3, "new_devices": 1},
    "conversations": {"pairs": 2, "groups": 1, "group_size": {"min": 3, "max": 3}},
    "traffic": {"messages_per_user_per_day": 400.0},
    "faults": {"push_loss": 0.2},
}
DESIGNS = ["inbox-store-first", "inbox-shared", "timeline-notify", "timeline-dense-push"]


def made(vary: dict[str, list[object]], **options: Any) -> Sweep:
    scenario = Scenario.model_validate(WANTED).model_copy(update={"name": HOSTILE, "text": HOSTILE})
    return sweep(scenario, **{"vary": vary, "designs": DESIGNS, "runs": 2, "jobs": 1, **options})


@pytest.fixture(scope="module")
def found() -> Sweep:
    return made({"population.devices_per_user": [1, 2, 4]})


@pytest.fixture(scope="module")
def page(found: Sweep) -> str:
    return found.html()


@pytest.fixture(scope="module")
def two() -> Sweep:
    return made({"model.notifications": [True, False], "presence.online": ["5m", "1h"]}, runs=1)


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    assert all(address.startswith(("#", "data:")) for address in Tags(page).addresses)


def test_hostile_names_are_escaped(found: Sweep, page: str) -> None:
    assert Tags(page).scripts == 1
    assert "<script>" not in found.markdown().split("```")[0]
    assert Tags(found._repr_html_()).scripts == 0


def test_every_form_is_the_same_bytes_every_time(found: Sweep, page: str) -> None:
    again = made({"population.devices_per_user": [1, 2, 4]})
    assert again.html() == page
    assert again.markdown() == found.markdown()
    assert again.parquet() == found.parquet()
    assert again.results() == found.results()


def test_markdown_tables_are_rectangular(found: Sweep) -> None:
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", found.markdown(), re.MULTILINE)
    assert len(blocks) == 3
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_the_answer_is_three_sentences_from_the_numbers(found: Sweep, two: Sweep) -> None:
    answer = sentences.answer(found)
    assert len(answer) == len(sentences.answer(two)) == 3
    course = found.course("inbox-store-first", "server_writes_per_message")
    assert course is not None
    assert course.course == "grows"
    assert f"inbox-store-first ({number(course.first)} to {number(course.last)}" in answer[0]
    assert answer[1].startswith("In packets per delivery, ")
    assert answer[2].startswith("In bytes per delivery, ")


def test_designs_that_lost_deliveries_are_not_compared(found: Sweep) -> None:
    assert sentences.lossy(found) == {"inbox-shared"}
    rows = sweep_page.crossing_rows(found) + sweep_page.crossing_rows(found, noise=True)
    assert rows
    assert not any("inbox-shared" in cell for row in rows for cell in row)


@pytest.mark.parametrize(("lost", "named"), [(0.0, True), (7.0, False)])
def test_a_crossing_is_in_the_answer_unless_deliveries_were_lost(found: Sweep, lost: float, named: bool) -> None:
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    changed = {
        place: replace(r, metrics={**r.metrics, "lost_deliveries": lost, "packets_per_delivery": 3.0 * place[0]})
        if place[1] == "inbox-shared"
        else r
        for place, r in found.made.items()
    }
    sentence = sentences.answer(Sweep(**{**fields, "made": changed}))[1]
    assert ("inbox-shared is below timeline-notify up to" in sentence) == named
    assert ("inbox-shared" in sentence) == named


def recovering(found: Sweep, endless: dict[tuple[int, str, int], bool]) -> Sweep:
    """Return the sweep with times to recover of 20 s and, where `endless` says so, without an end."""
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    made = {
        place: replace(run, metrics={**run.metrics, "recovery_s": math.inf if endless.get(place) else 20.0})
        for place, run in found.made.items()
    }
    return Sweep(**{**fields, "made": made, "metrics": ("recovery_s",)})


def test_what_does_not_recover_has_no_mean_and_is_named(found: Sweep) -> None:
    both = {(0, "timeline-notify", 0): True, (0, "timeline-notify", 1): True}
    some = recovering(found, {**both, (0, "inbox-shared", 1): True})
    answer = sentences.answer(some)
    assert len(answer) == len(found.points)
    assert "timeline-notify did not recover in any run; inbox-shared did not recover in 1 of 2 runs; 20 s" in answer[0]
    assert "did not recover" not in answer[1]
    cells = {name: row[0] for places, name, row in sweep_page.rows(some) if places[0][0] == "1"}
    assert {name: cell.text for name, cell in cells.items()} == {
        "inbox-store-first": "20",
        "inbox-shared": "did not recover in 1 of 2 runs",
        "timeline-notify": "did not recover",
        "timeline-dense-push": "20",
    }
    assert cells["inbox-shared"].value is None
    assert "| did not recover |" in some.markdown()
    panel = some.figure().axes[0]
    assert [text.get_text() for text in panel.texts] == ["hollow: did not recover in some run"]


def test_a_run_that_does_not_come_to_rest_keeps_no_promise(found: Sweep) -> None:
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    restless = {
        place: replace(
            run,
            properties={
                **run.properties,
                "no-loss": replace(run.properties["no-loss"], verdict="unknown", promised=True, exercised=True),
            },
        )
        if place[1] == "timeline-notify"
        else run
        for place, run in found.made.items()
    }
    said = sentences.promises(Sweep(**{**fields, "made": restless}))
    assert said.startswith("No promise was broken. Some of timeline-notify are unknown")


def test_figures_have_a_panel_a_metric_and_units(found: Sweep) -> None:
    axes = found.figure(["packets_per_delivery", "bytes_per_delivery"]).axes
    assert [a.get_ylabel() for a in axes] == ["packets", "bytes"]
    assert all(a.get_xlabel() == "population.devices_per_user" for a in axes)
    for a in axes:
        assert len(a.lines) == len(DESIGNS)
        assert len(a.collections) == len(DESIGNS)  # the intervals


def test_other_keys_make_blocks_with_the_same_range(two: Sweep) -> None:
    axes = two.figure("packets_per_delivery").axes
    assert len(axes) == 2
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["true", "false"]


def test_an_unknown_metric_names_the_nearest(found: Sweep) -> None:
    with pytest.raises(InputError, match="did you mean 'packets_per_delivery'"):
        found.figure(["packets"])


def test_the_command_makes_the_sweep_again(two: Sweep) -> None:
    command = sentences.command(two)
    assert "--vary model.notifications=true,false --vary presence.online=5m,1h" in command
    assert command.endswith("--runs 1 --seed 1")


def test_parquet_has_a_row_per_point_and_run(found: Sweep) -> None:
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(found.parquet()))
    assert table.num_rows == 3 * len(DESIGNS) * 2
    assert table.column_names == [
        "population.devices_per_user", "design", "run", "seed", *METRICS, "violated_promises",
    ]  # fmt: skip
    assert table.column("violated_promises").to_pylist() == [[]] * table.num_rows


def test_what_is_missing_is_on_the_page(found: Sweep) -> None:
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    kept = {place: r for place, r in found.made.items() if place[0] < 2}
    part = Sweep(**{**fields, "made": kept, "interrupted": "interrupted"})
    page = part.html()
    assert "8 of 24 runs are missing (interrupted)" in page
    assert 'id="missing"' in page
    assert "devices per user 4" in page
    assert sentences.answer(part)[0].startswith("With devices per user from 1 to 2, ")
    assert part.status() == 3


def test_a_notebook_shows_the_answer_and_the_picture(found: Sweep) -> None:
    shown = found._repr_html_()
    assert "<svg" in shown
    assert "rows written per message grow with inbox-store-first" in shown
