"""Run the program on inputs that are wrong, and report every end that it must not have.

    python -m tests.fuzz.run --count 20000 --seed 1

Allowed is: an exit status of 0 to 4, no traceback, no status 4 (there is no design of a user in these inputs), a message for
every status 2, and an end within `SECONDS` of processor time, or within `PATIENCE` if it waits (for other processes of a busy
machine, too). What went wrong is kept in `out/fuzz`, a folder for each input.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import syncproof
from tests.fuzz.inputs import Input, corpus, made

SECONDS = 20
PATIENCE = 120
MEMORY = 4 << 30
"""Bytes that one input may need; a scenario with a billion messages ends there."""


@dataclass(frozen=True)
class End:
    """How the program ended: its status (minus a signal's number), what it printed, and the processor seconds that it took.

    `ended`: whether it did by itself.
    """

    status: int
    out: str
    err: str
    seconds: float
    ended: bool

    def wrong(self, arguments: Sequence[str]) -> str:
        """Return what is wrong with this end; empty for nothing. A traceback may be asked for."""
        text = self.out + self.err
        if "--debug" not in arguments and "Traceback (most recent call last)" in text:
            return "traceback"
        if not 0 <= self.status <= 3:
            return f"status {self.status}"
        if self.status == 2 and not self.err.strip():
            return "status 2 without a message"
        if self.status == 2 and "--debug" not in arguments and len(self.err) > 3000:
            return "a message of more than 3000 characters"
        if not self.ended:
            return f"did not end within {PATIENCE} s"
        return f"more than {SECONDS} s" if self.seconds > SECONDS else ""


def run(case: Input, folder: Path) -> End:
    """Run the program on an input in an empty folder, in a process of its own that has everything imported."""
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    child = os.fork()
    if child == 0:
        _child(case, folder)
    status, seconds, ended = _waited(child)
    out, err = ((folder / name).read_text(errors="replace") for name in (".out", ".err"))
    return End(status, out, err, seconds, ended)


def _child(case: Input, folder: Path) -> None:
    os.setsid()
    os.chdir(folder)
    for number, name in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    status = 99
    try:
        from syncproof.cli.main import main

        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        sys.argv = ["syncproof", *case.arguments]
        main()  # as the program is started, so in a process of its own again, which takes signals
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 98
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _waited(child: int) -> tuple[int, float, bool]:
    """Wait for a child; return its status, its processor seconds and whether it ended by itself.

    After `PATIENCE` it is interrupted, as a person would; what does not end then is killed.
    """
    began = time.monotonic()
    for name, after in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE + 6)):
        while time.monotonic() - began < after:
            pid, status, used = os.wait4(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, after == PATIENCE
            time.sleep(0.002)
        os.killpg(child, name)
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, False


_FILES: dict[str, bytes] = {}


def _import_everything() -> None:
    """Import every module of the program, which its forked children then need not do."""
    for module in pkgutil.walk_packages(syncproof.__path__, "syncproof."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _one(number: int, seed: int, kept: str | None) -> tuple[int, str, int, float]:
    """Run one input; keep its folder below `kept` if something is wrong."""
    if not _FILES:
        _import_everything()
        with tempfile.TemporaryDirectory() as folder:
            _FILES.update(corpus(Path(folder)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = made(number, seed, _FILES)
        end = run(case, folder)
        wrong = end.wrong(case.arguments)
        if wrong and kept is not None:
            (folder / ".arguments").write_text(repr(case.arguments) + "\n" + wrong + "\n")
            shutil.copytree(folder, Path(kept) / f"{seed}-{number}", dirs_exist_ok=True)
        return number, f"{wrong} ({case.arguments[0]})" if wrong else "", end.status, end.seconds


def fuzz(numbers: Sequence[int], seed: int, jobs: int, kept: str | None = None) -> tuple[dict[int, str], Counter[int]]:
    """Run inputs; return what was wrong with which, and how often each status came."""
    wrong: dict[int, str] = {}
    statuses: Counter[int] = Counter()
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for number, says, status, _ in pool.map(
            _one, numbers, [seed] * len(numbers), [kept] * len(numbers), chunksize=8
        ):
            statuses[status] += 1
            if says:
                wrong[number] = says
                print(f"{seed}/{number}: {says}", flush=True)
    return wrong, statuses


def main() -> int:
    """Read the command line, run, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", default="out/fuzz")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.count)
    began = time.monotonic()
    wrong, statuses = fuzz(numbers, options.seed, options.jobs, options.out)
    print(f"{options.count} inputs in {time.monotonic() - began:.0f} s; by status: {dict(sorted(statuses.items()))}")
    for says, count in Counter(wrong.values()).most_common():
        print(f"{count:6d}  {says}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
