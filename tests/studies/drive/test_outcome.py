"""What came of driving: its status, and how the report shows it."""

from __future__ import annotations

from syncproof.report import drive as page
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.script_agreement import Seen
from syncproof.studies.script_search import Predicted

ALL = frozenset({"no-loss", "convergence", "prefix-order"})


def cell(observed: tuple[str, ...], expected: tuple[str, ...], promised: tuple[str, ...] = ()) -> ScriptOutcome:
    """A cell of two runs, of which one violates `observed`, and whose search has ends with nothing and with `expected`."""
    return ScriptOutcome(
        "t",
        "later-device",
        "d",
        seen=[Seen(frozenset(), ALL), Seen(frozenset(observed), ALL)],
        verdicts=dict.fromkeys(ALL, "holds") | dict.fromkeys(observed, "violated"),
        predicted=Predicted(frozenset({frozenset(), frozenset(expected)}), ALL, 1, False, True),
        promised=promised,
        examples=dict.fromkeys(observed, "it does"),
    )


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


def test_the_report_says_what_was_observed_and_predicted() -> None:
    found = Driven(
        ("t",),
        [],
        [cell(("no-loss",), ("no-loss",), ("no-loss",)), ScriptOutcome("t", "trimmed", "d", why="nothing to trim")],
    )
    text = page.markdown(found)
    assert "| t | later-device | d | no-loss\\* 1/2 (9%–91%) | no-loss? (2 sets) | agrees |" in text
    assert "not driven: nothing to trim" in text
    assert "BROKEN PROMISE: t, later-device: d promises no-loss: it does." in text
    assert "<td>no-loss* 1/2 (9%–91%)</td>" in page.html(found)
