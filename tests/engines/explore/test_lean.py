"""A compiled search that keeps no arcs finds the same states, counts, verdicts and counterexamples as one that keeps them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import state
from syncproof.core.environment import Environment
from syncproof.engines.explore import Exploration, Limits, exploration, explore
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.properties import PROPERTIES
from syncproof.report import graphs
from syncproof.seeded_bugs import BUGS
from tests.engines.explore.test_explore import Hasty

pytest.importorskip("numba")
from syncproof.engines.explore import compiled

SAFETY = [p for p in PROPERTIES.values() if p.kind == "safety" and p.endless is None]


def commit(**options: Any) -> Exploration:
    return explore(two_phase.two_phase(3, resource=Hasty), Environment(), [two_phase.Consistent], fast=True, **options)


def check_equal(lean: Exploration, full: Exploration) -> None:
    one, other = lean.graph, full.graph
    assert (one.tree is None, other.tree) == (False, None)
    assert (list(one.states), one.levels) == (list(other.states), other.levels)
    assert (one.transitions, one.expanded, one.ending) == (len(other.targets), other.expanded, other.ending)
    assert (one.violations, lean.findings) == (other.violations, full.findings)
    assert (lean.coverage, lean.situations) == (full.coverage, full.situations)
    assert [one.way(state) for state in range(len(one.states))] == [
        other.way(state) for state in range(len(one.states))
    ]


def test_it_finds_the_same() -> None:
    lean = commit(arcs=False)
    check_equal(lean, commit())
    assert lean.findings["consistent"].verdict == "violated"


@pytest.mark.parametrize("bug", ["F07", "F13"])
def test_it_finds_the_same_in_a_seeded_bug(bug: str) -> None:
    system, _, environment = small_worlds.build(bug, small_worlds.small_world(*BUGS[bug].world))
    lean, full = [
        explore(system, environment, SAFETY, fast=True, arcs=arcs, limits=Limits(states=2_000))
        for arcs in (False, True)
    ]
    check_equal(lean, full)
    assert "violated" in [finding.verdict for finding in lean.findings.values()]


@pytest.mark.parametrize("at", [40, 300])
def test_it_may_let_arcs_go_on_the_way(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "ROOM", 8)
    monkeypatch.setattr(compiled, "SUCCESSORS", 8)
    monkeypatch.setattr(exploration, "LEAN_FROM", at)
    check_equal(commit(), commit(arcs=True))


@state
class Later(two_phase.Terminates):
    """Is judged on cycles as well."""

    name = "later"


def test_arcs_stay_where_a_property_is_judged_on_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "LEAN_FROM", 0)
    found = explore(two_phase.two_phase(2), Environment(), [two_phase.Terminates], fast=True)
    assert (found.graph.tree, found.findings["terminates"].verdict) == (None, "holds")
    with pytest.raises(InputError, match="arcs: False, but terminates is judged on cycles"):
        explore(two_phase.two_phase(2), Environment(), [two_phase.Terminates, Later], arcs=False)


def test_a_graph_without_arcs_is_not_written(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="kept no arcs"):
        graphs.write(commit(arcs=False), tmp_path / "graph.aut")


def test_a_large_table_of_states_may_be_fuller(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = commit()
    monkeypatch.setattr(compiled, "LARGE", 16)
    monkeypatch.setattr(compiled, "ROOM", 8)
    monkeypatch.setattr(compiled, "SUCCESSORS", 8)
    found = commit()
    assert numpy.array_equal(found.graph.targets, usual.graph.targets)
