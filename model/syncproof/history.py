"""Histories and moves on disk: written by a run, checked by the properties, done again by a replay.

A history is a file of observations in order, JSON lines or (by its ending `.parquet`) Parquet; `docs/history.md` has the
schema, which a real server's log can be turned into as well. The moves that made a run lie beside it, in a file with the
same name and the ending `.moves.jsonl`: enough to build the system again and to do exactly the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

import msgspec

from syncproof import designs, observations
from syncproof.actor import ENVIRONMENT, ActorId, Id, Observation, Packet
from syncproof.designs import Design, Parameters, Population
from syncproof.errors import InputError, nearest
from syncproof.faults import FAULTS
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.properties.verdicts import PropertyResult, judge
from syncproof.story import Story, tell
from syncproof.system import Move, MoveError, System, World
from syncproof.vocabulary import DeviceId, ServerId

SCHEMA = 1


class Header(msgspec.Struct, kw_only=True):
    """The first line of both files."""

    schema: int
    """The version of the schema, today `1`."""
    kind: str
    """`history` or `moves`."""
    design: str = ""
    """Any name. If syncproof knows it (a ready design, a seeded bug, a `FILE.py:NAME` that is there), its promises and
    what does not apply to it are used; of any other nothing is promised and every property is judged."""
    faults: tuple[str, ...] = ()
    """Those that the run was configured with; a promise counts only if it covers all of them."""
    population: Population | None = None
    """Each device's user and each conversation's members when the run began. A replay needs it."""
    parameters: Parameters | None = None
    """The design's. A replay needs them."""
    violations: dict[str, int] = {}
    """Property -> how often the run itself saw it violated; a replay must see the same."""
    lines: int | None = None
    """How many lines follow, where the writer says so; a file that has another number was cut short."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a history or a replay says: violations per property, the first few in words, and whether it came to rest.

    `happened`: whether any message was placed. `promised`: what is promised beside what the design promises.
    """

    design: str
    faults: tuple[str, ...]
    monitor: Monitor
    observations: int
    quiesced: bool
    recorded: dict[str, int]
    parameters: Parameters
    happened: bool
    promised: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, PropertyResult]:
        """A verdict per property. Of a design that is not ours everything applies, and `promised` alone is promised.

        Where no message was placed nothing happened, and nothing is known.
        """
        design = ours(self.design)
        promises = {} if design is None else dict(design.promised(self.parameters))
        promises.update(dict.fromkeys(self.promised, self.faults))
        found = judge(
            promises,
            {} if design is None else design.not_applicable,
            self.monitor,
            self.faults,
            self.quiesced,
            self.promised,
        )
        for result in found.values():
            if result.verdict == "holds" and not self.happened:
                result.verdict = "unknown"
        return found


def ours(name: str) -> Design | None:
    """The design that a header names, if it is one that syncproof knows: a ready one, a seeded bug, or a file that is there.

    Raises `InputError` for a file that is there and has no such design.
    """
    if ".py:" in name:
        return designs.get(name) if Path(name.rpartition(":")[0]).is_file() else None
    try:
        return designs.get(name)
    except InputError:
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, Id):
        return int(value)
    # msgspec asks for this exception where a hook does not know a value; packets and ids are all that there is to write.
    raise NotImplementedError(f"cannot write a {type(value).__name__}")


def encode(value: Any) -> bytes:
    """One JSON object, ids as integers, packets, moves and observations with their class in `type`."""
    return msgspec.json.encode(value, enc_hook=_plain)


