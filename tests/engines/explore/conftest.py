"""A population for worlds with faults that have many states: one user with one device."""

from __future__ import annotations

import pytest

from syncproof.designs import Population
from syncproof.inputs import small_worlds


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small worlds have the population `one-device`."""
    monkeypatch.setitem(small_worlds.POPULATIONS, "one-device", Population((0,), ((0,),)))
