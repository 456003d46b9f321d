"""Symmetry: the same verdicts from fewer states, or a refusal that names what distinguishes the ids."""

from __future__ import annotations

from itertools import islice

import attrs
import pytest

from examples import two_phase_commit as two_phase
from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import DeviceId, Id, ServerId
from syncproof.core.world import System
from syncproof.designs import DESIGNS
from syncproof.engines.explore import NotSymmetric, explore
from syncproof.engines.explore.symmetry import _growing
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.properties._base import Property, observes

NOTHING = Environment()
GROUP = [[two_phase.Resource(n) for n in range(3)]]


def reduced(*properties, **cast):
    return explore(two_phase.two_phase(3, **cast), NOTHING, properties, symmetric=GROUP)


def test_the_positions_of_what_is_added_meanwhile_come_too():
    """More positions than the numbers of which one object each is kept."""
    values = list(range(300))
    found = []
    for position in islice(_growing(values), 400):
        found.append(position)
        if position < 3:
            values.append(position)
    assert found == list(range(303))


# ---- designs


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [(), ("sender-retry",)], ids=["no fault", "sender-retry"])
@pytest.mark.parametrize("design", [name for name in DESIGNS if name != "inbox-shared"])
def test_verdicts_on_designs_are_the_same_with_and_without(design, kinds):
    world = SmallWorld("three-devices", 1, kinds)
    properties = [p for name, p in PROPERTIES.items() if name not in DESIGNS[design].not_applicable]
    system, _, environment = small_worlds.build(design, world)
    whole = explore(system, environment, properties)
    part = explore(system, environment, properties, symmetric=small_worlds.interchangeable(world))
    assert len(part.graph.states) < 0.6 * len(whole.graph.states)
    for automaton in properties:
        expected = whole.findings[automaton.name].verdict
        if automaton.kind == "safety":
            assert part.findings[automaton.name].verdict == expected
        else:
            assert part.findings[automaton.name].verdict == "unknown"
            assert "fairness" in part.findings[automaton.name].why


def test_a_design_that_serves_one_device_first_is_refused():
    """`inbox-shared` pushes a user's copy to the first of the user's devices."""
    world = SmallWorld("three-devices", 1, ())
    system, _, environment = small_worlds.build("inbox-shared", world)
    with pytest.raises(NotSymmetric, match=r"SharedInboxServer\) treats the ids .* differently, handling Copied"):
        explore(system, environment, symmetric=small_worlds.interchangeable(world))


@pytest.mark.parametrize("world", [SmallWorld("two-devices", 1, ()), SmallWorld("three-devices", 1, ("new-device",))])
def test_a_world_that_names_single_devices_is_refused(world):
    with pytest.raises(InputError, match="no two devices are interchangeable here; allowed: three-devices"):
        small_worlds.interchangeable(world)


# ---- properties' automata


def before(first: int, then: int) -> type[Property]:
    @state
    class Before(Property):
        name = "before"

        seen: set[Id] = attrs.field(factory=set)

        @observes(two_phase.Decided)
        def on_decided(self, o):
            self.seen.add(o.resource)
            return "in this order" if o.resource == then and two_phase.Resource(first) in self.seen else None

    return Before


@pytest.mark.parametrize(("first", "then"), [(0, 2), (2, 0), (0, 1), (1, 0)])
def test_a_property_that_distinguishes_ids_is_refused(first, then):
    assert explore(two_phase.two_phase(3), NOTHING, [before(first, then)]).findings["before"].verdict == "violated"
    with pytest.raises(NotSymmetric, match=r"the property before treats the ids .* differently, observing"):
        reduced(before(first, then))


@actor
class Mute(two_phase.Manager):
    """Never decides."""

    def steps(self):
        return ()


@actor
class Refusing(two_phase.ResourceManager):
    """Decides once, for itself."""

    def steps(self):
        if self.phase == "working":
            yield two_phase.Refuse()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_property_that_keeps_ids_in_an_order_of_its_own_is_refused(order):
    @state
    class Before(Property):
        name = "before"

        seen: tuple[Id, ...] = ()

        @observes(two_phase.Decided)
        def on_decided(self, o):
            self.seen = (*self.seen, o.resource)
            return "in this order" if tuple(map(int, self.seen)) == order else None

    with pytest.raises(NotSymmetric, match="kept in an order that is not always the same"):
        reduced(Before, manager=Mute, resource=Refusing)


