"""The report: self-contained, escaped, reproducible, complete."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from syncproof.comparison import Comparison
from syncproof.properties import PROPERTIES
from syncproof.report import compare, markdown, page, tables
from syncproof.scenario import Scenario

HOSTILE = "<script>alert('x')</script> | [link](http://evil)"


@pytest.fixture(scope="module")
def found() -> Comparison:
    wanted = Scenario.model_validate(
        {
            "title": HOSTILE,
            "shows": HOSTILE,
            "duration": "30m",
            "runs": 2,
            "population": {"users": 3, "devices_per_user": 2, "new_devices": 1},
            "conversations": {"pairs": 2, "groups": 1, "group_size": {"min": 3, "max": 3}},
            "traffic": {"messages_per_user_per_day": 400.0},
            "faults": {"push_loss": 0.2},
        }
    ).model_copy(update={"name": HOSTILE, "text": HOSTILE})
    return compare(wanted, designs=["inbox-shared", "timeline-notify"], jobs=1)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "action")]


def test_the_page_needs_nothing_from_elsewhere(found: Comparison) -> None:
    tags = Tags(page.render(found))
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)


def test_hostile_names_are_escaped(found: Comparison) -> None:
    assert Tags(page.render(found)).scripts == 1
    outside_code = markdown.render(found).split("```")[0]
    assert "<script>" not in outside_code
    assert "alert" in page.render(found)


def test_the_page_is_the_same_bytes_every_time(found: Comparison) -> None:
    assert page.render(found) == page.render(found)


def test_the_page_shows_every_verdict_cost_claim_and_figure(found: Comparison) -> None:
    text = page.render(found)
    results = found.results()
    assert len(re.findall(r'<td class="v ', text)) == len(PROPERTIES) * 2
    assert len(re.findall(r"<td data-value=", text)) == 17 * 2
    assert text.count("<svg") == 4
    assert all(f"<b>{key}</b>" in text for key in results["claims"])
    assert results["designs"]["inbox-shared"]["properties"]["no-loss"]["example"] in text


def test_markdown_tables_are_rectangular(found: Comparison) -> None:
    tables_found = re.findall(r"(?:^\|.*\|$\n?)+", markdown.render(found), re.MULTILINE)
    assert len(tables_found) == 4
    for block in tables_found:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


def test_the_answer_is_three_sentences_from_the_numbers(found: Comparison) -> None:
    sentences = tables.answer(found)
    lost = found.results()["designs"]["inbox-shared"]["metrics"]["lost_deliveries"]["mean"]
    assert len(sentences) == 3
    assert tables.number(lost) in sentences[0]


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
    assert tables.number(value) == text
