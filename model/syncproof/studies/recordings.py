"""Check a recorded history, replay a moves file, minimise the run of a moves file to one of its violations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

from msgspec import structs

from syncproof import designs
from syncproof.core.moves import Move, MoveError
from syncproof.core.observations import Observation
from syncproof.core.world import System
from syncproof.counterexamples.from_recording import ENDLESS_MOVES, MinimisedRun, minimise_run
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Design, Parameters
from syncproof.engines.bulk.history import check_in_bulk
from syncproof.engines.check import AfterRest, Checker, check_observations
from syncproof.engines.replay import ReplayError, replay_moves
from syncproof.errors import InputError, nearest
from syncproof.formats.header import SCHEMA, Header, recorded_outside, system_of
from syncproof.formats.history import read_batches, read_blocks, read_moves, write_history
from syncproof.formats.lint import causal
from syncproof.inputs import arguments, lookup
from syncproof.properties import PROPERTIES, own
from syncproof.properties.evidence import Given
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import told
from syncproof.properties.verdicts import PropertyResult, judge, times

SHOWN_LATE = 5
"""How many effects before their causes are told one by one."""
FORMS = (".jsonl", ".jsonl.gz", ".parquet")
"""What the name of a history may end in."""


@dataclass(frozen=True, slots=True, repr=False)
class CheckedRun:
    """Hold what a history or a replay says about each property.

    `source`: the file; `recorded`: property -> number of violations according to the file's header; `promised`: the
    properties promised in addition to the design's own promises; `observations`: their number; `quiesced`: whether the run
    came to rest; `happened`: whether any message was accepted; `given`: what the history had for the evidence of properties;
    `missing`: what the history refers to and lacks, by property; `named`: those of `promised` that were named one by one,
    which are never "not exercised"; `doubted`: why the order of the history says nothing, by property; `notes`: what else the
    reader should know, a line each: effects before their causes, observations that were moved.
    """

    source: str
    design: str
    faults: tuple[str, ...]
    parameters: Parameters
    recorded: dict[str, int]
    promised: tuple[str, ...]
    monitor: Monitor
    observations: int
    quiesced: bool
    happened: bool
    given: Given
    missing: dict[str, str]
    named: tuple[str, ...] = ()
    doubted: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def violations(self) -> dict[str, int]:
        """Return how often each property was violated; properties without a violation or in doubt are left out."""
        return {name: count for name, count in self.monitor.counts.items() if name not in self.doubted}

    def verdicts(self) -> dict[str, PropertyResult]:
        """Return a verdict for every property.

        If syncproof does not know the design, every property applies and only `promised` is promised. A property that never
        met its evidence is unknown, and so is everything if no message was accepted.
        """
        design = find_design(self.design)
        promises = dict.fromkeys(own.ADDED, self.faults) if design is None else dict(design.promised(self.parameters))
        promises.update(dict.fromkeys(self.promised, self.faults))
        not_applicable = {} if design is None else design.inapplicable
        asked = (*self.named, *[name for name in self.promised if name in self.monitor.watch.met])
        return judge(
            promises,
            not_applicable,
            self.monitor,
            self.given,
            self.quiesced,
            asked,
            happened=self.happened,
            missing=self.missing,
            doubted=self.doubted,
        )

    def status(self) -> int:
        """Return the exit status.

        1 if a promise is violated; 3 if one is unknown, but not one that the run could not exercise, unless it was named;
        3 also if nothing was accepted, and if the order of the history is wrong; else 0.
        """
        promised = [result for result in self.verdicts().values() if result.promised]
        if any(result.verdict == "violated" for result in promised):
            return 1
        unknown = any(result.verdict == "unknown" and result.exercised for result in promised)
        return 3 if unknown or not self.happened or self.doubted else 0

    def __repr__(self) -> str:
        of = f" of {self.design}" if self.design else ""
        lines = [f"{self.source}: {self.observations} observations{of}"]
        for name, result in self.verdicts().items():
            promised = " (promised)" if result.promised else ""
            example = f": {times(result.violations)}; {result.examples[0]}" if result.examples else ""
            why = f": {result.why}" if result.why else ""
            lines.append(f"  {name:22} {result.verdict}{promised}{example}{why}")
        if not self.happened:
            lines.append("unknown: nothing happened: no message was accepted")
        lines += self.notes
        return "\n".join(lines)


def check(
    path: str | PathLike[str], *, promises: Sequence[str] = (), order: Literal["as-written", "causal"] = "as-written"
) -> CheckedRun:
    """Check a recorded history against the properties.

    Arguments:
        path: the history: JSON lines, or Parquet if its name ends in .parquet.
        promises: a list of properties that count as promised in addition to the design's own; "all" in it stands for every
            property that applies.
        order: "causal" moves causes before their first effect, for a history merged from logs whose clocks differ; by default
            such a history leaves the properties concerned unknown.

    Returns a `CheckedRun`: `verdicts()` has a verdict for each property, `violations` the number of violations of each violated
    property, `status()` the exit status; printed, it shows all verdicts.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, for a line that cannot
    be read (it names the line), and for a promise that is no property or does not apply to the design.
    """
    file = arguments.file("path", path)
    names = arguments.names("promises", promises)
    if order not in ("as-written", "causal"):
        raise InputError(f"order: {order!r}; allowed: 'as-written', 'causal'")
    header, blocks = read_batches(file)
    design = find_design(header.design)
    applicable = _applicable(design)
    promised = _checked_promises(names, header.design, design, applicable)
    named = tuple(name for name in names if name != "all")
    moved = 0
    if order == "causal":
        ordered, moved = causal(file)
        blocks = iter(ordered)
    try:
        checker = check_in_bulk(blocks, applicable, recorded_outside(header))
    except AfterRest as error:
        raise InputError(f"{file}:{error.line}: {error}") from None
    notes = [f"moved before their first effect: {moved} observations"] if order == "causal" else []
    return _result(path, header, checker, promised, named, (*notes, *_order(checker)))


def convert(path: str | PathLike[str], out: str | PathLike[str]) -> int:
    """Write a history in another form: JSON lines (.jsonl, .jsonl.gz) or Parquet (.parquet), in the present schema.

    Arguments:
        path: the history.
        out: the file to write; the end of its name says the form.

    Returns the number of observations. Raises `InputError`, in one sentence that says what is allowed, for a line that cannot be
    read (it names the line) and for a file that cannot be written.
    """
    file, target = arguments.file("path", path), arguments.file("out", out)
    if not target.name.endswith(FORMS):
        raise InputError(f"{target}: allowed: a name that ends in {', '.join(FORMS)}")
    if target.resolve() == file.resolve():
        raise InputError(f"{target}: the history itself; allowed: another file")
    header, blocks = read_blocks(file)
    count = 0
    kept = header.complete if header.schema > 1 else True

    def counted() -> Iterator[list[Observation]]:
        nonlocal count
        for _, block in blocks:
            count += len(block)
            yield block

    partial = target.with_name(f".{target.name}.part{target.suffix}")
    try:
        write_history(partial, structs.replace(header, schema=SCHEMA, complete=kept), counted())
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def judged(source: str, header: Header, observations: Iterable[Observation]) -> CheckedRun:
    """Check observations as `check` does a file with this header. `source`: what errors and results call them."""
    applicable = _applicable(find_design(header.design))
    return _result(source, header, check_observations(observations, applicable, recorded_outside(header)))


def replay(path: str | PathLike[str]) -> CheckedRun:
    """Repeat the moves of a moves file in a fresh system. The violations are the same if the code has not changed.

    Arguments:
        path: a file of moves, .moves.jsonl, as `compare(history=...)` writes it beside a history.

    Returns a `CheckedRun`: `violations` has the number of violations of each violated property, `recorded` the numbers of the
    recorded run, `verdicts()` a verdict for each property; printed, it shows all verdicts.

    Raises `InputError`, in one sentence that names the line, for a line that cannot be read and for a move that is not possible.
    """
    file = arguments.file("path", path)
    header, system, moves = open_moves(file)
    try:
        checker = replay_moves(system, moves, _applicable(lookup.get(header.design)))
    except ReplayError as error:
        raise _unplayable(file, header.design, error) from None
    return _result(path, header, checker)


def minimise(
    path: str | PathLike[str], property: str | None = None, *, progress: Callable[[int], None] | None = None
) -> MinimisedRun:
    """Reduce the run of a moves file to the few moves that one violation takes.

    Arguments:
        path: a file of moves, .moves.jsonl, as `compare(history=...)` writes it beside a history.
        property: the violated property; by default the first violated one in the order of `PROPERTIES`, promised ones before
            others.
        progress: a function, called with the number of moves left whenever it decreases.

    Returns a `MinimisedRun`: the `moves` that are left, `narration()`, `write(file)`; printed, it says how many are left.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed, for a file that cannot be
    replayed, for a property that is unknown or was not violated, and for a property that forbids an endless repetition
    (`pull-terminates`) if the run has more than 5,000 moves.
    """
    file = arguments.file("path", path)
    if property is not None:
        arguments.text("property", property, "the name of a property")
    arguments.called("progress", progress)
    name = _violated(file, replay(file), property)
    header, _, numbered = open_moves(file)
    moves = [move for _, move in numbered]
    if PROPERTIES[name].endless is not None and len(moves) > ENDLESS_MOVES:
        raise InputError(f"{file}: {len(moves):,} moves; allowed for {name}: at most {ENDLESS_MOVES:,}")
    with designs.blaming(header.design):
        found = minimise_run(header, moves, name, progress or (lambda left: None))
    if found is None:
        raise InputError(
            f"{file}: {name}: violated by the whole file, but not where the world comes to rest after its moves; allowed: "
            "a recording with `Stop` and `Rest` at its end only"
        )
    return found


def narrate_moves(path: str | PathLike[str]) -> Narration:
    """Narrate the moves of a moves file step by step, for a sequence diagram."""
    header, system, moves = open_moves(Path(path))
    applicable = _applicable(lookup.get(header.design))
    return narrate(system, [move for _, move in moves], [PROPERTIES[name] for name in applicable])


def open_moves(path: Path) -> tuple[Header, System, Iterator[tuple[int, Move]]]:
    """Open a moves file: its header, a fresh system like the run's, and the moves with their line numbers.

    Raises `InputError` for what cannot be read; for a move, when the iterator reaches it.
    """
    header, moves = read_moves(path)
    if header.population is None or header.parameters is None:
        raise InputError(f"{path}:1: the header needs `population` and `parameters` to build the system again")
    users = [*header.population.owners, *[user for members in header.population.members for user in members]]
    if min(users, default=0) < 0:
        raise InputError(f"{path}:1: population: {min(users)} is no user; allowed: whole numbers from 0")
    try:
        design = lookup.get(header.design)
    except InputError as error:
        raise InputError(f"{path}:1: design: {error}") from None
    return header, system_of(header, design), moves


def find_design(name: str) -> Design | None:
    """Return the design that a header names: a ready one, a seeded bug, or one of an existing file; None for any other.

    Raises `InputError` for an existing file that has no such design.
    """
    if ".py:" in name:
        return lookup.get(name) if Path(name.rpartition(":")[0]).is_file() else None
    try:
        return lookup.get(name)
    except InputError:
        return None


def _applicable(design: Design | None) -> list[str]:
    not_applicable: Mapping[str, str] = {} if design is None else design.inapplicable
    return [name for name in PROPERTIES if name not in not_applicable]


def _checked_promises(
    names: Sequence[str], design: str, known: Design | None, applicable: Sequence[str]
) -> tuple[str, ...]:
    for name in names:
        if name != "all" and name not in PROPERTIES:
            raise InputError(f"--promise {name}: there is no such property{nearest(name, ['all', *PROPERTIES])}")
        if name != "all" and name not in applicable:
            why = "does not apply" if known is None else known.inapplicable[name]
            raise InputError(f"--promise {name}: {why} in {design}; allowed: all, {', '.join(applicable)}")
    return tuple(applicable) if "all" in names else tuple(names)


def _result(
    path: str | PathLike[str],
    header: Header,
    checker: Checker,
    promised: tuple[str, ...] = (),
    named: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> CheckedRun:
    return CheckedRun(
        source=str(path),
        design=header.design,
        faults=header.faults,
        parameters=header.parameters or Parameters(),
        recorded=header.violations,
        promised=promised,
        monitor=checker.monitor,
        observations=checker.count,
        quiesced=checker.quiesced,
        happened=checker.happened,
        given=checker.size.given(header.faults),
        missing=checker.missing(),
        named=named,
        doubted=checker.doubted(),
        notes=notes,
    )


def _order(checker: Checker) -> list[str]:
    """Return lines about effects that come before their causes."""
    late = checker.references.late
    lines = [f"order: {told(each)}" for each in late[:SHOWN_LATE]]
    if len(late) > SHOWN_LATE:
        lines.append(f"order: and {len(late) - SHOWN_LATE} more")
    if late and checker.monitor.recorded:
        lines.append(
            "What the properties say of such a history accuses nobody; `--order causal` moves causes before effects."
        )
    return lines


def _unplayable(path: Path, design: str, error: ReplayError) -> InputError:
    """Return the one-line error for a move that failed; raise an exception that is a defect of syncproof itself."""
    cause, move = error.__cause__, type(error.move).__name__
    assert cause is not None
    try:
        with designs.blaming(design):
            raise cause
    except InputError as blamed:
        return blamed
    except MoveError:
        return InputError(f"{path}:{error.line}: {move} is not possible here: {cause}")
    except AssertionError:
        return InputError(f"{path}:{error.line}: {move} makes no sense here: its packet lacks something")
    except (LookupError, TypeError, ValueError):  # unknown ids, a packet that the actor has no handler for
        return InputError(f"{path}:{error.line}: {move} makes no sense here: {str(cause).split('. ')[0]}")


def _violated(path: Path, run: CheckedRun, name: str | None) -> str:
    """Return the property to minimise to."""
    violated = [n for n in PROPERTIES if run.violations.get(n)]
    if not violated:
        raise InputError(f"{path}: the run violated nothing; allowed: a run that violates a property")
    if name is None:
        promised = {n for n, result in run.verdicts().items() if result.promised}
        return min(violated, key=lambda n: n not in promised)
    if name not in violated:
        if name in PROPERTIES:
            raise InputError(f"{path}: {name}: the run did not violate it; allowed: {', '.join(violated)}")
        raise InputError(f"{path}: {name}: there is no such property{nearest(name, violated)}")
    return name
