"""The explorer's tables agree with the world, at every state of small worlds, over every fault.

`World.apply` defines what a move does and `BoundedWorld.every` which moves are possible. The tables are a compiled form of
both. So the graph is walked with a world beside each state: the moves must be the same, and each must lead both to the
same state. Where the tables leave something out on purpose, the walk says exactly what and checks that nothing is lost:

- *void answers*: a storage operation that would only answer over a closed connection is dropped. Completing it in the
  world must lead back to the same state;
- *idle faults*: a fault that would change nothing but its budget is left out. Making it in the world must change nothing
  else;
- *equal crashes*: of the orders in which open writes land, those that leave the same behind are one. Every order made in
  the world must lead to the target of a crash of the same actor;
- *spent backups*: a backup that no restore can use any more is no part of the state.

In large worlds every state is still compared, but only along the arc by which it is first reached; all moves are compared at
every tenth state, since each of them needs a copy of the world.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import pytest

from examples import two_phase_commit
from syncproof.core.actor import Actor, Out, actor, durable, freeze, on, state, thaw
from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.forks import fork_actor
from syncproof.core.links import DUPLICATING
from syncproof.core.moves import Abandon, Complete, Crash, Fire, Move, Spawn
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.designs.requesting import LONGEST_WAIT
from syncproof.engines.explore import explore
from syncproof.engines.explore.encoding import ABSENT, NO_BACKUP, Left, Pending, State, local_slot, pending_slot
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.exploration import compiled, kind_of
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property, observes
from tests.helpers.moves import only_answers_a_closed_connection

Images = tuple[Any, ...]
"""The frozen automata of the carried properties; None for one that has complained."""


@dataclass
class Beside:
    """The world that belongs to a state, with its automata and the last snapshots of devices that were replaced."""

    bounded: BoundedWorld
    images: Images
    replaced: dict[ActorId, tuple[Any, ...]] = field(default_factory=dict)


class Walk:
    """A walk of the graph with a world beside each state."""

    def __init__(self, system: System, environment: Environment, properties: Sequence[type[Property]]) -> None:
        self.system = system
        self.environment = environment
        self.tables = compiled(system, environment, properties)
        self.carried = [p for p in properties if p.endless is None]
        self.met: Counter[str] = Counter()
        self.states = 0
        self._judged: dict[tuple[Images, tuple[Observation, ...]], Images] = {}

    def run(self, limit: int | None = None, every: int = 1) -> None:
        """Compare every state, or the first `limit` states breadth first.

        `every`: of so many states one is left by all moves, and the others only by those that lead to new states.
        """
        opening: list[Observation] = []
        bounded = BoundedWorld(self.system, self.environment, opening.append)
        fresh = tuple([freeze(automaton()) for automaton in self.carried])
        start = Beside(bounded, self._judge(fresh, opening))
        expand = expander(self.tables)
        assert self._encoded(start) == self._normal(self.tables.initial)
        seen = {self.tables.initial}
        queue = deque([(self.tables.initial, start)])
        while queue and self.states != limit:
            state, here = queue.popleft()
            self.states += 1
            arcs: list[Successor] = []
            expand(state, arcs)
            if self.states % every:
                fresh = {target: (number, mark) for number, target, mark in reversed(arcs) if target not in seen}
                moves = self.tables.moves.values
                found = [(t, self._follow(here, moves[number], t, mark)) for t, (number, mark) in fresh.items()]
            else:
                found = self._compare(state, here, arcs)
            for target, there in found:
                if target not in seen:
                    seen.add(target)
                    queue.append((target, there))

    def _follow(self, here: Beside, move: Move, target: State, mark: int) -> Beside:
        """Make a move in the world, compare where it and the tables lead, and return the world there."""
        there, observations = self._made(here, move)
        self.met[kind_of(move, self.environment)] += 1
        self._same(self._encoded(there), target, move)
        assert mark == self.tables.judging.endless_marks.mark(observations), f"{move} has other marks"
        return there

    def _compare(self, state: State, here: Beside, arcs: Sequence[Successor]) -> list[tuple[State, Beside]]:
        """Compare the moves of one state and where they lead; return the targets with a world beside each."""
        offered: dict[Move, tuple[State, int]] = {}
        for number, target, mark in arcs:
            move = self.tables.moves.values[number]
            assert offered.setdefault(move, (target, mark)) == (target, mark), f"{move} leads to two states"
        possible = dict.fromkeys(here.bounded.every())
        missing = [move for move in offered if move not in possible]
        assert not missing, f"the world does not allow {missing} after {here.bounded.world.moves}"
        found = []
        for move in possible:
            if move in offered:
                target, mark = offered[move]
                found.append((target, self._follow(here, move, target, mark)))
            else:
                there, _ = self._made(here, move)
                self.met[kind_of(move, self.environment)] += 1
                alike = [t for m, (t, _) in offered.items() if _alike(m, move)]
                self._left_out(state, self._encoded(there), move, here, alike)
        return found

    def _left_out(self, state: State, after: State, move: Move, here: Beside, alike: list[State]) -> None:
        """Check that a move that the tables do not offer is one that they leave out on purpose."""
        if isinstance(move, Crash):
            assert after in [self._normal(target) for target in alike], f"{move} leaves what no other crash leaves"
            self.met["equal crash"] += 1
        elif isinstance(move, Complete) and only_answers_a_closed_connection(here.bounded.world, move.packet):
            self._same(after, state, move)
            self.met["void answer"] += 1
        elif here.bounded.is_early(move):
            assert after[:-1] == state[:-1], f"{move} is not offered, but it changes more than its bound"
            self.met["idle early firing"] += 1
        elif move in [tell for tell, _ in self.environment.interventions]:
            assert after[:-1] == state[:-1], f"{move} is not offered, but it changes more than its budget"
            self.met["idle fault"] += 1
        else:
            pytest.fail(f"the tables do not offer {move} after {here.bounded.world.moves}")

    def _made(self, here: Beside, move: Move) -> tuple[Beside, list[Observation]]:
        observations: list[Observation] = []
        replaced = dict(here.replaced)
        leaves = move.replaces if isinstance(move, Spawn) else move.client if isinstance(move, Abandon) else None
        if leaves is not None:
            gone = fork_actor(here.bounded.world.actors[leaves])
            gone.crash()
            replaced[leaves] = gone.snapshot()
        bounded = here.bounded.fork(observations.append)
        bounded.make(move)
        return Beside(bounded, self._judge(here.images, observations), replaced), observations

    def _judge(self, images: Images, observations: Sequence[Observation]) -> Images:
        key = (images, tuple(observations))
        found = self._judged.get(key)
        if found is None:
            found = self._judged[key] = tuple(
                [_after(kind, image, observations) for kind, image in zip(self.carried, images, strict=True)]
            )
        return found

    # ---- states

    def _same(self, after: State, target: State, move: Move) -> None:
        expected = self._normal(target)
        if after == expected:
            return
        for slot, world, tables in zip(self.tables.slots, after, expected, strict=True):
            assert slot.values[world] == slot.values[tables], f"{move} leaves another value of {slot.title}"

    def _normal(self, state: State) -> State:
        """Return a state of the tables without spent backups."""
        slot = self.tables.slots[-1]
        left: Left = slot.values[state[-1]]
        kept = [NO_BACKUP] * len(left.backups)
        for number, (place, _) in self.tables.faults.backups.items():
            if self.tables.faults.usable(left, number):
                kept[place] = left.backups[place]
        return (*state[:-1], slot.intern(left._replace(backups=tuple(kept))))

    def _encoded(self, there: Beside) -> State:
        """Return a world as the tables encode it, without void answers and spent backups."""
        encoding, world = self.tables.encoding, there.bounded.world
        state = encoding.encode(world)
        for number, name in enumerate(encoding.names):
            slot = encoding.slots[pending_slot(number)]
            if name in world.actors and state[pending_slot(number)] > ABSENT:
                pending: Pending = slot.values[state[pending_slot(number)]]
                packets = encoding.packets.values
                kept = tuple(
                    [o for o in pending.operations if not only_answers_a_closed_connection(world, packets[o[0]])]
                )
                state[pending_slot(number)] = slot.intern(pending._replace(operations=kept))
            elif name not in world.actors:
                state[local_slot(number)] = encoding.slots[local_slot(number)].intern(self._absent(name, there))
        joint = [
            COMPLAINED if image is None else states.intern(image)
            for states, image in zip(self.tables.judging.states, there.images, strict=True)
        ]
        state.append(self.tables.judging.slot.intern(tuple(joint)))
        return (*state, self.tables.slots[-1].intern(self._left(there)))

    def _absent(self, name: ActorId, there: Beside) -> tuple[Any, ...]:
        """Return the local state of an absent actor: its last one if it was replaced, otherwise its first one."""
        if name in there.replaced:
            return there.replaced[name]
        spawn = next(s for s in self.environment.newcomers if s.actor == name)
        assert self.system.spawn is not None
        return self.system.spawn(spawn.actor, spawn.user, spawn.replaces).snapshot()

    def _left(self, there: Beside) -> Left:
        bounded, encoding = there.bounded, self.tables.encoding
        budgets = (*[bounded.left[name] for name in self.tables.budgets.names], *bounded.early.values())
        backups = [NO_BACKUP] * len(self.tables.faults.backups)
        for number, (place, restores) in self.tables.faults.backups.items():
            backup = bounded.world.backups.get(encoding.names[number])
            if backup is not None and any(budgets[budget] for budget, _ in restores):
                kept = fork_actor(encoding.actors[number])
                kept.restore(backup)
                kept.crash()
                backups[place] = encoding.slots[local_slot(number)].intern(kept.snapshot())
        appeared = len(self.environment.newcomers) - len(bounded.newcomers)
        return Left(tuple(bounded.told), appeared, budgets, tuple(backups))


def _alike(offered: Move, move: Move) -> bool:
    return isinstance(offered, Crash) and isinstance(move, Crash) and offered.actor == move.actor


def _after(kind: type[Property], image: Any, observations: Sequence[Observation]) -> Any:
    """Return an automaton's image after the observations; None once it has complained."""
    if image is None:
        return None
    automaton: Property = thaw(image)
    for observation in observations:
        if automaton.react(observation) is not None:
            return None
    return freeze(automaton)


