"""Work over executors: every job's result exactly once, also if workers die; one line for an invalid address."""

from __future__ import annotations

import os
import signal
import socket
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from syncproof.errors import InputError
from syncproof.studies import executors


def double(number: int) -> int:
    return 2 * number


def die_once(job: tuple[str, int]) -> int:
    """Return a job's number, but kill the process the first time that job 5 is run."""
    folder, number = job
    (Path(folder) / f"{number}.{os.getpid()}").touch()
    mark = Path(folder) / "died"
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_result_comes_once_whatever_the_number_of_workers(workers: int) -> None:
    found = list(executors.perform(double, range(20), workers))
    assert sorted(found) == [(n, 2 * n) for n in range(20)]


def test_any_executor_will_do_and_stays_open() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(executors.perform(double, range(20), 1, executors.given(pool)))
        assert sorted(found) == [(n, 2 * n) for n in range(20)]
        assert pool.submit(double, 4).result() == 8


def test_a_killed_process_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    jobs = [(str(tmp_path), number) for number in range(30)]
    found = list(executors.perform(die_once, jobs, 2))
    assert (tmp_path / "died").exists()
    assert sorted(found) == [(n, n) for n in range(30)]
    done = [path.name.split(".")[0] for path in tmp_path.iterdir() if path.name != "died"]
    assert done.count("5") == 2
    assert len(done) <= 30 + 10  # finished jobs are not repeated; two were running, three queued, some results unread


def test_a_job_that_kills_every_worker_is_an_error_and_the_others_are_done() -> None:
    found: list[tuple[int, int]] = []
    with pytest.raises(BrokenExecutor):
        found.extend(executors.perform(die_always, range(8), 2))
    assert {(n, n) for n in range(3)} <= set(found)
    assert len(found) == len(set(found))


SEEN: list[int] = []


def seen(_: int) -> list[int]:
    return SEEN


def test_processes_start_fresh_if_there_are_threads() -> None:
    SEEN.append(1)
    go = threading.Event()
    beside = threading.Thread(target=go.wait)
    beside.start()
    try:
        assert dict(executors.perform(seen, range(2), 2)) == {0: [], 1: []}
        assert executors.workers(4, inherit=True) == 1
    finally:
        go.set()
        beside.join()
        SEEN.clear()


def test_closing_the_results_ends_the_work() -> None:
    begun, go = [], threading.Event()

    def wait(number: int) -> int:
        begun.append(number)
        if number:
            go.wait()
        return number

    with ThreadPoolExecutor(1) as pool:
        work = executors.perform(wait, range(50), 1, executors.given(pool))
        assert next(work) == (0, 0)
        work.close()  # type: ignore[attr-defined]
        go.set()
    assert len(begun) <= 2


class Lost(Executor):
    """An executor that cancels its work, as one does whose scheduler has stopped."""

    def submit(self, fn: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_an_executor_that_cancels_its_work_is_reported() -> None:
    with pytest.raises(BrokenExecutor, match="gave its work up"):
        list(executors.perform(double, range(3), 1, executors.given(Lost())))


@pytest.mark.parametrize("address", ["foo", "process", "tcp://", "tcp://host", "host name:1"])
def test_an_invalid_address_names_the_allowed_ones(address: str) -> None:
    with pytest.raises(InputError, match="allowed: processes, or the address of a Dask scheduler such as tcp://"):
        executors.scheduler(address)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_one_line() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(InputError, match=f"^--executor {address}: no scheduler answers there: .*$"):
            list(executors.perform(double, range(3), 2, executors.scheduler(address, within=0.3)))
