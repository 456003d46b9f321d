"""Run the kill matrix: every seeded bug under every engine, and every sound design, which must break no promise.

| engine | a bug is killed when | limit |
|---|---|---|
| explore | the search of the bug's small world violates every property that the bug must violate | the whole world |
| stateful | a Hypothesis example violates the first of them; two more messages, each fault up to twice | `ci` profile |
| simulate | a simulated run violates the first of them | `RUNS` seeds of the stress scenario |

The counterexample of Hypothesis is then cut down (`counterexamples/minimise.py`) and compared with the shortest counterexample
of the search. That of the simulator is cut down as well (`counterexamples/from_recording.py`); it stays longer, since it
begins before any device is connected.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from syncproof import designs
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.counterexamples.from_recording import ENDLESS_MOVES, minimise_run
from syncproof.engines.hypothesis_machine import profile_settings
from syncproof.errors import InputError
from syncproof.formats.header import Header
from syncproof.inputs import fault_plan, lookup, small_worlds, workload
from syncproof.inputs.scenario import Scenario, load
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS, COSTS, Bug, Cost
from syncproof.studies import executors
from syncproof.studies import verify as verification
from syncproof.studies.hunt import cut_down, larger, play
from syncproof.studies.runs import simulate_design

RUNS = 20
"""Seeds of the stress scenario that the simulator tries with a bug."""
SOUND_RUNS = 1_000
"""Seeds of the stress scenario in which a sound design must break no promise."""
STRESS: dict[str, Any] = {
    "title": "Stress",
    "shows": "Every usual fault, often, in half an hour.",
    "duration": "30m",
    "population": {"users": 3, "devices_per_user": [1, 2], "new_devices": 1},
    "conversations": {"pairs": 3, "groups": 1, "group_size": {"min": 3, "max": 3}},
    "traffic": {"messages_per_user_per_day": 480.0},
    "presence": {"online": "5m", "offline": "2m", "half_open": 0.4, "dead": "30s"},
    "network": {"push_ms": {"median": 200.0, "sigma": 1.5}},
    "storage": {"service_ms": {"median": 100.0, "sigma": 1.5}},
    "faults": {
        "push_loss": 0.2,
        "push_duplicate": 0.1,
        "push_reorder": 0.2,
        "server_crashes": [{"at": "7m", "down": "5s"}, {"at": "15m", "down": "5s"}, {"at": "22m", "down": "5s"}],
        "device_crashes_per_day": 200.0,
        "sender_retry": 0.3,
    },
}
"""A scenario in which every usual fault happens often."""
RARER: dict[str, dict[str, Any]] = {
    "trim": {"faults": {"trims": ["9m", "18m", "25m"]}},
    "device-restore": {"faults": {"device_restores_per_day": 100.0, "device_backup_age": "3m"}},
    "server-restore": {"faults": {"server_restores": [{"backup": "8m", "at": "10m", "down": "5s"}]}},
    "reinstall": {"population": {"reinstalls": 2}},
    "recall": {"traffic": {"recalls": 0.3}},
}
"""Kind of rarer fault -> what it adds to the stress scenario."""
COMBINED = (*small_worlds.RARE, "recall", "new-device", "half-open", "server-crash")
"""Kinds of fault that Hypothesis plays in pairs with the sound designs."""
EXCLUSIVE = {"new-device", "reinstall"}
"""Kinds of fault that one world cannot have together: one device appears, a new one or a reinstall."""


@dataclass(frozen=True)
class EngineOutcome:
    """Hold what one engine found with one bug.

    `violated`: the violated properties; `after`: the number of states, examples or runs (`unit`) until then; `length`: moves of
    the counterexample, None if there is none, and for a livelock in a simulated run, whose length is unknown.
    """

    violated: tuple[str, ...]
    after: int
    unit: str
    length: int | None = None


@dataclass(frozen=True)
class BugOutcome:
    """Hold what the engines found with one bug.

    `cut`: moves of Hypothesis' counterexample when it is cut down; `excerpt`: the same for that of the simulated run.
    """

    bug: str
    explore: EngineOutcome
    stateful: EngineOutcome
    simulate: EngineOutcome
    cut: int | None
    excerpt: int | None = None

    @property
    def killed(self) -> bool:
        """Return whether the search violated every property that the bug must violate, and Hypothesis the first one."""
        expected = BUGS[self.bug].violates
        return set(expected) <= set(self.explore.violated) and expected[0] in self.stateful.violated

    @property
    def shortest(self) -> bool:
        """Return whether Hypothesis' counterexample, cut down, is as short as the search's."""
        return self.cut is not None and self.cut == self.explore.length

    @property
    def shorter(self) -> bool:
        """Return whether Hypothesis' counterexample, cut down, is shorter than the search's.

        That happens because it comes from a larger world, and because a search's counterexample of a livelock need not be
        a shortest one.
        """
        return self.cut is not None and self.explore.length is not None and self.cut < self.explore.length


@dataclass(frozen=True)
class SoundOutcome:
    """Hold what one engine found with a sound design: the broken promises, if any, and the number of examples or runs."""

    design: str
    engine: str
    world: str
    after: int
    violated: tuple[str, ...]
    says: str = ""


@dataclass(frozen=True)
class CostOutcome:
    """Hold the metric of a failure that only costs: of the sound design, and of the costly one."""

    cost: str
    sound: float
    costly: float

    @property
    def shown(self) -> bool:
        """Return whether the metric separates the two designs by the factor that the failure's record demands."""
        return self.costly >= COSTS[self.cost].times * self.sound


