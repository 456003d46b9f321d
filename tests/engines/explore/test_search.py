"""The ends of a search before it is complete: at a depth, and when everything is decided."""

from __future__ import annotations

import gc
import math
import sys

import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import state
from syncproof.core.environment import Environment
from syncproof.engines.explore import Limits, common, directed, exploration, explore, search
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.search import Restrictions
from syncproof.errors import InputError, Overdue
from syncproof.properties._base import Property, observes
from tests.helpers.plain_search import plain_search

NOTHING = Environment()


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_the_states_within_a_depth_are_those_of_a_plain_search(depth):
    found = explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent], limits=Limits(depth=depth))
    plain = plain_search(two_phase.two_phase(3), NOTHING, depth=depth)
    assert len(found.graph.states) == len(plain)
    assert (found.graph.ending, found.graph.depth, found.complete) == ("depth", depth, False)


def test_a_verdict_says_within_what_depth_nothing_was_met():
    found = explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent], limits=Limits(depth=4))
    assert found.findings["consistent"].verdict == "unknown"
    assert found.findings["consistent"].why == (
        "the search was cut short: the limit of depth was reached; nothing was met within 4 moves"
    )


def test_a_limit_of_depth_that_nothing_reaches_leaves_a_search_complete():
    found = explore(two_phase.two_phase(2), NOTHING, [two_phase.Terminates], limits=Limits(depth=100))
    assert (found.complete, found.findings["terminates"].verdict) == (True, "holds")


def test_a_depth_of_nothing_is_refused():
    with pytest.raises(InputError, match="depth: 0; allowed: a whole number, 1 or more"):
        Limits(depth=0)


@state
class NobodyDecides(Property):
    name = "nobody-decides"

    @observes(two_phase.Decided)
    def on_decided(self, o):
        return "decided"


def test_a_search_may_end_when_every_property_is_violated():
    whole = explore(two_phase.two_phase(3), NOTHING, [NobodyDecides])
    found = explore(two_phase.two_phase(3), NOTHING, [NobodyDecides], until_decided=True)
    assert found.graph.ending == "decided"
    assert len(found.graph.states) < len(whole.graph.states)
    assert found.findings["nobody-decides"] == whole.findings["nobody-decides"]


@pytest.mark.parametrize("other", [two_phase.Consistent, two_phase.Terminates])
def test_it_goes_on_for_a_property_that_is_not_violated(other):
    found = explore(two_phase.two_phase(3), NOTHING, [NobodyDecides, other], until_decided=True)
    assert (found.graph.ending, found.findings[other.name].verdict) == ("complete", "holds")


@pytest.mark.parametrize("limit", [{"states": 0}, {"memory": 0}, {"time": -1.0}, {"time": float("inf")}])
def test_a_limit_that_would_limit_nothing_is_refused(limit):
    with pytest.raises(InputError, match=f"{next(iter(limit))}: .*; allowed:"):
        Limits(**limit)


@pytest.mark.parametrize("time", [0, 0.5, None])
def test_a_limit_of_time_may_be_nothing_at_all(time):
    assert Limits(time=time).time == time


@pytest.mark.parametrize(
    ("limit", "reached"),
    [(Limits(states=10), "states"), (Limits(memory=10), "memory"), (Limits(time=10), "time"), (Limits(), None)],
    ids=["states", "memory", "time", "none"],
)
def test_a_limit_is_reached_when_it_is_exceeded(limit, reached):
    assert limit.reached(9, 9, 9.0) is limit.reached(10, 10, 10.0) is None
    assert limit.reached(11, 11, 11.0) == reached


def test_progress_is_told_every_so_many_states_and_ends_with_the_limit(monkeypatch):
    monkeypatch.setattr(search, "CHECK_EVERY", 10)
    monkeypatch.setattr(search, "resident", lambda: 77)
    told = []
    found = explore(two_phase.two_phase(3), NOTHING, limits=Limits(states=40), progress=told.append)
    assert (found.graph.ending, found.graph.expanded) == ("states", 10 * len(told))
    assert [status.states > 40 for status in told] == [False] * (len(told) - 1) + [True]
    last = told[-1]
    assert (last.states, last.transitions) == (len(found.graph.states), len(found.graph.targets))
    assert (last.queue, last.memory) == (len(found.graph.states) - found.graph.expanded, 77)
    assert [status.depth for status in told] == sorted(status.depth for status in told)
    assert last.depth == len(found.graph.levels) - 1
    assert 0 < last.elapsed <= found.graph.elapsed <= found.elapsed


