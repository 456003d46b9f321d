"""What results.json and run.json of `sweep` hold."""

from __future__ import annotations

import msgspec

from syncproof.studies.results.common import FaultName, Interval, MetricName, PropertyName, ScenarioKey, WorkDone


class VariedKey(msgspec.Struct):
    """Hold one varied key."""

    key: str
    """the scenario's key"""
    values: list[int | float | bool | str]
    """its values; durations in seconds, lists and tables as JSON text"""
    given: list[str]
    """its values as they were written"""
    unit: str
    """`s` for durations, else empty"""


class PointMetric(Interval, kw_only=True):
    """Hold a metric over the runs of one design at one point."""

    unit: str
    """unit of the metric"""


class PointViolation(msgspec.Struct):
    """Hold a property that a design violated at one point."""

    promised: bool
    """whether the design promises it under the faults of this point"""
    violations: int
    """how many, over the runs"""
    example: str
    """the first violation in words, and its run"""


class SweepPoint(msgspec.Struct):
    """Hold what a sweep found of one design at one point."""

    at: dict[ScenarioKey, int | float | bool | str]
    """value of each varied key"""
    design: str
    """the design"""
    runs: int
    """runs that there are"""
    messages: list[int]
    """accepted messages of each run"""
    deliveries: list[int]
    """first showings of each run"""
    metrics: dict[MetricName, PointMetric]
    """every metric"""
    violated: dict[PropertyName, PointViolation]
    """every violated property"""
    promised_unknown: list[str]
    """promised properties that could not be judged"""


class CrossingResult(msgspec.Struct):
    """Hold one place where two designs change places in a metric."""

    lower_before: str
    """the design with the smaller mean before"""
    lower_after: str
    """the design with the smaller mean after"""
    value: float
    """where the lines through the means meet"""
    low: float
    """the last point where the designs differ before it"""
    high: float
    """the first point where the designs differ after it"""
    certainty: str
    """`clear`, `within noise` or `single run`"""


class MissingRun(msgspec.Struct):
    """Hold one run that was not made."""

    at: dict[ScenarioKey, int | float | bool | str]
    """value of each varied key"""
    design: str
    """the design"""
    run: int
    """number of the run"""


class SweepResults(msgspec.Struct):
    """Hold the results.json of `sweep`."""

    schema: int
    """version of this table"""
    command: str
    """`sweep`"""
    scenario: str
    """name of the scenario"""
    seed: int
    """the first seed"""
    runs: int
    """runs per design and point"""
    trace: str | None
    """file name of the trace, or null"""
    take_s: float | None
    """how many seconds of the trace, or null"""
    vary: list[VariedKey]
    """every varied key"""
    designs: list[str]
    """every design"""
    metrics: list[str]
    """metrics that the report shows"""
    points: list[SweepPoint]
    """every design at every point"""
    crossings: dict[MetricName, list[CrossingResult]]
    """places where two designs change places; empty unless one key is varied, with numbers"""
    faults_fired: dict[FaultName, int]
    """how often each configured fault happened, over all points, designs and runs"""
    warnings: list[str]
    """faults that were configured and never happened"""
    missing: list[MissingRun]
    """runs that were not made"""


class SweepRun(msgspec.Struct):
    """Hold the run.json of `sweep`."""

    elapsed_s: float
    """seconds, in all"""
    work: WorkDone
    """where the runs were made"""
    points: int
    """points of the sweep"""
    python: str
    """version of Python"""
    platform: str
    """the machine's"""
    processors: int | None
    """how many the machine has"""
