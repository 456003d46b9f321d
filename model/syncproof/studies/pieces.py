"""Do the pieces of a study: independent calls, on any executor, each result kept on disk when it is there.

`compare`, `sweep`, `verify`, `kill-matrix`, `size` and `drive` are lists of pieces, and reports made of the results in the order
of the pieces. So a report depends neither on the executor, nor on the number of workers, nor on which of the pieces were read
from an interrupted call.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from syncproof import _version
from syncproof._version import __version__
from syncproof.designs import load as own
from syncproof.engines.memory import available_memory
from syncproof.errors import InputError, Interrupted, from_outside
from syncproof.inputs import arguments, lookup, own_properties
from syncproof.studies import executors
from syncproof.studies.executors import Opening, Progress
from syncproof.studies.failures import Failures
from syncproof.studies.journal import FOLDER, MISSING, Journal
from syncproof.studies.results.common import NO_WORK, WorkDone

Result = TypeVar("Result")
PROCESSES = "processes"
INTERRUPTED = "interrupted"
LOST = "workers were lost again and again, as happens when memory runs out; fewer --jobs leave more for each"


@dataclass(frozen=True)
class Piece(Generic[Result]):
    """Describe one call that a study is made of. It is small, picklable, and safe to run twice.

    `facts`: what decides the result beside the function, as JSON has it. `design`: the design whose code it runs; empty for
    none. `files`: files that it reads. `repeatable`: whether another call gives the same result; that of a real server does
    not. `properties`: those of one's own that are judged, as `FILE.py:NAME`, and ready abstract machines by their names.
    `key`: 64 hex digits of everything that decides the result; empty: not kept.
    """

    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    facts: Mapping[str, object]
    design: str = ""
    files: tuple[str, ...] = ()
    repeatable: bool = True
    properties: tuple[str, ...] = ()
    key: str = ""


def piece(
    function: Callable[..., Result],
    *arguments: Any,
    facts: Mapping[str, object],
    design: str = "",
    files: Sequence[str] = (),
    repeatable: bool = True,
    kept: bool = True,
) -> Piece[Result]:
    """Return a piece. It is not `kept` where it leaves something else behind, or its design is known to this process only."""
    found = Piece(function, arguments, facts, design, tuple(files), repeatable, own_properties.files())
    return found if not kept or design in lookup.OWN else replace(found, key=_key(found))


@dataclass(frozen=True)
class Setting:
    """Say where pieces are done, and where they are kept.

    `workers`: how many processes at once, and `workers_why`: why fewer than processors; `executor`: its name, for run.json.
    """

    workers: int = 1
    workers_why: str = ""
    opening: Opening | None = None
    executor: str = PROCESSES
    journal: Journal = field(default_factory=Journal)


@dataclass
class Done(Generic[Result]):
    """Hold the results of pieces, in the order of the pieces; None for those that are missing.

    `error`: what ended the work early, if anything did; `work`: where the work was done.
    """

    results: list[Result | None]
    error: KeyboardInterrupt | BrokenExecutor | None = None
    work: WorkDone = NO_WORK

    @property
    def stopped(self) -> str:
        """Return why the work ended early, in words; empty if it did not."""
        if self.error is None:
            return ""
        return INTERRUPTED if isinstance(self.error, KeyboardInterrupt) else LOST

    @property
    def missing(self) -> int:
        """Return how many results are missing."""
        return self.results.count(None)


def setting(
    executor: str | Executor | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    designs: Sequence[str] = (),
    memory: int = 0,
) -> Setting:
    """Return the setting that the arguments of a study describe.

    `designs`: names of the designs whose code runs. `memory`: bytes that a piece takes at most, or about; without `jobs` there
    are no more processes than have that much.

    Raises `InputError` for an argument that is not allowed, and if designs were given as objects, which only this process
    knows, but other processes need them.
    """
    arguments.whole("jobs", jobs, least=1)
    arguments.flag("resume", resume)
    folder = None if out is None else arguments.file("out", out)
    if resume and folder is None:
        raise InputError("resume: goes with out; allowed: out=FOLDER beside it")
    objects = [name for name in designs if name in lookup.OWN]
    if objects and (folder is not None or executor not in (None, PROCESSES)):
        raise InputError(
            f"{objects[0]} was given as an object, which only this process knows; put it into a file and name it "
            "FILE.py:NAME, or leave out `out` and `executor`"
        )
    journal, workers = Journal(folder and folder / FOLDER, resume), executors.workers(jobs, inherit=bool(objects))
    if executor is None or executor == PROCESSES:
        workers, why = (workers, "") if jobs else _within_memory(workers, memory)
        return Setting(workers, why, journal=journal)
    if isinstance(executor, str):
        return Setting(workers, "", executors.scheduler(executor), executor, journal)
    arguments.instance("executor", executor, Executor, "processes, the address of a Dask scheduler, or an Executor")
    return Setting(workers, "", executors.given(executor), type(executor).__name__, journal)


def roomy(where: Setting, memory: int) -> Setting:
    """Return a setting for pieces that take so many bytes each: with fewer processes of this machine, if need be.

    Also a single one is a process of its own then, so that memory that runs out takes nothing else with it.
    """
    if where.opening is not None:
        return where
    workers, why = _within_memory(where.workers, memory)
    if workers == where.workers:
        return where
    return replace(where, workers=workers, workers_why=why, opening=executors.processes)


def _within_memory(workers: int, each: int) -> tuple[int, str]:
    """Return how many of these processes memory allows, one at least, and why if they are fewer."""
    free = available_memory()
    fewer = workers if free is None or not each else max(1, min(workers, free // each))
    if fewer == workers:
        return workers, ""
    gib = [f"{amount / (1 << 30):.1f} GiB" for amount in (each, free or 0)]
    return fewer, f"{fewer} of {workers} workers, since one may take {gib[0]} and {gib[1]} of memory are free"


def perform(
    pieces: Sequence[Piece[Result]],
    where: Setting,
    progress: Progress | None = None,
    failures: Failures[Piece[Any]] | None = None,
    told: Callable[[Result], None] = lambda result: None,
    cut: Callable[[Result], bool] = lambda result: False,
) -> Done[Result]:
    """Do the pieces that the journal does not have, each once, and return the results of all. Equal pieces are one.

    Ctrl-C, or workers that are lost, end the work early. `progress` is called after each piece, and so is `told`, with its
    result, in any order. `cut`: whether Ctrl-C cut a result short; that one is returned, not kept, and ends the work.
    `failures`: collects the errors of designs, whose pieces then have no results.
    """
    done: Done[Result] = Done([None] * len(pieces))
    finished = read = 0

    def note(index: int, result: Result) -> None:
        nonlocal finished
        finished += 1
        done.results[index] = result
        told(result)
        if progress is not None:
            progress(finished, len(pieces))

    try:
        left: dict[str | int, list[int]] = {}
        for index, each in enumerate(pieces):
            kept = where.journal.read(each.key)
            if kept is not MISSING:
                read += 1
                note(index, kept)
                continue
            left.setdefault(each.key or index, []).append(index)
            if not each.repeatable:  # a result of an earlier call is none of this one
                where.journal.forget(each.key)
        places = list(left.values())
        work = [pieces[index] for index, *_ in places]
        opening = where.opening
        if opening is None and len(work) == 1 < min(len(pieces), where.workers):
            opening = executors.processes  # what is left over may be what kills its process
        for number, result in executors.perform(_work, work, where.workers, opening, failures):
            if cut(result):
                done.results[places[number][0]] = result
                raise Interrupted
            where.journal.write(work[number].key, result)
            for index in places[number]:
                note(index, result)
    except BrokenExecutor as error:
        done.error = error
    except KeyboardInterrupt as error:
        if not from_outside(error):
            raise
        done.error = error
    spoilt = where.journal.spoilt
    done.work = WorkDone(where.executor, where.workers, where.workers_why, len(pieces), read, spoilt)
    return done


def failing() -> Failures[Piece[Any]]:
    """Return what collects the errors of designs of pieces."""
    return Failures(lambda each: each.design)


def _work(each: Piece[Result]) -> Result:
    """Do one piece in this process. Raises `InputError` if its sources, files or design differ from those of its key."""
    if each.key and _key(each) != each.key:
        raise InputError(
            f"a worker has another syncproof, trace or design than this process: {each.design or each.function.__name__}; "
            "allowed: the same files on every worker"
        )
    with own_properties.judged(each.properties):
        return each.function(*each.arguments)


def _key(each: Piece[Any]) -> str:
    parts = {
        "syncproof": __version__,
        "sources": sources(),
        "function": f"{each.function.__module__}.{each.function.__qualname__}",
        "facts": each.facts,
        "design": each.design,
        "design_source": own.digest(each.design) if ".py:" in each.design else None,
        "properties": [(name, _digest_of(name.rpartition(":")[0]) if ":" in name else "") for name in each.properties],
        "files": [_digest_of(file) for file in each.files],
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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


@cache
def _digest_of(file: str) -> str:
    """Return the digest of a file; it is read once per process."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None
