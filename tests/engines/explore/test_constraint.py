"""A state constraint: what it leaves out, what is judged then, and what is refused."""

from __future__ import annotations

import math

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import UNORDERED
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import SERVER, ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import ImpureHandler, NotSymmetric, constraint, explore
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import ABSENT, DOWN, pending_slot
from syncproof.engines.explore.exploration import compiled
from syncproof.errors import InputError
from syncproof.properties._base import Property, observes
from tests.helpers import notebook
from tests.helpers.examples import example
from tests.helpers.plain_search import plain_search

NOTHING = Environment()


class Step(Packet, frozen=True, gc=False):
    """Count."""

    link = UNORDERED


class Reached(Observation, frozen=True, gc=False):
    number: int


@actor
class Counter(Actor):
    """Counts without end."""

    number: int = durable(int)

    def steps(self):
        yield Step()

    @on(Step)
    def step(self, source: Id, packet: Step, out: Out) -> None:
        self.number += 1
        out.observe(Reached(self.number))


def never(number: int) -> type[Property]:
    @state
    class Never(Property):
        name = "never"

        @observes(Reached)
        def on_reached(self, o):
            return "reached" if o.number == number else None

    return Never


@state
class InTheEnd(Property):
    name = "in-the-end"
    kind = "liveness"

    def at_quiescence(self):
        return ()


def counters(count: int) -> System:
    return System("counters", lambda: {ActorId(n): Counter(id=ActorId(n)) for n in range(count)})


def test_only_states_that_satisfy_it_are_counted():
    found = explore(counters(2), NOTHING, constraint=lambda world: all(a.number <= 3 for a in world.actors.values()))
    assert len(found.graph.states) == 16
    assert found.graph.outside == 8
    assert found.complete


def test_it_may_relate_actors():
    def near(world):
        first, second = world.actors.values()
        return abs(first.number - second.number) <= 1 and first.number + second.number < 6

    assert len(explore(counters(2), NOTHING, constraint=near).graph.states) == len(
        plain_search(counters(2), NOTHING, within=near)
    )


@pytest.mark.parametrize(("greatest", "bad"), [(1, True), (2, True), (3, False)])
def test_the_states_are_those_of_a_plain_search(greatest, bad):
    ping_pong = example("ping_pong")
    found = ping_pong.search(greatest, bad)
    plain = plain_search(
        found.tables.encoding.system,
        Environment(budgets={"push-lost": math.inf} if bad else {}),
        within=lambda world: all(a.number <= greatest for a in world.actors.values()),
    )
    assert len(found.graph.states) == len(plain)


def test_a_move_that_leads_outside_is_judged_and_told():
    """TLC checks invariants in states outside the constraint too."""
    found = explore(counters(1), NOTHING, [never(4)], constraint=lambda w: w.actors[ActorId(0)].number <= 3)
    assert found.findings["never"].verdict == "violated"
    assert found.findings["never"].counterexample.length == 4


def test_a_verdict_says_that_it_holds_within_the_constraint():
    found = explore(counters(1), NOTHING, [never(9)], constraint=lambda w: w.actors[ActorId(0)].number <= 3)
    assert found.findings["never"].verdict == "holds"
    assert found.findings["never"].why == "within the constraint, which 1 moves leave"


def test_liveness_is_unknown_where_a_branch_was_cut():
    found = explore(counters(1), NOTHING, [InTheEnd], constraint=lambda w: w.actors[ActorId(0)].number <= 3)
    assert found.findings["in-the-end"].verdict == "unknown"
    assert "outside the constraint" in found.findings["in-the-end"].why


def test_liveness_is_judged_where_the_constraint_cut_nothing():
    two_phase = example("two_phase_commit")
    found = explore(two_phase.two_phase(2), NOTHING, [two_phase.Terminates], constraint=lambda _: True)
    assert found.findings["terminates"].verdict == "holds"


def test_an_actor_that_has_not_appeared_is_not_in_the_view():
    from syncproof.inputs import small_worlds

    system, _, environment = small_worlds.build(
        "timeline-notify", small_worlds.SmallWorld("two-people", 1, ("new-device",))
    )
    sizes = set()
    explore(system, environment, constraint=lambda world: sizes.add(len(world.actors)) is None)
    assert sizes == {2, 3}


@pytest.mark.parametrize(("pending", "there"), [(DOWN, True), (ABSENT, False), (2, True)])
def test_an_actor_that_is_down_is_in_the_view(pending, there):
    names = []
    tables = compiled(notebook.notebook(1), notebook.world(1, 1, appears=True, budgets={"new-device": 1}), [])
    within = Within(tables, lambda world: names.append(set(world.actors)) is None)
    state = list(tables.initial)
    state[pending_slot(tables.encoding.place[notebook.NEW])] = pending
    assert within(tuple(state))
    assert (notebook.NEW in names[-1]) is there
    assert {SERVER, notebook.PEN} <= names[-1]


def test_a_constraint_that_the_first_state_does_not_satisfy_is_refused():
    with pytest.raises(InputError, match="constraint: the first state does not satisfy it"):
        explore(counters(1), NOTHING, constraint=lambda _: False)


def test_a_constraint_that_raises_is_one_line():
    with pytest.raises(InputError, match=r"constraint: AttributeError: .* allowed: a function of the world's actors"):
        explore(counters(1), NOTHING, constraint=lambda world: world.actors[ActorId(0)].nubmer < 3)


def test_a_constraint_that_is_no_function_is_refused():
    with pytest.raises(InputError, match="constraint: 3 is a number; allowed: a function"):
        explore(counters(1), NOTHING, constraint=3)


def test_a_constraint_that_depends_on_something_else_is_refused():
    asked = []

    def moody(world):
        asked.append(1)
        return world.actors[ActorId(0)].number < 4 and len(asked) < 7

    with pytest.raises(ImpureHandler, match="the constraint said something else when it was asked again"):
        explore(counters(1), NOTHING, constraint=moody)


class Member(ActorId):
    """One of several counters."""

    __slots__ = ()


@actor
class Counting(Counter):
    """A counter of its own class of ids."""

    id: Member


@pytest.mark.parametrize("favours", [False, True])
def test_a_constraint_of_a_symmetric_search_treats_the_ids_alike(favours):
    members = [Member(n) for n in range(2)]
    system = System("counters", lambda: {name: Counting(id=name) for name in members})

    def few(view):
        counts = [view.actors[name].number for name in members]
        return sum(counts) <= 4 and not (favours and counts[0] > 2)

    if favours:
        with pytest.raises(NotSymmetric, match=r"the constraint treats the ids .* differently, asked about a state"):
            explore(system, NOTHING, symmetric=[members], constraint=few)
    else:
        found = explore(system, NOTHING, symmetric=[members], constraint=few)
        assert len(found.graph.states) == 9  # of two counts with a sum of 4 at most, in order


@pytest.mark.parametrize(
    ("at_most", "every", "step"),
    [(10, False, 1), (9, False, 2), (5, False, 2), (4, False, 3), (3, False, 4), (2, True, 1)],
)
def test_a_sample_of_what_was_asked_is_asked_again(at_most, every, step, monkeypatch):
    """Nine combinations are known: the states and one outside. Every n-th is asked again, from the first one on."""
    monkeypatch.setattr(constraint, "AGAIN_AT_MOST", at_most)
    asked = []

    def few(view):
        asked.append(view.actors[ActorId(0)].number)
        return asked[-1] <= 7

    explore(counters(1), NOTHING, constraint=few, check_every_call=every)
    assert asked[:9] == list(range(9))
    assert asked[9:] == list(range(0, 9, step))