def test_a_search_that_is_interrupted_keeps_whole_states():
    whole = explore(two_phase.two_phase(3), NOTHING)
    calls = []

    def interrupt(status):
        calls.append(status)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "CHECK_EVERY", 10)
        found = explore(two_phase.two_phase(3), NOTHING, progress=interrupt)
    graph = found.graph
    assert (len(calls), graph.ending, graph.expanded) == (1, "interrupted", 10)
    assert graph.states == whole.graph.states[: len(graph.states)]
    assert len(graph.targets) == len(graph.moves) == len(graph.marks) == graph.first[-1]
    assert set(graph.targets) == set(range(1, len(graph.states))) | ({0} & set(graph.targets))


@pytest.mark.parametrize("limit_of_time", [True, False])
def test_a_limit_of_time_that_comes_within_a_handler_ends_a_search(limit_of_time, monkeypatch):
    monkeypatch.setattr(search, "CHECK_EVERY", 10)

    def end(status):
        raise Overdue if limit_of_time else KeyboardInterrupt

    found = explore(two_phase.two_phase(3), NOTHING, [NobodyDecides], progress=end, fast=False)
    assert (found.graph.ending, found.graph.expanded) == ("time" if limit_of_time else "interrupted", 10)


@pytest.mark.parametrize("error", [OSError, AttributeError, ValueError])
@pytest.mark.parametrize(("peak", "memory"), [(123, 123), (None, 0)])
def test_the_memory_of_a_system_that_does_not_report_it_is_the_peak_or_nothing(peak, memory, error, monkeypatch):
    def unreadable(self):
        raise error

    monkeypatch.setattr(search.Path, "read_text", unreadable)
    monkeypatch.setattr(search, "peak_memory", lambda: peak)
    assert search.resident() == memory


def test_the_memory_that_is_resident_is_the_second_number_in_pages(monkeypatch):
    monkeypatch.setattr(search.Path, "read_text", lambda self: "9 5 4 3 0 2 0\n")
    assert search.resident() == 5 * search.os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_collection_is_as_it_was_after_a_search(collecting):
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with search.no_collection():
            assert not gc.isenabled()
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_coverage_counts_the_transitions_of_each_kind_of_move_and_the_states_that_it_reached_first():
    found = explore(two_phase.two_phase(2), NOTHING)
    assert sum(transitions for transitions, _ in found.coverage.values()) == len(found.graph.targets)
    assert sum(states for _, states in found.coverage.values()) == len(found.graph.states) - 1
    assert list(found.coverage) == sorted(found.coverage)


def test_the_bytes_of_a_search_are_those_of_its_states_and_arcs():
    """A state is a tuple with the header of the garbage collector, and its number in the dict of the states that are known."""
    graph = explore(two_phase.two_phase(3), Environment(), fast=False).graph
    known = {state: number for number, state in enumerate(graph.states)}
    states = sum([sys.getsizeof(state) + 16 + sys.getsizeof(1 << 20) for state in graph.states])
    arrays = sum([a.itemsize * len(a) for a in (graph.first, graph.targets, graph.moves, graph.marks, graph.parents)])
    assert graph.bytes == states + sys.getsizeof(known) + sys.getsizeof(graph.states) + arrays


@pytest.mark.parametrize(
    ("limits", "actors", "available", "says"),
    [
        (
            Limits(states=10_000_000, memory=12 << 30),
            3,
            1 << 30,
            "ends at 10,000,000 states or 12.0 GiB; about 170,000,000 states of 76 bytes fit into 12.0 GiB",
        ),
        (
            Limits(states=1_234),
            6,
            3 << 29,
            "ends at 1,234 states; about 18,000,000 states of 92 bytes fit into 1.5 GiB",
        ),
        (Limits(memory=5 << 29), 10, 1 << 30, "ends at 2.5 GiB; about 27,000,000 states of 100 bytes fit into 2.5 GiB"),
        (Limits(), 3, 1 << 30, "no limit of states or memory; about 14,000,000 states of 76 bytes fit into 1.0 GiB"),
        (Limits(), 3, None, "no limit of states or memory; a state takes about 76 bytes"),
    ],
)
def test_where_a_search_ends_is_said_before_it_begins(limits, actors, available, says, monkeypatch):
    """Of 20 slots, six actors', three words are too few, and of 32 slots four would be too many for one slot more."""
    monkeypatch.setattr(search, "available_memory", lambda: available)
    assert search.room(limits, actors) == says


