"""Run independent jobs on an executor. The results depend neither on the executor nor on the number of its workers.

Any `concurrent.futures.Executor` can be used. This module opens two kinds: processes of this machine, and the workers of a
Dask scheduler. A job should be small and picklable, and must be safe to run twice: when a worker dies, its jobs run again, and
each job's result is yielded once.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from syncproof.errors import InputError

Job = TypeVar("Job")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with the number of jobs done and the number of all jobs."""
Opening = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor of about that many workers; when an exception leaves the context, it drops the jobs still under way."""

ANSWER_WITHIN = 5.0
"""Seconds that a scheduler has to answer, and then to have a worker."""


def workers(wanted: int | None, *, inherit: bool = False) -> int:
    """Return how many processes to use: `wanted`, else one per processor.

    `inherit`: the work needs what this process holds in memory, such as a class that was written in a notebook. Where
    processes start without that memory, the work is done in this process.
    """
    if inherit and (multiprocessing.get_start_method() != "fork" or threads()):
        return 1
    return wanted or os.cpu_count() or 1


def threads() -> bool:
    """Return whether other threads run, as in a notebook: a forked process may wait indefinitely for a lock of theirs."""
    return threading.active_count() > 1


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Open a pool of processes on this machine. An exception or an interrupt ends it without waiting for its jobs.

    If other threads run, a fork server starts the processes; else they start in the platform's default way.
    """
    afresh = threads() and "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if afresh else None)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        try:
            yield pool
        except BrokenExecutor:
            raise
        except BaseException:
            # Terminate before any shutdown, which forgets the processes. Cancel no future: the pool sees its processes die
            # and sets an exception on each future, which it cannot do on a cancelled one. A pool's processes are private;
            # without them the pool waits for the jobs that have begun.
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            raise


def scheduler(address: str, within: float = ANSWER_WITHIN) -> Opening:
    """Return a function that opens the workers of the Dask scheduler at `address`, such as `tcp://10.0.0.1:8786`.

    The workers need the same syncproof, and traces and own designs under the same names. Raises `InputError` for text that
    is no address and if Dask is not installed; the returned function raises it if no scheduler answers or there is no worker.
    """
    if not re.fullmatch(r"(\w+://)?[^\s:/]+:\d+|inproc://\S+", address):
        raise InputError(
            f"--executor {address}: allowed: processes, or the address of a Dask scheduler such as tcp://10.0.0.1:8786"
        )
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError(f"--executor {address}: needs Dask: pip install 'syncproof[dask]'") from None

    met = False

    def silent(text: str) -> Exception:
        """Return an `InputError`; or, if the address worked before, a `BrokenExecutor`, since then workers were lost."""
        return (BrokenExecutor if met else InputError)(f"--executor {address}: {text}")

    @contextmanager
    def opened(workers: int) -> Iterator[Executor]:
        nonlocal met
        try:
            client = Client(address, timeout=within, set_as_default=False)
        except (OSError, ValueError) as error:
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise silent(f"no scheduler answers there: {text}") from None
        with client:
            try:
                client.wait_for_workers(1, timeout=within)
            except TimeoutError:
                raise silent("the scheduler has no workers") from None
            met = True
            pool = client.get_executor(pure=False)
            try:
                yield pool
            except KilledWorker as error:
                pool.shutdown(wait=False)
                raise BrokenExecutor(f"a job was under way on several workers of {address} as they died") from error
            except BaseException:
                pool.shutdown(wait=False)
                raise

    return opened


def given(executor: Executor) -> Opening:
    """Return a function that gives out an executor which the caller opened and will close."""

    @contextmanager
    def opened(workers: int) -> Iterator[Executor]:
        yield executor

    return opened


def perform(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int, opening: Opening | None = None
) -> Iterator[tuple[int, Result]]:
    """Yield (index, result) of every job when it is done, in any order, each once; in this process if one worker is enough.

    A pool that lost a process (out of memory, killed) cannot continue. The jobs that it may have been doing run again one by
    one, and the rest in a new pool. If a job breaks its executor again when it runs alone, `BrokenExecutor` is raised. Leaving
    the iterator early, also by an interrupt, ends the work.
    """
    if opening is None and (workers <= 1 or len(jobs) <= 1):
        for index, job in enumerate(jobs):
            yield index, work(job)
        return
    missing = dict.fromkeys(range(len(jobs)))
    while missing:
        try:
            for index, result in _pooled(work, jobs, list(missing), min(workers, len(missing)), opening):
                del missing[index]
                yield index, result
        except BrokenExecutor:
            # Jobs begin in the order given, so those that had begun are among the first; a pool fetches some ahead.
            for suspect in list(missing)[: 2 * workers + 1]:
                for index, result in _pooled(work, jobs, [suspect], 1, opening):
                    del missing[index]
                    yield index, result


def _pooled(
    work: Callable[[Job], Result], jobs: Sequence[Job], wanted: Sequence[int], workers: int, opening: Opening | None
) -> Iterator[tuple[int, Result]]:
    with (opening or processes)(workers) as pool:
        pending: dict[Future[Any], int] = {pool.submit(work, jobs[index]): index for index in wanted}
        try:
            while pending:
                ready, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in sorted(ready, key=lambda f: pending[f]):
                    if future.cancelled():
                        raise BrokenExecutor("the executor was lost and gave its work up")
                    yield pending.pop(future), future.result()
        finally:
            if opening is not None:
                for future in pending:
                    future.cancel()


def _begin() -> None:
    """Ignore Ctrl-C in a worker: the process that collects the results handles it, and ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
