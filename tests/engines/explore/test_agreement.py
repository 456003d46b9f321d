"""One semantics: a simulated run is a path of the explorer's graph, and both agree with `World` at every step."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.moves import Complete, Crash, Move, Rest, Spawn, Stop, Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Resend
from syncproof.core.world import World
from syncproof.designs import DESIGNS, Parameters, Population
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import expander
from syncproof.engines.explore.moves import NEVER
from syncproof.engines.explore.tables import Tables
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.faults import FaultsSection, ServerCrash
from syncproof.inputs.traffic import Traffic
from syncproof.properties import PROPERTIES
from syncproof.studies.runs import simulate_design
from tests.helpers.moves import Moves, only_answers_a_closed_connection

RUNS = 24
"""The number of seeds for each design."""


def tiny(rng: random.Random) -> tuple[Traffic, FaultPlan]:
    """Return traffic of two messages among three devices of two people within a minute, and a plan with many faults."""

    def sessions() -> list[tuple[float, float, float]]:
        cut = rng.uniform(5, 50)
        again = cut + rng.uniform(2, 8)
        return [(rng.uniform(0, 4), cut, rng.choice([0.0, rng.uniform(1, 9)])), (again, 60.0, 0.0)]

    joins = [(rng.uniform(5, 40), 3)] if rng.random() < 0.3 else []
    traffic = Traffic(
        owners=[0, 0, 1, 1][: 3 + len(joins)],
        initial_devices=3,
        members=[(0, 1)],
        times=sorted(rng.uniform(4, 55) for _ in range(2)),
        devices=[rng.randrange(3) for _ in range(2)],
        conversations=[0, 0],
        sizes=[10, 20],
        sessions=[sessions() if rng.random() < 0.5 else [(0.0, 60.0, 0.0)] for _ in range(3 + len(joins))],
        changes=[],
        joins=joins,
        horizon=60.0,
    )
    device_crashes = [(rng.uniform(3, 55), rng.randrange(3))] if rng.random() < 0.3 else []
    server_crashes = [ServerCrash(at=f"{rng.uniform(3, 55)}s", down="2s")] if rng.random() < 0.3 else []
    plan = FaultPlan(
        FaultsSection(
            push_loss=0.3,
            push_duplicate=0.2,
            push_reorder=0.2,
            server_crashes=server_crashes,
            device_down="2s",
            sender_retry=0.3,
        ),
        drawn={"device-crash": tuple(device_crashes)},
        configured=("push-lost", "push-duplicated", "push-reordered", "disconnect", "half-open", "sender-retry"),
    )
    return traffic, plan


def environment(moves: list[Move]) -> Environment:
    """Return the environment that these moves need: their scripts, and each fault as often as it happened."""
    scripts: dict[int, list[Tell]] = {}
    retries = []
    for move in moves:
        if isinstance(move, Tell):
            (retries if isinstance(move.packet, Resend) else scripts.setdefault(move.actor, [])).append(move)
    spent = Counter(fault for move in moves if (fault := fault_of(move)) is not None)
    return Environment(
        scripts=tuple(map(tuple, scripts.values())),
        interventions=tuple((tell, "sender-retry") for tell in dict.fromkeys(retries)),
        newcomers=tuple(move for move in moves if isinstance(move, Spawn)),
        budgets={**spent, "sender-retry": len(retries)},
        polls="any",
    )


def agree(tables: Tables, state: State, world: World) -> None:
    """Assert that the explorer's state is the world's, but for answers over closed connections, which the explorer drops."""
    for number, name in enumerate(tables.encoding.names):
        if name not in world.actors:
            continue
        held = [slot.values[value] for slot, value in zip(tables.slots, state, strict=True)][3 * number :][:3]
        assert held[0] == world.actors[name].snapshot()
        pending = tables.encoding.pending_of(world, name)
        if pending is not None:
            kept = tuple(
                o
                for o in pending[0]
                if not only_answers_a_closed_connection(world, tables.encoding.packets.values[o[0]])
            )
            pending = (kept, *pending[1:])
        assert held[1] == pending
        assert held[2] == tables.encoding.wire_of(world, name)


def agrees(tables: Tables, state: State, world: World) -> bool:
    try:
        agree(tables, state, world)
    except AssertionError:
        return False
    return True


def walk(design: str, traffic: Traffic, moves: list[Move]) -> tuple[set[str], Tables, State]:
    """Follow the moves through the explorer's graph and in a world; return the violated properties, tables and last state."""
    first = traffic.owners[: traffic.initial_devices]
    system = DESIGNS[design].system(Population(tuple(first), tuple(traffic.members)), PARAMETERS).recorded()
    wanted = [a for name, a in PROPERTIES.items() if name not in DESIGNS[design].not_applicable and a.endless is None]
    carried = [automaton() for automaton in wanted]

    def observe(observation: Observation) -> None:
        for automaton in carried:
            automaton.react(observation)

    tables = Tables(system, environment(moves), wanted, World(system, observe), carried)  # takes its world's actors
    world = World(system)
    expand = expander(tables)
    state = tables.initial
    complained: set[str] = set()
    for move in moves:
        if isinstance(move, Stop):
            continue
        if isinstance(move, Rest):
            break
        useless = isinstance(move, Complete) and only_answers_a_closed_connection(world, move.packet)
        world.apply(move)
        if useless:
            continue
        arcs: list[tuple[int, State, int]] = []
        tables.judging.complaints.clear()
        expand(state, arcs)
        taken = [after for number, after, _ in arcs if tables.moves.values[number] == move]
        if not taken and isinstance(move, Crash) and move.landed:
            # Of crashes that leave the same behind, whatever landed, the explorer keeps one.
            crashes = [
                a for n, a, _ in arcs if isinstance(c := tables.moves.values[n], Crash) and c.actor == move.actor
            ]
            taken = [after for after in crashes if agrees(tables, after, world)]
        if not taken and tables.moves.fair[tables.moves.intern(move)] == NEVER:
            agree(tables, state, world)  # a fault that changes nothing is left out
            continue
        assert len(taken) == 1, f"{move!r} is not among {[tables.moves.values[n] for n, _, _ in arcs]}"
        state = taken[0]
        agree(tables, state, world)
        held = tables.slots[tables.encoding.judge_slot].values[state[tables.encoding.judge_slot]]
        complained |= {automaton.name for automaton, value in zip(wanted, held, strict=True) if value < 0}
    return complained, tables, state


