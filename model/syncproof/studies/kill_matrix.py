"""The kill matrix: every seeded bug under every engine, and every sound design under the same, which must stay alive.

| engine | a bug is killed when | how far it goes |
|---|---|---|
| explore | the search of the bug's small world violates every property that must fall | the whole world |
| stateful | a Hypothesis example violates the first of them; with two messages more, each fault twice | `ci` profile |
| simulate | a simulated run violates the first of them | `RUNS` seeds of a storm |

What Hypothesis met is then cut down (`minimise.py`) and compared with the shortest way that the search knows. What the
simulator met is cut down as well (`excerpt.py`); its way begins earlier, before anybody is connected.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from syncproof import designs
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.counterexamples.from_recording import ENDLESS_MOVES, minimise_run
from syncproof.counterexamples.minimise import minimise
from syncproof.engines import hypothesis_machine
from syncproof.errors import InputError
from syncproof.formats.header import Header
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import lookup, small_worlds, workload
from syncproof.inputs.scenario import Scenario, load
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS, COSTS, Bug, Cost
from syncproof.studies import executors
from syncproof.studies import verify as verification
from syncproof.studies.runs import simulate_design

RUNS = 20
"""Seeds of the storm that the simulator tries with a bug."""
SOUND_RUNS = 1_000
"""Seeds of the storm that a sound design must survive."""
STORM: dict[str, Any] = {
    "title": "A storm",
    "shows": "Everything at once, in half an hour.",
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
MORE: dict[str, dict[str, Any]] = {
    "trim": {"faults": {"trims": ["9m", "18m", "25m"]}},
    "device-restore": {"faults": {"device_restores_per_day": 100.0, "device_backup_age": "3m"}},
    "server-restore": {"faults": {"server_restores": [{"backup": "8m", "at": "10m", "down": "5s"}]}},
    "reinstall": {"population": {"reinstalls": 2}},
    "recall": {"traffic": {"recalls": 0.3}},
}
"""What a storm may have besides: by kind of fault, what it adds to the scenario."""
COMBINED = (*small_worlds.RARE, "recall", "new-device", "half-open", "server-crash")
"""Kinds of fault that sound designs are played under in pairs. (A world has one newcomer, so it is new or a reinstall.)"""


@dataclass(frozen=True)
class Kill:
    """One engine's part: the properties that fell, after how many of what, and the length of the counterexample in moves.

    An engine that killed nothing has no length, and a livelock in a simulated run has none that is known.
    """

    fell: tuple[str, ...]
    after: int
    unit: str
    length: int | None = None


@dataclass(frozen=True)
class Row:
    """What became of one bug. `cut`, `excerpt`: the lengths of Hypothesis' counterexample and of the simulated run's when
    they are cut down."""

    bug: str
    explore: Kill
    stateful: Kill
    simulate: Kill
    cut: int | None
    excerpt: int | None = None

    @property
    def killed(self) -> bool:
        """Whether the search and Hypothesis killed it, by the properties that must fall."""
        falls = BUGS[self.bug].violates
        return set(falls) <= set(self.explore.fell) and falls[0] in self.stateful.fell

    @property
    def shortest(self) -> bool:
        """Whether the cut-down counterexample is as short as the search's."""
        return self.cut is not None and self.cut == self.explore.length

    @property
    def shorter(self) -> bool:
        """Whether it is even shorter: it comes from a larger world, and a search's way to a livelock is not a shortest."""
        return self.cut is not None and self.explore.length is not None and self.cut < self.explore.length


@dataclass(frozen=True)
class Alarm:
    """What one engine says of a sound design: the promises that fell, if any, after how many of what."""

    design: str
    engine: str
    world: str
    after: int
    fell: tuple[str, ...]
    says: str = ""


@dataclass(frozen=True)
class Weight:
    """What a failure that only costs does to its metric."""

    cost: str
    sound: float
    dear: float

    @property
    def shown(self) -> bool:
        """Whether the metric tells the two designs apart as it must."""
        return self.dear >= COSTS[self.cost].times * self.sound


