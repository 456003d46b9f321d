"""Keep finished runs on disk: one small file each, named by a digest of everything that decides its contents.

A file is complete or missing (it is written under another name, then moved into place), and has a checksum of its contents; a
run whose file does not match is made again. Different sweeps, and different versions of the model, can share a folder: their
runs have different names.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from syncproof import _version
from syncproof._version import __version__
from syncproof.designs import load as own
from syncproof.engines.simulate import RunResult
from syncproof.errors import InputError
from syncproof.inputs.scenario import Scenario
from syncproof.studies.jobs import Job

SCHEMA = 3
Record = dict[str, Any]
"""A run as it is kept: `metrics` (null for one without a finite value), `endless` (those that are infinite), `histograms`,
`properties`, `faults_fired`, `messages`, `deliveries`."""


@dataclass(frozen=True)
class Task:
    """Hold a job and the digest under which its run is kept. It is small, picklable, and safe to run twice."""

    job: Job
    key: str


def work(task: Task) -> Record:
    """Make one run in this process. Raises `InputError` if its sources, trace or design differ from those of the digest."""
    if key(task.job) != task.key:
        raise InputError(
            f"a worker has another syncproof, trace or design than this process: {task.job.design}, run {task.job.run}; "
            "allowed: the same files on every worker"
        )
    return record(task.job.work())


def record(result: RunResult) -> Record:
    """Return what a sweep keeps of a run."""
    return {
        "metrics": {name: value if math.isfinite(value) else None for name, value in result.metrics.items()},
        "endless": [name for name, value in result.metrics.items() if math.isinf(value)],
        "properties": {
            name: {
                "verdict": found.verdict,
                "promised": found.promised,
                "violations": found.violations,
                "examples": found.examples[:1],
                "why": found.why,
                "met": found.met,
                "exercised": found.exercised,
            }
            for name, found in result.properties.items()
        },
        "histograms": {name: found.plain() for name, found in result.histograms.items()},
        "faults_fired": result.faults_fired,
        "messages": result.messages,
        "deliveries": result.deliveries,
    }


# ---- names


def key(job: Job) -> str:
    """Return 64 hex digits of everything that decides the run's result."""
    parts = {
        "syncproof": __version__,
        "sources": sources(),
        "scenario": _scenario(job.scenario),
        "design": job.design,
        "design_source": own.digest(job.design) if ".py:" in job.design else None,
        "run": job.run,
        "seed": job.seed,
        "trace": None if job.trace is None else _digest_of(job.trace),
        "take": job.take,
        "messages": job.messages,
        "check_every_call": job.check_every_call,
    }
    return hashlib.sha256(_canonical(parts)).hexdigest()


@cache
def sources() -> str:
    """Return a digest of the package's sources without the command line and the reports, which decide no result."""
    root = Path(_version.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda p: p.relative_to(root).as_posix()):
        place = path.relative_to(root)
        if place.parts[0] not in ("cli", "__main__.py", "pytest_plugin.py", "report"):
            digest.update(f"{place.as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _scenario(scenario: Scenario) -> str:
    """Return the scenario as JSON without what changes no run, and without runs and seed, which the job has itself."""
    return scenario.model_dump_json(exclude={"title", "shows", "runs", "seed", "size"})


@cache
def _digest_of(file: str) -> str:
    """Return the digest of a file; it is read once per process."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


# ---- files


class Store:
    """Keep finished runs in a folder; without a folder keep nothing. `spoilt` counts damaged files."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.spoilt = 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"{folder}: cannot be made: {error.strerror or error}; allowed: a folder") from None

    def read(self, name: str) -> Record | None:
        """Return the run of this digest, or None if its file is missing or damaged."""
        if self.folder is None:
            return None
        try:
            text = (self.folder / f"{name}.json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = json.loads(text)
            kept: Record = found["record"]
            sound = (found["schema"], found["key"], found["sum"]) == (SCHEMA, name, _sum(kept))
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            self.spoilt += 1
            return None
        return kept

    def write(self, name: str, kept: Record) -> None:
        """Keep a run. Raises `InputError` if the folder cannot be written."""
        if self.folder is None:
            return
        whole = {"schema": SCHEMA, "key": name, "sum": _sum(kept), "record": kept}
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()
        try:
            handle, path = tempfile.mkstemp(prefix=f".{name[:16]}.", suffix=".part", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text)
                os.replace(path, self.folder / f"{name}.json")
            except BaseException:
                Path(path).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written: {error.strerror or error}") from None


def _sum(kept: Record) -> str:
    return hashlib.sha256(_canonical(kept)).hexdigest()
