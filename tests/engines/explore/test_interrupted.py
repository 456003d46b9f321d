"""Ctrl-C may come between any two byte codes of a search: whole states are left, nothing holds, the next search is not misled."""

from __future__ import annotations

import importlib.util
import random
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import syncproof
from examples import two_phase_commit as two_phase
from syncproof.core.environment import Environment
from syncproof.engines.explore import Common, Exploration, exploration, explore
from syncproof.engines.explore.constraint import WorldView
from syncproof.engines.explore.interruptions import SIGNALS
from syncproof.engines.explore.search import search

pytestmark = pytest.mark.slow

OURS = str(Path(syncproof.__file__).parent)
TRIES = 15
AROUND = 400
"""How many byte codes a search takes at most before it has a state, and when it puts its result together."""
MANAGERS = [[two_phase.Resource(n) for n in range(2)]]


def undecided(view: WorldView) -> bool:
    """A constraint that leaves out what comes after an abort."""
    return view.actors[two_phase.MANAGER].phase != "aborted"


class Interrupter:
    """Calls the handler of Ctrl-C once in a search: before byte code `at` of syncproof's, as Python may."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.within

    def within(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self.count += 1
            if self.count == self.at:
                handler = signal.getsignal(signal.SIGINT)
                assert callable(handler)
                handler(signal.SIGINT, frame)
        return self.within


def searched(patch: pytest.MonkeyPatch, at: int, common: Common, **options: Any) -> tuple[Exploration | None, int]:
    """Search, and be interrupted at the byte code `at`; return how many there were as well.

    None instead of a result: it was interrupted before the search had begun, or when it was over.
    """
    interrupter = Interrupter(at)

    def traced(*arguments: Any, **others: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(interrupter.trace)
        try:
            return search(*arguments, **others)
        finally:
            sys.settrace(before)

    properties = (two_phase.Consistent, two_phase.Terminates)
    with patch.context() as here:
        here.setattr(exploration, "search", traced)
        try:
            found = explore(two_phase.two_phase(2), Environment(), properties, common=common, **options)
        except KeyboardInterrupt:
            return None, interrupter.count
    return found, interrupter.count


def fast(**options: bool) -> Any:
    """Return the case of the compiled loop, which needs numba."""
    missing = importlib.util.find_spec("numba") is None
    return pytest.param(options, id="fast", marks=pytest.mark.skipif(missing, reason="needs numba"))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"fast": False}, id="plain"),
        pytest.param({"fast": False, "symmetric": MANAGERS}, id="symmetry"),
        pytest.param({"fast": False, "constraint": undecided}, id="constraint"),
        pytest.param({"fast": False, "skip_unchanging": True}, id="unchanging"),
        fast(fast=True),
    ],
)
def test_a_search_can_be_interrupted_anywhere(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    searched(monkeypatch, 0, Common(), **options)  # what a process computes once
    whole, count = searched(monkeypatch, 0, Common(), **options)
    assert whole is not None
    handlers = [signal.getsignal(number) for number in SIGNALS]
    rng = random.Random(str(options))
    for at in [*range(1, AROUND, 40), *sorted(rng.sample(range(AROUND, count - AROUND), TRIES)), count - 1]:
        common = Common()
        cut, _ = searched(monkeypatch, at, common, **options)
        assert [signal.getsignal(number) for number in SIGNALS] == handlers
        if cut is None:
            assert not AROUND <= at <= count - AROUND
        else:
            graph = cut.graph
            assert graph.ending == "interrupted"
            assert graph.bytes > 0
            assert list(graph.states) == list(whole.graph.states[: len(graph.states)])
            assert list(graph.first) == list(whole.graph.first[: graph.expanded + 1])
            assert list(graph.targets) == list(whole.graph.targets[: graph.first[-1]])
            assert list(graph.parents) == list(whole.graph.parents[: len(graph.states)])
            assert len(graph.moves) == len(graph.marks) == len(graph.targets)
            assert 0 < len(graph.levels) <= len(whole.graph.levels)
            assert "holds" not in [finding.verdict for finding in cut.findings.values()]
        again, _ = searched(monkeypatch, 0, common, **options)
        assert again is not None
        assert list(again.graph.targets) == list(whole.graph.targets)
        assert again.findings == whole.findings
