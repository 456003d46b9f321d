"""What came of driving: of one script on one target, and of all of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from syncproof._version import __version__
from syncproof.properties import PROPERTIES
from syncproof.studies.drive.subjects import Subject
from syncproof.studies.intervals import wilson
from syncproof.studies.presentation import Presentable
from syncproof.studies.results.common import NO_WORK, WorkDone
from syncproof.studies.results.drive import DriveCell, DriveResults, DriveRun, DriveRuns, DriveSearch
from syncproof.studies.script_agreement import Agreement, Chance, Seen, agreement, chances, projected
from syncproof.studies.script_search import Predicted


@dataclass
class ScriptOutcome:
    """What came of one script on one target.

    `seen`: what each run says; `verdicts`: the worst verdict of each property; `examples`: the first violation of each.
    `predicted`: what the search of the script says. `why`: why it was not driven.
    """

    target: str
    script: str
    design: str
    seen: list[Seen] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    promised: tuple[str, ...] = ()
    examples: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    predicted: Predicted | None = None
    unwitnessed: tuple[str, ...] = ()
    why: str = ""
    pushes: bool = True
    """Whether the server tells devices of what is new; else they look at any moment."""
    deliberate: bool = False
    """The script itself makes the devices wrong: nothing is promised then."""
    elapsed: float = 0.0
    observations: int = 0

    @property
    def runs(self) -> int:
        """Return how often the script ran."""
        return len(self.seen)

    @property
    def observed(self) -> dict[str, int]:
        """Return in how many runs each property was violated; those of none left out."""
        counted = {name: sum(name in seen.violated for seen in self.seen) for name in PROPERTIES}
        return {name: count for name, count in counted.items() if count}

    @property
    def broken(self) -> list[str]:
        """Return the properties that the runs violated."""
        return list(self.observed)

    @property
    def chances(self) -> dict[str, Chance]:
        """Return of each property that is compared whether every end of the search violates it, some do, or none."""
        found = {} if self.predicted is None else chances(self.seen, self.predicted)
        return {name: found[name] for name in PROPERTIES if name in found}

    @property
    def expected(self) -> list[str]:
        """Return the properties that some end of the search violates, of those that are compared."""
        return [name for name, chance in self.chances.items() if chance != "never"]

    @property
    def outcomes(self) -> list[list[str]]:
        """Return the sets of properties that the ends of the search violate, of those that are compared."""
        if self.predicted is None:
            return []
        sets = projected(self.predicted.outcomes, frozenset(self.chances))
        return sorted([[name for name in PROPERTIES if name in each] for each in sets], key=lambda s: (len(s), s))

    @property
    def agreement(self) -> Agreement:
        """Return how the runs and the search compare."""
        if self.why or self.predicted is None:
            return "not driven"
        return agreement(self.seen, self.predicted)

    @property
    def broken_promises(self) -> list[str]:
        """Return the promised properties that the runs violated."""
        return [name for name in self.broken if name in self.promised]

    @property
    def unknown_promises(self) -> list[str]:
        """Return the promised properties that the histories should decide and do not."""
        return [name for name in self.promised if self.verdicts.get(name) == "unknown" and name in self.reasons]

    def rate(self, name: str) -> tuple[float, float]:
        """Return the interval of the share of runs that violate a property."""
        return wilson(self.observed.get(name, 0), self.runs)

    def result(self) -> DriveCell:
        """Return the cell as results.json has it."""
        rates = {name: [round(end, 3) for end in self.rate(name)] for name in self.broken}
        alike = Counter(self.seen)
        sets = [DriveRuns(named(s.violated), named(s.judged), count) for s, count in alike.items()]
        searched = DriveSearch(
            self.outcomes,
            0 if self.predicted is None else self.predicted.messages,
            self.predicted is not None and self.predicted.complete,
        )
        return DriveCell(
            self.target, self.script, self.design, self.agreement, self.runs, self.observed, rates, self.expected,
            self.broken_promises, self.unknown_promises, list(self.unwitnessed), self.verdicts, dict(self.chances),
            self.examples, self.why, sets, searched,
        )  # fmt: skip


def named(names: Iterable[str]) -> list[str]:
    """Return names of properties in the order of the properties."""
    return [name for name in PROPERTIES if name in set(names)]


@dataclass(repr=False)
class Driven(Presentable):
    """Hold what driving found. `results()` is results.json; `run_facts()` is run.json (times, never repeatable)."""

    page = "drive"

    asked: tuple[str, ...]
    subjects: list[Subject]
    cells: list[ScriptOutcome]
    elapsed: float = 0.0
    missing: dict[str, str] = field(default_factory=dict)
    """Targets that cannot run here, and why."""
    stopped: str = ""
    """Why runs are missing; empty if none are."""
    work: WorkDone = NO_WORK

    def results(self) -> DriveResults:
        """Return the part that other programs may rely on."""
        return DriveResults(2, "drive", [cell.result() for cell in self.cells], self.missing, self.versions)

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of each server that says one."""
        return {subject.name: subject.version for subject in self.subjects if subject.version}

    def run_facts(self) -> DriveRun:
        """Return the times of this run and its machine: what may differ the next time."""
        times = {f"{cell.target} {cell.script}": round(cell.elapsed, 3) for cell in self.cells if cell.runs}
        return DriveRun(__version__, round(self.elapsed, 3), self.work, os.cpu_count(), times)

    def status(self) -> int:
        """Return the exit status.

        0: every promised property that a target can witness holds; 1: one is violated; 3: one is unknown, or nothing was
        driven, or not all was.
        """
        if any(cell.broken_promises for cell in self.cells):
            return 1
        driven = [cell for cell in self.cells if cell.runs]
        return 3 if self.stopped or not driven or any(cell.unknown_promises for cell in driven) else 0
