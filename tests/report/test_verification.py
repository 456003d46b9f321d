"""A verification as pages and files: the matrix, and counterexamples that can be replayed."""

from __future__ import annotations

import contextlib
import io
import json
import re

import pytest
from click.testing import CliRunner

from syncproof.cli.main import main
from syncproof.engines.explore import Limits
from syncproof.inputs import bounds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.report import counterexamples, sequence
from syncproof.report import verify as page
from syncproof.report.sentences import verify as sentences
from syncproof.studies import recordings
from syncproof.studies import verify as verification
from syncproof.studies.pieces import INTERRUPTED
from syncproof.studies.results.common import plain
from syncproof.studies.verification import Verification

pytestmark = pytest.mark.slow

DESIGNS = ["inbox-shared", "timeline-notify", "F27"]
WORLDS = (SmallWorld("two-people", 1, ()), SmallWorld("three-devices", 1, ()))


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bounds.BOUNDS, "small", WORLDS)
        yield verification.verify(DESIGNS, "small", jobs=1)


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    found.write(out)
    return out


@pytest.mark.slow
def test_markdown_and_html_contain_the_whole_matrix(found, folder):
    lines = (folder / "report.md").read_text().splitlines()
    text = (folder / "report.html").read_text()
    matrix = found.matrix()
    for name in PROPERTIES:
        cells = [matrix[design][name] for design in DESIGNS]
        (row,) = [line for line in lines if re.match(rf"\|\s*{name}\s*\|", line)]
        expected = [f"**{page.mark(cell)}**" if cell.promised else page.mark(cell) for cell in cells]
        assert [cell.strip() for cell in row.split("|")[2:-1]] == expected
        cut = text.split(f">{name}</th>", 1)[1].split("</tr>", 1)[0]
        assert re.findall(r'<td data-value="[^"]*" class="v[^>]*>([^<>]+)</td>', cut) == [
            page.mark(cell) for cell in cells
        ]


def test_pages_do_not_call_a_liveness_counterexample_shortest(folder):
    for name in ("report.md", "report.html"):
        text = (folder / name).read_text()
        assert "a liveness property is a short one" in text
        assert "shortest counterexample" not in text.lower()


def test_every_counterexample_replays_to_the_same_violations(found, folder):
    shown = counterexamples.drawn(found)
    assert {"F27", "inbox-shared"} <= {each.design for each in shown}
    assert "pull-terminates" in {each.name for each in shown}
    for each in shown:
        judged = recordings.replay(folder / each.file)
        assert judged.violations == judged.recorded
        assert judged.recorded[each.name] > 0


def test_the_printed_command_replays(found, folder):
    each = next(s for s in counterexamples.drawn(found) if s.design == "inbox-shared")
    result = CliRunner().invoke(main, ["replay", str(folder / each.file), "--diagram"])
    assert "the same violations as recorded" in result.output


def test_the_python_snippet_runs_and_prints_the_diagram(found):
    each = next(s for s in counterexamples.drawn(found) if s.design == "inbox-shared")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(counterexamples.snippet(each), {})
    assert sequence.text(each.narration) in out.getvalue()


def test_the_answer_speaks_of_what_is_broken_and_refuted(found):
    told = " ".join(sentences.answer(found))
    assert "6 worlds of 3 designs searched" in told
    assert "broken; each has a counterexample below" in told
    assert "inbox-shared (" in told


def test_the_answer_says_what_is_missing_and_why(found):
    facts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    cut = Verification(**facts | {"missing": {"F27": 2}, "stopped": INTERRUPTED})
    assert "2 searches were not made: interrupted." in sentences.answer(cut)


def test_vacuous_searches_are_on_the_pages(found):
    facts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    gap = ("timeline-notify", WORLDS[0], "a device saw a gap")
    vacuous = Verification(**facts | {"vacuous": [gap]})
    assert any("never reached this: a device saw a gap" in sentence for sentence in sentences.answer(vacuous))
    assert "never a device saw a gap" in vacuous.html()


@pytest.mark.slow
def test_the_results_are_the_same_at_every_run(found, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bounds.BOUNDS, "small", WORLDS)
        again = verification.verify(DESIGNS, "small", jobs=1)
    assert plain(again.results()) == json.loads((folder / "results.json").read_text())
    assert again.markdown() == found.markdown()


def test_a_detail_separates_why_from_what_grows(capsys):
    world = SmallWorld("two-people", 1, ("disconnect",))
    found = verification.search("timeline-notify", world, Limits(states=1))
    object.__setattr__(found, "growth", "a packet was still counting: 99 by then")
    page.show_search("timeline-notify", world, found)
    text = " ".join(capsys.readouterr().out.split())
    assert "cut short (the limit of states was reached): a packet was still counting: 99 by then;" in text


# ---- commands


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(bounds.BOUNDS, "small", WORLDS)


@pytest.mark.parametrize(("design", "status"), [("timeline-notify", 0), ("inbox-shared", 0), ("F27", 1)])
@pytest.mark.slow
def test_verify_ends_with_the_status_of_the_promises(small, tmp_path, design, status):
    result = invoke("verify", design, "--bounds", "small", "--jobs", "1", "--out", str(tmp_path))
    assert result.exit_code == status, result.output
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "report.md", "results.json", "run.json"}


def test_verify_lists_the_bounds():
    result = invoke("verify", "--bounds", "tiny")
    assert result.exit_code == 2
    assert "unknown bounds 'tiny'; allowed: small, standard, deep" in result.output


def test_explore_searches_all_worlds_of_bounds_and_writes_their_report(small, tmp_path):
    result = invoke("explore", "timeline-notify", "--bounds", "small", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert all(f"timeline-notify: {world}" in result.output for world in WORLDS)
    found = json.loads((tmp_path / "results.json").read_text())
    assert [world["world"] for world in found["designs"]["timeline-notify"]["worlds"]] == [str(s) for s in WORLDS]
    assert found["bounds"] == "small"


def test_explore_writes_the_report_of_one_world_and_how_to_make_it_again(tmp_path):
    result = invoke("explore", "timeline-notify", "--world", "two-people", "--fault", "push", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    command = "syncproof explore timeline-notify --world two-people --messages 1 --fault push"
    assert command in (tmp_path / "report.md").read_text()
    assert command in (tmp_path / "report.html").read_text()


def test_explore_that_is_cut_short_ends_with_status_3(tmp_path):
    arguments = ("--world", "two-people", "--fault", "disconnect", "--states", "1", "--out", str(tmp_path))
    result = invoke("explore", "timeline-notify", *arguments)
    assert result.exit_code == 3
    cells = json.loads((tmp_path / "results.json").read_text())["designs"]["timeline-notify"]["properties"]
    assert cells["no-loss"]["verdict"] == "unknown"
    assert "the limit of states was reached" in cells["no-loss"]["why"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bounds", "small", "--messages", "2"), "--bounds names the worlds"),
        (("--bounds", "small", "--graph", "x.aut"), "--bounds names the worlds"),
        (("--bounds", "tiny"), "unknown bounds 'tiny'; allowed: small, standard, deep"),
        (("--world", "nowhere"), "unknown world 'nowhere'; allowed: two-people, two-devices, three-devices"),
        (("--fault", "rain"), "unknown kind of fault 'rain'"),
        (("--graph", "x.png"), "allowed: a file ending in .graphml, .dot, .aut"),
    ],
)
def test_explore_refuses_unknown_arguments(arguments, says):
    result = invoke("explore", "timeline-notify", *arguments)
    assert result.exit_code == 2
    assert says in result.output
