"""What results.json and run.json of `kill-matrix` hold."""

from __future__ import annotations

import msgspec

from syncproof.studies.results.common import BugId, CostId, WorkDone


class EngineResult(msgspec.Struct):
    """Hold what one engine found of one seeded bug."""

    violated: list[str]
    """the properties that were violated"""
    after: int
    """after how many states, examples or runs"""
    unit: str
    """`states`, `examples` or `runs`"""
    length: int | None
    """moves of its counterexample; null where there is none"""


class CutEngineResult(EngineResult):
    """Hold what one engine found, and the length of its counterexample when it is cut down."""

    cut: int | None
    """moves of the counterexample when it is cut down; null where nothing was met, and for a livelock"""


class BugResult(msgspec.Struct):
    """Hold what was found of one seeded bug."""

    failure: str
    """what goes wrong, in a few words"""
    base: str
    """the sound design that it varies"""
    world: str
    """where the search looks for it"""
    expected: list[str]
    """the properties that must be violated"""
    killed: bool
    """whether the search met all of them, and Hypothesis the first"""
    explore: EngineResult
    """the search"""
    stateful: CutEngineResult
    """Hypothesis"""
    simulate: CutEngineResult
    """the simulator"""


class CostSide(msgspec.Struct):
    """Hold one side of a comparison of costs."""

    design: str
    """the design"""
    mean: float
    """its value of the metric"""


class CostResult(msgspec.Struct):
    """Hold what a failure that breaks no promise does to its metric."""

    failure: str
    """what goes wrong, in a few words"""
    metric: str
    """the metric that shows it"""
    sound: CostSide
    """the design that is its cure"""
    costly: CostSide
    """the design that has the failure"""
    shown: bool
    """whether the metric tells the two apart as it must"""


class SoundResult(msgspec.Struct, omit_defaults=True):
    """Hold what one engine found of a sound design."""

    design: str
    """the sound design"""
    engine: str
    """`stateful` or `simulate`"""
    world: str
    """the world, or the scenario"""
    after: int
    """examples or runs"""
    violated: list[str]
    """the promised properties that were violated; empty: no alarm"""
    says: str
    """the first violation in words"""
    unmet: list[str] = []
    """promised properties whose evidence Hypothesis could have met here and met in no world; they are unknown"""


class KillMatrixResults(msgspec.Struct):
    """Hold the results.json of `kill-matrix`."""

    schema: int
    """version of this table"""
    command: str
    """`kill-matrix`"""
    bugs: dict[BugId, BugResult]
    """every seeded bug"""
    costs: dict[CostId, CostResult]
    """every failure that breaks no promise and only costs"""
    sound: list[SoundResult]
    """every sound design under every engine"""
    missing: int
    """pieces of work that an interruption left out"""


class KillMatrixRun(msgspec.Struct):
    """Hold the run.json of `kill-matrix`."""

    version: str
    """version of syncproof"""
    elapsed_s: float
    """seconds, in all"""
    work: WorkDone
    """where the pieces were done"""
    processors: int | None
    """how many the machine has"""
