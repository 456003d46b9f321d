"""Define what results.json and run.json hold, for each study. docs/results.md is made from these classes.

The fields of a class are the keys of a JSON object, in this order. An optional field (one with a default) is left out where
its meaning does not apply. Numbers that are not known, such as a latency where nothing was delivered, are null.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

BugId = Annotated[str, msgspec.Meta(title="BUG")]
ClaimId = Annotated[str, msgspec.Meta(title="CLAIM")]
CostId = Annotated[str, msgspec.Meta(title="COST")]
DesignName = Annotated[str, msgspec.Meta(title="DESIGN")]
DeviceCount = Annotated[str, msgspec.Meta(title="VALUE")]
FaultName = Annotated[str, msgspec.Meta(title="FAULT")]
MetricName = Annotated[str, msgspec.Meta(title="METRIC")]
MoveName = Annotated[str, msgspec.Meta(title="MOVE")]
Pair = Annotated[str, msgspec.Meta(title="PAIR")]
PacketName = Annotated[str, msgspec.Meta(title="PACKET")]
OperationKind = Annotated[str, msgspec.Meta(title="KIND")]
PropertyName = Annotated[str, msgspec.Meta(title="PROPERTY")]
ScenarioKey = Annotated[str, msgspec.Meta(title="KEY")]
SearchName = Annotated[str, msgspec.Meta(title="SEARCH")]
Situation = Annotated[str, msgspec.Meta(title="SITUATION")]
StoreName = Annotated[str, msgspec.Meta(title="STORE")]


def plain(results: msgspec.Struct) -> dict[str, Any]:
    """Return results as the dictionaries, lists and values that JSON is written from."""
    found: dict[str, Any] = msgspec.to_builtins(results)
    return found


class ClaimResult(msgspec.Struct):
    """Hold what a study says of one claim."""

    says: str
    """the claim"""
    verdict: str
    """`supported`, `refuted`, `depends`, `within noise` or `unknown`"""
    evidence: str
    """the numbers or the proof behind it, and on what it depends"""


# ---- compare


class PropertyResults(msgspec.Struct, omit_defaults=True):
    """Hold a property's verdict over the runs of one design."""

    verdict: str
    """over all runs the worst counts"""
    promised: bool
    """whether the design promises it under the faults of these runs"""
    violations: int
    """how many, over all runs"""
    example: str | None = None
    """the first violation in words, and its run; left out if there is none"""
    why: str | None = None
    """why the verdict is unknown"""
    exercised: bool = True
    """false where no run had what the property's evidence takes; such an *unknown* does not count"""


class Interval(msgspec.Struct, omit_defaults=True):
    """Hold a value over runs and its 95 % interval (`studies/intervals.py` says how it is made)."""

    value: float | None
    """mean over runs; of a quantile, that of all runs' durations together"""
    low: float | None
    """lower end of the 95 % interval; null for a single run"""
    high: float | None
    """upper end of the interval; null for a single run, and where it is above everything measured"""
    beyond: bool = False
    """true where a quantile is above everything measured (so many had not ended when the run did), and with `endless` runs"""
    endless: int = 0
    """in how many runs it is infinite: what it measures, as the recovery from a burst, never came; then there is no mean"""


class Difference(msgspec.Struct):
    """Hold how much more of a metric one design has than another, taken run by run, and its 95 % interval."""

    value: float | None
    """the difference; null where one of the two has no value"""
    low: float | None
    """lower end of the 95 % interval; null for a single run"""
    high: float | None
    """upper end of the interval"""


class MetricResults(Interval, kw_only=True):
    """Hold a metric over the runs of one design."""

    unit: str
    """unit of the metric"""
    runs: list[float | None]
    """the value in each run, in turn; null where there is nothing to divide by"""


class StoreRows(msgspec.Struct):
    """Hold how many rows of one store were touched."""

    written: int
    """rows appended or put, over all runs"""
    deleted: int
    """rows deleted"""
    read: int
    """rows returned"""


