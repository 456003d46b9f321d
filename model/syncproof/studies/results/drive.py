"""What results.json and run.json of `drive` hold."""

from __future__ import annotations

import msgspec

from syncproof.studies.results.common import PropertyName, WorkDone


class DriveRuns(msgspec.Struct):
    """Hold what runs that say the same say."""

    violated: list[PropertyName]
    """properties that each of them violated"""
    judged: list[PropertyName]
    """properties that the history of each of them decides"""
    runs: int
    """how many they are"""


class DriveSearch(msgspec.Struct):
    """Hold what the search of a script says."""

    outcomes: list[list[PropertyName]]
    """sets of properties that its ends violate, each once, of those that are compared"""
    messages: int
    """messages of each `Send` with which every run was followed to its end; 0: runs were drawn"""
    complete: bool
    """whether every end is known of all sizes that were searched"""


class DriveCell(msgspec.Struct):
    """Hold what came of one script on one target."""

    target: str
    """name of the target"""
    script: str
    """name of the script"""
    design: str
    """the design that it is held against"""
    agreement: str
    """`agrees`, `possible, not seen`, `another set`, `disagrees`, `not predicted` or `not driven`"""
    runs: int
    """how often the script ran"""
    observed: dict[PropertyName, int]
    """violated property -> in how many runs"""
    rates: dict[PropertyName, list[float]]
    """violated property -> Wilson's 95 % interval of the share of runs that violate it"""
    predicted: list[str]
    """properties that some end of the search violates, of those that are compared"""
    broken_promises: list[str]
    """promised properties that a run violated"""
    unknown_promises: list[str]
    """promised properties that the histories should decide and do not"""
    unwitnessed: list[str]
    """properties that need observations which histories of this target do not have"""
    verdicts: dict[PropertyName, str]
    """the worst verdict of the runs"""
    chances: dict[PropertyName, str]
    """compared property -> whether `always`, for every end of the search, it is violated, or `possible`, or `never`"""
    examples: dict[PropertyName, str]
    """the first violation of each violated property"""
    why: str
    """why it was not driven; empty if it was"""
    sets: list[DriveRuns]
    """what each run says, those that say the same together"""
    search: DriveSearch
    """what the search of the script says"""


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
    work: WorkDone
    """where the scripts were run"""
    processors: int | None
    """how many the machine has"""
    times_s: dict[str, float]
    """target and script -> seconds of its runs"""
