"""What results.json and run.json of `verify` hold."""

from __future__ import annotations

import msgspec

from syncproof.studies.results.common import (
    ClaimId,
    ClaimResult,
    DesignName,
    MoveName,
    PropertyName,
    SearchName,
    Situation,
    WorkDone,
)


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
    work: WorkDone
    """where the searches were made"""
    states: int
    """states over all designs and worlds"""
    states_per_worker_second: int | None
    """their rate"""
    bytes_per_state: int | None
    """bytes of memory a state takes"""
    peak_memory_mib: int | None
    """memory of the largest process; null where the platform does not tell"""