@dataclass(frozen=True)
class Kills:
    """The whole matrix. `missing`: pieces of work that an interruption left out."""

    rows: dict[str, Row]
    sound: list[Alarm]
    costs: list[Weight] = field(default_factory=list)
    missing: int = 0
    elapsed: float = field(default=0.0, compare=False)

    def status(self) -> int:
        """0: explore and stateful kill every bug, metrics show what only costs, no sound design raises an alarm.

        3: interrupted.
        """
        alive = any(not row.killed for row in self.rows.values()) or not all(weight.shown for weight in self.costs)
        if alive or any(alarm.fell for alarm in self.sound):
            return 1
        return 3 if self.missing else 0

    def results(self) -> dict[str, Any]:
        """What other programs may rely on; the same for the same version."""
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
                    "explore": dataclasses.asdict(row.explore),
                    "stateful": dataclasses.asdict(row.stateful) | {"cut": row.cut},
                    "simulate": dataclasses.asdict(row.simulate) | {"cut": row.excerpt},
                }
                for name, row in self.rows.items()
            },
            "costs": {
                weight.cost: {
                    "failure": COSTS[weight.cost].failure,
                    "metric": COSTS[weight.cost].metric,
                    "sound": {"design": COSTS[weight.cost].sound.name, "mean": weight.sound},
                    "dear": {"design": COSTS[weight.cost].design.name, "mean": weight.dear},
                    "shown": weight.shown,
                }
                for weight in self.costs
            },
            "sound": [dataclasses.asdict(alarm) for alarm in self.sound],
            "missing": self.missing,
        }


def matrix(
    names: Sequence[str] = (),
    *,
    jobs: int | None = None,
    profile: str = "ci",
    progress: Callable[[int, int], None] | None = None,
) -> Kills:
    """Runs the bugs (default: all, and then the sound designs too) under every engine. Ctrl-C and lost workers return what is done.

    `profile`: how long Hypothesis plays the sound designs under all usual faults together (`engines.stateful.PROFILES`).
    Raises `InputError` for an unknown bug or profile.
    """
    hypothesis_machine.settings_of(profile)
    for name in names:
        if name not in BUGS:
            raise InputError(f"unknown bug {name!r}; allowed: {', '.join(BUGS)}")
    began = time.perf_counter()
    work = [("sound", name, profile) for name in designs.DESIGNS if not names]
    work += [("bug", name, profile) for name in names or BUGS]
    work += [("cost", name, profile) for name in COSTS if not names]
    done: dict[int, Any] = {}
    try:
        for index, found in executors.perform(_work, work, jobs or os.cpu_count() or 1):
            done[index] = found
            if progress is not None:
                progress(len(done), len(work))
    except (KeyboardInterrupt, BrokenExecutor):
        pass  # what is missing is told
    rows = {name: done[i] for i, (kind, name, _) in enumerate(work) if kind == "bug" and i in done}
    sound = [a for i, (kind, *_) in enumerate(work) if kind == "sound" and i in done for a in done[i]]
    costs = [done[i] for i, (kind, *_) in enumerate(work) if kind == "cost" and i in done]
    return Kills(rows, sound, costs, len(work) - len(done), time.perf_counter() - began)


def _work(job: tuple[str, str, str]) -> Row | list[Alarm] | Weight:
    kind, name, profile = job
    if kind == "cost":
        return weigh(COSTS[name])
    return hunt(BUGS[name]) if kind == "bug" else watch(name, profile=profile)


# ---- bugs


def hunt(bug: Bug) -> Row:
    """One bug under every engine."""
    shape = small_worlds.small_world(*bug.world)
    larger = dataclasses.replace(shape, messages=shape.messages + hypothesis_machine.MORE)
    played, examples = hypothesis_machine.count(bug.id, larger, bug.violates[:1])
    shortened = None
    if played is not None:
        system, _, environment = small_worlds.build(bug.id, larger, hypothesis_machine.BUDGET)
        shortened = len(minimise(system, environment, played.moves, bug.violates[0]))
    found = Kill((), examples, "examples")
    if played is not None:
        found = Kill((played.name,), examples, "examples", len(played.moves))
    simulated, excerpt = _simulated(bug)
    return Row(bug.id, _explored(bug, shape), found, simulated, shortened, excerpt)


def _explored(bug: Bug, shape: SmallWorld) -> Kill:
    found = verification.explore_one(bug.id, shape)
    ways = {name: way for name, (_, way, _) in found.findings.items() if way is not None}
    first = ways.get(bug.violates[0])
    length = None
    if first is not None:
        # A livelock is its cycle; anything else has happened before what is left goes round for ever.
        length = first.length if PROPERTIES[bug.violates[0]].endless else len(first.moves)
    return Kill(tuple(sorted(ways)), found.states, "states", length)


def storm(design: str, kinds: Sequence[str] = ()) -> Scenario:
    """The storm with the parameters that a design is searched with, and with these kinds of fault besides."""
    tables = {name: dict(value) if isinstance(value, dict) else value for name, value in STORM.items()}
    for kind in kinds:
        for name, more in MORE.get(kind, {}).items():
            tables[name].update(more)
    wanted = lookup.get(design).parameters
    plain = designs.Parameters()
    names = [name for name in wanted.__struct_fields__ if getattr(wanted, name) != getattr(plain, name)]
    changed = {name: getattr(wanted, name) for name in names}
    return Scenario.model_validate({**tables, "model": {**changed, "poll_interval": "60s"}})


