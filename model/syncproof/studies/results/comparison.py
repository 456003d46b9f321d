"""What results.json and run.json of `compare` hold."""

from __future__ import annotations

import msgspec

from syncproof.studies.results.common import (
    ClaimId,
    ClaimResult,
    DesignName,
    DeviceCount,
    FaultName,
    Interval,
    MetricName,
    OperationKind,
    PacketName,
    Pair,
    PropertyName,
    ScenarioKey,
    Situation,
    StoreName,
    WorkDone,
)


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
    """the design, or null if none keeps its promises, loses nothing and delivers at least half within 10 s"""
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
    work: WorkDone
    """where the runs were made"""
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
