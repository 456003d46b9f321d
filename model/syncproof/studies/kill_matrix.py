"""Run the kill matrix: every seeded bug under every engine, and every sound design under the same, which must raise no alarm.

| engine | a bug is killed when | how far it goes |
|---|---|---|
| explore | the search of the bug's small world violates every property that the bug must violate | the whole world |
| stateful | a Hypothesis example violates the first of them; with two messages more, each fault twice | `ci` profile |
| simulate | a simulated run violates the first of them | `RUNS` seeds of the stress scenario |

What Hypothesis met is then cut down (`counterexamples/minimise.py`) and compared with the shortest counterexample of the
search. What the simulator met is cut down as well (`counterexamples/from_recording.py`); that counterexample is longer,
since it begins before any device is connected.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from syncproof import designs
from syncproof._version import __version__
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.counterexamples.from_recording import ENDLESS_MOVES, minimise_run
from syncproof.engines.hypothesis_runs import PROFILES
from syncproof.errors import Interrupted
from syncproof.formats.header import Header, deployed
from syncproof.inputs import arguments, fault_plan, lookup, small_worlds, workload
from syncproof.inputs.bounds import RARE
from syncproof.inputs.scenario import Scenario, load
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import lacking
from syncproof.seeded_bugs import BUGS, COSTS, Bug, Cost
from syncproof.studies import pieces
from syncproof.studies import verify as verification
from syncproof.studies.executors import Progress
from syncproof.studies.hunt import cut_down, larger, play, promised
from syncproof.studies.pieces import piece
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone
from syncproof.studies.results.kill_matrix import (
    BugResult,
    CostResult,
    CostSide,
    CutEngineResult,
    EngineResult,
    KillMatrixResults,
    KillMatrixRun,
    SoundResult,
)
from syncproof.studies.runs import simulate_design

if TYPE_CHECKING:
    import pandas

RUNS = 20
"""Seeds of the stress scenario that the simulator tries with a bug."""
SOUND_RUNS = 200
"""Seeds of the stress scenario that a sound design must survive."""
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
    "unread": {"traffic": {"recalls": 0.3}, "model": {"unread_counts": True}},
    "expiring": {"traffic": {"expiring": 0.3}, "model": {"lifetime": "2m"}},
}
"""Kind of rarer fault -> what it adds to the stress scenario."""
COMBINED = (*RARE, "recall", "new-device", "half-open", "server-crash")
"""Kinds of fault that sound designs are played under in pairs."""
EXCLUSIVE = {"new-device", "reinstall"}
"""Kinds of fault that one world cannot have together: its only newcomer is a new device or a reinstall."""


@dataclass(repr=False)
class KillMatrix(Presentable):
    """Hold what a kill matrix found. `results()` is results.json; `run_facts()` is run.json (times, never repeatable).

    `bugs`: by bug; `sound`: of sound designs; `costs`: by failure that only costs; `missing`: pieces of work that an
    interruption left out, and `stopped`: what that was.
    """

    page = "kill_matrix"

    bugs: dict[str, BugResult]
    sound: list[SoundResult] = field(default_factory=list)
    costs: dict[str, CostResult] = field(default_factory=dict)
    missing: int = 0
    elapsed: float = 0.0
    stopped: str = ""
    work: WorkDone = NO_WORK

    def results(self) -> KillMatrixResults:
        """Return the part that other programs may rely on; the same for the same version."""
        return KillMatrixResults(1, "kill-matrix", self.bugs, self.costs, self.sound, self.missing)

    def run_facts(self) -> KillMatrixRun:
        """Return the time of this run and its machine: what may differ the next time."""
        return KillMatrixRun(__version__, round(self.elapsed, 3), self.work, os.cpu_count())

    def table(self) -> pandas.DataFrame:
        """Return a row per bug and engine: violated properties, after how many of a unit, length, length when cut down."""
        import pandas

        rows = [
            {"bug": name, "engine": engine, "cut": None, **msgspec.structs.asdict(found)}
            for name, row in self.bugs.items()
            for engine, found in (("explore", row.explore), ("stateful", row.stateful), ("simulate", row.simulate))
        ]
        columns = ["bug", "engine", "violated", "after", "unit", "length", "cut"]
        frame = pandas.DataFrame(rows, columns=columns)
        return frame.astype({"length": "Int64", "cut": "Int64"}).set_index(["bug", "engine"])

    def status(self) -> int:
        """Return the exit status.

        0: search and Hypothesis kill every bug, metrics show what only costs, and no sound design raises an alarm; 1: one of
        these is not so; 3: the run was interrupted, or a promise of a sound design was not exercised although it could be.
        """
        alive = any(not row.killed for row in self.bugs.values()) or not all(c.shown for c in self.costs.values())
        if alive or any(sound.violated for sound in self.sound):
            return 1
        return 3 if self.missing or any(sound.unmet for sound in self.sound) else 0


def kill_matrix(
    bugs: Sequence[str] = (),
    *,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    profile: str = "ci",
    progress: Progress | None = None,
) -> KillMatrix:
    """Run seeded bugs under every engine, and the sound designs under the same, which must raise no alarm.

    Arguments:
        bugs: ids of seeded bugs, such as "F27"; by default all of them, the sound designs and the failures that only cost.
        jobs: worker processes, 1 or more; by default one per processor. The results do not depend on it.
        executor: "processes" (the default), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", or a
            `concurrent.futures.Executor`, which stays open.
        out: keep finished pieces of work in the folder `out`/pieces.
        resume: True or False: whether to read the finished pieces that are there, and do only the others.
        profile: how many examples Hypothesis plays the sound designs under all usual faults together: "few" (15), "dev"
            (50), "brief" (80), "ci" (1,000) or "deep" (20,000).
        progress: a function, called after each piece of work with the number of finished pieces and the number of all.

    Returns a `KillMatrix`: `results()`, `table()`, `status()`, `html()`, `markdown()`, `write(out)`. Ctrl-C, or workers
    that are lost, return what was done until then; `missing` says how much was not.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed.
    """
    chosen = arguments.names("bugs", bugs)
    for name in chosen:
        arguments.one_of("bug", name, BUGS)
    arguments.one_of("profile", profile, PROFILES)
    arguments.called("progress", progress)
    where = pieces.setting(executor, jobs, out, resume)
    began = time.perf_counter()
    work = [("sound", name, profile) for name in designs.DESIGNS if not chosen]
    work += [("bug", name, profile) for name in chosen or BUGS]
    work += [("cost", name, profile) for name in COSTS if not chosen]
    done = pieces.perform([piece(_work, *job, facts={"work": job}) for job in work], where, progress)
    rows: dict[str, BugResult] = {}
    sound: list[SoundResult] = []
    costs: dict[str, CostResult] = {}
    for (_, name, _), found in zip(work, done.results, strict=True):
        if isinstance(found, BugResult):
            rows[name] = found
        elif isinstance(found, CostResult):
            costs[name] = found
        elif found is not None:
            sound += found
    return KillMatrix(rows, sound, costs, done.missing, time.perf_counter() - began, done.stopped, done.work)


def _work(kind: str, name: str, profile: str) -> BugResult | list[SoundResult] | CostResult:
    if kind == "cost":
        return measure_cost(COSTS[name])
    return run_bug(BUGS[name]) if kind == "bug" else run_sound_design(name, profile=profile)


# ---- bugs


def run_bug(bug: Bug) -> BugResult:
    """Run one bug under every engine."""
    world = small_worlds.small_world(*bug.world)
    crowded = larger(world)
    played = play(bug.id, crowded, bug.violates[:1])
    stateful = CutEngineResult([], played.examples, "examples", None, None)
    if (violation := played.violation) is not None:
        stateful.violated = [violation.name]
        stateful.length = len(violation.moves)
        stateful.cut = len(cut_down(bug.id, crowded, violation))
    return bug_result(bug, _explore(bug, world), stateful, _simulate(bug))


def bug_result(bug: Bug, explore: EngineResult, stateful: CutEngineResult, simulate: CutEngineResult) -> BugResult:
    """Return what the engines found with a bug, and whether that kills it."""
    return BugResult(
        failure=bug.failure,
        base=bug.base,
        world=str(small_worlds.small_world(*bug.world)),
        expected=list(bug.violates),
        killed=set(bug.violates) <= set(explore.violated) and bug.violates[0] in stateful.violated,
        explore=explore,
        stateful=stateful,
        simulate=simulate,
    )


def _explore(bug: Bug, world: SmallWorld) -> EngineResult:
    found = verification.explore_one(bug.id, world)
    if found.ending == "interrupted":  # a search handles Ctrl-C, and so does this study
        raise Interrupted
    counterexamples = {name: example for name, (_, example, _) in found.findings.items() if example is not None}
    first = counterexamples.get(bug.violates[0])
    length = None
    if first is not None:
        # Of a livelock the cycle counts; elsewhere the violation has happened before the cycle.
        length = first.length if PROPERTIES[bug.violates[0]].endless else len(first.moves)
    return EngineResult(sorted(counterexamples), found.states, "states", length)


def _simulate(bug: Bug) -> CutEngineResult:
    """Simulate runs until one violates the first property that the bug must violate.

    There is no length for a livelock, and for one that is too long to be cut down.
    """
    wanted = bug.violates[0]
    for run in range(1, RUNS + 1):
        violated, _ = simulate_stress(bug.id, run, bug.world[2])
        if wanted in violated:
            moves = RecordedMoves()  # this run again: to record the moves of every run would take longer
            simulate_stress(bug.id, run, bug.world[2], moves)
            long = PROPERTIES[wanted].endless is not None and len(moves.made) > ENDLESS_MOVES
            found = None if long else minimise_run(moves.header, moves.made, wanted)
            before, after = (None, None) if found is None else (found.before, len(found.moves))
            return CutEngineResult(sorted(violated), run, "runs", before, after)
    return CutEngineResult([], RUNS, "runs", None, None)


# ---- the stress scenario


def stress_scenario(design: str, kinds: Sequence[str] = ()) -> Scenario:
    """Return the stress scenario with the parameters that a design is searched with, and with further kinds of fault."""
    tables = {name: dict(value) if isinstance(value, dict) else value for name, value in STRESS.items()}
    tables["model"] = {}
    for kind in kinds:
        for name, more in RARER.get(kind, {}).items():
            tables[name].update(more)
    differing = lookup.get(design).parameters.differing_from(designs.Parameters())
    changed = {name: f"{value:g}s" if isinstance(value, float) else value for name, value in differing.items()}
    return Scenario.model_validate({**tables, "model": {**changed, **tables["model"], "poll_interval": "60s"}})


def simulate_stress(
    design: str, seed: int, kinds: Sequence[str] = (), recorder: RecordedMoves | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Simulate one run of the stress scenario: what each violated property says first, and the faults that were configured."""
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
            deployment=deployed(scenario.deployment.kind),
        )
    run = simulate_design(design, scenario, traffic, plan, seed, recorder=recorder)
    violated = {name: result.examples[0] for name, result in run.properties.items() if result.verdict == "violated"}
    return violated, plan.configured


