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
from syncproof.engines.explore import Common, Exploration, explore, search
from syncproof.engines.explore.constraint import WorldView

pytestmark = pytest.mark.slow

OURS = str(Path(syncproof.__file__).parent)
TRIES = 15
MANAGERS = [[two_phase.Resource(n) for n in range(2)]]


def undecided(view: WorldView) -> bool:
    """A constraint that leaves out what comes after an abort."""
    return view.actors[two_phase.MANAGER].phase != "aborted"


class Interrupter:
    """Raises `KeyboardInterrupt` once in a search's loop: before byte code `at` of syncproof, or when signals are let through."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.came = False

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.within

    def within(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self.count += 1
            if (
                self.count >= self.at > 0
                and not self.came
                and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
            ):
                self.came = True
                raise KeyboardInterrupt
        return self.within


def searched(patch: pytest.MonkeyPatch, at: int, common: Common, **options: Any) -> tuple[Exploration, int]:
    """Search, and be interrupted at the byte code `at`; return how many there were as well."""
    interrupter = Interrupter(at)
    with patch.context() as here:
        for loop in (search._search, search._go_on):

            def traced(*arguments: Any, loop: Any = loop) -> Any:
                before = sys.gettrace()
                sys.settrace(interrupter.trace)
                try:
                    return loop(*arguments)
                finally:
                    sys.settrace(before)

            here.setattr(search, loop.__name__, traced)
        properties = (two_phase.Consistent, two_phase.Terminates)
        found = explore(two_phase.two_phase(2), Environment(), properties, common=common, **options)
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
    rng = random.Random(str(options))
    for at in sorted(rng.sample(range(1, count), TRIES)):
        common = Common()
        cut, _ = searched(monkeypatch, at, common, **options)
        graph = cut.graph
        assert graph.ending == "interrupted"
        assert list(graph.states) == list(whole.graph.states[: len(graph.states)])
        assert list(graph.first) == list(whole.graph.first[: graph.expanded + 1])
        assert list(graph.targets)[: graph.first[-1]] == list(whole.graph.targets[: graph.first[-1]])
        assert "holds" not in [finding.verdict for finding in cut.findings.values()]
        again, _ = searched(monkeypatch, 0, common, **options)
        assert list(again.graph.targets) == list(whole.graph.targets)
        assert again.findings == whole.findings
