"""The report: self-contained, escaped, reproducible, complete."""

from __future__ import annotations

import re
from html import escape

import pandas
import pytest

from syncproof.engines.simulate.metrics import METRICS
from syncproof.properties import PROPERTIES
from syncproof.report import figures
from syncproof.report.sentences import compare as sentences
from syncproof.report.tables import number
from syncproof.studies.compare import compare
from syncproof.studies.comparison import Comparison
from tests.helpers.pages import Tags

pytestmark = pytest.mark.slow

OWN = "<img src=x onerror=alert(1)>&'\"$a$.py:Hasty"


def test_the_page_needs_nothing_from_elsewhere(found: Comparison) -> None:
    tags = Tags(found.html())
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)


@pytest.mark.slow
def test_hostile_names_are_escaped(found: Comparison) -> None:
    assert Tags(found.html()).scripts == 1
    outside_code = found.markdown().split("```")[0]
    assert "<script>" not in outside_code
    assert f"````toml\n{found.scenario.text}\n````" in found.markdown()
    assert "alert" in found.html()


@pytest.mark.slow
def test_the_page_is_the_same_bytes_every_time(found: Comparison) -> None:
    assert found.html() == found.html()


def test_the_page_shows_every_verdict_cost_claim_and_figure(found: Comparison) -> None:
    text = found.html()
    results = found.results()
    assert len(re.findall(r'class="v [a-z-]+( promised)?" title=', text)) == len(PROPERTIES) * 3
    costs = re.findall(r'<td data-value="[^"]*"( class="best")?>', text)
    known = [name for name in METRICS if any(d.metrics[name].value is not None for d in results.designs.values())]
    assert "recovery_s" in METRICS
    assert "recovery_s" not in known
    assert len(costs) == len(known) * 3 + len(results.faults_fired)
    assert text.count("<figure><svg") == 4 + len(found.ways())
    judged = [key for key, claim in results.claims.items() if not claim.evidence.startswith("needs ")]
    assert len(judged) > 4
    assert re.findall(r"<b>(C\d+)</b>", text) == judged
    assert results.designs["inbox-shared"].properties["no-loss"].example in text


def test_what_is_not_applicable_has_its_reason_in_the_cell_and_below_the_table(found: Comparison) -> None:
    text = found.html()
    assert text.count('title="not applicable: an inbox has no checkpoints: what is delivered is deleted"') == 3
    assert (
        "<b>checkpoint-monotonic, checkpoint-covered, epoch-learnt</b>: an inbox has no checkpoints: what is delivered is deleted "
        "(inbox-shared)" in text
    )


def test_markdown_tables_are_rectangular(found: Comparison) -> None:
    tables_found = re.findall(r"(?:^\|.*\|$\n?)+", found.markdown(), re.MULTILINE)
    assert len(tables_found) == 5
    for block in tables_found:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


def test_the_answer_comes_from_the_numbers(found: Comparison) -> None:
    answer = sentences.answer(found)
    broken = found.broken()
    assert 3 <= len(answer) <= 6
    assert broken[0][2].example in answer[0]
    assert f"({len(broken)} broken promises in all)" in answer[0]
    sound = compare(found.scenario, designs=["inbox-shared", "timeline-notify"], jobs=1, sweep=False)
    lost = sound.results().designs["inbox-shared"].metrics["lost_deliveries"].value
    assert f"lost {number(lost)} deliveries a run" in sentences.answer(sound)[0]


def test_one_design_alone_is_compared_with_no_other(found: Comparison) -> None:
    alone = compare(found.scenario, designs=["timeline-notify"], jobs=1, sweep=False)
    costs = sentences.answer(alone)[1]
    numbers = r"timeline-notify has [\d.]+ rows a message, [\d.]+ packets a delivery, [\d.]+% later than 10 s\."
    assert re.fullmatch(numbers, costs)


def test_the_only_design_that_lost_nothing_is_named(found: Comparison) -> None:
    two = compare(found.scenario, designs=["inbox-shared", "timeline-notify"], jobs=1, sweep=False)
    choice = sentences.answer(two)[2]
    assert choice.startswith("For this scenario choose timeline-notify: ")
    assert choice.endswith(", the only one that kept every promise, lost nothing and lacks nothing.")


def test_the_sections_come_in_the_order_in_which_a_reader_decides(found: Comparison) -> None:
    sections = re.findall(r'<section (?:class|id)="(\w+)"', found.html())
    drawn = ["cost", "delivery", "catchup", "endpoints"]
    assert sections == [
        "answer",
        "verdicts",
        "costs",
        "differences",
        *drawn,
        "counterexamples",
        "claims",
        "faults",
        "reproduce",
    ]


def test_every_violated_property_has_a_counterexample_broken_promises_first(found: Comparison) -> None:
    text = found.html()
    counted = [p for d in found.results().designs.values() for p in d.properties.values()]
    assert len(re.findall(r'class="counterexample', text)) == sum(p.verdict == "violated" for p in counted)
    assert text.index("breaks its promise of") < text.index("does not promise <b>")
    assert text.count('<svg class="sequence"') == len(found.ways())
    assert "syncproof explore inbox-shared --world" in text
    assert found.markdown().count("```mermaid") == len(found.ways())


def test_figures_name_their_colours_so_that_a_page_may_lighten_them(found: Comparison) -> None:
    drawn = figures.svg(found.figure("cost"), "cost")
    assert "var(--x0072b2, #0072b2)" in drawn
    assert not re.search(r'style="[^"]*(?<!, )#[0-9a-f]{6}', drawn)


def test_a_name_with_dollar_signs_is_not_a_formula() -> None:
    rows = pandas.MultiIndex.from_product([[1, 2], [OWN]])
    means = pandas.DataFrame({"packets_per_delivery": [1.0, 2.0]}, index=rows)
    drawn = figures.svg(figures.curves(means, ["packets_per_delivery"], "devices"), "curves")
    assert f">{escape(OWN, quote=False)}<" in drawn


def test_a_figure_has_the_short_name(found: Comparison) -> None:
    assert ">Hasty<" in figures.svg(found.figure("cost"), "cost")


def test_designs_of_different_files_are_distinguished() -> None:
    styles = figures.styles(["a", "timeline-notify", "b", "c"])
    assert len(set(styles.values())) == 4
    assert styles["timeline-notify"] == figures.STYLES["timeline-notify"]


@pytest.mark.parametrize("kind", ["found", "proved", "hunted", "listed"])
@pytest.mark.slow
def test_no_hostile_name_is_markup_on_any_page(request: pytest.FixtureRequest, kind: str) -> None:
    text = request.getfixturevalue(kind).html()
    assert "<img" not in text
    assert "<script>alert" not in text
    assert Tags(text).scripts == 1


@pytest.mark.parametrize("kind", ["found", "proved"])
def test_no_hostile_name_is_markup_on_a_code_host(request: pytest.FixtureRequest, kind: str) -> None:
    text = request.getfixturevalue(kind).markdown()
    outside = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<" not in outside
    assert not re.search(r"(?<!\\)\[link\]", outside)
    if kind == "found":  # its sentences have whole names; tables have short ones
        assert OWN.partition(" ")[2].partition(">")[0] in outside
    for diagram in re.findall(r"^```mermaid\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        assert not set("<>#;") & set(re.sub("-?->>|--x", "", diagram))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.00012345, "0.00012"),
        (1.23456, "1.23"),
        (999.4, "999"),
        (12345.0, "12.3k"),
        (2.5e6, "2.5M"),
    ],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text