SCENARIO = Scenario.model_validate(
    {
        "title": "tiny",
        "shows": "tests",
        "duration": "1m",
        "population": {"users": 2},
        "conversations": {"pairs": 1, "group_size": {"min": 2, "max": 2}},
        "traffic": {"messages_per_user_per_day": 1.0},
        "model": {"poll_interval": "11s"},
        "storage": {"service_ms": {"median": 200.0, "sigma": 1.0}},
    }
)
PARAMETERS: Parameters = SCENARIO.parameters()


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_simulated_runs_are_paths_of_the_explored_graph_with_the_same_verdicts(design: str) -> None:
    met: Counter[str] = Counter()
    for seed in range(RUNS):
        traffic, plan = tiny(random.Random(f"{design}/{seed}"))
        recorder = Moves()
        simulated = simulate_design(design, SCENARIO, traffic, plan, seed, recorder=recorder)
        complained, tables, state = walk(design, traffic, recorder.made)
        joint = state[tables.encoding.judge_slot]
        for number, automaton in enumerate(tables.judging.automata):
            result = simulated.properties[automaton.name]
            violated = automaton.name in complained or bool(tables.judging.unsettled(number, joint))
            expected = "holds" if result.met else "unknown"
            assert result.verdict == ("violated" if violated else expected), (seed, automaton.name)
        met.update(fault for move in recorder.made if (fault := fault_of(move)) is not None)
    for fault in (
        "push-lost",
        "push-duplicated",
        "disconnect",
        "half-open",
        "device-crash",
        "server-crash",
        "new-device",
    ):
        assert met[fault] > 0, fault
