"""The tables of the workload: who there is, who talks to whom, what is written, and when devices are connected."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from syncproof.inputs.durations import Duration, Span
from syncproof.inputs.sections.base import Count, Positive, Probability, Section, Spread


def checked_devices(value: object) -> object:
    """Return a number of devices per user, or a list of them. Raises `ValueError` for anything else."""
    counts = value if isinstance(value, list) else [value]
    if not counts or not all(type(count) is int and 1 <= count <= 64 for count in counts):
        raise ValueError("1 to 64, or a list of such numbers that users take in turn")
    return value


DevicesPerUser = Annotated[int | list[int], BeforeValidator(checked_devices)]


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
