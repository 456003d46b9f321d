"""Load scenarios: TOML files that say who talks to whom, over which network, and which faults happen.

Every field of `Scenario` and of the classes in `sections` is a key of the file; its constraints are the schema. A file is
checked in full before anything runs.
`load` reports every error of a file in one line, with the line of the file, what is allowed, and the nearest valid name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from syncproof.core.faults import FAULTS
from syncproof.designs.parameters import Parameters
from syncproof.errors import InputError, nearest
from syncproof.inputs import arguments, toml_file
from syncproof.inputs.durations import LOADED, Duration, Span
from syncproof.inputs.scenario_errors import explain, line_of, names_of, within
from syncproof.inputs.sections.base import Section
from syncproof.inputs.sections.faults import TIME_KEYS, FaultsSection
from syncproof.inputs.sections.infrastructure import DeploymentSection, NetworkSection, StorageSection
from syncproof.inputs.sections.model import ModelSection
from syncproof.inputs.sections.size import SizeSection
from syncproof.inputs.sections.workload import (
    ConversationsSection,
    PopulationSection,
    PresenceSection,
    TrafficSection,
)

MOST_ERRORS = 20
"""The most errors of a file that are told; a file with more of them has one cause, most likely."""
HOUR = 3600.0
LONGEST = 3650 * 86400.0
"""Seconds that a run may last."""
MOST, MOST_DEVICES = 20_000_000, 10_000_000
"""The most messages (or other events of a kind) in a run, and the most devices: more would not fit into memory."""
LARGEST_SEED = 2**40 - 1
"""The largest seed: run n draws from seed * 1000 + n, which has to fit into 64 bits."""


def _default(section: BaseModel, key: str) -> str:
    """Return the remark that a value is the default; empty where the file has it."""
    return "" if key in section.model_fields_set else " (the default)"


class Scenario(Section):
    """Hold a whole file. `name` is the file's name; all durations are in seconds once loaded."""

    title: Annotated[str, Field(min_length=1)]
    """What the scenario is, in a few words: the heading of a report."""
    shows: Annotated[str, Field(min_length=1)]
    """What the scenario is meant to show, in a sentence."""
    duration: Span = 28800.0
    """How long there is traffic; a run ends later, when everything has come to rest. A trace brings its own."""
    warmup: Duration = 60.0
    """How long before the traffic the devices that are online at its start connect, at drawn times. Nothing of it is counted.
    0: they all connect at once at the start, and that is counted."""
    drain: Duration = 0.0
    """How long presence and losses go on after the last message, before faults stop: at least 1m and one poll interval; 0: the
    longer of them. What is not shown by then is later than every latency."""
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 1
    """The seed of all draws; `--seed` overrides it."""
    runs: Annotated[int, Field(ge=1, le=1000)] = 5
    """Runs per design, each with its own draws; `--runs` overrides it."""
    population: PopulationSection = PopulationSection()
    conversations: ConversationsSection = ConversationsSection()
    traffic: TrafficSection = TrafficSection()
    presence: PresenceSection = PresenceSection()
    network: NetworkSection = NetworkSection()
    deployment: DeploymentSection = DeploymentSection()
    faults: FaultsSection = FaultsSection()
    storage: StorageSection = StorageSection()
    model: ModelSection = ModelSection()
    size: SizeSection = SizeSection()
    name: str = Field(default="", exclude=True)
    text: str = Field(default="", exclude=True, repr=False)
    file: str = Field(default="", exclude=True, repr=False)
    """The name of a ready scenario, or the path of the file, as `load` was given it."""

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        """Check what concerns several keys. A trace brings its own users, conversations and length."""
        if self.duration > LONGEST:
            raise ValueError(f"duration: {self.duration:g} s; allowed: at most {LONGEST / 86400:g}d")
        if self.warmup > HOUR:
            raise ValueError(f"warmup: {self.warmup:g} s; allowed: at most 1h")
        least = max(60.0, self.model.poll_interval)
        if self.drain and not least <= self.drain <= LONGEST:
            raise ValueError(
                f"drain: {self.drain:g} s; allowed: {least:g} s (one minute, one poll interval) to {LONGEST / 86400:g}d, or 0s "
                "for the least"
            )
        for fault in FAULTS.values():
            elsewhere = fault.deployment not in ("", self.deployment.kind)
            if elsewhere and fault.setting and getattr(self.faults, fault.setting):
                raise ValueError(
                    f"faults.{fault.setting}: there is no gateway in one process; allowed: with deployment.kind = "
                    f'"{fault.deployment}"'
                )
        if self.traffic.trace != "none":
            return self
        self._affordable()
        users, talk = self.population.users, self.conversations
        most = users * (users - 1) // 2
        if talk.pairs > most:
            default = _default(talk, "pairs")
            raise ValueError(f"conversations.pairs: {talk.pairs}{default}; allowed: at most {most} among {users} users")
        if talk.groups and talk.group_size.max > users:
            default = _default(talk.group_size, "max")
            raise ValueError(
                f"conversations.group_size.max: {talk.group_size.max}{default}; allowed: at most the {users} users"
            )
        if talk.pairs + talk.groups == 0:
            raise ValueError("conversations: no pairs and no groups; allowed: at least one of them")
        for number, burst in enumerate(self.traffic.bursts):
            if burst.start >= self.duration:
                raise ValueError(
                    f"traffic.bursts.{number}.start: {burst.start:g} s; allowed: before the duration, {self.duration:g} s"
                )
        for setting, key in TIME_KEYS.items():
            for number, entry in enumerate(getattr(self.faults, setting)):
                at = self.faults.time_of(setting, entry)
                if at >= self.duration:
                    raise ValueError(
                        f"faults.{setting}.{number}.{key}: {at:g} s; allowed: before the duration, {self.duration:g} s"
                    )
        return self

    def _affordable(self) -> None:
        """Check that a run fits into memory. The expected amounts are known before anything is drawn."""
        users, days = self.population.users, self.duration / 86400.0
        rate, presence, faults = self.traffic.messages_per_user_per_day, self.presence, self.faults
        counts = self.population.devices_per_user
        each = counts if isinstance(counts, int) else sum(counts) / len(counts)
        devices = users * each + self.population.new_devices + min(users, self.population.reinstalls)
        cycle = presence.online + presence.offline
        talk = self.conversations
        bursts = sum((burst.factor - 1) * min(burst.length, self.duration) for burst in self.traffic.bursts) / 86400.0
        amounts: list[tuple[str, float, str, float, int]] = [
            ("traffic.messages_per_user_per_day", rate, "messages", users * rate * (days + bursts), MOST),
            ("population.new_devices", self.population.new_devices, "devices", devices, MOST_DEVICES),
            ("conversations.pairs", talk.pairs, "conversations", talk.pairs, MOST),
            ("conversations.groups", talk.groups, "members", talk.groups * talk.group_size.max, MOST),
            (
                "presence.online",
                presence.online,
                "sessions",
                devices * self.duration / cycle if presence.offline else devices,
                MOST,
            ),
            (
                "faults.device_crashes_per_day",
                faults.device_crashes_per_day,
                "crashes and restores",
                devices * days * (faults.device_crashes_per_day + faults.device_restores_per_day),
                MOST,
            ),
        ]
        for key, value, what, amount, most in amounts:
            if amount > most:
                raise ValueError(f"{key}: {value:g} makes {amount:.3g} {what} in a run; allowed: at most {most:,}")

    def drained(self) -> float:
        """Return how many seconds presence and losses go on after the last message."""
        return self.drain or max(60.0, self.model.poll_interval)

    def parameters(self) -> Parameters:
        """Return the `[model]` table as designs receive it."""
        return Parameters(**{name: getattr(self.model, name) for name in Parameters.__struct_fields__})

    def with_value(self, key: str, value: object) -> Scenario:
        """Return a copy with one dotted key set, validated as a file is. Raises `InputError`."""
        return self.with_values({key: value})

    def with_values(self, values: Mapping[str, object]) -> Scenario:
        """Return a copy with dotted keys set, validated when all of them are set. Raises `InputError`."""
        data = self.model_dump(exclude_unset=True)
        for key, value in values.items():
            arguments.text("key", key, "a key of a scenario, such as population.users")
            path = key.split(".")
            section: object = Scenario
            for number, step in enumerate(path):
                if number and step.isdigit():
                    whole = ".".join(path[:number])
                    raise InputError(
                        f"{self.name}: {key}: {whole} is set as a whole; allowed: {whole} and a list of tables"
                    )
                if step not in names_of(section):
                    raise InputError(f"{self.name}: {key}: unknown key{nearest(step, names_of(section))}")
                section = within(section, step)
            table: dict[str, Any] = data
            for step in path[:-1]:
                table = table.setdefault(step, {})
            table[path[-1]] = value
        return _validated({**data, "file": self.file}, self.name, self.name, self.text, LOADED)


