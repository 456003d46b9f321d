"""The report of a sizing: self-contained, escaped, reproducible, complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from syncproof.errors import InputError
from syncproof.inputs.scenario import Scenario
from syncproof.report import size as page
from syncproof.report.sentences import size as sentences
from syncproof.report.tables import number
from syncproof.studies.size import Sizing, prices, size
from tests.helpers.pages import Tags

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script> | [link](http://evil)"
WANTED: dict[str, Any] = {
    "title": HOSTILE,
    "shows": HOSTILE,
    "duration": "2h",
    "population": {"users": 6},
    "conversations": {"pairs": 6, "groups": 1, "group_size": {"min": 3, "max": 3}},
    "traffic": {"messages_per_user_per_day": 300.0},
}
DESIGNS = ["inbox-store-first", "timeline-notify", "timeline-read-fanout"]


@pytest.fixture(scope="module")
def found() -> Sizing:
    scenario = Scenario.model_validate(WANTED).model_copy(update={"name": HOSTILE, "text": HOSTILE})
    return size(scenario, users=10_000_000, designs=DESIGNS, check=True, jobs=1)


@pytest.fixture(scope="module")
def html(found: Sizing) -> str:
    return found.html()


def test_the_page_needs_nothing_from_elsewhere(html: str) -> None:
    tags = Tags(html)
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)
    assert tags.scripts == 1


def test_the_page_is_the_same_bytes_every_time(found: Sizing, html: str) -> None:
    assert found.html() == html


def test_the_page_has_every_table_and_figure(found: Sizing, html: str) -> None:
    names = [table.name for table in page.tables(found)]
    assert names == ["rates", "limits", "storage", "cost", "cheapest", "break-even", "check", "lines"]
    assert all(f'<section id="{name}">' in html for name in names)
    assert html.count("<figure><svg") == 2


def test_markdown_tables_are_rectangular_and_escaped(found: Sizing) -> None:
    text = found.markdown()
    assert "<script>" not in text.split("```")[0]
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert len(blocks) == 8
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_the_answer_comes_from_the_numbers(found: Sizing) -> None:
    said = " ".join(sentences.answer(found))
    results = found.results()
    least = min(results.designs.values(), key=lambda each: each.cost_total)
    assert f"{number(least.cost_total)} USD a month" in said
    assert number(results.traffic.messages_per_s.mean) in said
    assert "15 of 18 lines" not in sentences.checked(found)
    assert "18 of 18 lines" in sentences.checked(found)


def test_an_error_beyond_the_promise_is_marked(found: Sizing, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found.checked is not None
    monkeypatch.setattr(found.checked.designs["timeline-notify"][0], "within", False)
    assert "BEYOND" in found.markdown()
    assert "17 of 18 lines" in sentences.checked(found)


def test_the_command_makes_the_report_again(found: Sizing) -> None:
    text = sentences.command(found)
    assert "--users 10000000 --peak 2 --sync-retention 604800s --history 31536000s" in text
    assert text.endswith("--design timeline-read-fanout --check --seed 1")


def test_the_files_are_written(found: Sizing, tmp_path: Path) -> None:
    paths = found.write(tmp_path)
    assert [path.name for path in paths] == ["report.html", "report.md", "results.json", "run.json"]


def test_an_unknown_figure_is_told(found: Sizing) -> None:
    with pytest.raises(InputError, match="unknown figure 'costs'; allowed: cost, cheapest"):
        found.figure("costs")


def test_the_terminal_shows_rates_and_the_check(found: Sizing, capsys: pytest.CaptureFixture[str]) -> None:
    found.show()
    text = capsys.readouterr().out
    assert "storage" in text
    assert "≤ 1 %" in text


def test_one_design_that_is_the_cheapest_of_all_is_told_once() -> None:
    both = size(Scenario.model_validate(WANTED), designs=["timeline-notify", "timeline-read-fanout"])
    said = " ".join(sentences.answer(both))
    assert "Of the designs that keep history, and of those that lose nothing, timeline-" in said
    assert said.count("costs least: ") == 1


def test_what_costs_nothing_is_not_called_cheapest_and_is_drawn_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    free = tmp_path / "free.toml"
    free.write_text(re.sub(r"(?m)= [0-9.]+$", "= 0", prices._example().read_text(encoding="utf-8")), encoding="utf-8")
    sizing = size(Scenario.model_validate(WANTED), designs=DESIGNS, prices=str(free))
    said = " ".join(sentences.answer(sizing))
    assert (
        "Of the designs that keep history, timeline-notify and timeline-read-fanout cost nothing at these prices."
        in said
    )
    assert "costs least" not in said
    sizing.figure("cost").canvas.draw()
    assert [str(each.message) for each in recwarn] == []
