"""Spread independent pieces of work over an executor; results depend neither on the executor nor on how many workers it has.

Any `concurrent.futures.Executor` will do. Two ways to open one are here: the processes of this machine, and the workers of a
Dask scheduler. A job should be small and picklable, and doing it twice must do no harm: when a worker dies, its jobs are done
again, and each job's result is given out once.
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
"""Is told how many pieces are done, and how many there are."""
Opening = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor of about that many workers, and gives up what is still under way when it is left by an exception."""

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
    """Return whether other threads run, as in a notebook: a forked copy may wait indefinitely for a lock of theirs."""
    return threading.active_count() > 1


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Open a pool of processes on this machine. An exception, an interrupt too, ends it without waiting for it.

    Where other threads run, the processes come from a fork server; else they start in the platform's way.
    """
    afresh = threads() and "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if afresh else None)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
        try:
            yield pool
        except BrokenExecutor:
            raise
        except BaseException:
            # Before any shutdown, which forgets the processes. No future is cancelled: the pool sees its processes die and
            # sets an exception on each future, which it cannot on a cancelled one.
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise


def scheduler(address: str, within: float = ANSWER_WITHIN) -> Opening:
    """Open the workers of the Dask scheduler at `address`, such as `tcp://10.0.0.1:8786`.

    They need the same syncproof, and traces and own designs under the same names. Raises `InputError` if the
    address is none, if Dask is not installed, or when opened if nothing answers or no worker is there.
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
        """Return an input error at first; once the address has worked, an error that says that workers were lost."""
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
    """Use an executor that the caller opened and will close."""

    @contextmanager
    def opened(workers: int) -> Iterator[Executor]:
        yield executor

    return opened


def perform(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int, opening: Opening | None = None
) -> Iterator[tuple[int, Result]]:
    """Yield (index, result) of every job as it is done, in any order, each once; in this process if one worker is enough.

    A pool of processes that lost one (out of memory, killed) cannot go on. The jobs that it may have been doing are done
    again one by one, and the rest in a new pool. A job that breaks its executor alone raises `BrokenExecutor`. Leaving the iterator
    early, by an interrupt too, ends the work.
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
            # Jobs begin in the order given, so what was begun is among the first; a pool fetches some ahead.
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
    """Ignore Ctrl-C in a worker: the process that collects the results handles it and ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
