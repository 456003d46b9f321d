"""Signals that end a search are held for a while."""

from __future__ import annotations

import signal

import pytest

from syncproof.engines.explore.interruptions import interruptions


@pytest.mark.parametrize("how", ["held", "let through"])
def test_signals_are_held_for_a_while(how: str) -> None:
    """What was held before or not is so again afterwards."""
    both = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, () if how == "held" else both)
    try:
        around = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        with interruptions(how):
            assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & both == (both if how == "held" else set())
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == around
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_where_signals_cannot_be_held_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")
    with interruptions("held") as nothing:
        assert nothing is None
