"""Every simulated run of the suite must add up: what a store counts is what the server holds in it.

And the garbage collector leaves out what was collected of the tests: it stays to the end, and would be gone through dozens of
times. Commands that tests start and interrupt hear Ctrl-C, also where the suite runs in the background of a script.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import pytest

from syncproof.engines.simulate.run import Simulation

_excused = False


def pytest_collection() -> None:
    """Collect no garbage while tests are collected: hardly anything is freed then."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage again, of what the tests make."""
    gc.enable()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> None:
    """Undo what a shell does to a command in the background: it and all that it starts would ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def bytes_add_up() -> Iterator[None]:
    """Fail a run at whose end the bytes counted in a store are not those that the server holds there."""
    run = Simulation.run

    def checked(self: Simulation) -> None:
        run(self)
        unbalanced = self.world.imbalance()
        assert _excused or not unbalanced, f"{self.world.system.name}: (counted, held) by store: {unbalanced}"

    Simulation.run = checked  # type: ignore[method-assign]
    yield
    Simulation.run = run  # type: ignore[method-assign]


@pytest.fixture
def need_not_add_up() -> Iterator[None]:
    """Excuse the runs of a test whose server says less than it holds, on purpose."""
    global _excused
    _excused = True
    yield
    _excused = False
