"""Signals that end a search are told where nothing is half done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from syncproof.engines.explore import interruptions as interruptions_module
from syncproof.engines.explore.interruptions import SIGNALS, Interruptions
from syncproof.errors import Interrupted


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no signal come again while a test lasts."""
    monkeypatch.setattr(interruptions_module, "AGAIN", 3600.0)


@pytest.fixture(autouse=True)
def pythons_own() -> Iterator[None]:
    """Handle Ctrl-C as Python does by itself, and nothing else."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def of_a_search(statements: str) -> Callable[..., Any]:
    """Return a function of a search's own modules that makes these statements."""
    names: dict[str, Any] = {"__name__": "syncproof.engines.explore.tables", "os": os, "signal": signal}
    exec(f"def own(other):\n    {statements}\n", names)
    found: Callable[..., Any] = names["own"]
    return found


def ctrl_c() -> None:
    """Send Ctrl-C to this process, as a model's or a library's code at that moment."""
    os.kill(os.getpid(), signal.SIGINT)


own_ctrl_c = of_a_search("os.kill(os.getpid(), signal.SIGINT)")


def test_ctrl_c_in_a_search_is_noted_until_it_is_told() -> None:
    interruptions = Interruptions()
    with interruptions:
        own_ctrl_c(None)
        assert interruptions.came == [signal.SIGINT]
        with pytest.raises(Interrupted):
            interruptions.tell()
        assert interruptions.came == []


def test_ctrl_c_that_nobody_was_told_is_told_at_the_end() -> None:
    with pytest.raises(Interrupted), Interruptions():
        own_ctrl_c(None)


def test_ctrl_c_is_raised_at_once_in_a_model_that_a_search_calls() -> None:
    reached = []
    with Interruptions(), pytest.raises(Interrupted):
        of_a_search("other()")(lambda: (ctrl_c(), reached.append("after it")))
    assert reached == []


def endless() -> None:
    while True:
        pass


def test_ctrl_c_that_was_noted_comes_again_in_a_model_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruptions_module, "AGAIN", 0.01)
    with Interruptions():
        own_ctrl_c(None)
        with pytest.raises(Interrupted):
            of_a_search("other()")(endless)


def test_ctrl_c_is_raised_in_a_search_that_a_model_makes() -> None:
    """The search within notes it, and tells the search around it, in which a model is under way."""

    def within() -> None:
        inner = Interruptions()
        with inner:
            own_ctrl_c(None)
            assert inner.came == [signal.SIGINT]
            inner.tell()
            reached.append("after it")

    reached: list[str] = []
    with Interruptions(), pytest.raises(Interrupted):
        of_a_search("other()")(within)
    assert reached == []


def test_a_users_module_may_have_the_name_of_pythons() -> None:
    names: dict[str, Any] = {"__name__": "mailbox", "os": os, "signal": signal}
    exec(compile("def handle():\n    os.kill(os.getpid(), signal.SIGINT)\n", "mailbox.py", "exec"), names)
    with Interruptions(), pytest.raises(Interrupted):
        of_a_search("other()")(names["handle"])


def test_a_handler_of_a_users_that_raises_what_pythons_own_raises_is_told_as_an_interruption() -> None:
    def handler(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handler)
    with Interruptions(), pytest.raises(Interrupted):
        of_a_search("other()")(ctrl_c)


def test_ctrl_c_is_raised_nowhere_in_what_is_not_divided() -> None:
    interruptions = Interruptions()
    with interruptions:
        with interruptions.undivided():
            of_a_search("other()")(ctrl_c)
        assert interruptions.came == [signal.SIGINT]
        interruptions.came.clear()


def test_what_a_search_was_called_by_does_not_count() -> None:
    """A search is called by a user's code, and is not within it."""

    def search() -> list[int]:
        interruptions = Interruptions()
        with interruptions:
            own_ctrl_c(None)
            found = list(interruptions.came)
            interruptions.came.clear()
        return found

    assert search() == [signal.SIGINT]


def test_a_handler_that_raises_nothing_is_called_and_the_search_goes_on() -> None:
    called = []

    def handler(number: int, frame: FrameType | None) -> None:
        called.append(number)

    signal.signal(signal.SIGTERM, handler)
    interruptions = Interruptions()
    with interruptions:
        of_a_search("os.kill(os.getpid(), signal.SIGTERM)")(None)
        assert called == []
        interruptions.tell()
        assert called == [signal.SIGTERM]


@pytest.mark.parametrize("ending", ["usual", "raised"])
def test_afterwards_handlers_are_those_from_before(ending: str) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        with Interruptions():
            assert [signal.getsignal(number) for number in SIGNALS] != before
            if ending == "raised":
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interruptions = Interruptions()
    with interruptions:
        own_ctrl_c(None)
        assert interruptions.came == []
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize("late", [signal.SIGTERM, signal.SIGINT])
def test_a_handler_that_raises_while_handlers_are_exchanged_leaves_those_from_before(
    late: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler raises before its turn has come, or when it is back already."""
    before = [signal.getsignal(number) for number in SIGNALS]
    exchange, calls = signal.signal, []

    def exchanging(number: int, handler: Any) -> Any:
        calls.append(number)
        found = exchange(number, handler)
        if calls == ([signal.SIGINT] if late == signal.SIGTERM else [signal.SIGINT] * 2):
            raise Interrupted
        return found

    monkeypatch.setattr(signal, "signal", exchanging)
    with pytest.raises(Interrupted), Interruptions():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_another_thread_handlers_are_left_alone() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    during = []

    def search() -> None:
        with Interruptions():
            during.extend([signal.getsignal(number) for number in SIGNALS])

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert during == before