def blow(
    design: str, seed: int, kinds: Sequence[str] = (), recorder: Moves | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """One run of the storm: the properties that fell, each with what it said, and the faults that came."""
    scenario = storm(design, kinds)
    traffic = workload.generate(scenario, seed)
    if "membership" in kinds:
        changes = [(at, "remove" if n % 2 else "add", 3, 2) for n, at in enumerate(range(60, 1700, 40), 1)]
        traffic = dataclasses.replace(traffic, changes=[(float(at), what, c, user) for at, what, c, user in changes])
    plan = faults.plan(scenario, traffic, seed)
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
    fell = {name: result.examples[0] for name, result in run.properties.items() if result.verdict == "violated"}
    return fell, plan.configured


class Moves:
    """Keeps the moves of a run, and what it was made in."""

    def __init__(self) -> None:
        self.header = Header(schema=1, kind="moves")
        self.made: list[Move] = []

    def observation(self, observation: Observation) -> None: ...

    def move(self, move: Move) -> None:
        self.made.append(move)


def _simulated(bug: Bug) -> tuple[Kill, int | None]:
    """What the simulator met, and the moves of that when it is cut down."""
    wanted = bug.violates[0]
    for run in range(1, RUNS + 1):
        fell, _ = blow(bug.id, run, bug.world[2])
        if wanted in fell:
            moves = Moves()  # once more, since writing down every run's moves would take longer
            blow(bug.id, run, bug.world[2], moves)
            long = PROPERTIES[wanted].endless is not None and len(moves.made) > ENDLESS_MOVES
            found = None if long else minimise_run(moves.header, moves.made, wanted)
            before, after = (None, None) if found is None else (found.before, len(found.moves))
            return Kill(tuple(sorted(fell)), run, "runs", before), after
    return Kill((), RUNS, "runs"), None


# ---- sound designs


def watch(design: str, runs: int = SOUND_RUNS, profile: str = "ci") -> list[Alarm]:
    """A sound design under the same engines: each kind of fault alone, the rarer ones in pairs, the usual ones together, and
    the storm. `profile`: how many examples the usual ones together are played."""
    alarms = []
    pairs = [pair for pair in combinations(COMBINED, 2) if set(pair) != {"new-device", "reinstall"}]
    for some in [(), *[(kind,) for kind in small_worlds.KINDS], *pairs, small_worlds.TOGETHER]:
        shape = small_worlds.small_world("three-devices", 3 if some == small_worlds.TOGETHER else 2, some)
        met, examples = hypothesis_machine.count(
            design, shape, profile=profile if some == small_worlds.TOGETHER else "brief"
        )
        fell = () if met is None else (met.name,)
        alarms.append(Alarm(design, "stateful", str(shape), examples, fell, "" if met is None else met.says))
    alarms.append(_weathered(design, runs, "the storm", lambda run: ()))
    # Every choice of the rarer faults in turn: promises are made under few of them at once.
    choices = [kinds for size in (1, 2) for kinds in combinations((*MORE, "membership"), size)]
    alarms.append(_weathered(design, runs, "the storm and rarer faults", lambda run: choices[run % len(choices)]))
    return alarms


def _weathered(design: str, runs: int, title: str, kinds: Callable[[int], Sequence[str]]) -> Alarm:
    """Simulated runs of a sound design; a promise that falls under faults that it covers is an alarm."""
    promises = lookup.get(design).promises
    broken: dict[str, str] = {}
    for run in range(1, runs + 1):
        fallen, configured = blow(design, run, kinds(run))
        broken |= {
            n: f"{says} (seed {run})"
            for n, says in fallen.items()
            if n in promises and set(configured) <= set(promises[n])
        }
    return Alarm(design, "simulate", title, runs, tuple(broken), next(iter(broken.values()), ""))


# ---- what only costs


def weigh(cost: Cost) -> Weight:
    """One simulated run of each of the two designs on the same traffic."""
    scenario = load(cost.scenario) if isinstance(cost.scenario, str) else Scenario.model_validate(cost.scenario)
    traffic = workload.generate(scenario, 1)
    plan = faults.plan(scenario, traffic, 1)
    sound, dear = (
        simulate_design(d, scenario, traffic, plan, 1).metrics[cost.metric] for d in (cost.sound, cost.design)
    )
    return Weight(cost.id, float(f"{sound:.6g}"), float(f"{dear:.6g}"))
