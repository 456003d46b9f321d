"""Driving targets: real runs beside what a search predicts, and how the two are compared."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from syncproof import check
from syncproof.engines.drive import new_target, processes
from syncproof.engines.drive.processes import DriveError
from syncproof.engines.drive.scripts import SCRIPTS
from syncproof.engines.drive.targets import TARGETS
from syncproof.errors import InputError
from syncproof.inputs import lookup
from syncproof.report import drive as page
from syncproof.studies.drive import Driven, ScriptOutcome, drive, predicted, subjects
from syncproof.studies.intervals import wilson

BOTH = {"no-loss": "holds", "convergence": "holds", "prefix-order": "holds"}


def cell(observed: tuple[str, ...], expected: tuple[str, ...], promised: tuple[str, ...] = ()) -> ScriptOutcome:
    """A cell whose runs violate `observed` and whose search violates `expected`."""
    return ScriptOutcome(
        "t",
        "later-device",
        "d",
        runs=2,
        observed=dict.fromkeys(observed, 1),
        verdicts=BOTH | dict.fromkeys(observed, "violated"),
        predicted=BOTH | dict.fromkeys(expected, "violated"),
        promised=promised,
        examples=dict.fromkeys(observed, "it does"),
    )


@pytest.mark.parametrize(
    ("observed", "expected", "says"),
    [
        ((), (), "agrees"),
        (("no-loss",), ("no-loss",), "agrees"),
        (("no-loss",), ("no-loss", "convergence"), "same loss, another set"),
        (("no-loss", "prefix-order"), ("no-loss",), "same loss, another set"),
        ((), ("no-loss",), "not seen"),
        (("no-loss",), (), "disagrees"),
        (("prefix-order",), ("no-loss",), "disagrees"),
    ],
)
def test_how_runs_and_search_compare(observed: tuple[str, ...], expected: tuple[str, ...], says: str) -> None:
    assert cell(observed, expected).agreement == says


def test_what_the_runs_cannot_decide_is_not_compared() -> None:
    found = cell((), ("no-loss",))
    found.verdicts["no-loss"] = "unknown"
    assert found.agreement == "agrees"
    assert found.expected == []


def test_the_status_is_that_of_the_promises() -> None:
    kept, broken = cell(("no-loss",), ()), cell(("no-loss",), (), promised=("no-loss",))
    unknown = cell((), (), promised=("no-loss",))
    unknown.verdicts["no-loss"], unknown.reasons["no-loss"] = "unknown", "the run did not come to rest"
    not_driven = ScriptOutcome("t", "trimmed", "d", why="nothing to trim")
    assert [Driven(("t",), [], cells).status() for cells in ([kept], [broken], [unknown], [not_driven], [])] == [
        0,
        1,
        3,
        3,
        3,
    ]
    assert Driven(("t",), [], [unknown, broken]).status() == 1


def test_wilson_gives_an_interval_also_where_nothing_or_everything_happened() -> None:
    assert wilson(0, 5) == pytest.approx((0.0, 0.4345), abs=1e-4)
    assert wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)
    assert wilson(3, 10) == pytest.approx((0.1078, 0.6032), abs=1e-4)


def test_every_target_names_designs_that_there_are_and_known_needs() -> None:
    for name in TARGETS:
        found, missing = subjects(name, None, None) if name in ("sqlite-log", "sqlite-inbox") else ([], {})
        for subject in found:
            lookup.get(subject.design)
            assert not subject.confirmed_first or lookup.get(subject.confirmed_first)
        assert missing == {}


def test_a_prediction_is_what_searches_with_the_same_faults_find() -> None:
    found = predicted("inbox-store-first", SCRIPTS["new-device"])
    assert found["roaming-complete"] == "violated"
    assert found["no-loss"] == "holds"
    assert predicted("F01", SCRIPTS["concurrent-writers"])["tail-append"] == "violated"


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("nosuch", {}, "unknown target 'nosuch'; allowed: all, sqlite, "),
        ("model:nosuch", {}, "unknown design 'nosuch'"),
        ("sqlite", {"scripts": ["x"]}, "unknown script 'x'; allowed: all, later-device, "),
        ("sqlite", {"held_against": "x"}, "unknown design 'x'"),
        ("sqlite", {"repeats": 0}, "repeats"),
    ],
)
def test_wrong_names_are_one_line(target: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        drive(target, **options)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_the_report_says_what_was_observed_and_predicted() -> None:
    found = Driven(
        ("t",),
        [],
        [cell(("no-loss",), ("no-loss",), ("no-loss",)), ScriptOutcome("t", "trimmed", "d", why="nothing to trim")],
    )
    text = page.markdown(found)
    assert "| t | later-device | d | no-loss\\* 1/2 (9%–91%) | no-loss | agrees |" in text
    assert "not driven: nothing to trim" in text
    assert "BROKEN PROMISE: t, later-device: d promises no-loss: it does." in text
    assert "<td>no-loss* 1/2 (9%–91%)</td>" in page.html(found)


# ---- real processes


@pytest.mark.slow
def test_a_real_server_keeps_its_promises_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = drive("sqlite-log", scripts=["later-device", "restored"], histories=tmp_path / "histories")
    assert found.status() == 0, page.text(found)
    assert [each.agreement for each in found.cells] == ["agrees", "agrees"], page.text(found)
    assert found.cells[1].broken == ["conversation-order", "accepted-is-durable", "convergence"]
    assert [each.name for each in tmp_path.iterdir()] == ["histories"]
    assert processes._RUNNING == {}
    history = tmp_path / "histories" / "sqlite-log-restored.jsonl"
    assert set(check(history).violations) == set(found.cells[1].broken)


@pytest.mark.slow
def test_the_models_own_actors_keep_their_promises_when_the_server_is_killed() -> None:
    found = drive("model:timeline-notify", scripts=["server-killed", "crash-applied"])
    assert found.status() == 0, page.text(found)
    assert {each.agreement for each in found.cells} == {"agrees"}, page.text(found)


@pytest.mark.slow
def test_a_seeded_bug_breaks_with_slow_stores_what_the_search_says() -> None:
    found = drive("model:F01", scripts=["concurrent-writers"], repeats=2, slow_ms=30)
    assert found.status() == 1
    assert {"tail-append", "no-loss"} <= set(found.cells[0].broken)
    assert set(found.cells[0].broken) <= set(found.cells[0].expected), page.text(found)


@pytest.mark.slow
def test_a_device_that_confirms_first_loses_what_its_seeded_bug_loses() -> None:
    found = drive("sqlite-inbox", scripts=["crash-confirmed"])
    assert found.cells[0].design == "F17"
    assert {"no-early-delete", "no-loss"} <= set(found.cells[0].broken)
    assert found.status() == 0, "the script itself makes the devices wrong: nothing is promised"


@pytest.mark.slow
def test_the_template_of_a_target_works_as_it_is(tmp_path: Path) -> None:
    file, test = new_target.write("my_server", tmp_path)
    found = drive(f"{file}:MyServer", scripts=["new-device", "crash-applied"])
    assert found.status() == 0, page.text(found)
    assert {each.agreement for each in found.cells} == {"agrees"}, page.text(found)
    assert "tail-append" in found.cells[0].unwitnessed
    compile(test.read_text(), str(test), "exec")
    with pytest.raises(InputError, match="is there already"):
        new_target.write("my_server", tmp_path)


@pytest.mark.slow
def test_a_device_that_ends_by_itself_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "from syncproof.engines.drive.targets.sqlite import SqliteLog\n"
        "class Bad(SqliteLog):\n"
        "    def receive(self, device, after):\n"
        "        return 1 / 0\n"
    )
    with pytest.raises(DriveError, match=r"device \d ended: ZeroDivisionError: division by zero"):
        drive(f"{file}:Bad", scripts=["later-device"])


@pytest.mark.slow
def test_the_results_can_be_read_again(tmp_path: Path) -> None:
    found = drive("sqlite-inbox", scripts=["trimmed"])
    found.write(tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["cells"][0]["observed"] == {"accepted-is-durable": 1, "no-loss": 1, "convergence": 1}
    assert results["cells"][0]["agreement"] == "agrees"
