"""Making and checking of committed reports, with a small one. `make check-reports` checks those of the repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncproof.errors import InputError
from syncproof.studies import small_runs
from tools import gallery
from tools.gallery import Entry, Row, complaints, make, read, stale

TINY = """
title = "Tiny"
shows = "Quick."
duration = "20m"
runs = 1
[population]
users = 2
[conversations]
pairs = 1
groups = 0
[traffic]
messages_per_user_per_day = 200.0
"""

pytestmark = pytest.mark.slow


# ---- how they are made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario and its report in reports/."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "tiny.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setitem(small_runs.VALUES, small_runs.DEVICES, (1, 2))
        patch.setattr(gallery, "ENTRIES", {"tiny": Entry("tiny", "compare", "tiny.toml")})
        assert gallery.remake((), None, folder / "reports", 1, print) == []
    return folder


@pytest.fixture
def tiny(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that folder's reports, which a test may change, with the scenario in the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(small_runs.VALUES, small_runs.DEVICES, (1, 2))
    monkeypatch.setattr(gallery, "ENTRIES", {"tiny": Entry("tiny", "compare", "tiny.toml")})
    return tmp_path / "reports"


def only(out: Path) -> Row:
    (row,) = read(out).values()
    return row


def test_a_fresh_report_is_not_stale_and_brings_no_times(tiny: Path) -> None:
    assert stale(only(tiny), tiny) == []
    assert sorted(path.name for path in (tiny / "tiny").iterdir()) == ["report.html", "report.md", "results.json"]
    assert sorted(path.name for path in tiny.iterdir()) == ["README.md", "index.html", "index.json", "tiny"]
    assert "1 run, " in (tiny / "README.md").read_text()


def test_a_report_is_stale_when_its_scenario_changed(tiny: Path) -> None:
    (tiny.parent / "tiny.toml").write_text(TINY.replace("200.0", "300.0"))
    assert stale(only(tiny), tiny) == ["tiny: its scenario changed since"]


def test_a_report_is_stale_when_a_run_made_again_gives_other_numbers(tiny: Path) -> None:
    path = tiny / "tiny" / "results.json"
    results = json.loads(path.read_text())
    name = next(iter(results["designs"]))
    results["designs"][name]["metrics"]["packets_per_delivery"]["runs"][0] += 0.01
    path.write_text(json.dumps(results))
    (complaint,) = stale(only(tiny), tiny)
    assert complaint.startswith(f"tiny: packets_per_delivery of {name} in the first run is ")


def test_a_report_is_stale_when_a_file_is_missing(tiny: Path) -> None:
    (tiny / "tiny" / "report.md").unlink()
    assert stale(only(tiny), tiny) == ["tiny/report.md is missing"]


def test_a_report_is_stale_when_the_text_of_a_claim_changed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery.claims, "CLAIMS", {})
    assert stale(only(tiny), tiny) == ["tiny: its claims changed since"]


def test_a_row_without_an_entry_is_stale(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = only(tiny)
    monkeypatch.setattr(gallery, "ENTRIES", {})
    assert stale(row, tiny) == ["tiny: no such entry any more"]


def test_a_verification_is_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("verify", "verify", "small", designs=("inbox-shared",))
    monkeypatch.setattr(gallery, "ENTRIES", {"verify": entry})
    assert gallery.remake((), None, tmp_path, 1, print) == []
    row = only(tmp_path)
    assert any(file.startswith("counterexamples/inbox-shared.no-loss") for file in row.files)
    assert stale(row, tmp_path) == []
    path = tmp_path / "verify" / "results.json"
    results = json.loads(path.read_text())
    first = results["designs"]["inbox-shared"]["worlds"][0]
    states, first["states"] = first["states"], 109
    path.write_text(json.dumps(results))
    assert stale(row, tmp_path) == [f"verify: inbox-shared, {first['world']}: {states} states, not 109"]


def test_the_folder_holds_what_the_index_names_and_nothing_else(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "ready", list)
    assert list(complaints(tiny)) == []
    (tiny / "tiny" / "more.txt").write_text("see /home/somebody/notes")
    (tiny / "README.md").write_text("# Other")
    assert list(complaints(tiny)) == [
        "README.md is not the index that index.json gives",
        "tiny/more.txt is in no entry of the index",
        "tiny/more.txt names a place on a machine",
    ]


def test_the_html_pages_are_made_and_not_committed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "ready", list)
    assert only(tiny).files == ["report.md", "results.json"]
    (tiny / "tiny" / "report.html").unlink()
    (tiny / "index.html").unlink()
    assert list(complaints(tiny)) == []


def test_a_predefined_scenario_without_a_report_is_reported(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "ready", lambda: ["tiny.toml", "new"])
    assert list(complaints(tiny)) == ["the ready scenario new has no entry"]


def test_the_check_exits_1_and_names_the_remedy(tiny: Path) -> None:
    (tiny / "tiny" / "report.md").unlink()
    result = CliRunner().invoke(gallery.main, ["--check", "--out", str(tiny)])
    assert result.exit_code == 1
    assert "tiny/report.md is missing" in result.output
    assert result.output.endswith(gallery.REMEDY + "\n")


def test_without_real_traffic_its_former_report_stays(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("campus", "compare", "campus", "CollegeMsg.txt")
    monkeypatch.setattr(gallery, "ENTRIES", {"campus": entry})
    lines: list[str] = []
    assert gallery.remake((), None, tiny, 1, lines.append) == []
    assert lines[-1] == "campus: left as it is; it needs CollegeMsg.txt (TRACES=DIR)"
    assert list(read(tiny)) == ["tiny"]


def test_a_trace_is_named_without_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(small_runs.VALUES, small_runs.DEVICES, (1,))
    traces = tmp_path / "traces"
    traces.mkdir()
    (traces / "talk.txt").write_text("".join(f"{n % 3} {(n + 1) % 3} {1000 + 60 * n}\n" for n in range(60)))
    row = make(Entry("campus", "compare", "campus", "talk.txt", "30m"), traces, tmp_path / "reports", 1)
    assert row.command == "syncproof compare campus --trace talk.txt --take 1800s --runs 1 --seed 7"
    assert row.taken.startswith("the first 30m of talk.txt; 1 run, ")


def test_an_entry_that_fails_keeps_its_former_report_and_the_others_are_made(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (tiny / "tiny" / "results.json").read_bytes()
    entries = {"tiny": Entry("tiny", "compare", "gone.toml"), "again": Entry("again", "compare", "tiny.toml")}
    monkeypatch.setattr(gallery, "ENTRIES", entries)
    (failure,) = gallery.remake((), None, tiny, 1, print)
    assert failure.startswith("tiny: gone.toml")
    assert (tiny / "tiny" / "results.json").read_bytes() == before
    assert list(read(tiny)) == ["tiny", "again"]


def test_a_report_that_names_a_place_on_this_machine_is_refused(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tiny.parent / "tiny.toml").write_text(TINY.replace("Quick.", f"See {tiny.parent}/notes."))
    with pytest.raises(InputError, match=r"tiny/report\.html names .*, a place on this machine"):
        make(gallery.ENTRIES["tiny"], None, tiny, 1)
    assert "Quick." in (tiny / "tiny" / "report.md").read_text()


def test_the_command_says_what_it_does_not_know(tmp_path: Path) -> None:
    result = CliRunner().invoke(gallery.main, ["nothing", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "unknown report 'nothing'; allowed: default, " in result.output


def test_an_index_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(InputError, match=r"not an index: .*; remove it and make the reports again"):
        read(tmp_path)