def test_where_a_limit_ended_a_search_is_said():
    limits = Limits(states=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "CHECK_EVERY", 10)
        graph = explore(two_phase.two_phase(3), NOTHING, limits=limits, fast=False).graph
    each = graph.bytes / len(graph.states)
    assert search.told(graph, limits) == (
        f"the limit of 10 states ended the search at {len(graph.states)} states, {each:.0f} bytes each"
    )
    assert search.told(explore(two_phase.two_phase(1), NOTHING).graph, limits) == ""


@pytest.mark.parametrize(
    ("ending", "limits", "says"),
    [
        ("states", Limits(states=12_345), "the limit of 12,345 states ended the search at 56 states, 123 bytes each"),
        ("memory", Limits(memory=3 << 29), "the limit of 1.5 GiB ended the search at 56 states, 123 bytes each"),
        ("complete", Limits(memory=3 << 29), ""),
    ],
)
def test_the_limit_that_ended_a_search_is_said_in_its_unit(ending, limits, says):
    graph = explore(two_phase.two_phase(2), Environment(), fast=False).graph
    graph.ending, graph.bytes = ending, 123 * 56
    assert search.told(graph, limits) == says


def test_a_search_without_states_has_no_bytes_for_each():
    assert search.told(Graph(ending="memory"), Limits(memory=1 << 29)) == (
        "the limit of 0.5 GiB ended the search at 0 states, 0 bytes each"
    )


@pytest.mark.parametrize("limit", [{"states": 1}, {"memory": 1}, {"depth": 1}])
def test_a_limit_of_one_limits_something(limit):
    assert Limits(**limit)


def test_a_complaint_in_a_state_that_is_not_expanded_is_forgotten():
    """Ctrl-C comes while the constraint is asked, after a property complained of a move from the first state."""

    def interrupted(view):
        if any(actor.phase == "aborted" for actor in view.actors.values()):
            raise KeyboardInterrupt
        return True

    found = explore(two_phase.two_phase(2), NOTHING, [NobodyDecides], constraint=interrupted, fast=False)
    assert (found.graph.ending, found.graph.expanded, found.graph.violations) == ("interrupted", 0, {})


def test_the_compiled_loop_begins_where_it_is_asked_to(monkeypatch):
    tables = explore(two_phase.two_phase(2), NOTHING).tables
    monkeypatch.setattr(search, "can_compile", lambda restrictions: True)
    assert search._switch(tables, Restrictions(), True) == 0
    assert search._switch(tables, Restrictions(), False) == math.inf
    monkeypatch.setattr(search, "fits", lambda tables: False)
    assert search._switch(tables, Restrictions(), True) == math.inf
    monkeypatch.setattr(search, "fits", lambda tables: True)
    monkeypatch.setattr(search, "can_compile", lambda restrictions: False)
    assert search._switch(tables, Restrictions(), True) == math.inf


def test_the_amounts_of_a_search_are_changed_on_purpose_only():
    """What a user waits for and how much memory is taken depends on them, and docs/explorer.md and the help name some."""
    assert (search.SWITCH_AT, exploration.LEAN_FROM, common.MOST) == (20_000, 1_000_000, 100_000)
    assert (directed.DRAWN_AT_MOST, directed.LONGEST) == (1_000, 2_000)
    assert (directed.SETTLED_WITHIN, directed.CLOSED_AT_MOST) == (200, 2_000)


@pytest.mark.parametrize(
    ("states", "installed", "told"),
    [(search.SWITCH_AT - 1, False, False), (search.SWITCH_AT, False, True), (search.SWITCH_AT + 1, False, True),
     (search.SWITCH_AT + 1, True, False)],
)  # fmt: skip
def test_a_large_search_says_what_numba_would_gain(states, installed, told, monkeypatch):
    monkeypatch.setattr(search.importlib.util, "find_spec", lambda name: installed or None)
    assert ("with numba" in search.advice(states)) == told
