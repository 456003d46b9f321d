"""Scenarios: who talks to whom, over what, and what goes wrong. TOML files, checked in full before anything runs.

Every field below is a key of the file; its constraints are the schema. `load` reports all faults of a file, a line each,
with the line of the file, what is allowed, and the nearest valid name.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from syncproof.designs.parameters import Parameters, SequencerKind
from syncproof.errors import InputError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(value: object) -> float:
    """`"90s"`, `"15m"`, `"8h"`, `"1.5d"` as seconds. Raises `ValueError` for anything else."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a number and a unit in quotes: ms, s, m, h or d, such as '15m'")
    return float(match[1]) * UNITS[match[2]]


def _seconds_or_float(value: object) -> object:
    return value if isinstance(value, float) else seconds(value)


Duration = Annotated[float, BeforeValidator(_seconds_or_float), Field(ge=0, allow_inf_nan=False)]
Span = Annotated[float, BeforeValidator(_seconds_or_float), Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Devices = Annotated[int, Field(ge=1, le=64)]


class Section(BaseModel):
    """A table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Spread(Section):
    """A lognormal distribution by its median; `sigma = 0` is a constant."""

    median: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sigma: Annotated[float, Field(ge=0, le=3)] = 0.0


class PopulationSection(Section):
    """Who there is. A trace brings its own users."""

    users: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    devices_per_user: Devices | Annotated[list[Devices], Field(min_length=1)] = 2
    """A number for all, or a list that users take in turn."""
    new_devices: Count = 0
    """Devices that appear during the run, for users in turn."""


class GroupSize(Section):
    """Zipf-distributed sizes between two bounds; `zipf = 0` is uniform."""

    min: Positive = 3
    max: Positive = 10
    zipf: Annotated[float, Field(ge=0, le=5)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> GroupSize:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is larger than max {self.max}")
        return self


class ConversationsSection(Section):
    """Who talks to whom. A trace brings its own conversations."""

    pairs: Count = 30
    groups: Count = 4
    group_size: GroupSize = GroupSize()
    group_share: Probability = 0.4
    """The share of messages that go to a group, where there are groups and pairs."""


class TrafficSection(Section):
    """What is said."""

    messages_per_user_per_day: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 42.0
    """Poisson; 42 is WeChat's published figure for 2017."""
    body_bytes: Spread = Spread(median=200.0, sigma=1.0)
    day_night: bool = False
    """Traffic follows a day: most at noon, none at midnight."""
    trace: Literal["none", "snap", "presence"] = "none"
    """The kind of trace that `--trace` must name for this scenario."""


class PresenceSection(Section):
    """When devices are connected, where no trace says so."""

    online: Span = 7200.0
    """Mean length of a session, exponential."""
    offline: Duration = 1800.0
    """Mean length of an absence, exponential; 0: connected all the time."""
    half_open: Probability = 0.0
    """The share of sessions that end without the server being told."""
    dead: Span = 240.0
    """Mean time until the server notices a half-open connection."""
    always_online: Probability = 0.0
    """The share of devices that stay connected throughout."""
    opens_to_send: bool = True
    """A person who writes opens the application first; else the message waits in the outbox."""
    member_for: Span = 30 * 86400.0
    """Presence traces: how long after the last appearance a user is still a member."""


class NetworkSection(Section):
    """How long packets take, and how long a device takes to notice a dead server."""

    up_ms: Spread = Spread(median=40.0, sigma=0.5)
    down_ms: Spread = Spread(median=40.0, sigma=0.5)
    push_ms: Spread = Spread(median=60.0, sigma=0.7)
    notice: Duration = 2.0
    reconnect: Span = 3.0
    header_bytes: Count = 60
    """Stated per packet, all headers together."""


class Outage(Section):
    """Pushes and notifications sent within `[start, start + length)` are lost."""

    start: Duration
    length: Span


class ServerCrash(Section):
    """The server is gone from `at` for `down`."""

    at: Duration
    down: Span = 10.0


class FaultsSection(Section):
    """What goes wrong."""

    push_loss: Probability = 0.0
    push_duplicate: Probability = 0.0
    push_reorder: Probability = 0.0
    reorder_delay: Span = 2.0
    outages: list[Outage] = []
    server_crashes: list[ServerCrash] = []
    device_crashes_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    device_down: Span = 5.0
    sender_retry: Probability = 0.0
    sender_retry_after: Span = 0.1


class StorageSection(Section):
    """The storage station: so many operations at a time, each a drawn base time plus a time per row."""

    service_ms: Spread = Spread(median=2.0, sigma=0.4)
    per_row_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.2
    parallel: Annotated[int, Field(ge=1, le=1024)] = 8


class ModelSection(Section):
    """The designs' parameters; see `syncproof.designs.parameters`."""

    page_size: Positive = 100
    poll_interval: Span = 900.0
    notifications: bool = True
    sequencer: SequencerKind = "auto"
    sequencer_block: Positive = 100
    workers: Count = 0
    retention: Literal["none", "acknowledged"] = "none"
    fanout_threshold: Positive = 100
    ack_timeout: Span = 5.0
    checkpoint: Literal["with-apply", "after-apply"] = "with-apply"
    idempotent_send: bool = True


class Scenario(Section):
    """A whole file. `name` is the file's; all durations are seconds once loaded."""

    title: Annotated[str, Field(min_length=1)]
    shows: Annotated[str, Field(min_length=1)]
    duration: Span = 28800.0
    seed: Count = 1
    runs: Annotated[int, Field(ge=1, le=1000)] = 5
    population: PopulationSection = PopulationSection()
    conversations: ConversationsSection = ConversationsSection()
    traffic: TrafficSection = TrafficSection()
    presence: PresenceSection = PresenceSection()
    network: NetworkSection = NetworkSection()
    faults: FaultsSection = FaultsSection()
    storage: StorageSection = StorageSection()
    model: ModelSection = ModelSection()
    name: str = Field(default="", exclude=True)
    text: str = Field(default="", exclude=True, repr=False)

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        if self.traffic.trace == "none":
            users, talk = self.population.users, self.conversations
            if talk.pairs > users * (users - 1) // 2:
                raise ValueError(f"conversations.pairs: {talk.pairs} pairs among {users} users; allowed: at most "
                                 f"{users * (users - 1) // 2}")
            if talk.groups and talk.group_size.max > users:
                raise ValueError(f"conversations.group_size.max: {talk.group_size.max}; allowed: at most the {users} users")
            if talk.pairs + talk.groups == 0:
                raise ValueError("conversations: no pairs and no groups; allowed: at least one of them")
        return self

    def parameters(self) -> Parameters:
        """The `[model]` table as designs receive it."""
        return Parameters(**self.model.model_dump())

    def with_value(self, key: str, value: object) -> Scenario:
        """A copy with one dotted key set, validated as the file is. Raises `InputError`."""
        data = self.model_dump(exclude_unset=True)
        *path, last = key.split(".")
        table: Any = data
        fields: type[BaseModel] = Scenario
        for step in (*path, last):
            if not (isinstance(fields, type) and issubclass(fields, BaseModel) and step in fields.model_fields) or (
                step in ("name", "text")
            ):
                raise InputError(f"{self.name}: {key}: unknown key{_nearest(step, _names(fields))}")
            fields = fields.model_fields[step].annotation  # type: ignore[assignment]
        for step in path:
            table = table.setdefault(step, {})
        table[last] = value
        return _validated(data, self.name, self.name, self.text)


def _names(section: object) -> list[str]:
    if isinstance(section, type) and issubclass(section, BaseModel):
        return [n for n in section.model_fields if n not in ("name", "text")]
    return []


def _nearest(word: str, names: list[str]) -> str:
    near = difflib.get_close_matches(word, names, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"; allowed: {', '.join(names)}{hint}" if names else ""


# ---- finding and reading


def _folders() -> Iterator[Path]:
    packaged = Path(str(resources.files("syncproof"))) / "scenarios"
    yield packaged
    yield Path(__file__).resolve().parents[2] / "scenarios"


def ready() -> dict[str, Path]:
    """The ready scenarios by name: those shipped with the package, else the repository's."""
    for folder in _folders():
        found = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        if found:
            return found
    return {}


def load(name: str) -> Scenario:
    """A ready scenario by name, or a file by its path. Raises `InputError`, a line for each fault."""
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        shipped = ready()
        if name not in shipped:
            raise InputError(f"unknown scenario {name!r}{_nearest(name, list(shipped))} (or a path to a .toml file)")
        path = shipped[name]
        shown = f"{name}.toml"
    else:
        shown = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{shown}: not TOML: {error}") from None
    for internal in ("name", "text"):
        if internal in data:
            raise InputError(f"{shown}:{_line(text, (internal,))}: {internal}: unknown key{_nearest(internal, _names(Scenario))}")
    return _validated(data, path.stem, shown, text)


def _validated(data: dict[str, Any], name: str, shown: str, text: str) -> Scenario:
    try:
        return Scenario.model_validate({**data, "name": name, "text": text})
    except ValidationError as error:
        raise InputError("\n".join(_explain(fault, shown, text) for fault in _distinct(error))) from None


def _distinct(error: ValidationError) -> list[Any]:
    """One fault a key: of a union's alternatives only the first is told."""
    seen: dict[tuple[Any, ...], Any] = {}
    for fault in error.errors():
        seen.setdefault(_key(fault["loc"]), fault)
    return list(seen.values())


def _key(location: tuple[Any, ...]) -> tuple[Any, ...]:
    """The path of keys in the file: pydantic's union branches are no keys."""
    key: list[Any] = []
    fields: Any = Scenario
    for step in location:
        if isinstance(step, str) and isinstance(fields, type) and issubclass(fields, BaseModel):
            key.append(step)
            fields = fields.model_fields[step].annotation if step in fields.model_fields else None
        elif isinstance(step, int):
            key.append(step)
            fields = {"outages": Outage, "server_crashes": ServerCrash}.get(str(key[-2]))
    return tuple(key)


def _explain(fault: Any, shown: str, text: str) -> str:
    key = _key(fault["loc"])
    dotted = ".".join(str(k) for k in key)
    where = f"{shown}:{_line(text, key)}" if text and _line(text, key) else shown
    if fault["type"] == "extra_forbidden":
        section: Any = Scenario
        for step in key[:-1]:
            if isinstance(step, str) and issubclass(section, BaseModel):
                annotation = section.model_fields[step].annotation
                section = {"outages": Outage, "server_crashes": ServerCrash}.get(step, annotation)
        return f"{where}: {dotted}: unknown key{_nearest(str(key[-1]), _names(section))}"
    says = fault["msg"].removeprefix("Value error, ")
    says = says[0].lower() + says[1:]
    if fault["type"] == "missing":
        return f"{where}: {dotted}: is missing; allowed: {'a text in quotes' if len(key) == 1 else 'a value'}"
    got = "" if fault["type"] == "value_error" and not key else f" (got {fault['input']!r:.40})"
    if isinstance(fault["input"], str) and fault["type"] == "literal_error":
        options = re.findall(r"'([^']*)'", fault["msg"])
        near = difflib.get_close_matches(fault["input"], options, 1, 0.5)
        got += f"; did you mean {near[0]!r}?" if near else ""
    return f"{where}: {dotted}: {says}{got}" if key else f"{where}: {says}"


def _line(text: str, key: tuple[Any, ...]) -> int:
    """The line on which a key stands, by the headers above it; 0 if it is not written there."""
    names = [k for k in key if isinstance(k, str)]
    numbers = [k for k in key if isinstance(k, int)]
    header: list[str] = []
    tables: dict[str, int] = {}
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line)
        if opened:
            header = opened[1].split(".")
            tables[opened[1]] = tables.get(opened[1], -1) + 1
            if header == names:
                best = best or number
            continue
        assigned = re.match(r"\s*([A-Za-z0-9_.\-]+)\s*=", line)
        if assigned:
            full = [*header, *assigned[1].split(".")]
            nth = tables.get(".".join(header), 0)
            if full == names and (not numbers or nth == numbers[0] or full[-1] == names[-1] and len(header) == 1):
                return number
            if full == names[: len(full)]:
                best = number
    return best