def test_the_judgement_at_quiescence_is_compared_too():
    @state
    class FirstDecides(Property):
        name = "first-decides"
        kind = "liveness"

        decided: set[Id] = attrs.field(factory=set)

        @observes(two_phase.Decided)
        def on_decided(self, o):
            self.decided.add(o.resource)

        def at_quiescence(self):
            if two_phase.Resource(0) not in self.decided:
                yield "the first has not decided"

    with pytest.raises(NotSymmetric, match=r"the property first-decides treats the ids .* differently, at quiescence"):
        reduced(FirstDecides)


class Counted(Observation, frozen=True, gc=False):
    resource: two_phase.Resource


@actor
class InTurn(two_phase.Manager):
    """Observes all resources in one call, always in the same order."""

    @on(two_phase.AbortAll)
    def abort_all(self, source: Id, packet: Packet, out: Out) -> None:
        super().abort_all(source, packet, out)
        for resource in self.resources:
            out.observe(Counted(resource))


def test_properties_are_compared_for_each_order_of_observations_in_one_call():
    @state
    class Ahead(Property):
        """Complains if a resource is counted before one that has already decided: which one comes first matters."""

        name = "ahead"

        decided: set[Id] = attrs.field(factory=set)
        counted: int = 0

        @observes(two_phase.Decided)
        def on_decided(self, o):
            self.decided.add(o.resource)

        @observes(Counted)
        def on_counted(self, o):
            self.counted += 1
            return "a decided one is counted last" if self.counted == 3 and o.resource in self.decided else None

    with pytest.raises(NotSymmetric, match="the property ahead"):
        reduced(Ahead, manager=InTurn)


# ---- actors and the environment


@actor
class Choosy(two_phase.Manager):
    """Offers to abort only until the first resource manager has prepared."""

    def steps(self):
        if self.phase == "init" and two_phase.Resource(0) not in self.prepared:
            yield two_phase.AbortAll()


def test_steps_that_depend_on_one_of_the_ids_are_refused():
    with pytest.raises(NotSymmetric, match="treats the ids that are declared interchangeable differently, offering"):
        reduced(manager=Choosy)


class Row(Id):
    """What a store keeps."""

    __slots__ = ()


class Offer(Packet, frozen=True, gc=False):
    """A step that names a row, and a packet that names it too, whose link is made anew each time."""

    row: Row

    @property
    def link(self) -> Link:  # type: ignore[override]
        return Link("".join(("un", "ordered")))  # type: ignore[arg-type]


@actor
class Offering(Actor):
    """Offers steps about some rows, and sends the row of the step on."""

    rows: tuple[Row, ...]
    begun: bool = durable(bool)

    def steps(self):
        return [] if self.begun else [Offer(row) for row in self.rows]

    @on(Offer)
    def offer(self, source: Id, packet: Offer, out: Out) -> None:
        if not self.begun:
            out.send(self.id, packet)
        self.begun = True


@pytest.mark.parametrize("rows", [(Row(0),), (Row(1),)])
def test_steps_that_always_name_one_of_the_ids_are_refused(rows):
    name = ServerId(-2)
    with pytest.raises(NotSymmetric, match="differently, offering steps"):
        explore(System("one row", lambda: {name: Offering(id=name, rows=rows)}), NOTHING, symmetric=[[Row(0), Row(1)]])


def test_links_are_alike_that_are_equal():
    name, rows = ServerId(-2), (Row(0), Row(1))
    found = explore(System("rows", lambda: {name: Offering(id=name, rows=rows)}), NOTHING, symmetric=[rows])
    assert (found.complete, len(found.graph.states)) == (True, 3)


class Uneven(Offer, frozen=True, gc=False):
    """A packet that travels in order if it names the first row."""

    @property
    def link(self) -> Link:  # type: ignore[override]
        return Link("ordered" if self.row == 0 else "unordered")


@actor
class Sending(Offering):
    """Sends the row of the step on in another packet."""

    @on(Offer)
    def offer(self, source: Id, packet: Offer, out: Out) -> None:
        if not self.begun:
            out.send(self.id, Uneven(packet.row))
        self.begun = True

    @on(Uneven)
    def uneven(self, source: Id, packet: Uneven, out: Out) -> None: ...


def test_links_that_depend_on_one_of_the_ids_are_refused():
    name, rows = ServerId(-2), (Row(0), Row(1))
    system = System("rows", lambda: {name: Sending(id=name, rows=rows)})
    with pytest.raises(NotSymmetric, match=r"^the link of Uneven treats the ids .* differently, sending Uneven\(row="):
        explore(system, NOTHING, symmetric=[rows])


