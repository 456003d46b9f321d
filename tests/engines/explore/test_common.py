"""Searches that take handler calls from one another find exactly what each would find alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy
import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.environment import Environment
from syncproof.core.moves import Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Common, Exploration, HandlerError, ImpureHandler, Limits, explore, search
from syncproof.engines.explore import common as common_module
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property, observes
from syncproof.seeded_bugs import BUGS

ARRAYS = ("first", "targets", "moves", "parents", "levels")
ME = ActorId(1)
LOOPS = [False, True] if find_spec("numba") else [False]


def searched(design: str, world: SmallWorld, **options: Any) -> Exploration:
    system, _, environment = small_worlds.build(design, world)
    properties = [p for name, p in PROPERTIES.items() if name not in lookup.get(design).not_applicable]
    return explore(system, environment, properties, limits=Limits(states=300), **options)


def check_equal(one: Exploration, other: Exploration) -> None:
    assert list(one.graph.states) == list(other.graph.states)
    for name in ARRAYS:
        assert numpy.array_equal(numpy.asarray(getattr(one.graph, name)), numpy.asarray(getattr(other.graph, name)))
    assert list(one.graph.marks) == list(other.graph.marks)
    assert (one.graph.violations, one.graph.ending) == (other.graph.violations, other.graph.ending)
    assert (one.findings, one.coverage, one.situations) == (other.findings, other.coverage, other.situations)
    assert [slot.values for slot in one.tables.slots] == [slot.values for slot in other.tables.slots]
    assert (one.tables.moves.values, one.tables.moves.fair) == (other.tables.moves.values, other.tables.moves.fair)
    assert one.tables.encoding.packets.values == other.tables.encoding.packets.values
    assert (one.growth, one.tables.judging.watch.met) == (other.growth, other.tables.judging.watch.met)


WORLDS = (
    ("push",), ("server-crash", "disconnect"), ("device-restore",), ("reinstall",), ("sender-retry", "half-open"),
)  # fmt: skip


@pytest.mark.parametrize("fast", LOOPS)
@pytest.mark.parametrize("design", ["timeline-checkpointed", "inbox-store-first", "log-device-acks", "F07", "F34"])
def test_a_search_finds_what_it_finds_alone(design: str, fast: bool) -> None:
    common = Common()
    for number, kinds in enumerate([BUGS[design].world[2]] * 2 if design in BUGS else WORLDS):
        world = small_worlds.small_world(("two-devices", "two-people")[number % 2], 1, kinds)
        check_equal(searched(design, world, fast=fast), searched(design, world, fast=fast, common=common))


def test_a_search_makes_no_call_that_one_before_has_made() -> None:
    common = Common()
    first, again = [searched("timeline-notify", SmallWorld("two-people", 1, ()), common=common) for _ in range(2)]
    assert (sum(map(len, first.tables.handlers.fresh)), first.reran) == (first.reran, first.reran) > (0, 0)
    assert (again.reran, again.tables.handlers.fresh) == (0, [[], [], []])


class Poke(Packet, frozen=True, gc=False):
    pass


def poked(kind: Callable[[], Actor], **options: Any) -> Exploration:
    return explore(System("poked", lambda: {ME: kind()}), Environment(scripts=((Tell(ME, Poke()),) * 2,)), **options)


@actor
class Counter(Actor):
    """Counts in steps of a constant size."""

    size: int
    holds: object = None
    count: int = durable(int)

    @on(Poke)
    def poke(self, source: Id, packet: Packet, out: Out) -> None:
        self.count += self.size
        out.observe(Poked())


class Poked(Observation, frozen=True, gc=False):
    pass


@state
class CountsPokes(Property):
    """Counts how often anyone was poked."""

    name = "counts-pokes"
    count: int = 0

    @observes(Poked)
    def on_poked(self, o: Poked) -> None:
        self.count += 1


def counts(found: Exploration) -> list[int]:
    return [local[0] for local in found.tables.slots[0].values]


def test_an_actor_with_other_constants_has_calls_of_its_own() -> None:
    common = Common()
    assert counts(poked(lambda: Counter(id=ME, size=1), common=common)) == [0, 1, 2]
    assert counts(poked(lambda: Counter(id=ME, size=True), common=common)) == [0, 1, 2]
    assert counts(poked(lambda: Counter(id=ME, size=5), common=common)) == [0, 5, 10]


@pytest.mark.parametrize("holds", [object(), [1]])
def test_an_actor_that_holds_what_cannot_be_compared_takes_no_calls_of_others(holds: object) -> None:
    common = Common()
    for _ in range(2):
        found = poked(lambda: Counter(id=ME, size=1, holds=holds), common=common)
        assert found.reran == 2


class Places:
    """What a module could have beside its actors."""

    number = 0


@actor
class Impure(Actor):
    """Depends on something else than its fields."""

    count: int = durable(int)

    @on(Poke)
    def poke(self, source: Id, packet: Packet, out: Out) -> None:
        Places.number += 1
        self.count += Places.number


def test_what_a_failed_search_computed_is_forgotten() -> None:
    common = Common()
    for _ in range(2):
        with pytest.raises(ImpureHandler):
            poked(lambda: Impure(id=ME), common=common)


@actor
class Fragile(Actor):
    """Fails at the second call."""

    count: int = durable(int)

    @on(Poke)
    def poke(self, source: Id, packet: Packet, out: Out) -> None:
        self.count += 1
        if self.count > 1:
            raise ValueError("enough")


def test_an_error_comes_again() -> None:
    common, says = Common(), []
    for _ in range(2):
        with pytest.raises(HandlerError) as error:
            poked(lambda: Fragile(id=ME), common=common)
        says.append(str(error.value))
    assert says[0] == says[1]


@pytest.mark.parametrize(("most", "kept"), [(5, False), (6, True), (7, True)])
def test_more_than_so_many_states_are_forgotten_before_the_next_search(
    most: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search meets three local states, of which its property keeps three states as well."""
    known = Common()
    poked(lambda: Counter(id=ME, size=1), common=known, properties=[CountsPokes])
    monkeypatch.setattr(common_module, "MOST", most)
    found = poked(lambda: Counter(id=ME, size=1), common=known, properties=[CountsPokes])
    assert (found.reran == 0) is kept


@pytest.mark.parametrize("ending", ["complete", "states", "interrupted"])
def test_what_an_interrupted_search_computed_is_forgotten(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 1)

    def progress(status: Any) -> None:
        if ending == "interrupted" and status.states == 3:
            raise KeyboardInterrupt

    known, limits = Common(), Limits(states=2) if ending == "states" else None
    first = poked(lambda: Counter(id=ME, size=1), common=known, progress=progress, limits=limits)
    again = poked(lambda: Counter(id=ME, size=1), common=known)
    assert first.graph.ending == ending
    assert again.reran == (2 if ending == "interrupted" else 0)
