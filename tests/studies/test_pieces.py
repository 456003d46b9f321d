"""Pieces of a study: each result once and in order, whoever dies, and whatever was read from an earlier call."""

from __future__ import annotations

import dataclasses
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from syncproof.errors import DesignError, InputError, Interrupted
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.studies import pieces
from syncproof.studies.pieces import INTERRUPTED, LOST, Piece, perform, piece, roomy, setting
from syncproof.studies.verification import Explored
from syncproof.studies.verify import explore_one


def square(folder: Path, number: int) -> int:
    """Return the square of a number, and note in a file that it was computed."""
    with (folder / f"{number}.calls").open("a") as calls:
        calls.write(f"{os.getpid()}\n")
    return number * number


def squares(folder: Path, count: int = 6, function: Any = square, **options: Any) -> list[Piece[int]]:
    return [piece(function, folder, number, facts={"number": number}, **options) for number in range(count)]


def times(folder: Path) -> list[int]:
    """Return how often each number was squared."""
    return [len(path.read_text().splitlines()) for path in sorted(folder.glob("*.calls"))]


SQUARES = [0, 1, 4, 9, 16, 25]


def interrupted_after(count: int) -> Any:
    def progress(done: int, total: int) -> None:
        if done == count:
            raise Interrupted

    return progress


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_pieces(tmp_path: Path, workers: int) -> None:
    counted: list[tuple[int, int]] = []
    told: list[int] = []
    done = perform(squares(tmp_path), setting(jobs=workers), lambda *n: counted.append(n), told=told.append)
    assert (done.results, done.stopped, done.missing) == (SQUARES, "", 0)
    assert counted == [(number, 6) for number in range(1, 7)]
    assert sorted(told) == SQUARES
    assert times(tmp_path) == [1] * 6


def test_equal_pieces_are_done_once_and_have_the_same_result(tmp_path: Path) -> None:
    done = perform([*squares(tmp_path, 3), *squares(tmp_path, 3)], setting(jobs=1))
    assert (done.results, done.work.pieces) == ([0, 1, 4, 0, 1, 4], 6)
    assert times(tmp_path) == [1, 1, 1]


