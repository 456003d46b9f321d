"""Load scenarios: TOML files that say who talks to whom, over which network, and which faults happen.

Every field below is a key of the file; its constraints are the schema. A file is checked in full before anything runs.
`load` reports every error of a file in one line, with the line of the file, what is allowed, and the nearest valid name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from syncproof.core.faults import FAULTS
from syncproof.designs import parameters
from syncproof.designs.parameters import Parameters
from syncproof.errors import InputError, nearest
from syncproof.inputs import arguments, toml_file
from syncproof.inputs.scenario_errors import explain, line_of, names_of, within

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def seconds(value: object) -> float:
    """Return a duration such as `"90s"`, `"15m"`, `"8h"` or `"1.5d"` in seconds. Raises `ValueError` for anything else."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a number and a unit (ms, s, m, h, d) in quotes, such as '15m'")
    return float(match[1]) * UNITS[match[2]]


def duration_of(value: object, info: ValidationInfo) -> float:
    """Return seconds. A file has texts; a scenario that was loaded before and is validated again has seconds already."""
    return value if isinstance(value, float) and info.context == LOADED else seconds(value)


def _devices(value: object) -> object:
    counts = value if isinstance(value, list) else [value]
    if not counts or not all(type(count) is int and 1 <= count <= 64 for count in counts):
        raise ValueError("1 to 64, or a list of such numbers that users take in turn")
    return value


