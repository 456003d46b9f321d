"""A log that was merged in the wrong order is told so, and accuses nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.formats.lint import late_causes
from syncproof.studies.recordings import check
from tests.formats.test_history import record
from tests.helpers.recorded import PEOPLE, REST, Row, accepted, composed, judged, of, placed, shown, verdict, written

SENT = (composed("hello"), placed("hello", place=1), accepted("hello"))
SHOWN = (shown("phone", "hello", place=1), shown("laptop", "hello", place=1))
BOX = {"kind": "inbox", "owner": "laptop"}
COPY = of("Queued", box=BOX, message="hello", devices=["laptop"])
DELETED = of("Deleted", box=BOX, message="hello", device="laptop")
LOG = {"kind": "sync", "owner": "bob"}


def entry(seq: int, message: str | None = None) -> Row:
    return of("Appended", timeline=LOG, seq=seq, message=message)


def test_an_effect_before_its_cause_is_told_with_both_lines_and_the_reason(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, SENT[0], SHOWN[1], *SENT[1:], SHOWN[0], REST, promises=("no-creation",))
    assert "order: line 7: Shown comes before Placed of message hello, which is on line 8: clocks that differ?" in repr(
        run
    )
    assert run.violations == {}
    assert verdict(run, "no-creation") == (
        "unknown",
        "line 7: Shown comes before Placed of message hello, which is on line 8: clocks that differ?",
    )
    assert run.status() == 3


def test_properties_that_the_order_does_not_concern_are_judged(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, SENT[0], SHOWN[1], *SENT[1:], SHOWN[0], SHOWN[0], REST)
    assert run.violations == {"no-duplicate": 1, "conversation-order": 1}


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ((SENT[1], SENT[0], SENT[2], *SHOWN), "Composed of message hello"),
        ((SENT[2], SENT[0], SENT[1], *SHOWN), "Composed of message hello"),
        ((*SENT, *SHOWN, DELETED, COPY), "Queued of the copy of message hello in inbox laptop"),
        (
            (*SENT, SHOWN[0], {**SHOWN[1], "timeline": LOG, "seq": 1}, entry(1, "hello")),
            "Appended of number 1 of sync timeline bob",
        ),
    ],
)
def test_every_kind_of_late_cause_is_found_and_accuses_nobody(
    tmp_path: Path, rows: tuple[Row, ...], cause: str
) -> None:
    run = judged(tmp_path, *PEOPLE, *rows, REST)
    assert f"comes before {cause}, which is on line" in repr(run)
    assert run.violations == {}
    assert judged(tmp_path, *PEOPLE, *rows, REST, complete=True).violations


def test_a_device_that_joins_after_it_shows_is_late(tmp_path: Path) -> None:
    rows = (PEOPLE[0], *PEOPLE[2:], *SENT, *SHOWN, PEOPLE[1], REST)
    assert "comes before Joined of device laptop" in repr(judged(tmp_path, *rows))


def test_causal_order_moves_causes_before_their_first_effect_and_says_how_often(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SHOWN, *SENT, REST, order="causal")
    assert "moved before their first effect: 2 observations" in repr(run)
    assert run.violations == {}
    assert {name: verdict(run, name)[0] for name in ("no-loss", "no-creation", "no-duplicate")} == {
        "no-loss": "holds",
        "no-creation": "holds",
        "no-duplicate": "holds",
    }
    assert judged(tmp_path, *PEOPLE, *SENT, *SHOWN, REST, order="causal").notes == (
        "moved before their first effect: 0 observations",
    )


def test_a_violation_is_found_in_causal_order(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, *SHOWN, SHOWN[0], *SENT, REST, order="causal")
    assert run.violations == {"no-duplicate": 1, "conversation-order": 1}


def test_entries_of_a_log_keep_their_order_when_one_of_them_is_moved(tmp_path: Path) -> None:
    sent = [row for name, place in (("one", 1), ("two", 2)) for row in (composed(name), placed(name, place=place))]
    early = {**shown("laptop", "two", place=2), "timeline": LOG, "seq": 2}
    run = judged(tmp_path, *PEOPLE, *sent, accepted("one"), early, entry(1, "one"), entry(2, "two"), order="causal")
    assert "moved before their first effect: 2 observations" in repr(run)
    assert "tail-append" not in run.violations


def test_a_complete_history_may_have_any_order(tmp_path: Path) -> None:
    run = judged(tmp_path, *PEOPLE, SENT[0], SHOWN[1], *SENT[1:], SHOWN[0], REST, complete=True)
    assert run.violations["no-creation"] == 1
    assert any("comes before Placed" in note for note in run.notes)


@pytest.mark.parametrize("design", ["inbox-sync-first", "timeline-push", "log-device-acks"])
def test_no_design_makes_a_history_in_a_wrong_order(tmp_path: Path, design: str) -> None:
    record(tmp_path / "run.jsonl", design)
    assert late_causes(tmp_path / "run.jsonl") == []


def test_many_late_causes_are_told_in_few_lines(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(9)]
    rows = [row for name in names for row in (placed(name), composed(name), accepted(name))]
    notes = judged(tmp_path, *PEOPLE, *rows).notes
    assert len(notes) == 7
    assert notes[5] == "order: and 4 more"


def test_an_unknown_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="order: 'random'; allowed: 'as-written', 'causal'"):
        check(written(tmp_path / "run.jsonl", *PEOPLE), order="random")  # type: ignore[arg-type]