# ---- finding and reading


def _folders() -> Iterator[Path]:
    yield Path(str(resources.files("syncproof"))) / "scenarios"
    yield Path(__file__).resolve().parents[3] / "scenarios"


def ready() -> dict[str, Path]:
    """Return name -> path of the ready scenarios: those shipped with the package, else the repository's."""
    for folder in _folders():
        found = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        if found:
            return found
    return {}


def load(name: str | PathLike[str]) -> Scenario:
    """Load a ready scenario by its name, or a file by its path. Raises `InputError`, a line for each error of the file."""
    name = str(arguments.file("scenario", name))
    shipped = ready()
    path = shipped.get(name, Path(name))
    if name not in shipped and path.suffix != ".toml" and not path.is_file():
        raise InputError(f"unknown scenario {name!r}{nearest(name, list(shipped))} (or a path to a .toml file)")
    shown = f"{name}.toml" if name in shipped else str(path)
    text, data = toml_file.read(path, shown, "a scenario file")
    for internal in ("name", "text", "file"):
        if internal in data:
            known = nearest(internal, names_of(Scenario))
            raise InputError(f"{shown}:{line_of(text, (internal,))}: {internal}: unknown key{known}")
    return _validated({**data, "file": name}, path.stem, shown, text, None)


def _validated(data: dict[str, Any], name: str, shown: str, text: str, context: str | None) -> Scenario:
    try:
        return Scenario.model_validate({**data, "name": name, "text": text}, context=context)
    except ValidationError as error:
        # A loaded scenario that was changed since then has no lines to refer to.
        lines = "" if context == LOADED else text
        told = [explain(Scenario, each, shown, lines) for each in error.errors()]
        more = [f"{shown}: and {len(told) - MOST_ERRORS} more errors"] if len(told) > MOST_ERRORS else []
        raise InputError("\n".join([*told[:MOST_ERRORS], *more])) from None