@actor
class Reversing(two_phase.ResourceManager):
    """Sends twice, in an order that depends on its own id."""

    @on(two_phase.Refuse)
    def refuse(self, source: Id, packet: Packet, out: Out) -> None:
        self.phase = "aborted"
        both = [First(), Second()]
        for each in both if self.id == 0 else both[::-1]:
            out.send(two_phase.MANAGER, each)


class First(Packet, frozen=True, gc=False):
    """One of two."""


class Second(Packet, frozen=True, gc=False):
    """The other one."""


@actor
class Ignoring(two_phase.Manager):
    """Receives both and does nothing."""

    @on(First)
    def first(self, source: Id, packet: Packet, out: Out) -> None:
        pass

    @on(Second)
    def second(self, source: Id, packet: Packet, out: Out) -> None:
        pass


def test_the_order_of_what_is_sent_to_one_receiver_counts():
    with pytest.raises(NotSymmetric, match="handling Refuse"):
        reduced(manager=Ignoring, resource=Reversing)


def test_an_environment_with_a_script_for_one_of_the_ids_is_refused():
    environment = Environment(
        interventions=((Tell(two_phase.Resource(0), two_phase.Refuse()), "nudge"),), budgets={"nudge": 1}
    )
    with pytest.raises(NotSymmetric, match="the interventions are not the same"):
        explore(two_phase.two_phase(3), environment, symmetric=GROUP)


# ---- writes that land in a crash


class Fill(Packet, frozen=True, gc=False):
    pass


class Landed(Packet, frozen=True, gc=False):
    row: Row


@actor
class Store(Actor):
    """Writes two rows at once, and counts those that land; of the second it may keep which one it was."""

    favours: bool = False
    landed: int = durable(int)
    last: int = durable(int)

    @on(Fill)
    def fill(self, source: Id, packet: Fill, out: Out) -> None:
        for row in (Row(0), Row(1)):
            out.write("disk", 1, 1, Landed(row))

    @on(Landed)
    def lands(self, source: Id, packet: Landed, out: Out) -> None:
        self.landed += 1
        if self.favours and self.landed == 2:
            self.last = int(packet.row)


@pytest.mark.parametrize("favours", [False, True])
def test_writes_that_land_one_after_the_other_in_a_crash_are_compared(favours):
    name = ServerId(-2)
    system = System("store", lambda: {name: Store(id=name, favours=favours)})
    environment = Environment(scripts=((Tell(name, Fill()),),), budgets={"server-crash": 1})
    if favours:
        with pytest.raises(NotSymmetric, match=r"differently, handling Landed"):
            explore(system, environment, symmetric=[[Row(0), Row(1)]])
    else:
        assert explore(system, environment, symmetric=[[Row(0), Row(1)]]).complete


def test_a_newcomer_is_not_interchangeable_with_a_device():
    system, _, environment = small_worlds.build("timeline-push", SmallWorld("two-devices", 1, ("new-device",)))
    (spawn,) = environment.newcomers
    newcomers = Environment(newcomers=(spawn,), budgets=environment.budgets)
    with pytest.raises(NotSymmetric, match=r"^Spawn\(.* singles an interchangeable id out"):
        explore(system, newcomers, symmetric=[[DeviceId(0), spawn.actor]])


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([[DeviceId(1), DeviceId(7)]], r"there is no actor DeviceId\(7\); there are DeviceId\(0\), DeviceId\(1\), Dev"),
        ([[Row(1), ServerId(9)]], r"ServerId\(9\) is listed with Row\(1\); allowed: ids of one class in a list"),
        ([[DeviceId(1), DeviceId(1)]], r"DeviceId\(1\) is listed twice; allowed: each id once"),
        ([[DeviceId(0), DeviceId(1)], [DeviceId(1), DeviceId(2)]], r"DeviceId\(1\) is listed twice"),
        ([[Row(1), Row(1)]], r"Row\(1\) is listed twice"),
        ([[1, 2]], r"1 is no id; allowed: lists of ids, such as DeviceId\(1\)"),
    ],
)
def test_ids_that_cannot_be_interchangeable_are_refused_in_one_line(groups, says):
    system, _, environment = small_worlds.build("timeline-push", SmallWorld("three-devices", 1, ()))
    with pytest.raises(InputError, match=f"^symmetric: {says}") as caught:
        explore(system, environment, symmetric=groups)
    assert "\n" not in str(caught.value)


def test_groups_of_two_classes_may_share_a_number_and_a_group_may_have_one_id():
    name = ServerId(-2)
    system = System("store", lambda: {name: Store(id=name)})
    environment = Environment(scripts=((Tell(name, Fill()),),))
    assert explore(system, environment, symmetric=[[Row(0), Row(1)], [name], []]).complete
