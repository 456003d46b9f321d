"""Traffic: the input of one run, drawn from a scenario or taken from a trace."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from syncproof.designs.registry import Population

Session = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Hold the input of one run, which is the same for every design. Times are seconds from the start.

    `owners`: device -> user; devices from `initial_devices` on join at `joins`, `(time, device)`. `members`:
    conversation -> its first users. `times`, `devices`, `conversations`, `sizes`: the messages, in order; a message's
    id is its index. `sessions`: per device `(connect, disconnect, dead)`, in order and disjoint; if `dead` > 0, the
    session ends half-open and the server notices that `dead` seconds later. `replaces`: a joining device -> the device
    that it is a reinstall of. `abandoned`: `(time, device, dead)`, the devices that nobody uses from then on, in order of time;
    if one is connected then, the server notices `dead` seconds later. `about`: a recall -> the message that it recalls.
    `expiring`: the messages that expire.
    `changes`: `(time, "add" | "remove", conversation, user)`. `horizon`: when the messages end; presence and losses go on for
    `drain` seconds.
    """

    owners: list[int]
    initial_devices: int
    members: list[tuple[int, ...]]
    times: list[float]
    devices: list[int]
    conversations: list[int]
    sizes: list[int]
    sessions: list[list[Session]]
    changes: list[tuple[float, str, int, int]]
    joins: list[tuple[float, int]]
    horizon: float
    replaces: dict[int, int] = field(default_factory=dict)
    about: dict[int, int] = field(default_factory=dict)
    drain: float = 0.0
    abandoned: tuple[tuple[float, int, float], ...] = ()
    expiring: frozenset[int] = frozenset()

    @property
    def end(self) -> float:
        """Return when presence ends and the run begins to come to rest."""
        return self.horizon + self.drain

    @property
    def population(self) -> Population:
        """Return the devices' users and the conversations' members when the run begins."""
        return Population(tuple(self.owners[: self.initial_devices]), tuple(map(tuple, self.members)))

    def first(self, messages: int) -> Traffic:
        """Return the same traffic, ended after this many messages."""
        if messages >= len(self.times):
            return self
        horizon = self.times[messages]
        end = horizon + self.drain
        joins = [j for j in self.joins if j[0] < horizon]
        return replace(
            self,
            times=self.times[:messages],
            devices=self.devices[:messages],
            conversations=self.conversations[:messages],
            sizes=self.sizes[:messages],
            sessions=[[(a, min(b, end), dead) for a, b, dead in s if a < end] for s in self.sessions],
            changes=[c for c in self.changes if c[0] < horizon],
            joins=joins,
            horizon=horizon,
            replaces={new: old for new, old in self.replaces.items() if any(new == device for _, device in joins)},
            about={number: other for number, other in self.about.items() if number < messages},
            abandoned=tuple([each for each in self.abandoned if each[0] < horizon]),
        )
