"""Independent pieces of work spread over processes; results do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def processes(wanted: int | None, *, inherit: bool = False) -> int:
    """How many processes to use: as many as are wanted, else one per processor.

    `inherit`: the work needs what this process holds in memory, such as a class that was written in a notebook. Where
    processes begin afresh, which is the platform's choice, it is then done here.
    """
    if inherit and multiprocessing.get_start_method() != "fork":
        return 1
    return wanted or os.cpu_count() or 1


def perform(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Result]]:
    """(index, result) of every job as it is done, in any order.

    A pool that lost a process (out of memory, killed) is given up, and what was lost is done one by one; a job that
    fails there again raises. Leaving the iterator early, by an interrupt too, ends the processes.
    """
    if workers <= 1 or len(jobs) <= 1:
        for index, job in enumerate(jobs):
            yield index, work(job)
        return
    missing = dict.fromkeys(range(len(jobs)))
    try:
        for index, result in _pooled(work, jobs, list(missing), min(workers, len(jobs))):
            del missing[index]
            yield index, result
    except BrokenProcessPool:
        for number in missing:
            yield from _pooled(work, jobs, [number], 1)


def _pooled(
    work: Callable[[Job], Result], jobs: Sequence[Job], wanted: Sequence[int], workers: int
) -> Iterator[tuple[int, Result]]:
    with ProcessPoolExecutor(workers, initializer=_begin) as pool:
        try:
            pending: dict[Future[Any], int] = {pool.submit(work, jobs[index]): index for index in wanted}
            while pending:
                ready, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in sorted(ready, key=lambda f: pending[f]):
                    yield pending.pop(future), future.result()
        except BrokenProcessPool:
            raise
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise


def _begin() -> None:
    """Ctrl-C is for the process that collects: it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