@dataclass(frozen=True)
class KillMatrix:
    """Hold the outcomes: by bug, of sound designs, of costs. `missing`: jobs that an interruption left out."""

    rows: dict[str, BugOutcome]
    sound: list[SoundOutcome]
    costs: list[CostOutcome] = field(default_factory=list)
    missing: int = 0
    elapsed: float = field(default=0.0, compare=False)

    def status(self) -> int:
        """Return the exit status.

        0: the search and Hypothesis kill every bug, the metrics show every failure that only costs, and no sound design
        breaks a promise; 1: one of these is not so; 3: the run was interrupted.
        """
        alive = any(not row.killed for row in self.rows.values()) or not all(cost.shown for cost in self.costs)
        if alive or any(sound.violated for sound in self.sound):
            return 1
        return 3 if self.missing else 0

    def results(self) -> dict[str, Any]:
        """Return the contents of results.json, which are the same for the same version."""
        return {
            "schema": 1,
            "command": "kill-matrix",
            "bugs": {
                name: {
                    "failure": BUGS[name].failure,
                    "base": BUGS[name].base,
                    "world": str(small_worlds.small_world(*BUGS[name].world)),
                    "falls": list(BUGS[name].violates),
                    "killed": row.killed,
                    "explore": _as_table(row.explore),
                    "stateful": _as_table(row.stateful) | {"cut": row.cut},
                    "simulate": _as_table(row.simulate) | {"cut": row.excerpt},
                }
                for name, row in self.rows.items()
            },
            "costs": {
                found.cost: {
                    "failure": COSTS[found.cost].failure,
                    "metric": COSTS[found.cost].metric,
                    "sound": {"design": COSTS[found.cost].sound.name, "mean": found.sound},
                    "dear": {"design": COSTS[found.cost].design.name, "mean": found.costly},
                    "shown": found.shown,
                }
                for found in self.costs
            },
            "sound": [_as_table(sound) for sound in self.sound],
            "missing": self.missing,
        }


def _as_table(found: EngineOutcome | SoundOutcome) -> dict[str, Any]:
    """Return the fields with their names in results.json, where the violated properties have the key `fell`."""
    return {"fell" if name == "violated" else name: value for name, value in dataclasses.asdict(found).items()}


