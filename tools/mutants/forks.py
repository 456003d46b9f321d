"""Run a function in copies of this process."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def forked(work: Callable[[], Any], failed: Any = None) -> Any:
    """Return what a function returns in a copy of this process; `failed` if the copy ends without a result.

    Raises:
        RuntimeError: it ends without a result and `failed` is None.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if failed is not None:
                silent = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silent, 1)
                os.dup2(silent, 2)
            with os.fdopen(writing, "wb") as answer:
                answer.write(pickle.dumps(work()))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        written = answer.read()
    os.waitpid(child, 0)
    if written:
        return pickle.loads(written)
    if failed is None:
        raise RuntimeError("a copy of this process ended without a result")
    return failed


_WORK: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []


def _done(number: int) -> Any:
    work, every = _WORK[-1]
    return work(every[number])


def in_copies(work: Callable[[Any], Any], every: Sequence[Any], processes: int) -> Iterator[Any]:
    """Yield what a function returns for each of a sequence, in its order, worked out in so many copies of this process.

    An exception of a copy is raised here; `BrokenProcessPool` for a copy that was killed.
    """
    _WORK.append((work, every))
    try:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_done, range(len(every)))
    finally:
        _WORK.pop()
