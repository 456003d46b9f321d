"""Verdicts on a graph: of several violations the nearest is shown, where a reader sees that nothing more happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import FrozenInstanceError, fields
from itertools import product
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from syncproof.core.moves import Connect
from syncproof.core.values import DeviceId
from syncproof.engines.explore import Limits, Status, WorldView
from syncproof.engines.explore.core import Core, Part, core_of
from syncproof.engines.explore.cycles import Cycles, ViolatingRun
from syncproof.engines.explore.graph import Complaint, Graph
from syncproof.engines.explore.liveness import Arcs, Lasso, _Verdicts
from syncproof.engines.explore.marks import Marks
from syncproof.engines.explore.moves import EARLY, NEVER, STRONG, WEAK
from syncproof.engines.explore.search import Restrictions
from syncproof.engines.explore.verdicts import WORDS, Counterexample, Finding
from syncproof.engines.explore.withheld import Withheld
from tests.engines.explore.test_endless import Asked, AsksTerminate, Excused
from tests.engines.explore.test_fair_cycles import largest_fair_sets

MOVES = tuple([Connect(DeviceId(n)) for n in range(4)])


def graph(*parents: int) -> Graph:
    """Return a graph in which the first move of each of these states leads to the next number."""
    found = Graph()
    for number, parent in enumerate(parents, start=1):
        while len(found.first) <= parent:
            found.first.append(len(found.targets))
        found.parents.append(len(found.targets))
        found.targets.append(number)
        found.moves.append(number % len(MOVES))
    found.states += [(n,) for n in range(len(parents) + 1)]
    while len(found.first) <= len(parents) + 1:
        found.first.append(len(found.targets))
    return found


def nearest(
    count: int,
    components: Sequence[Sequence[int]],
    bad: Sequence[int],
    arcs: Sequence[tuple[int, int, int]] = (),
    still: int | None = None,
) -> ViolatingRun | None:
    """Return the violation by these bad states; move 0 is strongly fair. States lie on one path, in their order."""
    columns = [numpy.asarray([arc[n] for arc in arcs], dtype=numpy.int64) for n in range(3)]
    strong = numpy.asarray([True, False, False, False])
    is_bad = numpy.zeros(count, dtype=bool)
    is_bad[list(bad)] = True
    tables: Any = SimpleNamespace(moves=SimpleNamespace(values=MOVES, fair=[WEAK] * len(MOVES)))
    path, none = graph(*range(count - 1)), numpy.zeros(count, dtype=bool)
    return Cycles(tables, path, Core(none, none))._nearest(
        Part(numpy.arange(count), Arcs(count, *columns, strong), numpy.arange(len(arcs))),
        [numpy.asarray(component) for component in components],
        is_bad,
        lambda state: f"state {state}",
        still,
    )


@pytest.mark.parametrize(
    ("components", "bad", "state"),
    [
        ([[1], [2], [3]], [2, 3], 2),
        ([[1, 3], [2]], [2, 3], 2),
        ([[1, 3], [2]], [1, 2, 3], 1),
        ([[2], [1, 3]], [2, 3], 2),
        ([[3], [1]], [1, 3], 1),
        ([[0], [1]], [0, 1], 0),
    ],
)
def test_the_nearest_bad_state_is_shown(components: list[list[int]], bad: list[int], state: int) -> None:
    assert nearest(4, components, bad) == (
        tuple([MOVES[n % 4] for n in range(1, state + 1)]),
        (),
        f"state {state}",
    )


@pytest.mark.parametrize(("still", "state"), [(0, 0), (2, 1), (3, 1), (None, 1)])
def test_a_bad_state_that_nothing_leaves_is_compared_with_those_of_components(still: int | None, state: int) -> None:
    way = nearest(4, [[1, 2]], [1], [(1, 2, 0), (2, 1, 0)], still)
    assert way is not None
    assert (way.says, len(way.cycle)) == (f"state {state}", 2 if state == 1 else 0)


def test_a_bad_state_that_nothing_leaves_is_preferred_to_one_where_something_is_owed() -> None:
    way = nearest(4, [[1, 2]], [1], [(1, 2, 1), (2, 1, 1)], 3)
    assert way is not None
    assert (way.says, way.cycle) == ("state 3", ())


def test_without_a_bad_state_in_a_fair_component_there_is_none() -> None:
    assert nearest(3, [[1]], [2]) is None
    assert nearest(3, [], [2]) is None


@pytest.mark.parametrize(("move", "state"), [(0, 1), (1, 3)])
def test_a_state_in_which_only_polls_are_left_is_preferred(move: int, state: int) -> None:
    """An arc leaves the nearer bad state: of a poll, which is strongly fair, or of a move that is weakly fair."""
    way = nearest(4, [[1, 2], [3]], [1, 3], [(1, 2, move), (2, 1, move)])
    assert way is not None
    assert (way.says, len(way.cycle)) == (f"state {state}", 2 if state == 1 else 0)


def test_a_cycle_counts_once() -> None:
    assert Counterexample(MOVES[:1], MOVES[:2], MOVES[:3], "").length == 5


def test_the_ends_of_a_search_are_said_in_words() -> None:
    assert WORDS["states"] == "the limit of states was reached"
    assert WORDS["interrupted"] == "it was interrupted"
    assert len(set(WORDS.values())) == len(WORDS)


NONE = numpy.zeros(0, dtype=numpy.int64)


@pytest.mark.parametrize(
    "made",
    [
        Limits(),
        Status(1, 1, 1, 1, 1, 1.0),
        Restrictions(),
        WorldView({}),
        Complaint(0, 0, ""),
        Arcs(0, NONE, NONE, NONE, NONE > 0),
        Lasso(0, ()),
        _Verdicts(NONE > 0, NONE > 0, NONE > 0),
        Withheld(NONE, NONE),
        Core(NONE > 0, NONE > 0),
        Part(NONE, Arcs(0, NONE, NONE, NONE, NONE > 0), NONE),
        Counterexample((), (), (), ""),
        Finding("holds"),
    ],
    ids=lambda made: type(made).__name__,
)
def test_what_is_found_cannot_be_changed(made: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(made)[0].name, None)


# ---- endless repetitions, against every set of states


FAIRNESS = (NEVER, WEAK, STRONG, EARLY)
MARKS = (0, 0, 1, 2, 3)
"""An arc observes nothing, the forbidden observation, its excuse, or both."""


class Pathless(Graph):
    """A graph whose first arcs to states are not known."""

    def path(self, state: int) -> list[int]:
        return []


def random_cycles(random: Random) -> tuple[Cycles, list[tuple[int, int, int, int]]]:
    """Return the cycles of a random graph of which all states are known, and its arcs: (source, target, move, mark)."""
    count = random.randint(1, 5)
    found = Pathless()
    found.states += [(n,) for n in range(count)]
    arcs = []
    density = random.choice((0.3, 0.5))
    for source in range(count):
        for target, move in product(range(count), range(4)):
            if random.random() < density / 2:
                arcs.append((source, target, move, random.choice(MARKS)))
                found.targets.append(target)
                found.moves.append(move)
                found.marks.append(arcs[-1][3])
        found.first.append(len(found.targets))
    found.parents.extend([0] * (count - 1))
    marks = Marks([AsksTerminate])
    if arcs:
        marks.mark([Asked(DeviceId(0)), Excused(DeviceId(0))])  # in the order of their bits in MARKS
    tables: Any = SimpleNamespace(
        moves=SimpleNamespace(fair=FAIRNESS, values=MOVES),
        judging=SimpleNamespace(endless_marks=marks),
    )
    return Cycles(tables, found, core_of(found, numpy.asarray(FAIRNESS))), arcs


def repeats_endlessly(count: int, arcs: Sequence[tuple[int, int, int, int]]) -> bool:
    """Return whether a fair run that makes no excuse repeats the forbidden observation: on an arc or in one state."""
    owed = [arc for arc in arcs if FAIRNESS[arc[2]] != NEVER]
    between = [arc for arc in owed if arc[0] != arc[1] and not arc[3] & 2]
    columns = [numpy.asarray([arc[n] for arc in between], dtype=numpy.int64) for n in range(3)]
    strong = numpy.asarray([fairness == STRONG for fairness in FAIRNESS])
    sets = largest_fair_sets(Arcs(count, *columns, strong))
    asking = [(source, target) for source, target, _, mark in owed if mark & 1 and not mark & 2]
    return any(source in states and target in states for states in sets for source, target in asking)


@pytest.mark.parametrize("seed", range(10))
def test_a_repetition_is_endless_exactly_if_a_fair_set_of_states_has_it(seed: int) -> None:
    random = Random(f"endless {seed}")
    verdicts = []
    for _ in range(40):
        cycles, arcs = random_cycles(random)
        way = cycles._endless(AsksTerminate)
        verdicts.append(way is not None)
        assert verdicts[-1] == repeats_endlessly(len(cycles.graph.states), arcs)
        if way is not None:
            assert way.says == "who 0: Asked indefinitely, without Excused"
            assert way.cycle
    assert {True, False} == set(verdicts)
