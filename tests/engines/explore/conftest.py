"""A population for worlds with faults that have many states: one user with one device."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy
import pytest

from syncproof.designs import Population
from syncproof.inputs import small_worlds


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small worlds have the population `one-device`."""
    monkeypatch.setitem(small_worlds.POPULATIONS, "one-device", Population((0,), ((0,),)))


@pytest.fixture(autouse=True)
def interpreted() -> Iterator[None]:
    """Where compiled code is interpreted by Python, let the numbers of its hashes wrap as they do when it is compiled."""
    with numpy.errstate(over="ignore" if os.environ.get("NUMBA_DISABLE_JIT") else "warn"):
        yield
