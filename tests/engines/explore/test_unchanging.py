"""Deliveries that change nothing: which are left out, and that safety is judged alike without them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import ORDERED, UNORDERED
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import explore
from syncproof.engines.explore.encoding import Ends, Wire
from syncproof.engines.explore.unchanging import Unchanging
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.properties._base import Property, observes
from tests.helpers.examples import example
from tests.helpers.plain_search import plain_search

NOTHING = Environment()
SENDER, RECEIVER = ActorId(0), ActorId(1)


class Open(Packet, frozen=True, gc=False):
    link = UNORDERED


class Knock(Packet, frozen=True, gc=False):
    link = UNORDERED


class Entered(Observation, frozen=True, gc=False):
    pass


@actor
class Visitor(Actor):
    def start(self, out: Out) -> None:
        out.send(RECEIVER, Knock())
        out.send(RECEIVER, Open())


@actor
class Door(Actor):
    """Ignores a knock until it is open."""

    open: bool = durable(bool)

    @on(Open)
    def opened(self, source: Id, packet: Open, out: Out) -> None:
        self.open = True

    @on(Knock)
    def knock(self, source: Id, packet: Knock, out: Out) -> None:
        if self.open:
            out.observe(Entered())


@state
class Enters(Property):
    """The visitor enters in the end."""

    name = "enters"
    kind = "liveness"

    entered: bool = False

    @observes(Entered)
    def on_entered(self, o):
        self.entered = True

    def at_quiescence(self):
        if not self.entered:
            yield "never entered"


def door(links=None) -> System:
    return System("door", lambda: {SENDER: Visitor(id=SENDER), RECEIVER: Door(id=RECEIVER)}, links=links)


def test_a_packet_that_is_ignored_stays_on_its_way():
    assert len(explore(door(), NOTHING).graph.states) == 4
    found = explore(door(), NOTHING, skip_unchanging=True)
    assert len(found.graph.states) == 2  # a knock at an open door changes nothing in a search without properties
    assert found.skipped == 2


def test_liveness_is_unknown_because_it_would_be_wrong():
    """Without the ignored knock the visitor would always enter; with it, the knock may come too early."""
    assert explore(door(), NOTHING, [Enters]).findings["enters"].verdict == "violated"
    found = explore(door(), NOTHING, [Enters], skip_unchanging=True).findings["enters"]
    assert found.verdict == "unknown"
    assert "search without skip_unchanging" in found.why


def test_liveness_is_judged_where_nothing_was_left_out():
    two_phase = example("two_phase_commit")
    found = explore(two_phase.two_phase(3), NOTHING, [two_phase.Terminates], skip_unchanging=True)
    assert (found.skipped, found.findings["terminates"].verdict) == (0, "holds")


def test_a_delivery_over_an_ordered_link_is_taken():
    """Other packets wait behind it."""
    ordered = {Knock: ORDERED, Open: ORDERED}
    found = explore(door(ordered), NOTHING, skip_unchanging=True)
    assert (len(found.graph.states), found.skipped) == (3, 0)


def systems():
    register, abd = example("register"), example("abd")
    return {
        "door": door(),
        "one server": register.register("one", 1, lambda n: register.SingleCopy(id=n)),
        "two servers": register.register("two", 2, lambda n: register.SingleCopy(id=n)),
        "abd": register.register("abd", 2, lambda n: abd.Replica(id=n, servers=2)),
    }


@pytest.mark.parametrize("name", systems())
def test_the_states_are_those_of_a_plain_search(name):
    found = explore(systems()[name], NOTHING, skip_unchanging=True)
    assert len(found.graph.states) == len(plain_search(systems()[name], NOTHING, skip=True))


@pytest.mark.parametrize("name", ["one server", "two servers", "abd"])
def test_verdicts_on_safety_are_the_same_with_and_without(name):
    linearizable = example("register").Linearizable
    system = systems()[name]
    verdicts = [
        explore(system, NOTHING, [linearizable], skip_unchanging=skip).findings["linearizable"].verdict
        for skip in (False, True)
    ]
    assert verdicts == [{"two servers": "violated"}.get(name, "holds")] * 2


def test_polls_that_wait_for_rest_are_refused():
    """A packet that stays on its way would keep a poll waiting, or would arrive after a poll that should have waited."""
    system, _, environment = small_worlds.build("timeline-notify", small_worlds.SmallWorld("two-people", 1, ()))
    with pytest.raises(InputError, match="skip_unchanging: polls of this environment wait"):
        explore(system, environment, skip_unchanging=True)


class Again(Packet, frozen=True, gc=False):
    retransmits = True


@actor
class Insistent(Actor):
    """Ignores a knock that is on its way, and has its timer fire twice."""

    fired: int = durable(int)

    def start(self, out: Out) -> None:
        out.send(self.id, Knock())
        out.after(1, Again())

    @on(Knock)
    def knock(self, source: Id, packet: Knock, out: Out) -> None:
        pass

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        self.fired += 1


def test_timers_that_wait_for_rest_are_refused():
    """A packet that stays on its way would keep such a timer waiting for good, and what it does would not be searched."""
    system = System("insistent", lambda: {SENDER: Insistent(id=SENDER)})
    with pytest.raises(InputError, match=r"skip_unchanging: timers of this environment \(Again\) wait"):
        explore(system, Environment(early={Again: 1}), skip_unchanging=True)


@pytest.mark.parametrize(
    ("before", "after", "removed"),
    [
        (("one", "two"), ("two",), True),
        (("one",), (), True),
        (("one",), ("one",), False),
        (("one",), ("one", "two"), False),
    ],
)
def test_a_wire_that_only_lost_a_packet_is_known_by_what_it_holds(before, after, removed):
    """Its connections are compared by value: the same ones may have been reached on two ways."""
    wires = [Wire(1, (Ends(1, True, True, (), ()),), mail) for mail in (before, after)]
    other = Wire(1, (Ends(2, True, True, (), ()),), after)
    tables = SimpleNamespace(slots=[SimpleNamespace(values=[*wires, other])])
    assert Unchanging.only_removed(SimpleNamespace(tables=tables), 0, 0, 1) == removed
    assert not Unchanging.only_removed(SimpleNamespace(tables=tables), 0, 0, 2)
