"""Every command of many pieces: interrupted, then resumed, it does each piece once and writes the bytes of one command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncproof.cli.main import main
from syncproof.core.observations import FaultsStopped, Quiesced
from syncproof.engines.drive.play import ScriptRun
from syncproof.errors import Interrupted
from syncproof.inputs import bounds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.seeded_bugs import BUGS
from syncproof.studies import drive, executors, kill_matrix
from syncproof.studies.drive.outcome import ScriptOutcome
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.kill_matrix import CutEngineResult, EngineResult
from syncproof.studies.script_search import Predicted
from tests.helpers.command import TINY, call

PAIR = ("--design", "timeline-notify", "--design", "inbox-store-first")
COMMANDS = {
    "compare": ("compare", "tiny.toml", *PAIR),
    "sweep": ("sweep", "tiny.toml", "--vary", "population.devices_per_user=1,2", *PAIR),
    "verify": ("verify", "inbox-shared", "inbox-store-first", "--bounds", "small"),
    "kill-matrix": ("kill-matrix", "F01", "F25", "F27"),
    "size": ("size", "tiny.toml", "--check", *PAIR, "--design", "timeline-push"),
    "drive": ("drive", "sqlite-log", "--script", "later-device", "--repeat", "4"),
}
DONE: list[Any] = []
"""The arguments of each piece that was done."""


@contextmanager
def unsearched(cells: list[ScriptOutcome]) -> Iterator[Callable[[], None]]:
    """Predict for each cell that nothing is violated."""

    def fill_in() -> None:
        for cell in cells:
            cell.predicted = Predicted(frozenset({frozenset()}), frozenset(), 1, False, True)

    yield fill_in


@pytest.fixture(autouse=True)
def cheap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pieces small, without a server and without Hypothesis, and count them; leave out figures, which take seconds."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY.replace("30m", "10m"))
    worlds = tuple(SmallWorld("two-people", 1, kinds) for kinds in ((), ("push",)))
    monkeypatch.setitem(bounds.BOUNDS, "small", worlds)
    monkeypatch.setattr(bounds, "BEYOND", {})

    def bug(bug: Any) -> Any:
        met = CutEngineResult(list(bug.violates), 1, "runs", 9, 3)
        return kill_matrix.bug_result(bug, EngineResult(list(bug.violates), 7, "states", 3), met, met)

    monkeypatch.setattr(kill_matrix, "run_bug", bug)
    monkeypatch.setattr(drive, "play", lambda *_: ScriptRun([FaultsStopped(), Quiesced()], True, 0.25))
    monkeypatch.setattr(drive, "searches", unsearched)
    perform = executors.perform

    def counting(work: Any, jobs: Any, *options: Any, **failures: Any) -> Iterator[tuple[int, Any]]:
        for index, result in perform(work, jobs, *options, **failures):
            DONE.append(jobs[index])
            yield index, result

    def write(found: Any, out: Path) -> list[Path]:
        out.mkdir(exist_ok=True)
        (out / "results.json").write_bytes(msgspec.json.encode(found.results()))
        (out / "report.md").write_text(found.markdown())
        return [out / "report.md"]

    DONE.clear()
    monkeypatch.setattr(executors, "perform", counting)
    monkeypatch.setattr(Presentable, "write", write)


def interrupted_after(count: int, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """Call a command that is interrupted when so many pieces are done."""
    perform = executors.perform

    def cut(*arguments: Any) -> Iterator[tuple[int, Any]]:
        for number, found in enumerate(perform(*arguments)):
            if number == count:
                DONE.pop()
                raise Interrupted
            yield found

    with monkeypatch.context() as patch:
        patch.setattr(executors, "perform", cut)
        return call(*words)


def files(out: str) -> dict[str, bytes]:
    return {name: Path(out, name).read_bytes() for name in ("results.json", "report.md")}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_resumed_command_does_each_piece_once_and_writes_the_same_bytes(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*COMMANDS[command], "--jobs", "1")
    whole = call(*words, "--out", "whole")
    assert whole.exit_code in (0, 1, 3), whole.output
    pieces = len(DONE)
    assert pieces > 2
    DONE.clear()
    cut = interrupted_after(2, monkeypatch, *words, "--out", "out")
    assert cut.exit_code == 3
    assert len(DONE) == len(list(Path("out/pieces").iterdir())) == 2
    again = call(*words, "--out", "out", "--resume")
    assert again.exit_code == whole.exit_code, again.output
    assert len({each.key for each in DONE}) == len(DONE) == pieces
    assert re.search(r", 2 of \d+ pieces read", " ".join(again.output.split()))
    assert files("out") == files("whole")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_many_pieces_has_the_same_options(command: str) -> None:
    options = {name for option in main.commands[command].params for name in option.opts}
    assert {"--jobs", "--executor", "--resume", "--out"} <= options
    result = call(*COMMANDS[command], "--executor", "proceses")
    assert result.exit_code == 2
    assert "allowed: processes, or the address of a Dask scheduler such as tcp://" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_history_is_written_by_processes_of_this_machine_only() -> None:
    words = ("--history", "run.jsonl", "--executor", "tcp://127.0.0.1:1")
    result = call(*COMMANDS["compare"][:4], *words)
    assert result.exit_code == 2
    assert result.output.startswith("syncproof: history: is written where the run is made; allowed beside it: ")


def test_an_interrupted_drive_tells_what_was_not_driven(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("drive", "sqlite-log", "--script", "later-device", "--script", "new-device", "--repeat", "2")
    result = interrupted_after(1, monkeypatch, *words)
    assert result.exit_code == 3
    report = Path("out/drive/interrupted/report.md").read_text()
    assert "Not all runs were made: interrupted." in report
    assert "not driven: interrupted" in report


def test_bugs_of_the_examples_exist() -> None:
    assert set(COMMANDS["kill-matrix"][1:]) <= set(BUGS)
