"""The exit status of commands that met no evidence: 3, and 0 where they could not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command import call
from tests.helpers.silent import QUIET

OWN = """
from tests.helpers.silent import MISSES as Misses, MUTE as Mute, NEEDS_TWO as NeedsTwo, REACHES as Reaches, SILENT as Silent
"""
HISTORY = [
    '{"schema": 1, "kind": "history"}',
    '{"type":"Joined","device":0,"user":0}',
    '{"type":"Composed","message":1,"device":0,"conversation":0}',
    '{"type":"Placed","message":1,"conversation":0,"place":1,"members":[0],"audience":[0]}',
    '{"type":"Accepted","message":1}',
    '{"type":"Quiesced"}',
]


@pytest.fixture
def own(tmp_path: Path) -> str:
    (tmp_path / "own.py").write_text(OWN)
    return str(tmp_path / "own.py")


def test_check_of_a_promise_that_the_log_says_nothing_about(tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join(HISTORY) + "\n")
    found = call("check", str(file), "--promise", "dense")
    assert found.exit_code == 3
    assert "never met its evidence: an entry of a sync timeline" in found.output
    assert call("check", str(file)).exit_code == 0


def test_check_of_an_empty_history(tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    file.write_text(HISTORY[0] + "\n")
    assert call("check", str(file)).exit_code == 3


def test_explore_of_a_server_that_stores_nothing(own: str) -> None:
    found = call("explore", f"{own}:Silent", "--world", "two-people")
    assert found.exit_code == 1
    assert "accepted-once" in found.output


def test_explore_of_a_server_that_accepts_nothing(own: str) -> None:
    found = call("explore", f"{own}:Mute", "--world", "two-people")
    assert found.exit_code == 3
    assert "sometimes unknown, never reached: a message was accepted" in found.output
    results = json.loads(Path("out/explore/results.json").read_text())
    (facts,) = results["designs"].values()
    assert facts["properties"]["no-loss"]["why"] == "never met its evidence: an accepted message"
    assert "exercised" not in facts["properties"]["no-loss"]
    assert facts["properties"]["epoch-learnt"]["exercised"] is False
    assert results["vacuous"]


def test_explore_of_a_design_that_declares_what_it_reaches(own: str) -> None:
    options = ["--world", "two-people", "--messages", "2"]
    reached = call("explore", f"{own}:Reaches", *options)
    assert reached.exit_code == 0
    assert "sometimes reached: a device shows a second message" in reached.output
    missed = call("explore", f"{own}:Misses", *options, "--fault", "push")
    assert missed.exit_code == 3
    assert "sometimes unknown, never reached: a device shows a ninth message" in missed.output
    page = Path("out/explore/report.md").read_text()
    assert "| a device shows a ninth message" in page
    assert "it never reached this: a device shows a ninth message" in page


def test_a_world_with_too_few_messages_is_not_asked_for_what_a_design_declares(own: str) -> None:
    found = call("explore", f"{own}:NeedsTwo", "--world", "two-people", "--fault", "push")
    assert found.exit_code == 0
    page = Path("out/explore/report.md").read_text()
    assert "Not exercised by these worlds: a device shows a third message" in page
    assert "it needs the fault push and 2 messages" in page
    asked = call("explore", f"{own}:NeedsTwo", "--world", "two-people", "--fault", "push", "--messages", "2")
    assert asked.exit_code == 3
    assert "sometimes unknown, never reached: a device shows a third message" in asked.output


@pytest.mark.slow
def test_compare_where_nobody_writes(tmp_path: Path) -> None:
    (tmp_path / "quiet.toml").write_text(QUIET)
    found = call("compare", str(tmp_path / "quiet.toml"), "--design", "timeline-notify", "--runs", "1")
    assert found.exit_code == 3
    assert "is unknown: nothing was accepted" in found.output


def test_tables_have_a_mark_for_what_was_not_exercised() -> None:
    found = call("explore", "timeline-notify", "--world", "two-people")
    assert found.exit_code == 0
    page = Path("out/explore/report.html").read_text()
    assert page.count('title="not exercised') == 8
    assert "○</span> not exercised" in page
    text = Path("out/explore/report.md").read_text()
    assert "○ not exercised by these worlds" in text
    assert text.count("**○**") == 8
    assert "8 promises are not exercised by these worlds" in text