def walk(design: str, world: SmallWorld, limit: int | None = None, every: int = 1) -> Walk:
    system, _, environment = small_worlds.build(design, world)
    properties = [p for name, p in PROPERTIES.items() if name not in lookup.get(design).not_applicable]
    found = Walk(system, environment, properties)
    found.run(limit, every)
    return found


SHALLOW = 300
"""How many states of a large world the fast tests compare with all moves; the slow tests compare all states."""
THINNED = 10
"""Of how many states of a large world the slow tests compare all moves of one."""

COMPLETE = [
    ("inbox-store-first", "push", ("push-lost", "push-duplicated")),
    ("timeline-dense-push", "push", ("push-lost", "push-duplicated")),
    ("inbox-shared", "new-device", ("new-device",)),
    ("inbox-store-first", "sender-retry", ("sender-retry", "idle fault")),
    ("timeline-dense-push", "membership", ("membership",)),
    ("timeline-dense-push", "clock-step", ("clock-step",)),
    ("timeline-read-fanout", "trim", ("trim",)),
    ("log-device-acks", "push", ("push-lost", "push-duplicated", "fire")),
]
"""Worlds of a few hundred states: (design, kind of fault, what must be met)."""

ALONE = [
    ("timeline-notify+plain-accept", "disconnect", ("disconnect", "void answer")),
    ("timeline-dense-push", "device-restore", ("keep", "device-restore", "restart")),
    ("timeline-checkpointed", "server-restore", ("keep", "server-restore", "restart")),
]
"""The same for a user with one device: with two of them there are tens of thousands of states."""