def _member_leaves_and_joins() -> Iterator[tuple[float, str, int, int]]:
    """Yield a change every 40 seconds: user 2 leaves and joins conversation 3, the group."""
    for number, at in enumerate(range(60, 1700, 40), 1):
        yield float(at), "remove" if number % 2 else "add", 3, 2


class RecordedMoves:
    """The moves of a simulated run, and the header that says in what it was made."""

    def __init__(self) -> None:
        self.header = Header(schema=1, kind="moves")
        self.made: list[Move] = []

    def observation(self, observation: Observation) -> None: ...

    def move(self, move: Move) -> None:
        self.made.append(move)


# ---- sound designs


def run_sound_design(design: str, runs: int = SOUND_RUNS, profile: str = "ci") -> list[SoundResult]:
    """Run a sound design under Hypothesis and the simulator.

    Hypothesis has each kind of fault alone, the rarer ones in pairs, and the usual ones together, of which `profile` says
    how many examples; the simulator has `runs` runs of the stress scenario, without and with rarer faults.
    """
    alone = [(), *[(kind,) for kind in small_worlds.KINDS]]
    pairs = [pair for pair in combinations(COMBINED, 2) if set(pair) != EXCLUSIVE]
    pairs += [(change, aspect) for aspect in small_worlds.ASPECTS for change in small_worlds.CHANGES]
    together = small_worlds.small_world("three-devices", 3, small_worlds.TOGETHER)
    met: set[str] = set()
    found = [
        _play_sound_design(design, small_worlds.small_world("three-devices", 2, kinds), each, met)
        for each, chosen in (("brief", alone), ("few", pairs))
        for kinds in chosen
    ]
    found.append(_play_sound_design(design, together, profile, met))
    for row in found:  # one world that met the evidence is enough
        row.unmet = [name for name in row.unmet if name not in met]
    found.append(_stress_sound_design(design, runs, "the stress scenario", lambda run: ()))
    # Each choice of one or two rarer faults in turn, since promises are made under few of them at once.
    choices = [kinds for size in (1, 2) for kinds in combinations((*RARER, "membership"), size)]
    found.append(
        _stress_sound_design(
            design, runs, "the stress scenario and rarer faults", lambda run: choices[run % len(choices)]
        )
    )
    return found


