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
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from syncproof.engines import watchdog
from syncproof.errors import DesignError, InputError
from syncproof.studies.failures import Failures

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


class LostProcess(BrokenExecutor):
    """A process of a pool ended without a result. `codes`: how those that the pool had ended, as `Process.exitcode`."""

    def __init__(self, says: str, codes: Sequence[int | None]) -> None:
        super().__init__(says)
        self.codes = codes


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """Open a pool of processes on this machine. An exception or an interrupt ends it without waiting for its jobs.

    If other threads run, a fork server starts the processes; else they start in the platform's default way. Raises
    `LostProcess` if one of them ends on its own.
    """
    afresh = threads() and "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if afresh else None)
    held: MutableMapping[int, Any] = {}
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getcwd(),)) as pool:
            held = getattr(pool, "_processes", held)  # private to the pool; filled as processes start
            try:
                yield pool
            except BrokenExecutor:
                raise
            except BaseException:
                # Terminate before any shutdown, which forgets the processes. Cancel no future: the pool sees its processes
                # die and sets an exception on each future, which it cannot do on a cancelled one.
                for process in list(held.values()):
                    process.terminate()
                raise
    except BrokenExecutor as error:
        raise LostProcess(str(error), [process.exitcode for process in held.values()]) from error


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
        raise InputError(f"--executor {address}: needs Dask: pip install 'syncproof[cluster]'") from None

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
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    opening: Opening | None = None,
    failures: Failures[Job] | None = None,
) -> Iterator[tuple[int, Result]]:
    """Yield (index, result) of every job when it is done, in any order, each once; in this process if one worker is enough.

    A pool that lost a process (out of memory, killed) cannot continue. The jobs that it may have been doing run again one by
    one, and the rest in a new pool. If a job breaks its executor again when it runs alone, `BrokenExecutor` is raised. Leaving
    the iterator early, also by an interrupt, ends the work.

    `failures`: collects the errors of designs, which would be raised otherwise. The jobs of a design that failed have no
    results from then on, and those of a user's file run in processes of their own, whose end without a result is its error.
    """
    if opening is None and (workers <= 1 or len(jobs) <= 1) and not (failures and failures.in_processes(jobs)):
        for index, job in enumerate(jobs):
            if failures is None:
                yield index, work(job)
            elif not failures.has(job):
                with failures.apart(failures.of(job)):
                    yield index, work(job)
        return
    missing = dict.fromkeys(range(len(jobs)))
    while missing:
        begun: list[int] = []
        try:
            yield from _pooled(work, jobs, missing, list(missing), workers, opening, failures, begun)
        except BrokenExecutor:
            # Jobs begin in the order given, so those that had begun are among the first; a pool fetches some ahead.
            for suspect in [index for index in begun if index in missing][: 2 * workers + 1]:
                if failures is not None and failures.has(jobs[suspect]):
                    continue
                try:
                    yield from _pooled(work, jobs, missing, [suspect], 1, opening, failures, [])
                except LostProcess as lost:
                    if failures is None or not failures.own(jobs[suspect]) or -signal.SIGKILL in lost.codes:
                        raise
                    name = failures.of(jobs[suspect])
                    failures.add(jobs[suspect], DesignError(f"{name}: its process ended without a result{_how(lost)}"))
        if failures is not None:
            for index in [index for index in missing if failures.has(jobs[index])]:
                del missing[index]


def _pooled(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    missing: dict[int, None],
    wanted: Sequence[int],
    workers: int,
    opening: Opening | None,
    failures: Failures[Job] | None,
    begun: list[int],
) -> Iterator[tuple[int, Result]]:
    """Yield the results of the wanted jobs and take them off `missing`; note in `begun` which were given to the pool.

    Processes are given few jobs ahead, so that jobs of a design that failed meanwhile can be left out.
    """
    queue = deque(wanted)
    workers = min(workers, len(queue))
    ahead = len(queue) if opening is not None else 2 * workers
    with (opening or processes)(workers) as pool:
        pending: dict[Future[Any], int] = {}
        try:
            while queue or pending:
                while queue and len(pending) < ahead:
                    index = queue.popleft()
                    if failures is None or not failures.has(jobs[index]):
                        pending[pool.submit(work, jobs[index])] = index
                        begun.append(index)
                ready, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in sorted(ready, key=lambda f: pending[f]):
                    if future.cancelled():
                        raise BrokenExecutor("the executor was lost and gave its work up")
                    try:
                        result = future.result()
                    except DesignError as error:
                        if failures is None:
                            raise
                        del missing[pending[future]]
                        failures.add(jobs[pending.pop(future)], error)
                        continue
                    index = pending.pop(future)
                    del missing[index]
                    yield index, result
        finally:
            if opening is not None:
                for future in pending:
                    future.cancel()


def _how(lost: LostProcess) -> str:
    """Return how the only process of a pool ended, in brackets."""
    code = next(iter(lost.codes), None)
    if code is None:
        return ""
    try:
        return f" ({signal.Signals(-code).name})" if code < 0 else f" (exit status {code})"
    except ValueError:
        return f" (signal {-code})"


def _begin(folder: str) -> None:
    """Prepare a worker: relative paths count from the folder where the process that collects the results is.

    It ignores what a terminal sends to all its processes (Ctrl-C, and the hang-up when it closes): the process that collects
    the results handles it, and ends the workers. It ends when that process is gone, and watches the handlers that it calls.
    """
    os.chdir(folder)
    for number in [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    watchdog.begin(orphaned=lambda: os._exit(1))
