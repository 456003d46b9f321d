"""The recorder: stamps order what processes note, audits come before what proves them, and nothing is read twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from syncproof.core.observations import (
    Accepted,
    Appended,
    Audited,
    Composed,
    Connected,
    Deleted,
    FaultsStopped,
    Observation,
    Placed,
    Pulled,
    Quiesced,
    RangeRead,
    Shown,
    Stored,
    Unsure,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline
from syncproof.engines.drive import journal
from syncproof.engines.drive.journal import Reader
from syncproof.engines.drive.recorder import RunRecorder, with_audits, with_named_places, with_reads_in_order

DEVICE, CHAT = DeviceId(0), ConversationId(0)
LOG = Timeline("conversation", 0)
ONE, TWO = MessageId(1), MessageId(2)


def composed(message: MessageId) -> Composed:
    return Composed(message, DEVICE, CHAT)


def test_the_notes_of_several_processes_are_in_the_order_of_their_stamps(tmp_path: Path) -> None:
    recorder = RunRecorder()
    for name, rows in {"a": [(10, Accepted(ONE)), (30, Accepted(TWO))], "b": [(20, Stored(TWO))]}.items():
        database = journal.connect(tmp_path / name)
        for at, observation in rows:
            journal.note(database, observation, at=at)
        database.close()
        recorder.follow(tmp_path / name)
    recorder.poll()
    recorder.poll()
    assert recorder.history() == [Accepted(ONE), Stored(TWO), Accepted(TWO)]
    recorder.close()


def test_what_is_rolled_back_was_never_noted(tmp_path: Path) -> None:
    database = journal.connect(tmp_path / "a")
    database.execute("BEGIN")
    journal.note(database, Stored(ONE))
    database.execute("ROLLBACK")
    journal.note(database, Stored(TWO))
    assert [seen for _, seen in Reader(tmp_path / "a").fresh()] == [Stored(TWO)]
    database.close()


def test_a_journal_that_is_put_back_is_read_on_from_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    database = journal.connect(path)
    journal.note(database, Stored(ONE))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "backup")
    recorder = RunRecorder()
    recorder.follow(path)
    journal.note(database, Stored(TWO))
    recorder.poll()
    database.close()
    path.rename(tmp_path / "before")
    shutil.copy(tmp_path / "backup", path)
    recorder.put_back(path, tmp_path / "before")
    database = journal.connect(path)
    journal.note(database, Accepted(TWO))
    database.close()
    recorder.poll()
    assert recorder.history() == [Stored(ONE), Stored(TWO), Accepted(TWO)]
    recorder.close()


def test_what_a_killed_server_committed_is_read_before_its_journal_is_put_back(tmp_path: Path) -> None:
    """It is killed when its rows are in the log, and the index of the log does not have them yet (SQLite's file formats, WAL)."""
    data, before, backup = tmp_path / "data", tmp_path / "before", tmp_path / "backup"
    data.mkdir()
    database = journal.connect(data / "a")
    journal.note(database, Stored(ONE))
    recorder = RunRecorder()
    recorder.follow(data / "a")
    recorder.poll()
    shutil.copytree(data, backup)
    index = data / "a-shm"
    old = index.read_bytes()
    writer = (
        "import os, sys; from pathlib import Path; from syncproof.engines.drive import journal;"
        "from syncproof.core.observations import Stored; from syncproof.core.values import MessageId;"
        "journal.note(journal.connect(Path(sys.argv[1])), Stored(MessageId(2))); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", writer, str(data / "a")], check=True)
    with index.open("r+b") as file:
        file.write(old)
    database.close()
    recorder.poll()
    assert recorder.history() == [Stored(ONE)]
    data.rename(before)
    shutil.copytree(backup, data)
    recorder.put_back(data / "a", before / "a")
    recorder.poll()
    assert recorder.history() == [Stored(ONE), Stored(TWO)]
    recorder.close()


def test_an_audit_comes_before_the_first_evidence_of_what_it_found() -> None:
    seen: list[Observation] = [composed(ONE), Accepted(ONE), Quiesced()]
    assert with_audits(seen, [Stored(ONE)]) == [composed(ONE), Stored(ONE), Accepted(ONE), Quiesced()]


def test_audits_keep_the_order_of_the_store() -> None:
    first, second = Placed(ONE, CHAT, 1), Placed(TWO, CHAT, 2)
    seen: list[Observation] = [Accepted(TWO), Accepted(ONE), Quiesced()]
    assert with_audits(seen, [first, second]) == [first, second, *seen]


