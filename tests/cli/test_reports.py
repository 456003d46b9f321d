"""Where reports go, and when they replace former ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncproof.cli.options import INTERRUPTED
from syncproof.errors import InputError, Interrupted
from syncproof.report import writer
from syncproof.studies import executors
from tests.helpers.command import TINY, call
from tests.helpers.program import own

pytestmark = pytest.mark.slow

PAGES = ["report.html", "report.md", "results.json", "run.json"]


@pytest.fixture
def tiny() -> str:
    """Return a scenario in a folder of its own."""
    Path("mine").mkdir()
    Path("mine/tiny.toml").write_text(TINY)
    return "mine/tiny.toml"


def test_every_command_has_a_folder_of_its_own(tiny: str) -> None:
    one = ("--design", "timeline-notify", "--runs", "1", "--jobs", "1")
    call("compare", tiny, *one)
    call("sweep", tiny, *one, "--vary", "population.devices_per_user=1")
    call("explore", "timeline-notify", "--world", "two-people")
    call("verify", "timeline-notify", "--bounds", "small", "--jobs", "1")
    assert sorted(path.name for path in Path("out").iterdir()) == ["compare", "explore", "sweep", "verify"]
    for folder in Path("out").iterdir():
        assert set(PAGES) <= {path.name for path in folder.iterdir()}, folder


def test_a_report_names_the_scenarios_file_with_its_folder(tiny: str) -> None:
    one = ("--design", "timeline-notify", "--runs", "1", "--jobs", "1")
    call("compare", tiny, *one)
    call("sweep", tiny, *one, "--vary", "population.devices_per_user=1")
    assert f"syncproof compare {tiny} --design" in Path("out/compare/report.md").read_text()
    assert f"syncproof sweep {tiny} --vary" in Path("out/sweep/report.md").read_text()


def test_a_report_names_the_trace_with_its_folder() -> None:
    Path("mine").mkdir()
    Path("mine/trace.txt").write_text("1 2 100\n2 1 200\n1 2 300\n")
    one = ("--trace", "mine/trace.txt", "--design", "timeline-notify", "--runs", "1", "--jobs", "1")
    call("compare", "campus", *one)
    call("sweep", "campus", *one, "--vary", "population.devices_per_user=1")
    assert "syncproof compare campus --trace mine/trace.txt --design" in Path("out/compare/report.md").read_text()
    assert "--trace mine/trace.txt --design" in Path("out/sweep/report.md").read_text()
    assert "mine" not in Path("out/compare/results.json").read_text()


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function after which work is interrupted as so many pieces of it are done."""
    perform = executors.perform

    def after(pieces: int) -> None:
        def cut(*arguments: Any, **options: Any) -> Iterator[Any]:
            for number, found in enumerate(perform(*arguments, **options)):
                if number == pieces:
                    raise Interrupted
                yield found

        monkeypatch.setattr(executors, "perform", cut)

    return after


COMPARED = ("--design", "timeline-notify", "--design", "inbox-store-first", "--runs", "3", "--jobs", "1")


def test_an_interrupted_comparison_keeps_the_runs_that_every_design_finished(
    tiny: str, interrupt: Callable[[int], None]
) -> None:
    interrupt(5)  # two runs of both designs, and a third of one
    result = call("compare", tiny, *COMPARED)
    assert result.exit_code == 3
    assert "ended early (interrupted): 2 of 3 runs of each design were finished" in " ".join(result.output.split())
    assert not Path("out/compare/results.json").exists()
    found = json.loads(Path(f"out/compare/{INTERRUPTED}/results.json").read_text())
    assert (found["runs"], len(found["messages"]), found["sweep"]["designs"]) == (2, 2, {})
    assert "interrupted" in found["warnings"][-1]


def test_the_runs_that_are_kept_are_those_of_a_shorter_comparison(tiny: str, interrupt: Callable[[int], None]) -> None:
    call("compare", tiny, *COMPARED[:-3], "2", "--jobs", "1")
    interrupt(5)
    call("compare", tiny, *COMPARED)
    two, cut = [json.loads(Path(f"out/compare/{f}results.json").read_text()) for f in ("", f"{INTERRUPTED}/")]
    assert cut["designs"] == two["designs"]


def test_an_interruption_before_the_first_run_of_every_design_keeps_nothing(
    tiny: str, interrupt: Callable[[int], None]
) -> None:
    interrupt(1)
    result = call("compare", tiny, *COMPARED)
    assert (result.exit_code, result.output) == (3, "syncproof: interrupted; nothing was written\n")


def test_an_interrupted_command_leaves_the_former_report(interrupt: Callable[[int], None]) -> None:
    words = ("verify", "timeline-push", "inbox-shared", "--bounds", "small", "--jobs", "1")
    assert call(*words).exit_code == 0
    former = Path("out/verify/report.md").read_text()
    interrupt(2)
    result = call(*words)
    assert result.exit_code == 3
    assert "interrupted; the same command with --resume continues from here" in result.output
    assert Path("out/verify/report.md").read_text() == former
    assert "searches were not made" in Path(f"out/verify/{INTERRUPTED}/report.md").read_text()


def test_files_are_replaced_when_all_are_written(tmp_path: Path) -> None:
    writer.write(tmp_path, {"a": "old", "below/b": b"old"})

    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left on device"):
        writer.write(tmp_path, {"a": "new", "below/b": b"new", "c": fail})
    assert ((tmp_path / "a").read_text(), (tmp_path / "below" / "b").read_text()) == ("old", "old")
    assert [path.name for path in writer.write(tmp_path, {"a": "new", "below/b": b"new"})] == ["a", "b"]
    assert ((tmp_path / "a").read_text(), (tmp_path / "below" / "b").read_text()) == ("new", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "below"]


def test_claims_about_other_designs_are_left_out_where_only_ones_own_is_judged(tiny: str, tmp_path: Path) -> None:
    design = f"{own(tmp_path)}:Good"
    for command, one, both in (
        (("compare", tiny, "--runs", "1"), ("--design", design), ("--design", "timeline-notify")),
        (("verify", "--bounds", "small"), (design,), ("timeline-notify",)),
    ):
        page = Path("out") / command[0]
        alone = call(*command, *one)
        assert alone.exit_code == 0, alone.output
        assert "needs " not in alone.output
        assert "## Claims" not in (page / "report.md").read_text()
        assert 'id="claims"' not in (page / "report.html").read_text()
        assert "C7" in call(*command, *one, *both).output
        assert "## Claims" in (page / "report.md").read_text()
        assert 'href="#claims"' in (page / "report.html").read_text()