class Complexity(msgspec.Struct):
    """Hold how complex a design is."""

    packet_kinds: int
    """kinds of packets that its devices and its server handle, completions and timers included"""
    handlers: int
    """their handlers"""
    lines: int
    """lines of code of its device and its server, bases included, without comments and documentation"""
    states: int
    """states of one message between two people without faults, every interleaving"""


class HotUser(msgspec.Struct):
    """Hold how entries of one busy user waited for each other in a small run."""

    design: str
    """the form of dense numbering"""
    messages_per_s: float
    """messages a second for this user"""
    batch: float
    """entries that the user's writer wrote at a time, measured"""
    closed_form: float
    """the same by the closed form"""
    sequencer_rows_per_message: float
    """rows of the sequencer per message, for all receivers"""


class Offered(msgspec.Struct):
    """Hold how many messages people write."""

    mean_messages_per_s: float
    """messages a second, mean over the time of the traffic"""
    peak_messages_per_s: float
    """messages a second when there are most: in a burst, at noon, of a trace in its busiest minute"""


class Turning(msgspec.Struct):
    """Hold the nearest change of a scenario key that turns the recommendation."""

    key: str
    """the key"""
    value: str
    """the nearest of the tried values that turns it"""
    recommended: str
    """what is recommended there"""


class Recommendation(msgspec.Struct):
    """Hold which design to choose in this scenario (`studies/recommendation.py` has the rule)."""

    front: list[str]
    """designs of which no other is clearly better in one of rows, packets, late share and losses, and clearly worse in none"""
    recommended: str | None
    """the design, or null if none keeps its promises and loses nothing"""
    why: str
    """the reason in numbers"""
    turned_by: list[Turning]
    """for each key that the small runs vary, the nearest value that turns it"""
    tried: dict[ScenarioKey, list[str]]
    """the values that the small runs tried"""
    with_history: str | None = None
    """if the recommended design keeps no history for devices that are added later: the one to choose of those that do"""
    why_with_history: str = ""
    """its numbers"""


class DesignComparison(msgspec.Struct, omit_defaults=True):
    """Hold what a comparison found of one design."""

    properties: dict[PropertyName, PropertyResults]
    """every property"""
    metrics: dict[MetricName, MetricResults]
    """every metric"""
    rows: dict[StoreName, StoreRows]
    """rows by store"""
    packets: dict[PacketName, int]
    """packets of this class on the wire, over all runs"""
    deliveries: int
    """first showings, over all runs"""
    storage_s: dict[OperationKind, float] = {}
    """seconds that the storage station worked to write, delete and read, over all runs"""
    complexity: Complexity | None = None
    """how complex the design is; left out for a design of one's own"""
    sometimes: dict[Situation, str] = {}
    """what a design of one's own declares that some run must reach, and in how many runs it was reached"""


class SmallRun(msgspec.Struct, omit_defaults=True):
    """Hold what one small run beside a comparison found."""

    metrics: dict[MetricName, float | None]
    """value of the metric in this run"""
    violated: list[str]
    """properties that were violated in it"""
    unknown: list[str]
    """properties that could not be judged in it"""
    promised_violated: list[str]
    """those of `violated` that are promised"""
    promised_unknown: list[str]
    """those of `unknown` that are promised"""
    messages: int
    """messages it accepted"""
    not_exercised: list[str] = []
    """properties whose evidence it could not meet; they are not among the unknown ones"""


class EndpointRuns(msgspec.Struct):
    """Hold the small runs of every design along the values of one scenario key."""

    key: str
    """the scenario key that the small runs vary"""
    designs: dict[DesignName, dict[DeviceCount, SmallRun]]
    """one run of each design with each value"""


