"""Keep designs apart whose own code fails, so that they do not take the results of others with them."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from syncproof.designs import DESIGNS, Design
from syncproof.errors import DesignError
from syncproof.inputs import lookup

Job = TypeVar("Job")


@dataclass(frozen=True)
class Failure:
    """How a design failed, in one line, and which promises it had broken before that."""

    says: str
    broken: tuple[str, ...] = ()


@dataclass
class Failures(Generic[Job]):
    """Collect the errors of designs while jobs are done. `of`: the name of the design of a job."""

    of: Callable[[Job], str]
    met: dict[str, DesignError] = field(default_factory=dict)

    def add(self, job: Job, error: DesignError) -> None:
        """Note the error of a job's design; only the first counts."""
        self.met.setdefault(self.of(job), error)

    def has(self, job: Job) -> bool:
        """Return whether the job's design has failed."""
        return self.of(job) in self.met

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """Note what the code of this design raises, and go on."""
        try:
            yield
        except DesignError as error:
            self.met.setdefault(name, error)

    def own(self, job: Job) -> bool:
        """Return whether the job's design is one of a user's file, which any process can load."""
        name = self.of(job)
        file, at, _ = name.rpartition(":")
        return bool(at) and name not in lookup.OWN and name not in DESIGNS and Path(file).is_file()

    def in_processes(self, jobs: Sequence[Job]) -> bool:
        """Return whether the jobs need processes of their own, since a user's file may end the process that it runs in.

        Designs that only this process knows can be sent to others only by a fork.
        """
        forks = multiprocessing.get_start_method() == "fork" and threading.active_count() == 1
        return any(map(self.own, jobs)) and (forks or not any(self.of(job) in lookup.OWN for job in jobs))

    def check(self, names: Sequence[str], failed: Mapping[str, Failure] | None = None) -> None:
        """Raise the first error if every one of these designs has failed, with the promises that were broken before."""
        if self.met and all(name in self.met for name in names):
            error = next(iter(self.met.values()))
            error.broken = tuple(text for failure in (failed or {}).values() for text in failure.broken)
            raise error


def lookup_all(designs: Sequence[str | Design], failures: Failures[Any]) -> tuple[str, ...]:
    """Return the names of designs, each once, as `lookup.known` does. Those whose file fails are noted and left out.

    Raises the first error if all of them fail.
    """
    names: dict[str, None] = {}
    for design in designs:
        with failures.apart(design.name if isinstance(design, Design) else design):
            names[lookup.known(design)] = None
    if not names and failures.met:
        raise next(iter(failures.met.values()))
    return tuple(names)
