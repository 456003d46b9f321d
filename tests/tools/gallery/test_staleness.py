"""Which committed reports are stale. `make check-reports` checks those of the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools.gallery.conftest import TINY, only
from tools.gallery import entries, staleness
from tools.gallery.entries import Entry
from tools.gallery.making import remake
from tools.gallery.staleness import complaints, stale

pytestmark = pytest.mark.slow


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
    monkeypatch.setattr(staleness.claims, "CLAIMS", {})
    assert stale(only(tiny), tiny) == ["tiny: its claims changed since"]


def test_a_row_without_an_entry_is_stale(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = only(tiny)
    monkeypatch.setattr(entries, "ENTRIES", {})
    assert stale(row, tiny) == ["tiny: no such entry any more"]


def test_a_verification_is_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("verify", "verify", "small", designs=("inbox-shared",))
    monkeypatch.setattr(entries, "ENTRIES", {"verify": entry})
    assert remake((), None, tmp_path, 1, print) == []
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
    monkeypatch.setattr(staleness, "ready", list)
    assert list(complaints(tiny)) == []
    (tiny / "tiny" / "more.txt").write_text("see /home/somebody/notes")
    (tiny / "README.md").write_text("# Other")
    assert list(complaints(tiny)) == [
        "README.md is not the index that index.json gives",
        "tiny/more.txt is in no entry of the index",
        "tiny/more.txt names a place on a machine",
    ]


def test_a_predefined_scenario_without_a_report_is_reported(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staleness, "ready", lambda: ["tiny.toml", "new"])
    assert list(complaints(tiny)) == ["the ready scenario new has no entry"]