def kill_matrix(
    bugs: Sequence[str] = (),
    *,
    jobs: int | None = None,
    profile: str = "ci",
    progress: Callable[[int, int], None] | None = None,
) -> KillMatrix:
    """Run seeded bugs under every engine; without `bugs` all of them, the sound designs and the failures that only cost.

    `jobs`: processes, by default one for each processor. `profile`: how many examples Hypothesis plays the sound designs
    under all usual faults together (`dev`, `brief`, `ci`, `deep`). `progress` is called with the numbers of jobs done and of
    all jobs. Ctrl-C and lost workers end the run with what is done. Raises `InputError` for an unknown bug or profile.
    """
    profile_settings(profile)
    if isinstance(bugs, str):
        raise InputError(f"bugs={bugs!r} is a text; write bugs=[{bugs!r}]")
    for name in bugs:
        if name not in BUGS:
            raise InputError(f"unknown bug {name!r}; allowed: {', '.join(BUGS)}")
    began = time.perf_counter()
    work = [("sound", name, profile) for name in designs.DESIGNS if not bugs]
    work += [("bug", name, profile) for name in bugs or BUGS]
    work += [("cost", name, profile) for name in COSTS if not bugs]
    done: dict[int, Any] = {}
    try:
        for index, found in executors.perform(_work, work, jobs or os.cpu_count() or 1):
            done[index] = found
            if progress is not None:
                progress(len(done), len(work))
    except (KeyboardInterrupt, BrokenExecutor):
        pass  # `missing` says how many jobs were not done
    rows = {name: done[i] for i, (kind, name, _) in enumerate(work) if kind == "bug" and i in done}
    sound = [found for i, (kind, *_) in enumerate(work) if kind == "sound" and i in done for found in done[i]]
    costs = [done[i] for i, (kind, *_) in enumerate(work) if kind == "cost" and i in done]
    return KillMatrix(rows, sound, costs, len(work) - len(done), time.perf_counter() - began)


def _work(job: tuple[str, str, str]) -> BugOutcome | list[SoundOutcome] | CostOutcome:
    kind, name, profile = job
    if kind == "cost":
        return measure_cost(COSTS[name])
    return run_bug(BUGS[name]) if kind == "bug" else run_sound_design(name, profile=profile)


# ---- bugs


def run_bug(bug: Bug) -> BugOutcome:
    """Run one bug under every engine."""
    world = small_worlds.small_world(*bug.world)
    crowded = larger(world)
    played = play(bug.id, crowded, bug.violates[:1])
    stateful, shortened = EngineOutcome((), played.examples, "examples"), None
    if (violation := played.violation) is not None:
        stateful = EngineOutcome((violation.name,), played.examples, "examples", len(violation.moves))
        shortened = len(cut_down(bug.id, crowded, violation))
    simulated, excerpt = _simulate(bug)
    return BugOutcome(bug.id, _explore(bug, world), stateful, simulated, shortened, excerpt)


def _explore(bug: Bug, world: SmallWorld) -> EngineOutcome:
    found = verification.explore_one(bug.id, world)
    counterexamples = {name: example for name, (_, example, _) in found.findings.items() if example is not None}
    first = counterexamples.get(bug.violates[0])
    length = None
    if first is not None:
        # The cycle counts only for a livelock; otherwise the violation happened before the cycle.
        length = first.length if PROPERTIES[bug.violates[0]].endless else len(first.moves)
    return EngineOutcome(tuple(sorted(counterexamples)), found.states, "states", length)


def _simulate(bug: Bug) -> tuple[EngineOutcome, int | None]:
    """Return what the simulator found, and the number of moves of its counterexample when it is cut down."""
    wanted = bug.violates[0]
    for run in range(1, RUNS + 1):
        violated, _ = simulate_stress(bug.id, run, bug.world[2])
        if wanted in violated:
            moves = RecordedMoves()  # repeat this run: to record the moves of every run would take longer
            simulate_stress(bug.id, run, bug.world[2], moves)
            long = PROPERTIES[wanted].endless is not None and len(moves.made) > ENDLESS_MOVES
            found = None if long else minimise_run(moves.header, moves.made, wanted)
            before, after = (None, None) if found is None else (found.before, len(found.moves))
            return EngineOutcome(tuple(sorted(violated)), run, "runs", before), after
    return EngineOutcome((), RUNS, "runs"), None


# ---- the stress scenario


def stress_scenario(design: str, kinds: Sequence[str] = ()) -> Scenario:
    """Return the stress scenario with the parameters that a design is searched with, and with further kinds of fault."""
    tables = {name: dict(value) if isinstance(value, dict) else value for name, value in STRESS.items()}
    for kind in kinds:
        for name, more in RARER.get(kind, {}).items():
            tables[name].update(more)
    wanted = lookup.get(design).parameters
    plain = designs.Parameters()
    names = [name for name in wanted.__struct_fields__ if getattr(wanted, name) != getattr(plain, name)]
    changed = {name: getattr(wanted, name) for name in names}
    return Scenario.model_validate({**tables, "model": {**changed, "poll_interval": "60s"}})