LARGE = [
    ("inbox-store-first", "device-crash", ("device-crash", "restart")),
    ("inbox-store-first", "server-crash", ("server-crash", "restart", "notice")),
    ("timeline-dense-push", "half-open", ("half-open", "notice")),
    ("inbox-store-first", "reinstall", ("reinstall",)),
    ("inbox-store-first", "server-restore", ("keep", "server-restore", "restart")),
]
"""Worlds of a few thousand states."""

CLUSTERED = [
    ("inbox-store-first", "gateway-crash", ("gateway-crash", "restart", "connect", "notice")),
    ("inbox-store-first", "handover", ("handover", "notice")),
    ("timeline-dense-push", "partition", ("partition", "connect", "notice")),
    ("timeline-dense-push", "failover", ("failover",)),
]
"""The same for a user with one device, whose server is several processes."""


@pytest.mark.slow
@pytest.mark.parametrize(("design", "kind", "meets"), COMPLETE)
def test_tables_are_equal_to_the_world_at_every_state(design: str, kind: str, meets: tuple[str, ...]) -> None:
    found = walk(design, SmallWorld("two-devices", 1, (kind,)))
    assert [what for what in meets if not found.met[what]] == []


@pytest.mark.slow
def test_an_early_firing_that_changes_nothing_is_not_offered() -> None:
    """At its longest wait a timer sends the push that is under way already, and is armed as it was."""
    found = walk("log-device-acks", SmallWorld("two-devices", 1, ("push",), (("ack_timeout", LONGEST_WAIT),)))
    assert found.met["idle early firing"]


@pytest.mark.slow
@pytest.mark.parametrize(("design", "kind", "meets"), ALONE)
def test_tables_are_equal_to_the_world_of_one_device_at_every_state(
    design: str, kind: str, meets: tuple[str, ...]
) -> None:
    found = walk(design, SmallWorld("one-device", 1, (kind,)))
    assert [what for what in meets if not found.met[what]] == []