def test_a_read_is_evidence_of_the_entries_that_it_returned() -> None:
    entry = Appended(LOG, 2, TWO)
    read = RangeRead(DEVICE, LOG, 0, 2, (2,))
    assert with_audits([read, Accepted(TWO)], [entry]) == [entry, read, Accepted(TWO)]


def test_a_sender_that_does_not_know_the_outcome_is_no_evidence_of_it() -> None:
    seen: list[Observation] = [Unsure(ONE), Accepted(ONE), Quiesced()]
    assert with_audits(seen, [Stored(ONE)]) == [Unsure(ONE), Stored(ONE), Accepted(ONE), Quiesced()]


def test_what_nobody_has_evidence_of_comes_last_before_rest() -> None:
    assert with_audits([FaultsStopped(), Quiesced()], [Stored(ONE)]) == [FaultsStopped(), Stored(ONE), Quiesced()]


def test_an_audit_counts_once() -> None:
    recorder = RunRecorder()
    recorder.audit([Stored(ONE)])
    recorder.audit([Stored(ONE), Stored(TWO)])
    assert recorder.history() == [Stored(ONE), Stored(TWO)]


def test_there_is_no_rest_while_a_device_is_offline_or_has_not_looked() -> None:
    recorder = RunRecorder()
    recorder.note(Connected(DEVICE))
    recorder.note(Shown(DEVICE, ONE, CHAT))
    recorder.busy_at -= 1.0
    assert not recorder.rested([0], 0.5)
    recorder.note(Pulled(DEVICE))
    assert recorder.rested([0], 0.5)
    assert not recorder.rested([0, 1], 0.5)
    assert not recorder.rested([0], 5.0)


def test_an_entry_that_a_whole_read_lacks_became_readable_after_it() -> None:
    read = RangeRead(DEVICE, LOG, 0, 2, (2,))
    audited: list[Observation] = [Appended(LOG, 1, ONE), Appended(LOG, 2, TWO)]
    ordered: list[Observation] = [read, Accepted(ONE)]
    assert with_audits(ordered, audited, reads_whole=True) == [audited[1], read, audited[0], Accepted(ONE)]
    assert with_audits(ordered, audited) == [*audited, *ordered]


def test_of_two_reads_at_the_same_time_the_one_that_lacks_an_entry_was_answered_first() -> None:
    other = DeviceId(1)
    late, early = RangeRead(DEVICE, LOG, 0, 2, (2,)), RangeRead(other, LOG, 0, 2, (1, 2))
    audited: list[Observation] = [Appended(LOG, 1, ONE), Appended(LOG, 2, TWO)]
    ordered: list[Observation] = [Pulled(DEVICE), Pulled(other), early, late]
    merged = [Pulled(DEVICE), Pulled(other), audited[1], late, audited[0], early]
    assert with_audits(ordered, audited, reads_whole=True) == merged


def test_a_read_that_began_after_another_was_noted_is_not_put_before_it() -> None:
    other = DeviceId(1)
    late, early = RangeRead(DEVICE, LOG, 0, 2, (2,)), RangeRead(other, LOG, 0, 2, (1, 2))
    ordered: list[Observation] = [Pulled(other), early, Pulled(DEVICE), late]
    assert with_reads_in_order(ordered) == ordered


def test_a_place_that_only_a_reply_names_is_noted_once() -> None:
    ordered: list[Observation] = [
        composed(ONE), composed(TWO), Placed(TWO, CHAT, 2), Accepted(TWO, 2), Accepted(ONE, 1), Shown(DEVICE, ONE, CHAT, 1),
    ]  # fmt: skip
    assert with_named_places(ordered) == [*ordered[:4], Placed(ONE, CHAT, 1), *ordered[4:]]


def test_a_deletion_of_which_only_an_audit_knows_is_noted_at_the_end() -> None:
    box = Timeline("inbox", 0)
    ordered: list[Observation] = [Shown(DEVICE, ONE, CHAT), Deleted(box, ONE, DEVICE), Shown(DEVICE, TWO, CHAT)]
    audited: list[Observation] = [Deleted(box, ONE, DEVICE), Deleted(box, TWO, DEVICE)]
    assert with_audits(ordered, audited) == [*ordered, audited[1]]


def test_what_the_last_audit_found_in_all_is_noted_at_the_end() -> None:
    ordered: list[Observation] = [Connected(DEVICE), Accepted(ONE), Quiesced()]
    audited: list[Observation] = [Audited((ONE,)), Stored(TWO), Audited((TWO,))]
    assert with_audits(ordered, audited) == [*ordered[:2], *audited[1:], Quiesced()]