class ComparisonResults(msgspec.Struct):
    """Hold the results.json of `compare`."""

    schema: int
    """version of this table"""
    command: str
    """`compare`"""
    scenario: str
    """name of the scenario"""
    seed: int
    """the first seed; run *n* of every design draws from it and *n*"""
    runs: int
    """runs per design"""
    trace: str | None
    """file name of the trace, or null"""
    take_s: float | None
    """how many seconds of the trace, or null"""
    messages: list[int]
    """accepted messages of each run"""
    designs: dict[DesignName, DesignComparison]
    """every design"""
    sweep: EndpointRuns
    """the small runs beside the comparison"""
    losses: EndpointRuns | None
    """small runs along the share of lost pushes; null where there are no small runs"""
    polls: EndpointRuns | None
    """small runs along the interval of polls, in seconds; null where there are no small runs"""
    notifications_off: SmallRun | None
    """the first run of `timeline-notify` again, without notifications; null if that design is not compared"""
    faults_fired: dict[FaultName, int]
    """how often each configured fault happened, over all designs and runs"""
    warnings: list[str]
    """faults that were configured and never happened, designs that accepted no message"""
    differences: dict[Pair, dict[MetricName, Difference]] = {}
    """`B - A` for every two designs: how much more of each metric B has, taken run by run, since run *n* of both meets the same
    draws; an interval that contains 0 is within noise"""
    offered: Offered | None = None
    """the load: messages that people write, whatever a design does with them"""
    hot_user: list[HotUser] = []
    """how entries of one busy user wait for each other, if dense numbering is compared"""
    recommendation: Recommendation | None = None
    """which design to choose"""
    claims: dict[ClaimId, ClaimResult] = {}
    """every claim"""


class ComparisonRun(msgspec.Struct):
    """Hold the run.json of `compare`."""

    elapsed_s: float
    """seconds, in all"""
    workers: int
    """worker processes"""
    seconds: dict[DesignName, float]
    """seconds of all runs together"""
    events: dict[DesignName, int]
    """simulated events"""
    events_per_second: dict[DesignName, int]
    """their rate"""
    peak_memory_mib: int | None
    """memory of the largest process; null where the platform does not tell"""
    python: str
    """version of Python"""
    platform: str
    """the machine's"""
    processors: int | None
    """how many the machine has"""


# ---- verify


class CounterexampleText(msgspec.Struct):
    """Hold a counterexample in words."""

    says: str
    """what is violated"""
    prelude: list[str]
    """moves that bring the world to where the search begins"""
    moves: list[str]
    """moves to the violation"""
    cycle: list[str]
    """moves that repeat indefinitely, for a liveness property"""


class PropertyProof(msgspec.Struct, omit_defaults=True):
    """Hold a property's verdict over the searched worlds of one design."""

    verdict: str
    """over all worlds"""
    promise: str
    """`none`, `kept`, `broken`, `unknown` or `not judged`: judged in the worlds alone whose faults the promise covers"""
    length: int | None = None
    """moves of the counterexample: a shortest one for safety, a short one for liveness"""
    world: str | None = None
    """where the counterexample was found"""
    counterexample: CounterexampleText | None = None
    """the counterexample; left out if there is none"""
    why: str | None = None
    """why the verdict is unknown or not applicable"""
    exercised: bool = True
    """false where no world had what the property's evidence takes; such an *unknown* does not count"""


class MoveCoverage(msgspec.Struct):
    """Hold how often a kind of move was made."""

    transitions: int
    """transitions of this kind of move"""
    states: int
    """states first reached by it"""


class WorldSearched(msgspec.Struct):
    """Hold the size of the search of one world."""

    world: str
    """the world in words"""
    states: int
    """states found"""
    transitions: int
    """transitions found"""
    depth: int
    """moves of the longest shortest path"""
    complete: bool
    """whether it was searched to its end"""


class DesignProof(msgspec.Struct):
    """Hold what a verification found of one design."""

    properties: dict[PropertyName, PropertyProof]
    """every property"""
    states: int
    """states over all worlds"""
    transitions: int
    """transitions over all worlds"""
    depth: int
    """the longest shortest path of any world"""
    complete: bool
    """whether every world was searched to its end"""
    coverage: dict[MoveName, MoveCoverage]
    """every kind of move"""
    witnesses: dict[Situation, str]
    """in how many of the worlds that ask for it a situation was met"""
    worlds: list[WorldSearched]
    """every world"""


class SearchedProperty(msgspec.Struct, omit_defaults=True):
    """Hold a property's verdict in a search that was made for a claim alone."""

    verdict: str
    """over these worlds"""
    promised: bool
    """whether it is promised under the faults of all of them"""
    length: int | None = None
    """moves of a shortest counterexample, where it is violated"""
    exercised: bool = True
    """false where no world had what the property's evidence takes"""