@pytest.mark.parametrize(("design", "kind"), [(design, kind) for design, kind, _ in (*LARGE, *CLUSTERED[:3])])
def test_tables_are_equal_to_the_world_near_the_beginning(design: str, kind: str) -> None:
    found = walk(design, SmallWorld("two-devices", 1, (kind,)), SHALLOW)
    assert found.states == SHALLOW


@pytest.mark.slow
@pytest.mark.parametrize(("design", "kind", "meets"), LARGE)
def test_tables_are_equal_to_the_world_in_large_worlds(design: str, kind: str, meets: tuple[str, ...]) -> None:
    found = walk(design, SmallWorld("two-devices", 1, (kind,)), every=THINNED)
    assert [what for what in meets if not found.met[what]] == []


@pytest.mark.slow
@pytest.mark.parametrize(("design", "kind", "meets"), CLUSTERED)
def test_tables_are_equal_to_the_world_of_several_processes(design: str, kind: str, meets: tuple[str, ...]) -> None:
    found = walk(design, SmallWorld("one-device", 1, (kind,)), every=THINNED)
    assert [what for what in meets if not found.met[what]] == []


@pytest.mark.parametrize("design", ["inbox-store-first", "timeline-dense-push", "log-device-acks"])
def test_tables_are_equal_to_a_world_with_an_abandoned_device_near_the_beginning(design: str) -> None:
    system, _, environment = small_worlds.build(design, SmallWorld("two-devices", 1, ()))
    abandoning = msgspec.structs.replace(environment, budgets={"abandoned": 1})
    found = Walk(system, abandoning, [PROPERTIES[name] for name in system.properties])
    found.run(SHALLOW)
    assert found.met["abandoned"] > 0


def test_steps_and_packets_that_arrive_any_number_of_times() -> None:
    found = Walk(two_phase_commit.two_phase(3), Environment(), [two_phase_commit.Consistent])
    found.run()
    assert found.states == 288
    assert found.met["take"] > 0
    assert found.met["arrive"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("polls", ["any", "at-rest"])
def test_polls_fire_when_the_environment_says(polls: Literal["any", "at-rest"]) -> None:
    system, _, environment = small_worlds.build("timeline-notify", SmallWorld("two-devices", 1, ("disconnect",)))
    found = Walk(system, msgspec.structs.replace(environment, polls=polls), [])
    found.run(400)
    assert any(
        isinstance(m, Fire) and (m.actor, m.packet) in found.tables.moves.armed["poll"]
        for m in found.tables.moves.values
    )


class Begin(Packet, frozen=True, gc=False):
    """A step that begins what goes on."""


class Again(Packet, frozen=True, gc=False):
    """A timer, an operation, a step or a packet that comes again and again."""


class AgainAndAgain(Again, frozen=True, gc=False):
    link = DUPLICATING


class Look(Packet, frozen=True, gc=False):
    """The poll."""


class Looked(Observation, frozen=True, gc=False):
    pass


@state
class NeverLooks(Property):
    """The poll never fires."""

    name = "never-looks"

    @observes(Looked)
    def on_looked(self, looked: Looked) -> str:
        return "looked"


@actor
class Restless(Actor):
    """Polls, and is never without a move that changes nothing. `means`: which move that is."""

    means: str = ""
    begun: bool = durable(bool)
    heard: int = durable(int)

    def steps(self):
        if not self.begun:
            yield Begin()
        elif self.means == "step":
            yield Again()

    @on(Begin)
    def begin(self, source: Id, packet: Begin, out: Out) -> None:
        self.begun = True
        out.poll(60.0, Look(), Idle(Look(), Look()))
        self._go_on(out)

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        self.heard = min(self.heard + 1, 2)
        self._go_on(out)

    @on(AgainAndAgain)
    def again_and_again(self, source: Id, packet: AgainAndAgain, out: Out) -> None:
        self.heard = min(self.heard + 1, 2)

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        out.observe(Looked())

    def _go_on(self, out: Out) -> None:
        match self.means:
            case "timer":
                out.after(1.0, Again())
            case "operation":
                out.write("disk", 1, 1, Again())
            case "packet":
                out.send(self.id, Again())
            case "duplicating":
                out.send(self.id, AgainAndAgain())


@pytest.mark.parametrize("means", ["step", "timer", "operation", "packet", "duplicating"])
def test_a_poll_at_rest_fires_beside_moves_that_change_nothing(means: str) -> None:
    system = System("restless", lambda: {ActorId(0): Restless(id=ActorId(0), means=means)})
    environment = Environment(polls="at-rest")
    found = Walk(system, environment, [NeverLooks])
    found.run()
    assert found.met["fire"] > (means == "timer") * 2
    way = explore(system, environment, [NeverLooks]).findings["never-looks"].counterexample
    assert way is not None
    assert len(way.moves) == 4  # it waits until the two moves are made that change something