class Recording:
    """Collects a run's observations and moves (a `simulate.Recorder`), then writes both files."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.observations: list[bytes] = []
        self.moves: list[bytes] = []

    def observation(self, observation: Observation) -> None:
        self.observations.append(encode(observation))

    def move(self, move: Move) -> None:
        self.moves.append(encode(move))

    def write(self, path: Path, violations: dict[str, int]) -> None:
        """Writes the history at `path` and the moves beside it."""
        head = msgspec.structs.replace(self.header, kind="history", violations=violations, lines=len(self.observations))
        if path.suffix == ".parquet":
            _write_parquet(path, head, self.observations)
        else:
            path.write_bytes(b"\n".join([encode(head), *self.observations, b""]))
        self.write_moves(moves_path(path), violations)

    def write_moves(self, path: Path, violations: dict[str, int]) -> None:
        """Writes the moves alone."""
        head = msgspec.structs.replace(self.header, kind="moves", violations=violations, lines=len(self.moves))
        path.write_bytes(b"\n".join([encode(head), *self.moves, b""]))


def moves_path(history: Path) -> Path:
    """Where the moves of a history lie."""
    return history.with_suffix(".moves.jsonl")


def check(path: Path, promises: Sequence[str] = ()) -> Judged:
    """Streams a history through the properties.

    `promises`: properties that are promised whatever the design promises; `all`: every one that applies to it. Raises
    `InputError` naming the line that cannot be read, or a promise that there is no property for.
    """
    lines = _parquet_lines(path) if path.suffix == ".parquet" else _lines(path)
    header = _header(path, lines, "history")
    design = ours(header.design)
    applicable = _without({} if design is None else design.not_applicable)
    promised = _promised(promises, header.design, applicable)
    monitor = Monitor(applicable)
    count = 0
    quiesced = happened = False
    for number, line in _whole(path, header, lines):
        observation = cast(Observation, _decode(path, number, line, Observation))
        monitor.observe(observation)
        quiesced = isinstance(observation, observations.Quiesced)
        happened = happened or isinstance(observation, observations.Placed)
        count += 1
    parameters = header.parameters or Parameters()
    return Judged(
        header.design, header.faults, monitor, count, quiesced, header.violations, parameters, happened, promised
    )


def _promised(names: Sequence[str], design: str, applicable: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name != "all" and name not in PROPERTIES:
            raise InputError(f"--promise {name}: there is no such property{nearest(name, ['all', *PROPERTIES])}")
        if name != "all" and name not in applicable:
            entry = ours(design)
            why = "does not apply" if entry is None else entry.not_applicable[name]
            raise InputError(f"--promise {name}: {why} in {design}; allowed: all, {', '.join(applicable)}")
    return tuple(applicable) if "all" in names else tuple(names)


def replay(path: Path) -> Judged:
    """Does a run's moves again in a fresh world. Raises `InputError` for a move that is not enabled there."""
    header, system, moves = recorded(path)
    monitor = Monitor(_without(designs.get(header.design).not_applicable))
    seen = Counter(monitor)
    world = World(system, seen.observe)
    for number, move in moves:
        try:
            with designs.blaming(header.design):
                world.apply(move)
        except MoveError as error:
            raise InputError(f"{path}:{number}: {type(move).__name__} is not possible here: {error}") from None
        except (LookupError, TypeError, ValueError, AssertionError) as error:  # unknown ids, a packet for somebody else
            what = "its packet lacks something" if isinstance(error, AssertionError) else str(error).split(". ")[0]
            raise InputError(f"{path}:{number}: {type(move).__name__} makes no sense here: {what}") from None
    assert header.parameters is not None
    return Judged(
        header.design,
        header.faults,
        monitor,
        seen.count,
        seen.quiesced,
        header.violations,
        header.parameters,
        seen.happened,
    )


def recorded(path: Path) -> tuple[Header, System, Iterator[tuple[int, Move]]]:
    """A moves file: its header, a fresh system like the run's, and the moves with their lines.

    Raises `InputError` for what cannot be read, for a move only when it is its turn.
    """
    lines = _lines(path)
    header = _header(path, lines, "moves")
    if header.population is None or header.parameters is None:
        raise InputError(f"{path}:1: the header needs `population` and `parameters` to build the system again")
    users = [*header.population.owners, *[user for members in header.population.members for user in members]]
    if min(users, default=0) < 0:
        raise InputError(f"{path}:1: population: {min(users)} is no user; allowed: whole numbers from 0")
    try:
        design = designs.get(header.design)
    except InputError as error:
        raise InputError(f"{path}:1: design: {error}") from None
    system = design.system(header.population, header.parameters)
    whole = _whole(path, header, lines)
    return header, system, ((number, cast(Move, _decode(path, number, line, Move))) for number, line in whole)


def length(path: Path) -> int:
    """How many moves a file holds."""
    return max(0, sum(1 for _ in _lines(path)) - 1)


def retell(path: Path) -> Story:
    """What a run's recorded moves do, step by step."""
    header, system, moves = recorded(path)
    properties = _without(designs.get(header.design).not_applicable)
    return tell(system, [move for _, move in moves], [PROPERTIES[name] for name in properties])


class Counter:
    """Passes observations to a monitor and remembers how many there were, whether the last one was rest, and whether any
    message was placed."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.count = 0
        self.quiesced = False
        self.happened = False

    def observe(self, observation: Observation) -> None:
        self.count += 1
        self.happened = self.happened or type(observation) is observations.Placed
        self.quiesced = type(observation) is observations.Quiesced
        self.monitor.observe(observation)


def _without(not_applicable: Mapping[str, str]) -> list[str]:
    return [name for name in PROPERTIES if name not in not_applicable]


# ---- reading


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _whole(path: Path, header: Header, lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The lines, if they are as many as the header says."""
    count = 0
    for numbered in lines:
        count += 1
        yield numbered
    if header.lines is not None and count != header.lines:
        raise InputError(
            f"{path}: {count} lines after the header, which says that there are {header.lines}: cut short?"
        )