class ClaimSearch(msgspec.Struct):
    """Hold what a search that was made for a claim alone found."""

    design: str
    """what was searched"""
    worlds: int
    """in how many worlds"""
    states: int
    """their states together"""
    properties: dict[PropertyName, SearchedProperty]
    """every property"""


class VerificationResults(msgspec.Struct):
    """Hold the results.json of `verify` and `explore`."""

    schema: int
    """version of this table"""
    command: str
    """`verify`"""
    bounds: str
    """[what was searched](explorer.md#what-bounds-contain)"""
    designs: dict[DesignName, DesignProof]
    """every design"""
    vacuous: list[str]
    """situations that a complete search never met"""
    claims: dict[ClaimId, ClaimResult]
    """the claims about correctness alone"""
    searches: dict[SearchName, ClaimSearch]
    """what was searched for a claim alone (`notifications-off`, `hint-forgotten`, `hint-forgotten-polls`)"""


class VerificationRun(msgspec.Struct):
    """Hold the run.json of `verify` and `explore`."""

    version: str
    """version of syncproof"""
    python: str
    """version of Python"""
    elapsed_s: float
    """seconds, in all"""
    jobs: int
    """worker processes"""
    states: int
    """states over all designs and worlds"""
    states_per_worker_second: int | None
    """their rate"""
    bytes_per_state: int | None
    """bytes of memory a state takes"""
    peak_memory_mib: int | None
    """memory of the largest process; null where the platform does not tell"""


# ---- sweep


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
    executor: str
    """`processes`, the address of a Dask scheduler, or the class of an executor"""
    workers: int
    """worker processes"""
    points: int
    """points of the sweep"""
    runs_in_all: int
    """runs of the sweep"""
    runs_done_now: int
    """runs made by this command"""
    runs_read: int
    """runs that an earlier command had made"""
    runs_spoilt: int
    """kept runs that were damaged, and made again"""
    python: str
    """version of Python"""
    platform: str
    """the machine's"""
    processors: int | None
    """how many the machine has"""


# ---- kill matrix


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
    processors: int | None
    """how many the machine has"""


# ---- drive


class DriveCell(msgspec.Struct):
    """Hold what came of one script on one target."""

    target: str
    """name of the target"""
    script: str
    """name of the script"""
    design: str
    """the design that it is held against"""
    agreement: str
    """`agrees`, `same loss, another set`, `not seen`, `disagrees` or `not driven`"""
    runs: int
    """how often the script ran"""
    observed: dict[PropertyName, int]
    """violated property -> in how many runs"""
    rates: dict[PropertyName, list[float]]
    """violated property -> Wilson's 95 % interval of the share of runs that violate it"""
    predicted: list[str]
    """properties that the search finds violated, of those that the runs can show"""
    broken_promises: list[str]
    """promised properties that a run violated"""
    unknown_promises: list[str]
    """promised properties that the histories should decide and do not"""
    unwitnessed: list[str]
    """properties that need observations which histories of this target do not have"""
    verdicts: dict[PropertyName, str]
    """the worst verdict of the runs"""
    searched: dict[PropertyName, str]
    """the verdict of the search"""
    examples: dict[PropertyName, str]
    """the first violation of each violated property"""
    why: str
    """why it was not driven; empty if it was"""


class DriveResults(msgspec.Struct):
    """Hold the results.json of `drive`."""

    schema: int
    """version of this table"""
    command: str
    """`drive`"""
    cells: list[DriveCell]
    """every script on every target"""
    missing: dict[str, str]
    """targets that cannot run on this machine, and why"""
    versions: dict[str, str]
    """target -> the version that its server says"""


class DriveRun(msgspec.Struct):
    """Hold the run.json of `drive`."""

    version: str
    """version of syncproof"""
    elapsed_s: float
    """seconds, in all"""
    processors: int | None
    """how many the machine has"""
    times_s: dict[str, float]
    """target and script -> seconds of its runs"""