def test_an_executor_of_ones_own_is_used_and_stays_open(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        done = perform(squares(tmp_path), setting(pool))
        assert (done.results, done.work.executor) == (SQUARES, "ThreadPoolExecutor")
        assert pool.submit(len, "ab").result() == 2


def test_an_interrupted_call_continues_where_it_ended(tmp_path: Path) -> None:
    cut = perform(squares(tmp_path), setting(jobs=1, out=tmp_path), interrupted_after(4))
    assert (cut.results, cut.stopped, cut.missing) == ([0, 1, 4, 9, None, None], INTERRUPTED, 2)
    again = perform(squares(tmp_path), setting(jobs=1, out=tmp_path, resume=True))
    assert (again.results, again.work.pieces, again.work.pieces_read) == (SQUARES, 6, 4)
    assert times(tmp_path) == [1] * 6


def test_a_call_that_does_not_resume_does_all_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert perform(squares(tmp_path), setting(jobs=1, out=tmp_path)).work.pieces_read == 0
    assert times(tmp_path) == [2] * 6


def test_what_cannot_be_repeated_is_removed_by_a_call_that_does_not_resume(tmp_path: Path) -> None:
    """The report of a resumed call has no run of an earlier one, which another report has counted."""
    perform(squares(tmp_path, repeatable=False), setting(jobs=1, out=tmp_path))
    perform(squares(tmp_path, repeatable=False), setting(jobs=1, out=tmp_path), interrupted_after(2))
    again = perform(squares(tmp_path, repeatable=False), setting(jobs=1, out=tmp_path, resume=True))
    assert (again.results, again.work.pieces_read) == (SQUARES, 2)
    assert times(tmp_path) == [2] * 6


def test_a_damaged_piece_is_done_again(tmp_path: Path) -> None:
    perform(squares(tmp_path), setting(jobs=1, out=tmp_path))
    sorted((tmp_path / "pieces").iterdir())[2].write_bytes(b"")
    again = perform(squares(tmp_path), setting(jobs=1, out=tmp_path, resume=True))
    assert (again.results, again.work.pieces_read, again.work.pieces_spoilt) == (SQUARES, 5, 1)
    assert sum(times(tmp_path)) == 7


def test_a_result_that_was_cut_short_is_returned_and_not_kept(tmp_path: Path) -> None:
    cut = perform(squares(tmp_path), setting(jobs=1, out=tmp_path), cut=lambda result: result == 4)
    assert (cut.results, cut.stopped) == ([0, 1, 4, None, None, None], INTERRUPTED)
    assert perform(squares(tmp_path), setting(jobs=1, out=tmp_path, resume=True)).work.pieces_read == 2


# ---- workers that die


def die_once(folder: Path, number: int) -> int:
    if number == 3 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(folder, number)


def die(folder: Path, number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(folder, number)


@pytest.mark.slow
def test_a_killed_worker_loses_no_piece_and_counts_none_twice(tmp_path: Path) -> None:
    counted: list[int] = []
    done = perform(squares(tmp_path, 6, die_once), setting(jobs=2, out=tmp_path), lambda n, total: counted.append(n))
    assert (tmp_path / "died").exists()
    assert (done.results, done.stopped) == (SQUARES, "")
    assert counted == list(range(1, 7))
    assert len(list((tmp_path / "pieces").iterdir())) == 6


@pytest.mark.slow
def test_a_piece_that_kills_every_worker_ends_the_call_which_can_continue(tmp_path: Path) -> None:
    done = perform(squares(tmp_path, 6, die), setting(jobs=2, out=tmp_path))
    assert done.stopped == LOST
    assert done.results[3] is None
    assert perform(squares(tmp_path, 3, die), setting(jobs=2, out=tmp_path)).missing == 0
    again = perform(
        squares(tmp_path, 4, die), setting(jobs=2, out=tmp_path, resume=True)
    )  # it is alone, but not in this process
    assert (again.results, again.stopped, again.work.pieces_read) == ([0, 1, 4, None], LOST, 3)


@pytest.mark.slow
def test_a_dask_worker_killed_midway_loses_no_piece_and_counts_none_twice(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs Dask: pip install 'syncproof[cluster]'")
    killed: list[int] = []
    counted: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", scheduler_port=0,
        dashboard_address=None, worker_dashboard_address=None, silence_logs=50,
    ) as cluster:  # fmt: skip

        def progress(count: int, total: int) -> None:
            counted.append(count)
            if count == 6:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        done = perform(squares(tmp_path, 36), setting(cluster.scheduler_address, out=tmp_path), progress)
        searched = perform([_search(kinds) for kinds in ((), ("push",))], setting(cluster.scheduler_address))
    for found, kinds in zip(searched.results, ((), ("push",)), strict=True):
        assert found is not None
        assert found.findings == _search(kinds).function(*_search(kinds).arguments).findings
    assert len(killed) == 1
    assert (done.results, done.stopped) == ([n * n for n in range(36)], "")
    assert counted == list(range(1, 37))
    assert len(list((tmp_path / "pieces").iterdir())) == 36


def _search(kinds: tuple[str, ...]) -> Piece[Explored]:
    """Return a piece with values of many classes in its result."""
    return piece(explore_one, "inbox-shared", SmallWorld("two-people", 1, kinds), facts={"kinds": kinds})


# ---- what decides a result


def test_a_key_depends_on_all_that_decides_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, trace, other = tmp_path / "own.py", tmp_path / "a.txt", tmp_path / "b.txt"
    own.write_text('from syncproof import DESIGNS\nMINE = DESIGNS["timeline-notify"]\n')
    trace.write_text("1 2 3\n")
    other.write_text("1 2 4\n")

    def key(function: Any = square, number: int = 1, **options: Any) -> str:
        return piece(function, facts={"number": number}, **options).key

    keys = [
        key(),
        key(die),
        key(number=2),
        key(design="timeline-notify"),
        key(design=f"{own}:MINE"),
        key(files=[str(trace)]),
        key(files=[str(other)]),
    ]
    monkeypatch.setattr(pieces, "sources", lambda: "changed")
    keys.append(key())
    monkeypatch.setattr(pieces, "__version__", "9")
    keys.append(key())
    assert len(set(keys)) == len(keys)
    assert {len(each) for each in keys} == {64}


def test_a_piece_that_leaves_something_else_behind_is_not_kept(tmp_path: Path) -> None:
    for resume in (False, True):
        assert perform(squares(tmp_path, kept=False), setting(jobs=1, out=tmp_path, resume=resume)).results == SQUARES
    assert times(tmp_path) == [2] * 6


def test_a_worker_with_other_sources_is_refused(tmp_path: Path) -> None:
    strange = [dataclasses.replace(each, key="0" * 64) for each in squares(tmp_path)]
    with pytest.raises(InputError, match="a worker has another syncproof, trace or design than this process: square"):
        perform(strange, setting(jobs=1))


def fail(number: int) -> int:
    if number == 1:
        raise DesignError("own.py:3: it fails")
    return number


def test_the_pieces_of_a_design_that_failed_are_missing_and_those_of_others_are_not() -> None:
    failures = pieces.failing()
    work = [piece(fail, n, facts={"n": n}, design=design) for design, n in (("a", 0), ("b", 1), ("b", 0), ("a", 2))]
    done = perform(work, setting(jobs=1), failures=failures)
    assert (done.results, done.stopped) == ([0, None, None, 2], "")
    assert {name: str(error) for name, error in failures.met.items()} == {"b": "own.py:3: it fails"}


# ---- where pieces are done


def test_a_design_that_only_this_process_has_can_be_neither_kept_nor_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lookup.OWN, "mine", lookup.get("timeline-notify"))
    says = "mine was given as an object, which only this process knows; .* or leave out `out` and `executor`"
    for options in ({"out": tmp_path}, {"executor": "tcp://127.0.0.1:1"}):
        with pytest.raises(InputError, match=says):
            setting(designs=["mine"], **options)  # type: ignore[arg-type]
    assert piece(square, facts={}, design="mine").key == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resume": True}, "resume: goes with out; allowed: out=FOLDER beside it"),
        ({"resume": 1}, "resume: 1 is a number; allowed: True or False"),
        ({"jobs": 0}, "jobs: 0; allowed: a whole number, 1 or more"),
        (
            {"executor": 5},
            "executor: 5 is a number; allowed: processes, the address of a Dask scheduler, or an Executor",
        ),
        ({"executor": "proceses"}, "--executor proceses: allowed: processes, or the address of a Dask scheduler"),
    ],
)
def test_a_setting_that_is_not_allowed_is_one_line(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as raised:
        setting(**options)
    assert str(raised.value).startswith(says)


GIB = 1 << 30


@pytest.mark.parametrize(
    ("free", "jobs", "workers", "why"),
    [
        (16 * GIB, None, 8, ""),
        (5 * GIB, None, 2, "2 of 8 workers, since one may take 2.0 GiB and 5.0 GiB of memory are free"),
        (GIB // 2, None, 1, "1 of 8 workers, since one may take 2.0 GiB and 0.5 GiB of memory are free"),
        (None, None, 8, ""),
        (GIB, 4, 4, ""),
    ],
)
def test_there_are_as_many_workers_as_memory_allows_unless_they_are_counted(
    monkeypatch: pytest.MonkeyPatch, free: int | None, jobs: int | None, workers: int, why: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr(pieces, "available_memory", lambda: free)
    found = setting(jobs=jobs, memory=2 * GIB)
    assert (found.workers, found.workers_why) == (workers, why)


def test_pieces_that_take_more_memory_have_as_many_workers_as_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "available_memory", lambda: 5 * GIB)
    four = setting(jobs=4)
    assert roomy(four, GIB) == four
    found = roomy(four, 2 * GIB)
    assert (found.workers, found.workers_why[:14]) == (2, "2 of 4 workers")


@pytest.mark.slow
def test_a_single_piece_that_takes_much_memory_is_not_done_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "available_memory", lambda: GIB)
    found = perform([piece(os.getpid, facts={})], roomy(setting(jobs=2), 2 * GIB))
    assert found.results != [os.getpid()]


def test_an_executor_of_ones_own_has_the_workers_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "available_memory", lambda: GIB)
    with ThreadPoolExecutor(2) as threads:
        own = setting(threads, jobs=2)
        assert roomy(own, 2 * GIB) == own
