"""The page as one file: what it holds, that nothing in it is markup of a design, and what its policy lets run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import msgspec

from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report import counterexamples
from syncproof.report import verify as report
from syncproof.report.explorer import page
from syncproof.report.explorer.address import Address, parse
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.view import place_shown
from syncproof.report.explorer.walk import Walk, walk
from syncproof.studies.asked import Asked
from syncproof.studies.verification import Explored
from syncproof.studies.verify import explore_one, gathered
from tests.report.explorer.conftest import DESIGN, WORLD


def made(walked: Walk, jump: Jump) -> str:
    address = parse(jump.way)
    return page.static(DESIGN, WORLD, jump, tuple(walked.moves(address.codes)), address.cycle)


def held(text: str) -> Any:
    """Return the data that a page holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_static_page_holds_every_place_of_its_way(walked: Walk, jumps: dict[str, Jump]) -> None:
    data = held(made(walked, jumps["no-early-delete"]))
    assert [place["at"] for place in data["places"]] == list(range(8))
    assert len(data["way"]["steps"]) == 7
    assert data["command"].endswith("--world two-people --messages 1 --fault device-crash --serve")


def test_the_policy_names_the_script_and_the_style_of_the_page(walked: Walk, jumps: dict[str, Jump]) -> None:
    text = made(walked, jumps["no-early-delete"])
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for (part,) in (script, style):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"&#39;sha256-{digest}&#39;" in text
    assert "connect-src &#39;none&#39;" in text
    assert not re.search(r'(src|href)="(https?:|//)', text)


def test_a_hostile_name_is_text(walked: Walk, jumps: dict[str, Jump], data: page.PageData) -> None:
    hostile = "</script><script>alert(1)</script>.py:Own"
    text = page.served(msgspec.structs.replace(data, design=hostile))
    assert "<script>alert" not in text
    assert held(text)["design"] == hostile


def test_a_page_is_the_same_each_time(walked: Walk, jumps: dict[str, Jump]) -> None:
    assert made(walked, jumps["no-loss"]) == made(walked, jumps["no-loss"])


def test_a_world_that_no_command_searches_has_no_command() -> None:
    assert page.command("inbox-store-first", SmallWorld("two-people", 2, (), (("ack_batch", 2),))) == ""
    assert "--script mine.toml" in page.command("x", SmallWorld("two-people", 1, (), script=((),)), "mine.toml")


def test_the_command_names_the_deployment() -> None:
    found = page.command("inbox-store-first", SmallWorld("two-people", 1, (), deployment="cluster"))
    assert found == ("syncproof explore inbox-store-first --world two-people --messages 1 --deployment cluster --serve")


def test_behind_gateways_the_page_shows_every_process() -> None:
    where = walk("timeline-dense-push", SmallWorld("two-devices", 1, ("handover",)))
    shown = place_shown(where, Address())
    assert [actor.name for actor in shown.actors][:3] == ["server", "gateway 0", "gateway 1"]
    handovers = [choice for choice in shown.moves if choice.kind == "handover"]
    assert [choice.actor for choice in handovers] == ["device 0 (user 0)", "device 1 (user 0)"]
    assert all("gateway" in "; ".join(choice.effects) for choice in handovers)


def test_a_report_of_explore_links_a_page_for_each_counterexample(explored: Explored, tmp_path: Path) -> None:
    found = gathered("one world", DESIGN, [explored], asked=Asked())
    paths = {path.relative_to(tmp_path).as_posix() for path in found.write(tmp_path)}
    shown = counterexamples.drawn(found)
    assert {each.page for each in shown} <= paths
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count(">Step through it</a>") == len(shown)
    assert all(f'href="{each.page}"' in text for each in shown)


def test_a_report_of_verify_links_those_of_ones_own_designs(explored: Explored, tmp_path: Path) -> None:
    found = gathered("small", DESIGN, [explored])
    paths = {path.relative_to(tmp_path).as_posix() for path in found.write(tmp_path)}
    assert {each.page for each in counterexamples.drawn(found)} <= paths


def test_a_report_of_verify_has_no_such_pages_of_what_a_ready_design_does_not_promise() -> None:
    found = gathered("small", "inbox-shared", [explore_one("inbox-shared", SmallWorld("three-devices", 1, ()))])
    shown = counterexamples.drawn(found)
    assert "no-loss" in [each.name for each in shown]
    assert not any(report.has_steps(found, each) for each in shown)
    assert "Step through it" not in report.html(found)
