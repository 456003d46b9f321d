"""A newcomer steps through the counterexample of a wrong design in a browser, by clicks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncproof.report.explorer import page
from syncproof.report.explorer.address import parse
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.server import STALE, PageServer
from syncproof.report.explorer.walk import Walk
from tests.report.explorer.conftest import DESIGN, WORLD

pytestmark = pytest.mark.slow

EARLY = "the copy of message 0 for device 1 is deleted before the device has shown it"


@pytest.fixture(scope="module")
def server(serving: Callable[[], Any]) -> Iterator[PageServer]:
    with serving() as running:
        yield running


@pytest.fixture
def tab(browser: Any) -> Any:
    """Return the browser at an empty page, with nothing noted yet."""
    browser.open("about:blank")
    browser.problems.clear()
    browser.requests.clear()
    return browser


def wait(tab: Any, condition: str) -> None:
    """Wait until a condition holds in the page."""
    tab.evaluate(
        f"new Promise((done) => {{ const look = () => ({condition}) ? done() : requestAnimationFrame(look); look(); }})"
    )


def stands(tab: Any, says: str) -> None:
    """Wait until the page is drawn and stands where it `says`."""
    bar = "document.querySelector('#bar .count')?.textContent ?? ''"
    wait(tab, f"document.body.dataset.drawn === location.hash && ({bar}).includes({json.dumps(says)})")


def text(tab: Any, selector: str) -> str:
    found: str = tab.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")
    return found


def texts(tab: Any, selector: str) -> list[str]:
    found: list[str] = tab.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
    )
    return found


def test_a_counterexample_is_walked_through_by_clicks(tab: Any, server: PageServer) -> None:
    tab.open(server.url)
    stands(tab, "at the beginning")
    assert "broken promise: no-early-delete (7 moves)" in text(tab, "[data-jump='no-early-delete']")
    tab.click("[data-jump='no-early-delete']")
    stands(tab, "after 0 of 7 moves")
    assert f"a violation of no-early-delete: {EARLY}" in text(tab, "#here")
    for number in range(1, 8):
        assert "the next move of this way" in text(tab, "#moves li.next")
        tab.click("#next" if number % 2 else "#moves li.next a")
        stands(tab, f"after {number} of 7 moves")
        assert f"Move {number}: " in text(tab, "#here")
    assert f"no-early-delete is violated by this move: {EARLY}" in text(tab, "#here")
    assert "✗ violated" in text(tab, "[data-property='no-early-delete'] .verdict")
    assert text(tab, "[data-actor='device 1 (user 1)'] [data-field='batch']").startswith("Push")
    assert tab.evaluate("document.querySelectorAll('#way svg .here').length") == 1
    tab.evaluate("history.back()")
    stands(tab, "after 6 of 7 moves")
    assert "not violated so far" in text(tab, "[data-property='no-early-delete'] .verdict")
    tab.evaluate("history.forward()")
    stands(tab, "after 7 of 7 moves")
    tab.click("#back")
    stands(tab, "after 6 of 7 moves")
    other = next(each for each in texts(tab, "#moves li:not(.next) a.move") if each.startswith("crashes"))
    tab.evaluate(
        f"[...document.querySelectorAll('#moves a.move')].find((a) => a.textContent === {json.dumps(other)}).click()"
    )
    stands(tab, "after 7 of 7 moves")
    assert "not running" in " ".join(texts(tab, "#actors h3"))
    assert tab.problems == []
    assert all(url.startswith(server.url) for url in tab.requests if not url.startswith("data:"))


def test_the_keys_walk_too_and_the_way_is_saved(tab: Any, server: PageServer, jumps: dict[str, Jump]) -> None:
    tab.open(f"{server.url}#{jumps['no-loss'].way}")
    stands(tab, "after 0 of 23 moves; moves 16 to 23 repeat indefinitely")
    tab.press("ArrowRight", 39)
    stands(tab, "after 1 of 23")
    tab.press("ArrowLeft", 37)
    stands(tab, "after 0 of 23")
    tab.click("#last")
    stands(tab, "after 23 of 23")
    assert "no-loss is violated, because moves 16 to 23 can repeat indefinitely" in text(tab, "#here")
    assert "--way '" in text(tab, "#command")
    tab.click("#save")
    wait(tab, "document.querySelector('#saved').textContent !== ''")
    assert "syncproof replay saved/23.moves.jsonl --diagram" in text(tab, "#saved")
    assert tab.problems == []


def test_moves_are_hidden_by_kind_and_stay_hidden(tab: Any, server: PageServer) -> None:
    tab.open(server.url)
    stands(tab, "at the beginning")
    visible = "[...document.querySelectorAll('#moves li.choice')].filter((e) => !e.hidden).map((e) => e.dataset.kind)"
    assert "device-crash" in tab.evaluate(visible)
    tab.click("input[data-kind='device-crash']")
    assert "device-crash" not in tab.evaluate(visible)
    assert re.fullmatch(r"\d+ moves? hidden: their kinds are not ticked above\.", text(tab, "#hidden-count"))
    tab.click("#moves li[data-kind='compose'] a")
    stands(tab, "after 1 of 1 move")
    assert "device-crash" not in tab.evaluate(visible)
    tab.click("input[data-kind='device-crash']")
    assert "device-crash" in tab.evaluate(visible)
    assert text(tab, "#hidden-count") == ""


def test_a_run_in_which_a_situation_is_met_is_shown(tab: Any, server: PageServer) -> None:
    tab.open(server.url)
    stands(tab, "at the beginning")
    choose = "(() => { const s = document.querySelector('#situation'); s.value = %r; s.dispatchEvent(new Event('change')); })()"
    tab.evaluate(choose % "message-accepted")
    stands(tab, "after 4 of 4 moves")
    assert "observed: Accepted m0" in text(tab, "#here")
    tab.evaluate(choose % "gap")
    wait(tab, "document.querySelector('#searching').textContent.startsWith('in no run')")


def test_two_tabs_walk_apart(tab: Any, server: PageServer, jumps: dict[str, Jump]) -> None:
    first = tab.session
    tab.open(f"{server.url}#{jumps['no-early-delete'].way}")
    stands(tab, "after 0 of 7")
    second = tab.tab()
    tab.open(f"{server.url}#{jumps['no-loss'].way}")
    stands(tab, "after 0 of 23")
    for number in (1, 2):
        for session, moves in ((first, 7), (second, 23)):
            tab.tab(session)
            stands(tab, f"after {number - 1} of {moves}")
            tab.click("#next")
    stands(tab, "after 2 of 23")
    tab.tab(first)
    stands(tab, "after 2 of 7")


def test_a_page_of_an_earlier_start_says_what_to_do(tab: Any, serving: Callable[[], Any], server: PageServer) -> None:
    with serving() as earlier:
        old = earlier.url
        tab.open(old)
        stands(tab, "at the beginning")
    tab.click("#moves li.choice a")
    wait(tab, "!document.querySelector('#error').hidden")
    assert "its command has ended" in text(tab, "#error")
    tab.open(f"{server.url.rsplit('/', 2)[0]}/{old.rsplit('/', 2)[1]}/")
    assert STALE in text(tab, "body")


def test_a_way_that_does_not_fit_is_one_line_in_the_page(tab: Any, server: PageServer) -> None:
    tab.open(f"{server.url}#zzzz")
    wait(tab, "!document.querySelector('#error').hidden")
    assert "move 1 (zzzz) is not possible there" in text(tab, "#error")
    stands(tab, "at the beginning")
    tab.click("#moves li.choice a")
    stands(tab, "after 1 of 1")
    assert tab.evaluate("document.querySelector('#error').hidden")
    tab.evaluate("location.hash = '#@0'")
    stands(tab, "at the beginning")
    assert tab.evaluate("document.querySelector('#error').hidden")


def test_an_address_that_is_none_shows_the_beginning_and_says_so(tab: Any, server: PageServer) -> None:
    tab.open(f"{server.url}#Mine")
    wait(tab, "!document.querySelector('#error').hidden")
    assert "allowed: the part of an address behind #" in text(tab, "#error")
    stands(tab, "at the beginning")
    tab.click("#moves li.choice a")
    stands(tab, "after 1 of 1")
    assert tab.evaluate("document.querySelector('#error').hidden")


def test_a_static_page_with_a_place_that_it_has_not_shows_the_beginning(
    tab: Any, walked: Walk, jumps: dict[str, Jump], tmp_path: Path
) -> None:
    jump = jumps["no-early-delete"]
    file = tmp_path / "steps.html"
    file.write_text(page.static(DESIGN, WORLD, jump, tuple(walked.moves(parse(jump.way).codes)), None))
    tab.open(f"{file.as_uri()}#@99")
    wait(tab, "document.querySelector('#error').textContent.includes('allowed: 0 to 7')")
    stands(tab, "after 0 of 7")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (420, False)])
def test_a_static_page_is_stepped_through_from_a_file(
    tab: Any, walked: Walk, jumps: dict[str, Jump], tmp_path: Path, width: int, dark: bool
) -> None:
    jump = jumps["no-early-delete"]
    moves = tuple(walked.moves(parse(jump.way).codes))
    file = tmp_path / "steps.html"
    file.write_text(page.static(DESIGN, WORLD, jump, moves, None), encoding="utf-8")
    tab.open(file, width=width, dark=dark)
    stands(tab, "after 0 of 7")
    assert texts(tab, "#moves li:not(.next) a") == []
    for number in range(1, 8):
        tab.click("#moves li.next a")
        stands(tab, f"after {number} of 7")
    assert EARLY in text(tab, "#here")
    assert "null" not in text(tab, "main")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    pixels = tab.screenshot(tmp_path / "page.png")
    assert (pixels[2, 2].mean() < 0.2) == dark
    tab.evaluate("location.hash = '#@99'")
    wait(tab, "document.querySelector('#error').textContent.includes('allowed: 0 to 7')")
    assert tab.problems == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [file.resolve().as_uri()]
