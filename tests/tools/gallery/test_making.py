"""Making of committed reports, with a small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.studies import small_runs
from tests.tools.gallery.conftest import TINY, only
from tools.gallery import entries, staleness
from tools.gallery.entries import Entry
from tools.gallery.index import read
from tools.gallery.making import make, remake
from tools.gallery.staleness import complaints, stale

pytestmark = pytest.mark.slow


def test_a_fresh_report_is_not_stale_and_brings_no_times(tiny: Path) -> None:
    assert stale(only(tiny), tiny) == []
    assert sorted(path.name for path in (tiny / "tiny").iterdir()) == ["report.html", "report.md", "results.json"]
    assert sorted(path.name for path in tiny.iterdir()) == ["README.md", "index.html", "index.json", "tiny"]
    assert "1 run, " in (tiny / "README.md").read_text()


def test_the_html_pages_are_made_and_not_committed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staleness, "ready", list)
    assert only(tiny).files == ["report.md", "results.json"]
    (tiny / "tiny" / "report.html").unlink()
    (tiny / "index.html").unlink()
    assert list(complaints(tiny)) == []


def test_without_real_traffic_its_former_report_stays(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("campus", "compare", "campus", "CollegeMsg.txt")
    monkeypatch.setattr(entries, "ENTRIES", {"campus": entry})
    lines: list[str] = []
    assert remake((), None, tiny, 1, lines.append) == []
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
    both = {"tiny": Entry("tiny", "compare", "gone.toml"), "again": Entry("again", "compare", "tiny.toml")}
    monkeypatch.setattr(entries, "ENTRIES", both)
    (failure,) = remake((), None, tiny, 1, print)
    assert failure.startswith("tiny: gone.toml")
    assert (tiny / "tiny" / "results.json").read_bytes() == before
    assert list(read(tiny)) == ["tiny", "again"]


def test_a_report_that_names_a_place_on_this_machine_is_refused(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tiny.parent / "tiny.toml").write_text(TINY.replace("Quick.", f"See {tiny.parent}/notes."))
    with pytest.raises(InputError, match=r"tiny/report\.html names .*, a place on this machine"):
        make(entries.ENTRIES["tiny"], None, tiny, 1)
    assert "Quick." in (tiny / "tiny" / "report.md").read_text()
