"""When a run has come to rest, and what a restore puts back."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from syncproof.core.observations import Accepted, Observation, Stored
from syncproof.core.values import MessageId
from syncproof.engines.drive import journal
from syncproof.engines.drive.adapter import Cast, Prepared, Target, load
from syncproof.engines.drive.play import REST_S, Stage, quiet_s
from syncproof.engines.drive.processes import Child
from syncproof.engines.drive.scripts import DriveScript
from syncproof.engines.drive.targets import TARGETS

ONE, TWO = MessageId(1), MessageId(2)
ALONE = DriveScript(name="alone", says="nothing happens", cast=Cast(owners=(0,), members=((0,),)), steps=())


def test_a_run_rests_longer_than_a_server_waits_until_it_gives_again() -> None:
    nats = load(TARGETS["nats"])
    assert nats.gives_again_s > 0.0
    assert quiet_s(nats) == nats.gives_again_s + REST_S


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_run_rests_for_several_looks_of_a_device(name: str) -> None:
    target = load(TARGETS[name])
    assert quiet_s(target) >= max(REST_S, 4 * target.poll_s)


class TwoJournals(Target):
    """A server that only listens, with a journal in its directory and one beside it, as of another machine."""

    name = "two-journals"

    def __init__(self, given: Prepared) -> None:
        super().__init__(given)
        self.listening = socket.create_server(("127.0.0.1", 0))

    def up(self) -> None:
        """Listen, as it does all the time."""

    @property
    def endpoint(self) -> int:
        return int(self.listening.getsockname()[1])

    def processes(self) -> list[Child]:
        return []

    def journals(self) -> list[Path]:
        return [self.directory / "inside", self.directory.parent / "outside"]

    def restored(self, before: Path) -> Iterable[Observation]:
        return ()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(TwoJournals, "", ALONE, tmp_path, {})
    for path in stage.target.journals():
        stage.recorder.follow(path)
    yield stage
    stage.clear()
    assert isinstance(stage.target, TwoJournals)
    stage.target.listening.close()


def write(path: Path, observation: Observation) -> None:
    database = journal.connect(path)
    journal.note(database, observation)
    database.close()


@pytest.mark.parametrize("which", ["inside", "outside"])
def test_a_restore_loses_nothing_of_a_journal_and_reads_nothing_twice(stage: Stage, which: str) -> None:
    path = next(each for each in stage.target.journals() if each.name == which)
    write(path, Stored(ONE))
    stage.back_up()
    write(path, Stored(TWO))
    stage.restore()
    write(path, Accepted(TWO))
    stage.recorder.poll()
    seen = [each for each in stage.recorder.history() if isinstance(each, Stored | Accepted)]
    assert seen == [Stored(ONE), Stored(TWO), Accepted(TWO)]


def test_a_restore_puts_back_the_directory_of_the_server_and_nothing_else(stage: Stage) -> None:
    inside, outside = stage.target.journals()
    for path in (inside, outside):
        write(path, Stored(ONE))
    stage.back_up()
    for path in (inside, outside):
        write(path, Stored(TWO))
    stage.restore()
    kept = [[seen for _, seen in journal.Reader(path).fresh()] for path in (inside, outside)]
    assert kept == [[Stored(ONE)], [Stored(ONE), Stored(TWO)]]