def _header(path: Path, lines: Iterable[tuple[int, bytes]], kind: str) -> Header:
    first = next(iter(lines), None)
    if first is None:
        raise InputError(f"{path}: the file is empty; allowed: a header line, then one object a line")
    try:
        header = msgspec.json.decode(first[1], type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f'{path}:1: not a header: {error}; allowed: {{"schema": {SCHEMA}, "kind": "{kind}", ...}}'
        ) from None
    if header.schema != SCHEMA:
        raise InputError(f"{path}:1: schema: {header.schema}; allowed: {SCHEMA}")
    if header.kind != kind:
        raise InputError(f"{path}:1: kind: {header.kind!r}; allowed here: {kind!r}")
    for name, count in header.violations.items():
        if name not in PROPERTIES or count < 0:
            allowed = f"{', '.join(PROPERTIES)}, each with a count" if name not in PROPERTIES else "0 or more"
            raise InputError(f"{path}:1: violations: {name!r:.60}: {count}; allowed: {allowed}")
    for fault in header.faults:
        if fault not in FAULTS:
            raise InputError(f"{path}:1: faults: {fault!r:.60} is no fault; allowed: {', '.join(FAULTS)}")
    return header


def _decode(path: Path, number: int, line: bytes, base: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return _build(msgspec.json.decode(line), base)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, _Bad) as error:
        raise InputError(f"{path}:{number}: {error}") from None


class _Bad(Exception):
    pass


def _classes(base: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """By name; of two with one name ours is meant."""
    found: dict[str, type[msgspec.Struct]] = {}
    for subclass in base.__subclasses__():
        for name, kind in {subclass.__name__: subclass, **_classes(subclass)}.items():
            if name not in found or kind.__module__.startswith("syncproof."):
                found[name] = kind
    return found


_HINTS: dict[type, dict[str, Any]] = {}


def _build(raw: Any, base: type[msgspec.Struct]) -> msgspec.Struct:
    """An object of the subclass of `base` that `type` names; fields of class `Packet` are built the same way."""
    if not isinstance(raw, dict):
        raise _Bad(f"a JSON object expected, not {raw!r:.40}")
    name = raw.pop("type", None)
    known = _classes(base)
    if not isinstance(name, str) or name not in known:
        raise _Bad(f"type: {name!r:.40} is no {base.__name__.lower()}; allowed: {', '.join(sorted(known))}")
    kind = known[name]
    hints = _HINTS.get(kind)
    if hints is None:
        hints = _HINTS[kind] = {f: h for f, h in get_type_hints(kind).items() if f in kind.__struct_fields__}
    unknown = [key for key in raw if key not in hints]
    if unknown:
        raise _Bad(f"{name}.{unknown[0]}: unknown field; allowed: {', '.join(hints)}")
    values = {}
    for key, value in raw.items():
        try:
            values[key] = _value(value, hints[key])
        except msgspec.ValidationError as error:
            raise _Bad(f"{name}.{key}: {error}") from None
    try:
        return kind(**values)
    except TypeError as error:
        raise _Bad(f"{name}: {error}") from None


def _value(raw: Any, hint: Any) -> Any:
    if hint is Packet:
        return _build(raw, Packet)
    if get_origin(hint) is tuple and get_args(hint)[0] is Packet:
        return tuple([_build(item, Packet) for item in raw])
    return msgspec.convert(raw, hint, dec_hook=_id)


def _id(kind: type, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Id) and isinstance(value, int):
        if kind is ActorId and value != ENVIRONMENT:  # it is written as a number, and which kind it is decides much
            return DeviceId(value) if value >= 0 else ServerId(value)
        return kind(value)
    raise ValueError(f"{value!r:.40} is no {kind.__name__}; allowed: a whole number")


# ---- Parquet

_COLUMNS = ("message", "device", "conversation", "place", "seq")


def _write_parquet(path: Path, header: Header, lines: list[bytes]) -> None:
    """Columns to query by, and the exact object in `body`; the header is the file's metadata."""
    import pyarrow
    from pyarrow import parquet

    rows = [msgspec.json.decode(line) for line in lines]
    columns: dict[str, Any] = {
        "index": pyarrow.array(range(len(rows)), pyarrow.int64()),
        "type": pyarrow.array([row["type"] for row in rows], pyarrow.string()),
    }
    for name in _COLUMNS:
        columns[name] = pyarrow.array([row.get(name) for row in rows], pyarrow.int64())
    timelines = [row.get("timeline") or row.get("box") for row in rows]
    columns["timeline"] = pyarrow.array([t and f"{t['kind']}:{t['owner']}" for t in timelines], pyarrow.string())
    columns["body"] = pyarrow.array([line.decode() for line in lines], pyarrow.string())
    table = pyarrow.table(columns).replace_schema_metadata({"syncproof": encode(header).decode()})
    parquet.write_table(table, path)


def _parquet_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    from pyarrow import ArrowException, parquet

    try:
        file = parquet.ParquetFile(path)
    except (OSError, ArrowException) as error:
        raise InputError(f"{path}: not a Parquet file that can be read: {error}") from None
    metadata = file.schema_arrow.metadata or {}
    if b"syncproof" not in metadata or "body" not in file.schema_arrow.names:
        raise InputError(f"{path}: not a history: the metadata `syncproof` and the column `body` are needed")
    yield 1, metadata[b"syncproof"]
    number = 1
    for batch in file.iter_batches(columns=["body"]):
        for body in batch.column(0).to_pylist():
            number += 1
            yield number, body.encode()
