"""A search keeps apart what is equal but not the same, and names what it cannot compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import attrs
import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.moves import Complete, Crash, Fire, Spawn, Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.same import same
from syncproof.core.values import ActorId, DeviceId, Id, UserId
from syncproof.core.world import System, World
from syncproof.engines.explore import HandlerError, UnfitValue, explore
from syncproof.properties._base import Property, observes

NAME = ActorId(0)


class Put(Packet, frozen=True, gc=False):
    value: Any


class Look(Packet, frozen=True, gc=False):
    """Show what is stored."""


class Seen(Observation, frozen=True, gc=False):
    kind: str


class Held(Observation, frozen=True, gc=False):
    value: Any


@state
class NeverSecond(Property):
    """The second of two values is never seen."""

    name = "never-second"

    @observes(Seen)
    def on_seen(self, seen: Seen) -> str | None:
        return "seen" if seen.kind in ("bool", "UserId", "float") else None


@state
class LastHeld(Property):
    """The last value that is held is not of the second type."""

    name = "last-held"
    last: Any = None

    @observes(Held)
    def on_held(self, held: Held) -> None:
        self.last = held.value

    @observes(Seen)
    def on_seen(self, seen: Seen) -> str | None:
        return "held" if type(self.last) in (bool, UserId, float) else None


@actor
class Store(Actor):
    """Keeps the last value, and says its type when asked."""

    held: Any = durable(lambda: None)

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.held = packet.value
        out.observe(Held(packet.value))

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        out.observe(Seen(type(self.held).__name__))


def stores(kind: type[Actor], *packets: Packet, properties=(NeverSecond, LastHeld), **environment):
    system = System("store", lambda: {NAME: kind(id=NAME)})
    scripts = tuple([(Tell(NAME, packet),) for packet in packets])
    return explore(system, Environment(scripts=scripts, **environment), properties)


PAIRS = [(1, True), (DeviceId(1), UserId(1)), (1, 1.0), ((DeviceId(1),), (UserId(1),))]


@pytest.mark.parametrize(("one", "other"), PAIRS[:3])
def test_equal_packets_of_different_types_are_two_packets(one: Any, other: Any) -> None:
    found = stores(Store, Put(one), Put(other), Look())
    assert {f.verdict for f in found.findings.values()} == {"violated"}
    assert len({repr(move) for move in found.tables.moves.values}) == len(found.tables.moves.values) == 3


@actor
class Typed(Store):
    """Puts a value of another type into its field, by packets that are not equal."""

    values: tuple[Any, ...] = ()

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        self.held = self.values[packet.value]


@pytest.mark.parametrize("pair", PAIRS[:3])
def test_equal_fields_of_different_types_are_two_states(pair: tuple[Any, Any]) -> None:
    system = System("store", lambda: {NAME: Typed(id=NAME, values=pair)})
    scripts = ((Tell(NAME, Put(0)), Tell(NAME, Put(1))), (Tell(NAME, Look()),))
    assert explore(system, Environment(scripts=scripts), [NeverSecond]).findings["never-second"].verdict == "violated"


@actor
class Writer(Store):
    """Writes what it is told, and looks when a timer fires."""

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        out.write("disk", 1, 1, Written(packet.value))
        out.after(1.0, Later(packet.value))

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        out.cancel(Later(1))


class Written(Put, frozen=True, gc=False):
    pass


class Later(Put, frozen=True, gc=False):
    pass


@actor
class Writing(Writer):
    @on(Written)
    def written(self, source: Id, packet: Written, out: Out) -> None:
        self.held = (*(self.held or ()), packet.value)
        out.observe(Seen(type(packet.value).__name__))

    @on(Later)
    def later(self, source: Id, packet: Later, out: Out) -> None:
        out.observe(Held(packet.value))


def test_open_writes_that_are_equal_but_not_the_same_land_in_every_order() -> None:
    found = stores(Writing, Put(1), Put(True), properties=(), budgets={"server-crash": 1})
    crashes = {repr(move.landed) for move in found.tables.moves.values if isinstance(move, Crash)}
    one, true = repr(Written(1)), repr(Written(True))
    assert crashes == {"()", f"({one},)", f"({true},)", f"({one}, {true})", f"({true}, {one})"}
    assert sum(isinstance(move, Complete) for move in found.tables.moves.values) == 2


def test_of_timers_that_are_equal_the_last_one_counts_as_in_a_world() -> None:
    system = System("store", lambda: {NAME: Writing(id=NAME)})
    world = World(system)
    for value in (1, True):
        world.apply(Tell(NAME, Put(value)))
    assert [repr(move) for move in world.pending() if isinstance(move, Fire)] == [repr(Fire(NAME, Later(True)))]
    found = stores(Writing, Put(1), Put(True), Look(), properties=())
    pending = [value for value in found.tables.slots[1].values[2:] if len(value.timers) > 1]
    assert pending == []
    counts = {len(value.timers) for value in found.tables.slots[1].values[2:]}
    assert counts == {0, 1}


def test_a_counterexample_with_equal_packets_replays_in_a_world() -> None:
    found = stores(Writing, Put(1), Put(True), properties=(NeverSecond,))
    finding = found.findings["never-second"]
    assert finding.counterexample is not None
    seen: list[Observation] = []
    world = World(System("store", lambda: {NAME: Writing(id=NAME)}), seen.append)
    for move in finding.counterexample.moves:
        world.apply(move)
    assert same(seen[-1], Seen("bool"))


# ---- what cannot be compared


class Plain:
    """Compared by identity."""


@dataclass(unsafe_hash=True)
class Loose:
    value: int


@actor
class Keeper(Actor):
    rows: list[Any] = durable(list)
    names: set[Any] = durable(set)

    @on(Put)
    def put(self, source: Id, packet: Put, out: Out) -> None:
        match packet.value:
            case "identity":
                self.rows.append(Plain())
            case "nan":
                self.rows.append(float("nan"))
            case "mutable":
                self.rows.append(({},))
            case "unsorted":
                self.names |= {1, "a"}
            case "packet":
                out.send(NAME, Put([1]))
            case "changeable":
                self.rows.append(Loose(1))
            case "changeable in a packet":
                out.send(NAME, Put(Loose(1)))
            case "identity in a packet":
                out.send(NAME, Put(Plain()))
            case "observed":
                out.observe(Held({}))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (
            "identity",
            r"^ActorId\(0\) \(Keeper\): rows holds Plain, which is compared by identity; write @state",
        ),
        ("nan", r"^ActorId\(0\) \(Keeper\): rows holds nan \(float\), which is not equal to itself"),
        ("mutable", r"^ActorId\(0\) \(Keeper\): rows holds {} \(dict\), which can be changed"),
        ("unsorted", r"^ActorId\(0\) \(Keeper\): names has keys or items that cannot be sorted"),
        ("packet", r"^ActorId\(0\) \(Keeper\), in a packet: Put.value holds \[1\] \(list\), which can be changed"),
        ("identity in a packet", r"^ActorId\(0\) \(Keeper\), in a packet: Put.value holds Plain, which"),
        ("changeable", r"^ActorId\(0\) \(Keeper\): rows holds Loose, whose attributes can be changed; make its class"),
        ("changeable in a packet", r"^ActorId\(0\) \(Keeper\), in a packet: Put.value holds Loose, whose attributes"),
        ("observed", r"^ActorId\(0\) \(Keeper\), in an observation: Held.value holds {} \(dict\)"),
    ],
)
def test_a_value_that_cannot_be_compared_is_named(what: str, says: str) -> None:
    with pytest.raises(UnfitValue, match=says) as caught:
        stores(Keeper, Put(what))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, HandlerError)


def test_a_property_that_keeps_what_cannot_be_compared_is_named() -> None:
    @state
    class Keeps(Property):
        name = "keeps"
        last: Any = None

        @observes(Held)
        def on_held(self, held: Held) -> None:
            self.last = Plain()

    with pytest.raises(UnfitValue, match=r"the property keeps: .* Plain, which is compared by identity"):
        stores(Store, Put(1), properties=[Keeps])


def test_a_newcomer_has_an_id_of_its_own() -> None:
    phone = DeviceId(3)
    system = System("store", lambda: {phone: Store(id=phone)}, spawn=lambda name, user, replaces: Store(id=name))
    with pytest.raises(ValueError, match="a newcomer has the id of an actor that exists from the beginning"):
        explore(system, Environment(newcomers=(Spawn(phone, UserId(0)),), budgets={"new-device": 1}))


def test_a_property_that_keeps_what_cannot_be_sorted_is_named() -> None:
    @state
    class KeepsAll(Property):
        name = "keeps-all"
        values: set[Any] = attrs.field(factory=set)

        @observes(Held)
        def on_held(self, held: Held) -> None:
            self.values |= {held.value, "a"}

    with pytest.raises(UnfitValue, match=r"^the property keeps-all: '<' not supported between instances"):
        stores(Store, Put(1), properties=[KeepsAll])