def _play_sound_design(design: str, world: SmallWorld, profile: str, met: set[str]) -> SoundResult:
    """Play one world of a sound design; add the promised properties whose evidence was met to `met`."""
    played = play(design, world, profile=profile)
    met.update(name for name in promised(design, world) if played.violation is None and name not in played.unmet)
    violation = played.violation
    violated, says = ([], "") if violation is None else ([violation.name], violation.says)
    unmet = [name for name in played.unmet if not lacking(PROPERTIES[name], small_worlds.given(design, world))]
    return SoundResult(design, "stateful", str(world), played.examples, violated, says, unmet)


def _stress_sound_design(design: str, runs: int, title: str, kinds: Callable[[int], Sequence[str]]) -> SoundResult:
    """Simulate runs of a sound design; a promise that is broken under faults that it covers is an alarm."""
    promises = lookup.get(design).promises
    broken: dict[str, str] = {}
    for run in range(1, runs + 1):
        violated, configured = simulate_stress(design, run, kinds(run))
        broken |= {
            name: f"{says} (seed {run})"
            for name, says in violated.items()
            if name in promises and set(configured) <= set(promises[name])
        }
    return SoundResult(design, "simulate", title, runs, list(broken), next(iter(broken.values()), ""))


# ---- what only costs


def measure_cost(cost: Cost) -> CostResult:
    """Simulate the sound and the costly design once on the same traffic, and return their metrics to six digits."""
    scenario = load(cost.scenario) if isinstance(cost.scenario, str) else Scenario.model_validate(cost.scenario)
    traffic = workload.generate(scenario, 1)
    plan = fault_plan.plan(scenario, traffic, 1)
    sound, costly = (
        simulate_design(d, scenario, traffic, plan, 1).metrics[cost.metric] for d in (cost.sound, cost.design)
    )
    return cost_result(cost, float(f"{sound:.6g}"), float(f"{costly:.6g}"))


def cost_result(cost: Cost, sound: float, costly: float) -> CostResult:
    """Return the metrics of both designs, and whether they differ by the factor that the failure's record asks for."""
    return CostResult(
        failure=cost.failure,
        metric=cost.metric,
        sound=CostSide(cost.sound.name, sound),
        costly=CostSide(cost.design.name, costly),
        shown=costly >= cost.times * sound,
    )