def simulate_stress(
    design: str, seed: int, kinds: Sequence[str] = (), recorder: RecordedMoves | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Simulate one run of the stress scenario. Returns violated property -> its first example, and the configured faults."""
    scenario = stress_scenario(design, kinds)
    traffic = workload.generate(scenario, seed)
    if "membership" in kinds:
        traffic = dataclasses.replace(traffic, changes=list(_member_leaves_and_joins()))
    plan = fault_plan.plan(scenario, traffic, seed)
    if recorder is not None:
        recorder.header = Header(
            schema=1,
            kind="moves",
            design=design,
            faults=plan.configured,
            population=traffic.population,
            parameters=scenario.parameters(),
        )
    run = simulate_design(design, scenario, traffic, plan, seed, recorder=recorder)
    violated = {name: result.examples[0] for name, result in run.properties.items() if result.verdict == "violated"}
    return violated, plan.configured


def _member_leaves_and_joins() -> Iterator[tuple[float, str, int, int]]:
    """Yield a change every 40 seconds: user 2 leaves and joins conversation 3, the group."""
    for number, at in enumerate(range(60, 1700, 40), 1):
        yield float(at), "remove" if number % 2 else "add", 3, 2


class RecordedMoves:
    """Record the moves of a simulated run, with the header that a replay needs."""

    def __init__(self) -> None:
        self.header = Header(schema=1, kind="moves")
        self.made: list[Move] = []

    def observation(self, observation: Observation) -> None: ...

    def move(self, move: Move) -> None:
        self.made.append(move)


# ---- sound designs


def run_sound_design(design: str, runs: int = SOUND_RUNS, profile: str = "ci") -> list[SoundOutcome]:
    """Run a sound design under Hypothesis and the simulator.

    Hypothesis plays each kind of fault alone, the rarer ones in pairs, and the usual ones together; for the latter `profile`
    says how many examples. The simulator makes `runs` runs of the stress scenario without and with rarer faults.
    """
    pairs = [pair for pair in combinations(COMBINED, 2) if set(pair) != EXCLUSIVE]
    together = small_worlds.small_world("three-devices", 3, small_worlds.TOGETHER)
    found = [
        _play_sound_design(design, small_worlds.small_world("three-devices", 2, kinds), "brief")
        for kinds in [(), *[(kind,) for kind in small_worlds.KINDS], *pairs]
    ]
    found.append(_play_sound_design(design, together, profile))
    found.append(_stress_sound_design(design, runs, "the stress scenario", lambda run: ()))
    # Take each choice of one or two rarer faults in turn: under many of them at once little is promised.
    choices = [kinds for size in (1, 2) for kinds in combinations((*RARER, "membership"), size)]
    found.append(
        _stress_sound_design(
            design, runs, "the stress scenario and rarer faults", lambda run: choices[run % len(choices)]
        )
    )
    return found


def _play_sound_design(design: str, world: SmallWorld, profile: str) -> SoundOutcome:
    played = play(design, world, profile=profile)
    violation = played.violation
    violated, says = ((), "") if violation is None else ((violation.name,), violation.says)
    return SoundOutcome(design, "stateful", str(world), played.examples, violated, says)


def _stress_sound_design(design: str, runs: int, title: str, kinds: Callable[[int], Sequence[str]]) -> SoundOutcome:
    """Simulate runs of a sound design. A promise that is broken under faults that it covers is an alarm."""
    promises = lookup.get(design).promises
    broken: dict[str, str] = {}
    for run in range(1, runs + 1):
        violated, configured = simulate_stress(design, run, kinds(run))
        broken |= {
            name: f"{says} (seed {run})"
            for name, says in violated.items()
            if name in promises and set(configured) <= set(promises[name])
        }
    return SoundOutcome(design, "simulate", title, runs, tuple(broken), next(iter(broken.values()), ""))


# ---- failures that only cost


def measure_cost(cost: Cost) -> CostOutcome:
    """Simulate the sound and the costly design once on the same traffic. Returns their metrics with six significant digits."""
    scenario = load(cost.scenario) if isinstance(cost.scenario, str) else Scenario.model_validate(cost.scenario)
    traffic = workload.generate(scenario, 1)
    plan = fault_plan.plan(scenario, traffic, 1)
    sound, costly = (
        simulate_design(d, scenario, traffic, plan, 1).metrics[cost.metric] for d in (cost.sound, cost.design)
    )
    return CostOutcome(cost.id, float(f"{sound:.6g}"), float(f"{costly:.6g}"))
