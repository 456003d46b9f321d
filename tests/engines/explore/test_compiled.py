"""The compiled inner loop finds exactly what the plain one finds: the same states, arcs and complaints in the same order."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from examples import lamport_mutex, ping_pong
from examples import two_phase_commit as two_phase
from syncproof.core.actor import Actor, Out, actor, on, state
from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS
from syncproof.core.observations import Observation
from syncproof.core.packets import Opened, Packet
from syncproof.core.values import SERVER, ActorId, DeviceId, Id
from syncproof.core.world import System
from syncproof.designs import DESIGNS
from syncproof.engines.explore import Exploration, Limits, Status, WorldView, explore, search
from syncproof.engines.explore.packing import PackedStates
from syncproof.engines.explore.search import Restrictions
from syncproof.errors import InputError
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import KINDS, SmallWorld
from syncproof.properties import PROPERTIES, Property, observes
from syncproof.seeded_bugs import BUGS
from tests.engines.explore import repeated, test_unchanging
from tests.engines.explore.test_endless import Asked, AsksTerminate
from tests.engines.explore.test_equal_to_world import Again, NeverLooks, Restless
from tests.engines.explore.test_explore import Hasty
from tests.helpers import alternating_bit, notebook
from tests.helpers.examples import example

pytest.importorskip("numba")
from syncproof.engines.explore import compiled

NOTHING = Environment()
ARRAYS = ("first", "targets", "moves", "marks", "parents", "levels")


def fast(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> list[bool]:
    """Let searches use the compiled loop, where they can, from so many states on. Return a list of whether each did."""
    used: list[bool] = []

    def switch(tables: Any, restrictions: Restrictions, asked: bool | None) -> float:
        used.append(asked is not False and search.can_compile(restrictions))
        return after if used[-1] else sys.maxsize

    monkeypatch.setattr(search, "_switch", switch)
    return used


def plain_and_fast(explored: Callable[..., Exploration], **options: Any) -> tuple[Exploration, Exploration]:
    """Explore twice, and check that the results are equal."""
    plain, found = explored(fast=False, **options), explored(fast=True, **options)
    assert isinstance(plain.graph.states, list)
    check_equal(plain, found)
    return plain, found


def check_equal(plain: Exploration, found: Exploration) -> None:
    one, other = plain.graph, found.graph
    assert isinstance(other.states, PackedStates)
    assert list(other.states) == one.states
    for name in ARRAYS:
        assert numpy.array_equal(numpy.asarray(getattr(one, name)), numpy.asarray(getattr(other, name))), name
    assert (one.violations, one.ending, one.expanded) == (other.violations, other.ending, other.expanded)
    assert plain.findings == found.findings
    assert (plain.coverage, plain.situations, plain.growth) == (found.coverage, found.situations, found.growth)
    assert [slot.values for slot in plain.tables.slots] == [slot.values for slot in found.tables.slots]
    assert plain.tables.moves.values == found.tables.moves.values
    assert plain.tables.moves.fair == found.tables.moves.fair


def in_world(design: str, world: SmallWorld) -> Callable[..., Exploration]:
    def explored(**options: Any) -> Exploration:
        system, _, environment = small_worlds.build(design, world)
        properties = [p for name, p in PROPERTIES.items() if name not in lookup.get(design).not_applicable]
        return explore(system, environment, properties, **options)

    return explored


# ---- the small explorations that take every path of the package


WAYS = [(how, name) for how in ("compiled", "cramped", "lean", "collided") for name in repeated.EVERY[how]]


@pytest.mark.parametrize(("how", "name"), WAYS)
def test_it_finds_what_was_recorded(how: str, name: str) -> None:
    assert repeated.differs(how, name) == []


# ---- every design and kind of fault, and violations


def some_worlds() -> list[tuple[str, str]]:
    """Return pairs of a design and a kind of fault: each design with a few kinds, each kind with a few designs."""
    pairs = itertools.product(enumerate(DESIGNS), enumerate(("", *KINDS)))
    return [(design, kind) for (n, design), (k, kind) in pairs if (n + k) % 6 == 0]


@pytest.mark.slow
@pytest.mark.parametrize(("design", "kind"), some_worlds())
def test_it_finds_the_same_in_worlds_of_every_design_and_kind(
    design: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 300)
    changes = kind in ("recall", "edit", "read")
    world = SmallWorld("two-devices" if changes else "one-device", 2 if changes else 1, (kind,) if kind else ())
    plain, _ = plain_and_fast(in_world(design, world), limits=Limits(states=600))
    assert len(plain.graph.states) > 10


def test_the_worlds_have_every_design_and_every_kind() -> None:
    designs, kinds = zip(*some_worlds(), strict=True)
    assert ({*designs}, {*kinds}) == ({*DESIGNS}, {"", *KINDS})
    assert {fault for kind in KINDS.values() for fault in kind} <= {*FAULTS} | {*KINDS}


@pytest.mark.parametrize("bug", ["F07", "F13", "F19", "F34", "F67"])
def test_it_finds_the_same_violations_in_seeded_bugs(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 500)
    plain, _ = plain_and_fast(in_world(bug, small_worlds.small_world(*BUGS[bug].world)), limits=Limits(states=4_000))
    assert {name for name, finding in plain.findings.items() if finding.verdict == "violated"} >= {*BUGS[bug].violates}


class Greeted(Observation, frozen=True, gc=False):
    who: ActorId


@actor
class Greeter(Actor):
    """Observes each connection: the server what an endless property asks for, the device something else."""

    @on(Opened)
    def opened(self, source: Id, packet: Packet, out: Out) -> None:
        out.observe(Asked(self.id) if self.id == SERVER else Greeted(self.id))


@state
class GreetsOnce(Property):
    """No device greets twice."""

    name = "greets-once"
    greeted: int = 0

    @observes(Greeted)
    def on_greeted(self, o: Greeted) -> str | None:
        self.greeted += 1
        return "greeted twice" if self.greeted > 1 else None


def test_an_arc_has_the_marks_of_all_that_was_observed_on_it() -> None:
    """A device connects: the server's observation comes first and has a mark, the device's has none."""
    device = DeviceId(1)
    system = System("greeters", lambda: {n: Greeter(id=n) for n in (SERVER, device)}, server=SERVER)
    plain, _ = plain_and_fast(partial(explore, system, NOTHING, [AsksTerminate, GreetsOnce]))
    assert list(plain.graph.marks) == [1]


@actor
class Humming(Restless):
    """Does what `Restless` does, and an observation is made of it each time."""

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        super().again(source, packet, out)
        out.observe(Greeted(self.id))


@state
class Counts(Property):
    """Counts up to ten."""

    name = "counts"
    count: int = 0

    @observes(Greeted)
    def on_greeted(self, o: Greeted) -> None:
        self.count = min(self.count + 1, 10)


def test_a_poll_waits_for_no_move_that_changes_automata_alone() -> None:
    system = System("humming", lambda: {SERVER: Humming(id=SERVER, means="step")})
    plain, _ = plain_and_fast(partial(explore, system, Environment(polls="at-rest"), [Counts, NeverLooks]))
    assert plain.findings["never-looks"].counterexample.length == 4  # beside a step that only counts


# ---- what is left out


def explore_mutex(**options: Any) -> Exploration:
    return lamport_mutex.search(3, **options)


def explore_spawned(**options: Any) -> Exploration:
    """A constraint sees who exists: a search in which devices appear and are replaced."""
    system, _, environment = small_worlds.build("timeline-notify", SmallWorld("two-people", 1, ("reinstall",)))
    newcomer = environment.newcomers[0]

    def before_it_is_back(world: WorldView) -> bool:
        assert newcomer.replaces is not None
        return newcomer.replaces in world.actors or newcomer.actor not in world.actors

    return explore(system, environment, constraint=before_it_is_back, **{"limits": Limits(states=1_500), **options})


def explore_ping_pong(**options: Any) -> Exploration:
    return ping_pong.search(3, True, **options)


def explore_register(**options: Any) -> Exploration:
    abd, register = example("abd"), example("register")
    replicas = register.register("abd", 2, lambda n: abd.Replica(id=n, servers=2))
    return explore(replicas, NOTHING, [register.Linearizable], skip_unchanging=True, **options)


def explore_door(**options: Any) -> Exploration:
    few = {"constraint": lambda w: not w.actors[test_unchanging.RECEIVER].open, "skip_unchanging": True}
    return explore(test_unchanging.door(), NOTHING, [test_unchanging.Enters], **few, **options)


LEAVING_OUT = {
    "mutex": explore_mutex,
    "spawned": explore_spawned,
    "ping_pong": explore_ping_pong,
    "register": explore_register,
    "door": explore_door,
}


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_it_leaves_out_the_same(name: str) -> None:
    plain, found = plain_and_fast(LEAVING_OUT[name])
    assert (plain.graph.outside, plain.skipped) == (found.graph.outside, found.skipped)
    assert plain.graph.outside + plain.skipped > 0


@pytest.mark.parametrize("name", ["mutex", "register"])
def test_it_takes_over_in_the_middle_of_a_search_that_leaves_something_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 64)
    fast(monkeypatch, 100)
    plain, found = plain_and_fast(LEAVING_OUT[name])
    assert (plain.graph.outside, plain.skipped) == (found.graph.outside, found.skipped)


# ---- from any point on


def explore_two_phase(**options: Any) -> Exploration:
    hasty = two_phase.two_phase(3, resource=Hasty)
    return explore(hasty, NOTHING, [two_phase.Consistent, two_phase.Terminates], **options)


def explore_bits(**options: Any) -> Exploration:
    environment = alternating_bit.environment(2, duplicated=1, early=1)
    return explore(alternating_bit.protocol(), environment, [alternating_bit.EveryWord], **options)


def explore_notebook(**options: Any) -> Exploration:
    environment = notebook.world(1, 2, budgets={"device-crash": 1, "server-restore": 1}, polls="at-rest")
    system = notebook.notebook(2, polls=True, careless=True)
    return explore(system, environment, notebook.EVERY, **{"limits": Limits(states=1_000), **options})


EXPLORED = {"two-phase": explore_two_phase, "bits": explore_bits, "notebook": explore_notebook}


@pytest.mark.parametrize("name", EXPLORED)
@pytest.mark.parametrize("after", [2, 7, 100])
def test_it_takes_over_at_any_state(name: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 64)
    fast(monkeypatch, after)
    plain_and_fast(EXPLORED[name])


@pytest.mark.parametrize("name", EXPLORED)
def test_arrays_grow_and_states_are_packed_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed, packing = [], compiled.packing
    monkeypatch.setattr(compiled, "packing", lambda counts: packed.append(counts) or packing(counts))
    monkeypatch.setattr("syncproof.engines.explore.packing.BITS", 6)
    for room in ("ROOM", "SUCCESSORS"):
        monkeypatch.setattr(compiled, room, 1)
    plain_and_fast(EXPLORED[name])
    assert len(packed) > 1


def test_more_moves_than_two_bytes_can_tell_apart_have_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "NARROW", 9)
    monkeypatch.setattr(
        compiled.kernel, "advance", getattr(compiled.kernel.advance, "py_func", compiled.kernel.advance)
    )
    with numpy.errstate(over="ignore"):
        _, found = plain_and_fast(explore_two_phase)
    assert found.graph.moves.dtype == numpy.int32


# ---- ends, progress and limits


@pytest.mark.parametrize("name", EXPLORED)
@pytest.mark.parametrize("limits", [Limits(depth=5), Limits(states=70), Limits(depth=1), Limits(memory=1)])
def test_limits_end_it_where_they_end_the_plain_one(name: str, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 16)
    plain, _ = plain_and_fast(EXPLORED[name], limits=limits)
    assert not plain.complete


def test_it_ends_when_every_property_is_decided() -> None:
    plain, _ = plain_and_fast(
        lambda **options: explore(
            two_phase.two_phase(3, resource=Hasty), NOTHING, [two_phase.Consistent], until_decided=True, **options
        )
    )
    assert plain.graph.ending == "decided"


def test_progress_is_told_at_the_same_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 10)
    monkeypatch.setattr(search, "resident", lambda: 7)
    told: dict[bool, list[tuple[int, ...]]] = {True: [], False: []}
    for which, statuses in told.items():

        def progress(status: Status, statuses: list[tuple[int, ...]] = statuses) -> None:
            statuses.append((status.states, status.transitions, status.queue, status.depth, status.memory))

        explore_two_phase(fast=which, progress=progress)
    assert told[True] == told[False] != []


def test_an_interruption_leaves_whole_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "CHECK_EVERY", 10)

    def interrupt(status: Status) -> None:
        raise KeyboardInterrupt

    plain, _ = plain_and_fast(explore_two_phase, progress=interrupt)
    assert (plain.graph.ending, plain.graph.expanded) == ("interrupted", 10)


def test_an_interruption_within_a_handler_leaves_whole_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is held for one also where these tests run in the background, so that the system ignores it."""
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.default_int_handler)
    found = {}
    for which in (False, True):
        calls = itertools.count()

        def hear(self: Any, *arguments: Any, calls: Any = calls, handle: Any = two_phase.Manager.handle) -> None:
            if next(calls) == 30:
                raise KeyboardInterrupt
            handle(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(two_phase.Manager, "handle", hear)
            found[which] = explore_two_phase(fast=which)
    assert found[False].graph.ending == "interrupted"
    check_equal(found[False], found[True])


# ---- when it is used


def test_it_is_asked_for_in_vain_where_only_the_plain_loop_can_search() -> None:
    with pytest.raises(InputError, match="fast: True, but numba is missing, or the search has a symmetry"):
        explore_two_phase(fast=True, symmetric=[[two_phase.Resource(n) for n in range(3)]])


def test_a_process_loads_the_compiled_loop_for_a_large_world(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = explore_two_phase(fast=False).tables
    assert search._switch(tables, Restrictions(), None) == 0
    monkeypatch.delitem(sys.modules, search.KERNEL)
    assert search._switch(tables, Restrictions(), None) == search.SWITCH_AT
    assert isinstance(explore_two_phase().graph.states, list)


def test_without_numba_the_plain_loop_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.importlib.util, "find_spec", lambda name: None)
    found = explore_two_phase()
    assert (found.complete, isinstance(found.graph.states, list)) == (True, True)
    with pytest.raises(InputError, match="numba is missing"):
        explore_two_phase(fast=True)


class NoPlace:
    """A module that finds no place for its cache when it is loaded."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("cannot cache function: no locator available")


class NoFile:
    """A module whose cache cannot be written."""

    def __getattr__(self, name: str) -> Any:
        raise OSError("read-only file system")


@pytest.mark.parametrize("module", [lambda: None, NoPlace, NoFile], ids=["not loaded", "no place", "no file"])
def test_with_a_numba_that_cannot_be_loaded_the_plain_loop_searches(
    module: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = explore_two_phase(fast=False)
    monkeypatch.setattr(search, "_switch", lambda *_: 50)
    monkeypatch.setitem(sys.modules, "syncproof.engines.explore.compiled", module())
    found = explore_two_phase()
    assert (found.graph.states, found.graph.violations) == (plain.graph.states, plain.graph.violations)
    assert (found.findings, found.graph.ending) == (plain.findings, "complete")


@pytest.mark.parametrize("name", ["mutex", "door"])
def test_with_a_numba_that_cannot_be_loaded_what_was_left_out_is_counted_anew(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = LEAVING_OUT[name](fast=False)
    monkeypatch.setattr(search, "_switch", lambda *_: 4)
    monkeypatch.setitem(sys.modules, "syncproof.engines.explore.compiled", None)
    found = LEAVING_OUT[name]()
    assert (found.graph.outside, found.skipped) == (plain.graph.outside, plain.skipped)
    assert (found.graph.states, found.graph.violations) == (plain.graph.states, plain.graph.violations)


@pytest.mark.parametrize("arcs", [True, False])
def test_the_bytes_of_a_compiled_search_are_those_of_its_arrays(arcs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    finish, sizes = compiled.CompiledSearch.finish, []

    def finished(self: compiled.CompiledSearch) -> None:
        known = self.known.nbytes
        finish(self)
        graph = self.graph
        if graph.tree is not None:
            kept = [graph.tree.sources, graph.tree.moves]
        else:
            kept = [graph.targets, graph.moves, graph.first, graph.marks.arcs, graph.marks.marks]
        sizes.append(known + graph.states.words.nbytes + sum(array.nbytes for array in kept))

    monkeypatch.setattr(compiled.CompiledSearch, "finish", finished)
    found = explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent], fast=True, arcs=arcs)
    assert sizes == [found.graph.bytes]
    assert (found.graph.tree.moves if found.graph.tree else found.graph.moves).dtype == numpy.int16
    assert len(found.graph.states) == 288


@pytest.mark.parametrize(
    ("states", "out", "room", "most"),
    [
        (0, 256, 4096, 2048),  # at most half full
        (1535, 256, 8192, 4096),
        (1 << 21, 256, 1 << 22, 3 << 20),  # at most three quarters full
        (1 << 22, 256, 1 << 23, 6 << 20),
        ((3 << 20) - 2000, 256, 1 << 22, 3 << 20),
        ((3 << 20) - 1000, 256, 1 << 23, 6 << 20),
    ],
)
def test_the_table_of_known_states_has_room_for_more(
    states: int, out: int, room: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = []
    monkeypatch.setattr(compiled.kernel, "enter", lambda known, words, count: entered.append(count))
    made: Any = SimpleNamespace(
        states=states, out=range(out), run=[0] * compiled.kernel.RUN, words=SimpleNamespace(array=None)
    )
    compiled.CompiledSearch._enter(made)
    assert (len(made.known), made.run[compiled.kernel.MOST], entered) == (room, most, [states])
    assert states + out <= most <= room
    assert {*made.known[:3].tolist()} == {compiled.kernel.FREE}


@pytest.mark.parametrize("at", range(6))
def test_memory_that_runs_out_while_arrays_grow_is_that_error(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no other one in the end of the search, which keeps what still waits if there is room for it."""
    grown = itertools.count()
    resize = compiled.Growing.resize

    def resized(self: compiled.Growing, rows: int) -> None:
        if next(grown) >= at:
            raise MemoryError("no room")
        resize(self, rows)

    monkeypatch.setattr(compiled, "ROOM", 1)
    monkeypatch.setattr(compiled.Growing, "resize", resized)
    with pytest.raises(MemoryError, match="no room"):
        explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent], fast=True, arcs=True)


def test_memory_that_runs_out_for_the_table_of_known_states_is_that_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is gone by then."""
    made = itertools.count()
    zeros = numpy.zeros

    def none_left(shape: Any, dtype: Any = float) -> Any:
        if isinstance(shape, int) and shape > 64 and next(made) >= 1:
            raise MemoryError("no room")
        return zeros(shape, dtype=dtype)

    monkeypatch.setattr(compiled, "ROOM", 1)
    monkeypatch.setattr(compiled.numpy, "zeros", none_left)
    with pytest.raises(MemoryError, match="no room"):
        explore(two_phase.two_phase(3), NOTHING, [two_phase.Consistent], fast=True, arcs=True)
