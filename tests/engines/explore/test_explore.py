"""The explorer on a protocol without messaging, two-phase commit: exact counts, symmetry, liveness, purity."""

from __future__ import annotations

import itertools

import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Out, actor, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Arrive, MoveError, Take
from syncproof.core.packets import Packet
from syncproof.core.values import Id
from syncproof.core.world import World
from syncproof.engines.explore import HandlerError, ImpureHandler, Limits, NotSymmetric, explore

NOTHING = Environment()


@pytest.mark.parametrize(
    ("resources", "states"), [(3, 288), (5, 8832), pytest.param(7, 296_448, marks=pytest.mark.slow)]
)
def test_two_phase_commit_has_its_published_number_of_states(resources, states):
    found = explore(two_phase.two_phase(resources), NOTHING)
    assert found.complete
    assert len(found.graph.states) == states


@pytest.mark.parametrize("resources", [3, 4, 5])
def test_symmetry_leaves_one_state_of_each_orbit(resources):
    """The orbits of the whole graph are counted by sorting the resource managers of each state."""
    from collections import Counter

    system = two_phase.two_phase(resources)
    whole = explore(system, NOTHING)
    orbits = set()
    for state in whole.graph.states:
        local = whole.tables.encoding.local(state)
        phase, prepared = local[two_phase.MANAGER]
        mail = {a: whole.tables.slots[3 * n + 2].values[state[3 * n + 2]][2] for n, a in enumerate(local)}
        sent = {whole.tables.encoding.packets.values[p].resource for _, p in mail[two_phase.MANAGER]}
        each = Counter((local[r], r in prepared, r in sent, len(mail[r])) for r in local if r != two_phase.MANAGER)
        orbits.add((phase, tuple(sorted(each.items()))))
    group = [[two_phase.Resource(n) for n in range(resources)]]
    reduced = explore(system, NOTHING, [two_phase.Consistent], symmetric=group)
    assert len(reduced.graph.states) == len(orbits)
    assert reduced.findings["consistent"].verdict == "holds"


def test_the_time_of_a_search_is_that_since_it_began(monkeypatch):
    ticks = itertools.count(1000.0)
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    found = explore(two_phase.two_phase(3), NOTHING)
    assert 0 < found.graph.elapsed < found.elapsed < next(ticks) - 1000.0


def test_two_phase_commit_is_consistent_and_terminates():
    found = explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent, two_phase.Terminates])
    assert {name: finding.verdict for name, finding in found.findings.items()} == {
        "consistent": "holds",
        "terminates": "holds",
    }
    assert found.coverage["take"][0] > 0


@actor
class Hasty(two_phase.ResourceManager):
    """Refuses even after it has prepared."""

    def steps(self):
        if self.phase in ("working", "prepared"):
            yield two_phase.Refuse()
        if self.phase == "working":
            yield two_phase.Prepare()


def test_the_counterexample_is_a_shortest_one_and_can_be_replayed():
    """With 3 managers: all prepare (3), all votes arrive (3), commit (1), it reaches one (1), another refuses (1)."""
    system = two_phase.two_phase(3, resource=Hasty)
    finding = explore(system, NOTHING, [two_phase.Consistent]).findings["consistent"]
    assert finding.verdict == "violated"
    assert len(finding.counterexample.moves) == 9
    complaints = []
    automaton = two_phase.Consistent()
    world = World(system, lambda o: complaints.append(automaton.react(o)))
    for move in finding.counterexample.moves:
        world.apply(move)
    assert complaints[-1] == "one commits, another aborts"


@actor
class Silent(two_phase.Manager):
    """Never decides."""

    def steps(self):
        return ()


def test_staying_in_a_state_violates_liveness():
    finding = explore(two_phase.two_phase(3, manager=Silent), NOTHING, [two_phase.Terminates]).findings["terminates"]
    assert finding.verdict == "violated"
    assert finding.counterexample.cycle == ()
    assert finding.counterexample.moves[-1] is not None


def test_liveness_is_not_judged_on_a_reduced_graph():
    group = [[two_phase.Resource(n) for n in range(3)]]
    finding = explore(two_phase.two_phase(3), NOTHING, [two_phase.Terminates], symmetric=group).findings["terminates"]
    assert finding.verdict == "unknown"
    assert "symmetry" in finding.why


@actor
class Favouring(two_phase.Manager):
    """Ignores one of the resource managers."""

    @on(two_phase.Prepared)
    def count(self, source: Id, packet: Packet, out: Out) -> None:
        if packet.resource != 0:
            super().count(source, packet, out)


def test_symmetry_is_refused_if_actors_are_treated_differently():
    group = [[two_phase.Resource(n) for n in range(3)]]
    with pytest.raises(NotSymmetric, match="treats the ids that are declared interchangeable differently"):
        explore(two_phase.two_phase(3, manager=Favouring), NOTHING, symmetric=group)


CALLS = []


@actor
class Counting(two_phase.ResourceManager):
    """Depends on something outside its fields."""

    @on(two_phase.Prepare)
    def prepare(self, source: Id, packet: Packet, out: Out) -> None:
        CALLS.append(1)
        if len(CALLS) <= 3:
            super().prepare(source, packet, out)


def test_an_impure_handler_is_detected():
    CALLS.clear()
    with pytest.raises(ImpureHandler, match="did something else when it was called again"):
        explore(two_phase.two_phase(3, resource=Counting), NOTHING)


@actor
class Failing(two_phase.ResourceManager):
    @on(two_phase.Prepare)
    def prepare(self, source: Id, packet: Packet, out: Out) -> None:
        raise ZeroDivisionError("oops")


def test_a_handler_that_raises_is_named():
    with pytest.raises(
        HandlerError,
        match=r"test_explore\.py:\d+: ZeroDivisionError: oops; Resource\(0\) \(.*\) failed handling Prepare$",
    ):
        explore(two_phase.two_phase(3, resource=Failing), NOTHING)


def test_a_search_that_is_cut_short_leaves_verdicts_unknown():
    found = explore(two_phase.two_phase(5), NOTHING, [two_phase.Consistent], limits=Limits(states=100))
    assert not found.complete
    assert found.findings["consistent"].verdict == "unknown"
    assert "states" in found.findings["consistent"].why


def test_every_arc_is_possible_in_a_world():
    """Shortest paths to all states, replayed in a world, lead to the same local states."""
    system = two_phase.two_phase(3)
    found = explore(system, NOTHING)
    for number, state in enumerate(found.graph.states):
        world = World(system)
        for arc in found.graph.path(number):
            move = found.tables.moves.values[found.graph.moves[arc]]
            assert isinstance(move, Take | Arrive)
            try:
                world.apply(move)
            except MoveError as error:
                pytest.fail(f"{move}: {error}")
        assert {name: thing.snapshot() for name, thing in world.actors.items()} == found.tables.encoding.local(state)
