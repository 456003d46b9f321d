"""Every kind of page in a real browser: no errors, no requests, drawn in light, dark and narrow, tables sorted by clicks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from syncproof.designs import DESIGNS
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.report.drive import fragment
from syncproof.studies.compare import compare
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.script_agreement import Seen
from syncproof.studies.verify import explore_one, gathered
from tests.helpers import browser as chromium
from tests.helpers.command import TINY

KINDS = ("found", "proved", "hunted", "swept", "listed")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", params=KINDS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a written page of each kind."""
    path: Path = tmp_path_factory.mktemp(request.param) / "report.html"
    path.write_text(request.getfixturevalue(request.param).html(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("look", "width", "dark"), [("light", 1280, False), ("dark", 1280, True), ("narrow", 420, False)]
)
def test_a_page_is_drawn_without_errors(
    browser: Any, page: Path, tmp_path: Path, look: str, width: int, dark: bool
) -> None:
    browser.problems.clear()
    browser.requests.clear()
    browser.open(page, width=width, dark=dark)
    pixels = browser.screenshot(tmp_path / f"{look}.png")
    assert browser.problems == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    ink = abs(pixels - pixels[2, 2]).max(axis=2) > 0.2
    assert 0.01 < ink.mean() < 0.6
    assert (pixels[2, 2].mean() < 0.2) == dark


@pytest.mark.parametrize("dark", [False, True])
def test_the_figures_can_be_read_on_their_page(browser: Any, page: Path, dark: bool) -> None:
    """Every colour of a figure and every text of a page has enough contrast with its background."""
    browser.open(page, dark=dark)
    faint = browser.evaluate(
        """(() => {
          const light = (colour) => {
            const parts = colour.match(/[\\d.]+/g).map(Number);
            if (parts.length > 3 && parts[3] < 1) return null;
            const [r, g, b] = parts.map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const paper = light(getComputedStyle(document.body).backgroundColor);
          const found = new Set();
          for (const each of document.querySelectorAll("figure > svg text, figure > svg path, figure > svg use, h1, th, td, p")) {
            if (each.closest("defs, .v, .claim") || each.style.opacity || each.closest("[id^=patch_1]")) continue;
            const style = getComputedStyle(each);
            const drawn = each.closest("svg") ? [each.tagName === "text" ? style.fill : style.stroke] : [style.color];
            for (const colour of drawn.filter((c) => c.startsWith("rgb"))) {
              const value = light(colour);
              if (value === null || style.strokeOpacity < 1) continue;
              const contrast = (Math.max(value, paper) + 0.05) / (Math.min(value, paper) + 0.05);
              const enough = each.tagName === "text" || !each.closest("svg") ? 4.4 : 1.9;
              if (contrast < enough) found.add(`${each.tagName} ${colour} ${contrast}`);
            }
          }
          return [...found];
        })()"""
    )
    assert faint == []


def test_what_a_notebook_shows_of_many_violations_is_not_wider_than_it(browser: Any, tmp_path: Path) -> None:
    seen = [Seen(frozenset(PROPERTIES), frozenset(PROPERTIES))] * 20
    outcome = ScriptOutcome("postgres-serial", "concurrent-writers", "timeline-read-fanout", seen)
    outcome.examples = dict.fromkeys(PROPERTIES, "it does")
    page = tmp_path / "fragment.html"
    page.write_text(f"<meta charset=utf-8>{fragment(Driven((), [], [outcome]))}", encoding="utf-8")
    browser.open(page, width=800)
    assert browser.evaluate("document.documentElement.scrollWidth") == 800


@pytest.mark.parametrize("way", ["mouse", "Enter", "space"])
def test_a_heading_sorts_its_table(browser: Any, page: Path, way: str) -> None:
    browser.open(page)
    table = "table.sortable:not(.matrix)"
    column = f"[...document.querySelector('{table}').tBodies[0].rows].map((row) => row.cells[0].textContent)"
    button = f"{table} thead th:first-child button"
    before = browser.evaluate(column)
    for turn, order in enumerate(("ascending", "descending")):
        if way == "mouse":
            browser.click(button)
        else:
            browser.evaluate(f"document.querySelector('{button}').focus()")
            browser.press(*{"Enter": ("Enter", 13), "space": (" ", 32)}[way])
        assert browser.evaluate(f"document.querySelector('{table} thead th').getAttribute('aria-sort')") == order
        assert browser.evaluate(column) == sorted(before, key=str.lower, reverse=bool(turn))


def test_numbers_sort_as_numbers_and_gaps_come_last(browser: Any, tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "model/syncproof/report/templates/sort.js").read_text(encoding="utf-8")
    cells = ["<td>✓ 1,000 states", "<td>–", "<td>✗ 9", '<td data-value="10">ten', '<td data-value="">', "<td>20 → 3"]
    rows = "".join(f"<tr>{cell}</td></tr>" for cell in cells)
    page = tmp_path / "table.html"
    page.write_text(
        f"<meta charset=utf-8><table class=sortable><thead><tr><th>x</th></tr></thead><tbody>{rows}</tbody></table>"
        f"<script>{script}</script>",
        encoding="utf-8",
    )
    browser.open(page)
    column = "[...document.querySelectorAll('td')].map((cell) => cell.textContent)"
    browser.click("th button")
    assert browser.evaluate(column) == ["✗ 9", "ten", "20 → 3", "✓ 1,000 states", "–", ""]
    browser.click("th button")
    assert browser.evaluate(column) == ["✓ 1,000 states", "20 → 3", "ten", "✗ 9", "–", ""]


def test_the_verdicts_of_all_designs_fit_on_a_screen(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    page = tmp_path / "report.html"
    page.write_text(compare(tmp_path / "tiny.toml", runs=1, sweep=False, jobs=1).html(), encoding="utf-8")
    browser.open(page, width=1280)
    assert browser.evaluate("document.querySelectorAll('.matrix thead .slant').length") == len(DESIGNS)
    assert (
        browser.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.scroll:has(.matrix)'))")
        == 0
    )


def test_a_hostile_name_is_text_in_the_browser(browser: Any, page: Path) -> None:
    browser.open(page)
    assert browser.evaluate("document.querySelectorAll('img, iframe, object').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    assert browser.evaluate(
        "[...document.links].every((link) => !/^\\s*[a-z]+:|^\\/\\//i.test(link.getAttribute('href')))"
    )


def test_folded_parts_are_printed(browser: Any, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    shut = "document.querySelectorAll('details:not([open])').length"
    browser.evaluate(f"addEventListener('beforeprint', () => {{ window.shut = {shut}; }})")
    before = browser.evaluate(shut)
    browser.pdf(tmp_path / "page.pdf")
    assert browser.evaluate("window.shut") == 0
    assert browser.evaluate(shut) == before
    pages = len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes()))
    assert 1 <= pages <= 14


def test_continuous_integration_needs_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable CI, a missing browser fails the tests instead of skipping them."""
    monkeypatch.setattr(chromium, "PROGRAM", None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium.wanted()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium.wanted()


OVERLAPS = """(() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const found = [];
  for (const svg of document.querySelectorAll("svg.sequence")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter((each) => each.textContent.trim());
    const boxes = texts.map((each) => [each.getBoundingClientRect(), each.textContent]);
    boxes.forEach(([a, says], number) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 1) found.push(`cut: ${says}`);
      for (const [b, other] of boxes.slice(number + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 2 && high > 2) found.push(`${says} | ${other}`);
      }
    });
  }
  return found;
})()"""


@pytest.mark.parametrize("width", [1280, 420])
def test_no_text_of_a_diagram_lies_over_another_or_is_cut(browser: Any, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser.evaluate(OVERLAPS) == []


def test_the_mark_of_a_lost_packet_stays_clear_of_its_label(browser: Any, tmp_path: Path) -> None:
    world = SmallWorld("two-devices", 1, ("push",))
    page = tmp_path / "report.html"
    page.write_text(gathered("small", "F26", [explore_one("F26", world)]).html(), encoding="utf-8")
    browser.open(page)
    assert browser.evaluate("document.querySelectorAll('svg .cross').length") > 0
    assert browser.evaluate(OVERLAPS) == []
