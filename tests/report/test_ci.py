"""A result as a CI system reads it: one case for each promise, and a line; both say what the exit status says."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from syncproof.core.observations import Quiesced
from syncproof.designs import DESIGNS
from syncproof.formats.header import SCHEMA, Header
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report import ci
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.failures import Failure
from syncproof.studies.kill_matrix import KillMatrix
from syncproof.studies.recordings import CheckedRun, judged
from syncproof.studies.results.kill_matrix import BugResult, CutEngineResult, EngineResult, SoundResult
from syncproof.studies.script_agreement import Seen
from syncproof.studies.verification import Verification
from tests.helpers.histories import History
from tests.helpers.silent import NEEDS_TWO, THIRD
from tests.studies.test_verify import CRASH, NOTIFY, PUSH, SYNC_FIRST, explored, verified

GAP = (NOTIFY, SmallWorld("two-people", 1, ()), "a push lost")
STATUS = {"violated": 1, "unknown": 3}


def checked(*, lost: bool = False, accepted: bool = True) -> CheckedRun:
    history = History()
    for user in (0, 1):
        history.member_added(user)
    history.sent(1)
    history.stored(1)
    if accepted:
        history.accepted(1, 1)
    for device in (0, 1) if lost else (0, 1, 2):
        history.shown(device, 1)
    history.add(Quiesced())
    return judged(
        "log.jsonl", Header(schema=SCHEMA, kind="history", design="timeline-checkpointed"), history.observations
    )


def driven(*broken: str, unknown: str = "", why: str = "", stopped: str = "") -> Driven:
    promised = ("no-loss", "prefix-order")
    verdicts = {name: "violated" if name in broken else "unknown" if name == unknown else "holds" for name in promised}
    reasons = {unknown: "nobody knows the place"} if unknown else {}
    seen = Seen(frozenset(broken), frozenset(promised))
    quiet = Seen(frozenset(), frozenset(promised))
    cell = ScriptOutcome(
        "mine.py:Mine", "trimmed", NOTIFY, [] if why else [seen, seen, quiet, quiet, quiet], verdicts, promised,
        dict.fromkeys(broken, "it is lost"), reasons, why=why,
    )  # fmt: skip
    return Driven(("mine.py:Mine",), [], [cell], stopped=stopped)


def matrix(
    killed: bool = True, alarm: tuple[str, ...] = (), unmet: tuple[str, ...] = (), missing: int = 0
) -> KillMatrix:
    engine, cut = EngineResult(["no-loss"], 1, "worlds", 3), CutEngineResult(["no-loss"], 1, "runs", 3, 3)
    bug = BugResult("it loses", NOTIFY, "w", ["no-loss"], killed, engine, cut, cut)
    sound = SoundResult(NOTIFY, "stateful", "w", 100, list(alarm), "it says" if alarm else "", list(unmet))
    return KillMatrix({"F01": bug}, [sound], {}, missing)


RESULTS = {
    "verify holds": lambda: verified(explored(PUSH)),
    "verify broken": lambda: verified(explored(PUSH, no_loss=5)),
    "verify unknown": lambda: verified(explored(PUSH, no_loss="cut short")),
    "verify not promised": lambda: verified(explored(CRASH, SYNC_FIRST, convergence=4), design=SYNC_FIRST),
    "verify vacuous": lambda: verified(explored(PUSH), vacuous=[GAP]),
    "check holds": checked,
    "check lost": lambda: checked(lost=True),
    "check nothing": lambda: checked(accepted=False),
    "drive holds": driven,
    "drive broken": lambda: driven("no-loss"),
    "drive unknown": lambda: driven(unknown="no-loss"),
    "drive stopped": lambda: driven(stopped="interrupted"),
    "drive nothing": lambda: driven(why="not installed"),
    "kill-matrix holds": matrix,
    "kill-matrix alive": lambda: matrix(killed=False),
    "kill-matrix alarm": lambda: matrix(alarm=("no-loss",)),
    "kill-matrix unmet": lambda: matrix(unmet=("no-loss",)),
    "kill-matrix cut": lambda: matrix(missing=2),
}


@pytest.fixture(params=RESULTS)
def found(request: pytest.FixtureRequest) -> Any:
    return RESULTS[request.param]()


def test_the_cases_say_what_the_exit_status_says(found: Any) -> None:
    verdicts = {case.verdict for case in ci.cases(found)}
    expected = 1 if "violated" in verdicts else 3 if "unknown" in verdicts else 0
    assert found.status() == expected


def test_the_xml_counts_its_cases(found: Any) -> None:
    root = ElementTree.fromstring(ci.junit(found, "x"))
    for element in (root, *root.iter("testsuite")):
        for tag, name in (("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert element.get(name) == str(len(list(element.iter(tag))))
    assert (root.get("failures") != "0") == (found.status() == 1)


def test_the_json_has_every_case(found: Any) -> None:
    whole = json.loads(ci.as_json(found, "x"))
    assert whole["status"] == found.status()
    assert len(whole["cases"]) == len(list(ci.cases(found)))


def test_an_annotation_for_each_case_that_fails(found: Any) -> None:
    *annotations, line = ci.github(found, "x").splitlines()
    wrong = [case for case in ci.cases(found) if case.verdict in STATUS]
    assert len(annotations) == len(wrong)
    assert line == f"syncproof x: {ci.line(found)}"


def test_a_situation_that_no_world_is_asked_for_was_not_exercised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DESIGNS, "needs-two", NEEDS_TWO)
    found = verified(explored(PUSH, "needs-two"), design="needs-two")
    assert [case for case in ci.cases(found) if case.name == THIRD.says] == [
        ci.Case("needs-two", THIRD.says, "not exercised", "not exercised: needs the fault push and 2 messages")
    ]
    assert found.status() == 0


def test_a_failed_design_is_an_error() -> None:
    broken = verified(explored(PUSH), failed={NOTIFY: Failure("own.py:3: ValueError: x")})
    assert "unknown" in {case.verdict for case in ci.cases(broken)}
    assert isinstance(broken, Verification)
    assert broken.status() == 4


def test_an_annotation_names_the_file_of_an_own_design_and_is_one_line() -> None:
    assert ci.github(driven("no-loss"), "drive").splitlines()[0] == (
        "::error file=mine.py,title=syncproof drive%3A mine.py%3AMine trimmed%3A no-loss::violated: in 2 of 5 runs: it is lost"
    )


def test_the_line_names_the_first_three_that_fail() -> None:
    found = verified(explored(PUSH, no_loss=5, no_duplicate=4, prefix_order=6, convergence=7))
    assert "4 violated (no-duplicate, prefix-order, " in ci.line(found)
    assert "and 1 more)" in ci.line(found)


def test_the_line_says_whose_promise_fails_if_there_are_several() -> None:
    assert "1 violated (F01 is caught)" in ci.line(matrix(killed=False))


def test_what_xml_does_not_allow_is_replaced() -> None:
    found = driven("no-loss")
    found.cells[0].examples["no-loss"] = "a\x00b\x1bc"
    assert "a?b?c" in ci.junit(found, "drive")


def test_quiet_text_is_what_fails_and_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    ci.shown(driven("no-loss"), "drive", "text", True, lambda: print("the whole table"))
    assert capsys.readouterr().out.splitlines() == [
        "violated: mine.py:Mine trimmed: no-loss: in 2 of 5 runs: it is lost",
        "drive: 1 of 2 hold; 1 violated (trimmed: no-loss)",
    ]
