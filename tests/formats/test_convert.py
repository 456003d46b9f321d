"""Histories in other forms say the same, and errors in each form name the line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from syncproof.core.observations import Observation, Openable, Placeholder
from syncproof.core.values import DeviceId, MessageId
from syncproof.errors import InputError
from syncproof.formats.codec import encode
from syncproof.formats.history import read_history
from syncproof.formats.wire import KINDS
from syncproof.studies.recordings import check, convert
from tests.fuzz.inputs import OUTSIDE
from tests.helpers.histories import History
from tests.helpers.recorded import PEOPLE, accepted, composed, placed, written

FORMS = (".jsonl", ".jsonl.gz", ".parquet")


def every_kind() -> list[Observation]:
    """Return observations with every kind of field, empty and not."""
    h = History()
    h.joined(9, 1, [(0, 3)])
    h.joined(8, 1, [])
    h.changed(4, what="read", version=2)
    h.sent(7)
    h.stored(7)
    h.accepted(7, 7)
    h.refused(8)
    h.appended(1, None)
    h.appended(2, 7, epoch=2)
    h.read(1, 0, 5, 1, 2)
    h.shown(1, 7, seq=2)
    h.shown(0, 7)
    h.checkpointed(1, 0, start=True)
    h.queued(7, 1, ())
    h.deleted(7, 1)
    h.gone(7, 1)
    h.gone(7)
    h.forgot(1, 7, reached=[(0, 1)], unsent=[7])
    h.amended(1, 3, 4, final=True)
    h.roamed(9, 0, 3, 1, (2, 5))
    h.trimmed(3)
    h.reverted(3)
    h.unread(1, 2)
    h.expired(7, 1)
    h.expired(7)
    h.triggered(1)
    h.add(Placeholder(DeviceId(1), MessageId(7)))
    h.add(Openable(DeviceId(1)))
    return h.observations


@pytest.mark.parametrize("ending", FORMS)
def test_every_form_has_the_same_observations(tmp_path: Path, ending: str) -> None:
    observations = every_kind()
    source = tmp_path / "run.jsonl"
    source.write_bytes(b"\n".join([b'{"schema":2,"kind":"history","design":"mine"}', *map(encode, observations)]))
    target = tmp_path / f"other{ending}"
    assert convert(source, target) == len(observations)
    header, found = read_history(target)
    assert header.design == "mine"
    assert list(found) == observations


@pytest.mark.parametrize("ending", FORMS)
def test_texts_are_written_as_they_were(tmp_path: Path, ending: str) -> None:
    source = written(tmp_path / "run.jsonl", *OUTSIDE)
    target, back = tmp_path / f"other{ending}", tmp_path / "back.jsonl"
    convert(source, target)
    convert(target, back)
    assert list(map(encode, read_history(back)[1])) == list(map(encode, read_history(source)[1]))
    assert '"hello"' in back.read_text()
    assert repr(check(target)).splitlines()[1:] == repr(check(source)).splitlines()[1:]


def test_schema_1_becomes_schema_2_with_the_same_verdicts(tmp_path: Path) -> None:
    source = written(tmp_path / "run.jsonl", *PEOPLE, composed("a"), accepted("a"), schema=1)
    target = tmp_path / "new.parquet"
    convert(source, target)
    assert read_history(target)[0].schema == 2
    assert check(target).violations == check(source).violations != {}


def test_columns_can_be_queried(tmp_path: Path) -> None:
    source = written(tmp_path / "run.jsonl", *PEOPLE, composed("a"), placed("a", place=4), placed("a", place=5))
    target = tmp_path / "run.parquet"
    convert(source, target)
    table = parquet.read_table(target)
    assert table.schema.field("place").type == pyarrow.int64()
    rows = table.filter(pyarrow.compute.equal(table["type"], "Placed"))
    assert rows["place"].to_pylist() == [4, 5]
    assert rows["message_text"].to_pylist() == ["a", "a"]


def former(path: Path, *bodies: str) -> Path:
    """Write a Parquet file as schema 1 had it, with each observation as JSON."""
    table = pyarrow.table({"body": pyarrow.array(bodies, pyarrow.string())})
    header = {"syncproof": '{"schema":1,"kind":"history"}'}
    parquet.write_table(table.replace_schema_metadata(header), path)
    return path


def test_parquet_of_schema_1_is_read(tmp_path: Path) -> None:
    path = former(tmp_path / "run.parquet", '{"type":"Accepted","message":7}')
    assert [type(o).__name__ for o in read_history(path)[1]] == ["Accepted"]
    with pytest.raises(InputError, match=r"run\.parquet:2: Accepted: .*message"):
        check(former(path, '{"type":"Accepted"}'))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda t: t.set_column(0, "type", pyarrow.array(["Shwon"])),
            r"run\.parquet:2: type: 'Shwon' is no observation",
        ),
        (
            lambda t: t.set_column(0, "type", pyarrow.nulls(1, pyarrow.string())),
            r"run\.parquet:2: type: null; allowed: ",
        ),
    ],
)
def test_a_wrong_row_of_parquet_is_named(
    tmp_path: Path, change: Callable[[pyarrow.Table], pyarrow.Table], complaint: str
) -> None:
    path = tmp_path / "run.parquet"
    convert(written(tmp_path / "run.jsonl", accepted("a")), path)
    parquet.write_table(change(parquet.read_table(path)), path)
    with pytest.raises(InputError, match=complaint) as caught:
        check(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("message", None, r"run\.parquet:2: Gone.message: None; allowed: a value"),
        ("cause", "bored", r"run\.parquet:2: Gone.cause: 'bored'; allowed: crash, restore, retention"),
        ("box_kind", "pit", r"run\.parquet:2: Gone.box: 'pit'; allowed: conversation, inbox, sync"),
        ("box_owner", None, r"a timeline needs kind, owner and epoch"),
        ("place", "x", r"column place: string; allowed: int64"),
    ],
)
def test_a_wrong_cell_of_parquet_is_named(tmp_path: Path, column: str, value: object, complaint: str) -> None:
    path = tmp_path / "run.parquet"
    row = {"type": "Gone", "message": 7, "box": {"kind": "inbox", "owner": 1}, "cause": "crash"}
    convert(written(tmp_path / "run.jsonl", row), path)
    table = parquet.read_table(path)
    kind = pyarrow.string() if isinstance(value, str) else table.schema.field(column).type
    index = table.schema.get_field_index(column)
    parquet.write_table(table.set_column(index, column, pyarrow.array([value], kind)), path)
    with pytest.raises(InputError, match=complaint) as caught:
        check(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("run.txt", "allowed: a name that ends in .jsonl"),
        ("run.jsonl", "the history itself"),
        ("no/x.jsonl", "cannot be written"),
    ],
)
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, out: str, complaint: str) -> None:
    source = written(tmp_path / "run.jsonl", accepted("a"))
    with pytest.raises(InputError, match=complaint):
        convert(source, tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_conversion_that_fails_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    source = written(tmp_path / "run.jsonl", accepted("a"), {"type": "Accepted"})
    target = tmp_path / "out.jsonl"
    target.write_text("precious")
    with pytest.raises(InputError, match=r"run\.jsonl:3: Accepted: "):
        convert(source, target)
    assert target.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 2


def test_every_class_is_tried_in_every_form() -> None:
    tried = {type(o).__name__ for o in every_kind()} | {json.loads(encode(row))["type"] for row in OUTSIDE}
    plain = {"Served", "Learnt", "Retired", "MemberRemoved", "Pulled", "Noted", "Connected", "Disconnected", "Crashed"}
    plain |= {
        "Restarted",
        "Appeared",
        "Abandoned",
        "FaultsStopped",
        "Unsure",
        "Delivered",
        "Subscribed",
        "Unsubscribed",
    }
    assert tried | plain == set(KINDS)