LOADED = "loaded"
MOST_ERRORS = 20
"""The most errors of a file that are told; a file with more of them has one cause, most likely."""
HOUR = 3600.0
LONGEST = 3650 * 86400.0
"""Seconds that a run may last."""
MOST, MOST_DEVICES = 20_000_000, 10_000_000
"""The most messages (or other events of a kind) in a run, and the most devices: more would not fit into memory."""
Duration = Annotated[float, BeforeValidator(duration_of), Field(ge=0, allow_inf_nan=False)]
Span = Annotated[float, BeforeValidator(duration_of), Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
LARGEST_SEED = 2**40 - 1
"""The largest seed: run n draws from seed * 1000 + n, which has to fit into 64 bits."""
Positive = Annotated[int, Field(ge=1)]
Gateway = Annotated[int, Field(ge=0, le=1)]
DevicesPerUser = Annotated[int | list[int], BeforeValidator(_devices)]


class Section(BaseModel):
    """Check a table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Spread(Section):
    """A lognormal distribution by its median; `sigma = 0` is a constant."""

    median: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    """Half of the drawn values are below it."""
    sigma: Annotated[float, Field(ge=0, le=3)] = 0.0
    """The standard deviation of the logarithm."""


class PopulationSection(Section):
    """The users and their devices. A trace brings its own users."""

    users: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """Number of users."""
    devices_per_user: DevicesPerUser = 2
    """A number for all users, or a list from which users take in turn."""
    new_devices: Count = 0
    """Devices that appear during the run, for users in turn."""
    reinstalls: Count = 0
    """Devices that are installed again during the run: the first device of each user in turn."""
    abandoned: Probability = 0.0
    """The share of devices that nobody uses any more from a drawn time on: they never return, and the server is not told. Their
    users write on their other devices; one who has none left writes no more."""


class GroupSize(Section):
    """Zipf-distributed sizes between two bounds; `zipf = 0` is uniform."""

    min: Positive = 3
    """The smallest group's members."""
    max: Positive = 10
    """The largest group's members; at most the users there are."""
    zipf: Annotated[float, Field(ge=0, le=5)] = 1.0
    """The exponent: a size is drawn with a weight of one over its power."""

    @model_validator(mode="after")
    def _ordered(self) -> GroupSize:
        if self.min > self.max:
            raise ValueError("min at most max")
        return self


class ConversationsSection(Section):
    """Who talks to whom. A trace brings its own conversations."""

    pairs: Count = 30
    """Conversations of two users; at most one for any two users."""
    groups: Count = 4
    """Conversations of several users."""
    group_size: GroupSize = GroupSize()
    """How many members groups have."""
    group_share: Probability = 0.4
    """The share of messages that go to a group, where there are groups and pairs."""


class Burst(Section):
    """Within `[start, start + length)` messages come `factor` times as often; the usual ones stay as they are."""

    start: Duration
    """When it begins; before the scenario's end."""
    length: Span
    """How long it lasts."""
    factor: Annotated[float, Field(ge=1, le=1000)]
    """How many times as often as usual messages come."""


class TrafficSection(Section):
    """The messages."""

    messages_per_user_per_day: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 42.0
    """The mean of a Poisson process; 42 is WeChat's published figure for 2017."""
    body_bytes: Spread = Spread(median=200.0, sigma=1.0)
    """The size of a message's body."""
    recalls: Probability = 0.0
    """The share of messages that recall the previous message of the same device in the same conversation."""
    expiring: Probability = 0.0
    """The share of the other messages that expire; `model.lifetime` says after how long."""
    day_night: bool = False
    """Traffic follows a day: most at noon, none at midnight."""
    bursts: list[Burst] = []
    """Times in which there are more messages than usual. A trace has none."""
    trace: Literal["none", "snap", "presence"] = "none"
    """The kind of trace that `--trace` must name for this scenario."""


class PresenceSection(Section):
    """When devices are connected, where no trace says so."""

    online: Span = 7200.0
    """Mean length of a session, exponential."""
    offline: Duration = 1800.0
    """Mean time between sessions, exponential; 0: devices are connected all the time."""
    half_open: Probability = 0.0
    """The share of sessions that end without the server being told."""
    dead: Span = 240.0
    """Mean time until the server notices a half-open connection."""
    always_online: Probability = 0.0
    """The share of devices that stay connected throughout."""
    opens_to_send: bool = True
    """A person who writes opens the application first; if false, the message waits in the outbox."""
    member_for: Span = 30 * 86400.0
    """Presence traces: how long after the last appearance a user is still a member."""


class NetworkSection(Section):
    """How long packets take, and how soon dead connections are noticed."""

    up_ms: Spread = Spread(median=40.0, sigma=0.5)
    """From a device to the server, over a connection."""
    down_ms: Spread = Spread(median=40.0, sigma=0.5)
    """From the server to a device, over a connection."""
    push_ms: Spread = Spread(median=60.0, sigma=0.7)
    """Pushes and notifications."""
    notice: Duration = 2.0
    """How long an end takes to notice that the other one crashed."""
    reconnect: Span = 3.0
    """How long a device waits before it connects again after a dead connection, a crash or a refusal."""
    reconnect_jitter: Probability = 0.0
    """Up to this share of `reconnect` more, drawn, so that devices which lost their connections at once do not all return at
    once."""
    header_bytes: Count = 60
    """Bytes of all headers together, for each packet."""


class DeploymentSection(Section):
    """Where the server runs."""

    kind: Literal["single", "cluster"] = "single"
    """In one process, or as a store behind two gateways, which hold the connections of the devices."""
    hop_ms: Spread = Spread(median=1.0, sigma=0.3)
    """From a gateway to the store, or back; in a cluster."""


class Outage(Section):
    """Pushes and notifications sent within `[start, start + length)` are lost."""

    start: Duration
    """When it begins; before the scenario's end."""
    length: Span
    """How long it lasts."""


class GatewayLoss(Section):
    """A gateway is lost at `at`: this share of the connections is dead, and neither end knows until `network.notice` later."""

    at: Duration
    """When it is lost; before the scenario's end."""
    share: Probability = 1.0
    """The share of the devices that are connected then, drawn by device."""


class GatewayCrash(Section):
    """A gateway of a cluster crashes at `at` and is down for `down`; its connections are dead, and the store is not told."""

    at: Duration
    """When it crashes; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts. A device whose next connection leads to it waits for that."""
    gateway: Gateway = 0
    """Which one: 0 or 1."""


class Partition(Section):
    """A gateway of a cluster is cut from the store within `[at, at + length)`."""

    at: Duration
    """When it is cut, which the gateway notices then and the store `network.notice` later; before the scenario's end."""
    length: Span
    """How long until it connects to the store again."""
    gateway: Gateway = 0
    """Which one: 0 or 1."""


class ServerCrash(Section):
    """The server crashes at `at` and is down for `down`."""

    at: Duration
    """When it crashes; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts."""


class ServerRestore(Section):
    """The server is put back at `at` to a backup that was taken at `backup`, and is down for `down`."""

    backup: Duration
    """When the backup is taken; not after `at`."""
    at: Duration
    """When the server is put back to it; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts."""

    @model_validator(mode="after")
    def _ordered(self) -> ServerRestore:
        if self.backup > self.at:
            raise ValueError("backup before at")
        return self


class ClockStep(Section):
    """The server's clock steps back at `at` by `back`. Only a design that numbers by the clock notices."""

    at: Duration
    """When it steps back; before the scenario's end."""
    back: Span
    """By how much; after the step the clock continues at its usual rate."""


TIME_KEYS = {
    "outages": "start",
    "gateway_losses": "at",
    "gateway_crashes": "at",
    "partitions": "at",
    "server_crashes": "at",
    "server_restores": "at",
    "clock_steps": "at",
}
"""The lists of tables in `[faults]`, and the key of their entries that says when each happens."""


class FaultsSection(Section):
    """The faults. Shares and rates are drawn; lists give the times."""

    push_loss: Probability = 0.0
    """The share of pushes and notifications that never arrive."""
    push_duplicate: Probability = 0.0
    """The share of pushes and notifications that arrive a second time, `reorder_delay` later."""
    push_reorder: Probability = 0.0
    """The share that arrives `reorder_delay` late, while later ones pass."""
    reorder_delay: Span = 2.0
    """How late what is reordered or duplicated arrives."""
    outages: list[Outage] = []
    """Times in which every push and notification is lost."""
    gateway_losses: list[GatewayLoss] = []
    """Times at which connections die at once; the fault `half-open`."""
    gateway_crashes: list[GatewayCrash] = []
    """Times at which a gateway crashes; in a cluster (`[deployment]`)."""
    partitions: list[Partition] = []
    """Times at which a gateway is cut from the store; in a cluster."""
    handovers_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day each device reconnects through the other gateway while the first still believes in it, at drawn times; in
    a cluster."""
    server_crashes: list[ServerCrash] = []
    """Times at which the server crashes."""
    device_crashes_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Mean number of crashes of each device per day, at drawn times."""
    device_down: Span = 5.0
    """How long a crashed or restored device takes to restart."""
    device_restores_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often each device's database is put back to a backup, at drawn times."""
    device_backup_age: Span = 3600.0
    """How old such a backup is."""
    server_restores: list[ServerRestore] = []
    """Times at which the server is put back to a backup; what it stored since then is lost."""
    trims: list[Duration] = []
    """Times at which retention deletes all that the server keeps for delivery."""
    clock_steps: list[ClockStep] = []
    """Times at which the server's clock steps back; only `model.sequencer = "clock"` uses the clock."""
    sender_retry: Probability = 0.0
    """The share of submissions that an impatient device sends once more over the same connection."""
    sender_retry_after: Span = 0.1
    """How soon it does."""
    rate_limits_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day the server begins to refuse each device's requests, at drawn times."""
    rate_limit: Span = 60.0
    """How long a refused device has to wait: it is refused until it has asked for nothing for so long."""
    lost_cursors_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day the server can continue from each device's cursors no more, at drawn times."""
    keys_late_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day each device begins to lack the key of what it gets, at drawn times."""
    key_delay: Span = 60.0
    """How long after that the key comes, and the device can open what it kept."""

    @staticmethod
    def time_of(setting: str, entry: Any) -> float:
        """Return when an entry of the list under the key `setting` happens, or begins, in seconds."""
        at: float = getattr(entry, TIME_KEYS[setting]) if setting in TIME_KEYS else entry
        return at


class StorageSection(Section):
    """The storage station: it serves `parallel` operations at a time, each in a drawn base time plus a time per row."""

    service_ms: Spread = Spread(median=2.0, sigma=0.4)
    """The base time of an operation."""
    per_row_ms: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 0.2
    """The time that each row adds that an operation touches."""
    parallel: Annotated[int, Field(ge=1, le=1024)] = 8
    """Operations that are served at a time; others wait in a queue."""


class SizeSection(Section):
    """What `size` computes for; its options override these. Nothing here changes a simulation."""

    users: Annotated[int, Field(ge=0, le=10**11)] = 0
    """Users that the population is a sample of; 0: those of the population."""
    peak: Annotated[float, Field(ge=1, le=1000)] = 2.0
    """How many times the mean rates the peak's are."""
    sync_retention: Span = 7 * 86400.0
    """How long copies stay in the sync store, and dedup rows."""
    history: Span = 365 * 86400.0
    """How long messages stay in the message store."""


if TYPE_CHECKING:
    ModelSection = Parameters  # a type checker sees the same fields
else:
    KEY_TYPES = {
        parameters.Seconds: Span,
        parameters.Pause: Duration,
        parameters.Positive: Positive,
        parameters.Count: Count,
    }
    """Type of a parameter -> type of the key in the file; other types are the same in both."""
    ModelSection = create_model(
        "ModelSection",
        __base__=Section,
        __doc__="The designs' parameters.",
        __module__=__name__,
        **{
            name: (KEY_TYPES.get(kind, kind), getattr(Parameters(), name))
            for name, kind in get_type_hints(Parameters, include_extras=True).items()
        },
    )


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
