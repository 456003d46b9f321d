"""Where reports go, and when they replace former ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.cli.options import INTERRUPTED
from syncproof.errors import InputError, Interrupted
from syncproof.report import writer
from syncproof.studies import executors
from tests.helpers.command import TINY, call
from tests.helpers.program import own

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


def test_an_interrupted_command_leaves_the_former_report(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("verify", "timeline-push", "inbox-shared", "--bounds", "small", "--jobs", "1")
    assert call(*words).exit_code == 0
    former = Path("out/verify/report.md").read_text()
    perform = executors.perform

    def cut(*arguments, **options):
        for number, found in enumerate(perform(*arguments, **options)):
            if number == 2:
                raise Interrupted
            yield found

    monkeypatch.setattr(executors, "perform", cut)
    result = call(*words)
    assert result.exit_code == 3
    assert "the run was interrupted" in result.output
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
