"""Run tests with a mutant, each stage in a child process that imports the changed module instead of the one on disk."""

from __future__ import annotations

import functools
import io
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from tools.mutants.listing import ROOT, Changed, Mutant
from tools.mutants.recording import Recording


@dataclass(frozen=True)
class Target:
    """What is mutated, and the tests that are asked, one stage after the other until one fails."""

    folder: str
    stages: tuple[tuple[str, ...], ...]
    recorded: bool = False
    """Whether the recorded searches are asked before them."""


TARGETS = {
    "properties": Target("properties", (("tests/properties",),)),
    "explore": Target(
        "engines/explore",
        (
            ("tests/engines/explore", "-m", "not slow", "-k", "not recorded"),
            (
                "tests/engines/explore",
                "tests/test_setup_complaints.py",
                "tests/test_senders.py",
                "-m",
                "slow",
                "-k",
                "not recorded and not interpreted",
            ),
        ),
        recorded=True,
    ),
    "core": Target(
        "core",
        (
            ("tests/core",),
            ("tests/engines/explore/test_equal_to_world.py", "tests/engines/explore/test_brute_force.py"),
            ("tests/designs", "tests/engines"),
        ),
    ),
}

PATIENCE = 4
"""How many times as long as usual tests may take with a mutant: one that makes them endless is noticed."""
MEMORY = 4 << 30
"""The bytes that tests may take with a mutant: one that makes a search endless is noticed before the machine is full."""
SLOWER = 10
"""How many seconds may pass for one second of processor time, on a machine that does other things as well."""


def _tested(mutant: Mutant | None, stage: Sequence[str], seconds: int) -> tuple[bool, float]:
    """Return whether a stage of tests passes with a mutant, and the seconds of processor time that it took.

    A stage that needs more than `seconds` of processor time fails. Nothing of the package may have been imported before.
    """
    compiled = tempfile.TemporaryDirectory()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        # In the background Ctrl-C is ignored, and tests of it would see that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = 3
        try:
            if mutant is not None and "numba" in mutant.source:
                # Compiled code is kept by the file on disk, which is not the one that is tested.
                os.environ["NUMBA_CACHE_DIR"] = compiled.name
            import pytest

            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            if mutant is not None:
                sys.meta_path.insert(0, Changed(mutant))
            # Rewriting assertions would import the package by a finder that comes before this one.
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                status = int(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", "--assert=plain", *stage]))
        finally:
            os._exit(status)
    with compiled:
        until = time.monotonic() + SLOWER * seconds
        while time.monotonic() < until:
            pid, ended, used = os.wait4(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(ended) == 0, used.ru_utime + used.ru_stime
            time.sleep(0.01)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False, float(seconds)


@functools.cache
def _patience(stage: tuple[str, ...]) -> int:
    """Return the seconds of processor time that a stage may take: many more than it takes without any mutant.

    `RuntimeError` if it fails without one.
    """
    passed, used = _tested(None, stage, 3600)
    if not passed:
        raise RuntimeError(f"the tests fail without any mutant: {' '.join(stage)}")
    return int(PATIENCE * (used + 1))


def mirror(file: str) -> tuple[str, ...]:
    """Return the test file that mirrors a file of the package, where there is one: most mutants fail there already."""
    folder, _, name = file.rpartition("/")
    path = f"tests/{folder}/test_{name.lstrip('_')}"
    return (path,) if (ROOT / path).exists() else ()


@dataclass(frozen=True)
class Questions:
    """Asks about mutants: the recorded searches first where there are any, its file's own tests, then each stage.

    Without stages, only the recorded searches.
    """

    stages: tuple[tuple[str, ...], ...]
    recording: Recording | None = None

    def survives(self, mutant: Mutant) -> bool:
        """Return whether all tests pass with a mutant."""
        if self.recording is not None and self.recording.notices(mutant):
            return False
        own = mirror(mutant.file)
        every = [own, *self.stages] if own and self.stages else self.stages
        return all(_tested(mutant, stage, _patience(stage))[0] for stage in every)


def questions(target: Target, stages: int | None) -> Questions:
    """Return what asks about a target's mutants with so many of its stages, having run each without a mutant.

    Make it in a process that has not imported the package.
    """
    import hypothesis  # noqa: F401  (what all children need is imported once)
    import networkx  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401

    for stage in target.stages[:stages]:
        _patience(stage)
    return Questions(target.stages[:stages], Recording.measured() if target.recorded else None)
