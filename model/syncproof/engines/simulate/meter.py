"""A meter, which measures the latencies of one run from its observations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Composed,
    Connected,
    Disconnected,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Refused,
    Retired,
    Shown,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.histogram import Histogram

LATE_S = (1, 10, 60)
"""Seconds: the shares of deliveries that took longer are metrics."""


class Meter:
    """The latencies of a run in seconds, measured from observations at the clock's time.

    - *Delivery*: from composed to shown, for each pair of a message and a device of its conversation's members, the
      composing one left out, where the composing device and this one were truly connected (at both ends of a connection) when
      the message was composed. Whatever happens then, the pair stays: so every design is measured over the same pairs. It
      leaves the set, counted in `left`, if the message is refused, or the device retired, abandoned or no longer a member's.
    - *Accept*: from composed on a connected device to accepted.
    - *Catch-up*: from the first connection after an absence until everything accepted before it is shown. If the connection
      ends before that, it goes on at the next one.

    What has not ended at the end of the run is `beyond` in the histogram, later than every value.

    `slot`: the length of a stretch of time in seconds, whose deliveries are kept apart in `over_time`, by the number of the
    stretch in which the message was composed; 0: they are not.
    """

    def __init__(self, clock: Clock, slot: float = 0.0) -> None:
        self.clock = clock
        self.slot = slot
        self.over_time: defaultdict[int, Histogram] = defaultdict(Histogram)
        self.delivery, self.accept, self.catchup = Histogram(), Histogram(), Histogram()
        self.late = [0] * len(LATE_S)
        self.left = 0
        self.closed = False
        self.deliveries = 0
        self.messages = self.messages_at_horizon = 0
        self.connected: dict[DeviceId, None] = {}
        # Who is there.
        self.devices: defaultdict[UserId, dict[DeviceId, None]] = defaultdict(dict)
        self.owners: dict[DeviceId, UserId] = {}
        self.members: defaultdict[ConversationId, dict[UserId, None]] = defaultdict(dict)
        self.gone: set[DeviceId] = set()
        # Pairs that are not shown yet: when the message was composed, and on which devices it is awaited.
        self.composed_at: dict[MessageId, float] = {}
        self.awaited: dict[MessageId, dict[DeviceId, None]] = {}
        self.talk: dict[MessageId, ConversationId] = {}
        # What is accepted late, and what is owed to each device.
        self.asked_at: dict[MessageId, float] = {}
        self.uncounted: set[MessageId] = set()
        self.unaccepted: set[MessageId] = set()
        self.accepted_at: dict[MessageId, float] = {}
        self.waiting: dict[MessageId, set[DeviceId]] = {}
        self.early: dict[MessageId, set[DeviceId]] = {}
        self.behind: defaultdict[DeviceId, int] = defaultdict(int)
        self.catching: dict[DeviceId, tuple[float, int]] = {}

    @property
    def listeners(self) -> dict[type[Observation], Callable[[Any], None]]:
        """Return the method for each class of observations."""
        return {
            Joined: self.joined,
            Retired: self.retired,
            Abandoned: self.abandoned,
            MemberAdded: self.member_added,
            MemberRemoved: self.member_removed,
            Composed: self.composed,
            Placed: self.placed,
            Accepted: self.accepted,
            Refused: self.refused,
            Shown: self.shown,
            Connected: self.connects,
            Disconnected: self.disconnected,
        }

    # ---- who is there

    def joined(self, o: Joined) -> None:
        self.devices[o.user][o.device] = None
        self.owners[o.device] = o.user

    def retired(self, o: Retired) -> None:
        self.abandon(o.device)
        owner = self.owners.pop(o.device, None)
        if owner is not None:
            self.devices[owner].pop(o.device, None)
        self.connected.pop(o.device, None)

    def abandoned(self, o: Abandoned) -> None:
        self.abandon(o.device)
        self.gone.add(o.device)

    def abandon(self, device: DeviceId) -> None:
        """Let a device leave: from now on nothing is owed to it."""
        for message in [m for m, devices in self.awaited.items() if device in devices]:
            self._leave(message, device)
        self.catching.pop(device, None)
        self.behind.pop(device, None)
        for waiting in self.waiting.values():
            waiting.discard(device)

    def member_added(self, o: MemberAdded) -> None:
        self.members[o.conversation][o.user] = None

    def member_removed(self, o: MemberRemoved) -> None:
        self.members[o.conversation].pop(o.user, None)
        devices = self.devices[o.user]
        for message in [m for m in self.awaited if self.talk[m] == o.conversation and m not in self.waiting]:
            for device in [d for d in self.awaited[message] if d in devices]:
                self._leave(message, device)

    def connects(self, o: Connected) -> None:
        device = o.device
        self.connected[device] = None
        if not self.closed and device not in self.catching and self.behind.get(device):
            self.catching[device] = (self.clock.now, self.behind[device])

    def disconnected(self, o: Disconnected) -> None:
        self.cut(o.device)

    def cut(self, device: DeviceId) -> None:
        """Count the device as disconnected from now on, also where an end of its connection has not noticed it."""
        self.connected.pop(device, None)

    # ---- messages

    def composed(self, o: Composed) -> None:
        message, sender, connected = o.message, o.device, self.connected
        self.uncounted.add(message)
        if sender not in connected:
            return
        self.asked_at[message] = self.clock.now
        awaited: dict[DeviceId, None] = {}
        for user in self.members[o.conversation]:
            for device in self.devices[user]:
                if device in connected and device != sender:
                    awaited[device] = None
        if awaited:
            self.composed_at[message] = self.clock.now
            self.awaited[message] = awaited
            self.talk[message] = o.conversation

    def placed(self, o: Placed) -> None:
        if o.message not in self.uncounted:
            return  # placed once more, after it was accepted
        if o.message in self.waiting:  # placed once more: who has shown the message waits for it no longer
            self.waiting[o.message].intersection_update(o.audience or ())
            return
        waiting = set(o.audience or ())
        waiting.difference_update(self.early.pop(o.message, ()), self.gone)
        self.waiting[o.message] = waiting
        self.unaccepted.add(o.message)
        for device in [d for d in self.awaited.get(o.message, ()) if d not in waiting]:
            self._leave(o.message, device)  # removed while the message was on its way

    def accepted(self, o: Accepted) -> None:
        message = o.message
        if message in self.uncounted:
            self.uncounted.discard(message)
            self.messages += 1
            since = self.asked_at.pop(message, None)
            if since is not None:
                self.accept.add(self.clock.now - since)
        if message not in self.unaccepted:
            return
        self.unaccepted.discard(message)
        self.accepted_at[message] = self.clock.now
        waiting = self.waiting.get(message, ())
        for device in waiting:
            self.behind[device] += 1
        if not waiting:
            self._forget(message)

    def refused(self, o: Refused) -> None:
        self.uncounted.discard(o.message)
        self.asked_at.pop(o.message, None)
        for device in list(self.awaited.get(o.message, ())):
            self._leave(o.message, device)

    def shown(self, o: Shown) -> None:
        self.deliveries += 1
        message, device = o.message, o.device
        awaited = self.awaited.get(message)
        if awaited is not None and device in awaited:
            took = self.clock.now - self.composed_at[message]
            self.delivery.add(took)
            if self.slot:
                self.over_time[int(self.composed_at[message] // self.slot)].add(took)
            if took > LATE_S[0]:
                for number, seconds in enumerate(LATE_S):
                    self.late[number] += took > seconds
            del awaited[device]
            if not awaited:
                self._no_longer_awaited(message)
        waiting = self.waiting.get(message)
        if waiting is None:
            self.early.setdefault(message, set()).add(device)
            return
        if device not in waiting:
            return
        waiting.discard(device)
        accepted = self.accepted_at.get(message)
        if accepted is None:
            return
        if not waiting:
            self._forget(message)
        self.behind[device] -= 1
        catching = self.catching.get(device)
        if catching is not None and accepted <= catching[0]:
            start, left = catching
            if left > 1:
                self.catching[device] = (start, left - 1)
            else:
                del self.catching[device]
                self.catchup.add(self.clock.now - start)

    def _forget(self, message: MessageId) -> None:
        """Forget a message that is accepted and shown everywhere."""
        del self.waiting[message], self.accepted_at[message]

    def _leave(self, message: MessageId, device: DeviceId) -> None:
        """Take a pair out of the set: it is neither late nor in time."""
        awaited = self.awaited[message]
        del awaited[device]
        self.left += 1
        if not awaited:
            self._no_longer_awaited(message)

    def _no_longer_awaited(self, message: MessageId) -> None:
        del self.awaited[message], self.composed_at[message], self.talk[message]

    # ---- at the end

    def reach_horizon(self) -> None:
        """Note what is counted until the traffic ends."""
        self.messages_at_horizon = self.messages

    def close(self) -> None:
        """End the measurement: what has not ended by now never counts as ended."""
        open_pairs = sum(len(devices) for devices in self.awaited.values())
        self.delivery.beyond = open_pairs
        if self.slot:
            for message, devices in self.awaited.items():
                self.over_time[int(self.composed_at[message] // self.slot)].beyond += len(devices)
        self.late = [count + open_pairs for count in self.late]
        self.accept.beyond = len(self.asked_at)
        self.catchup.beyond = len(self.catching)
        self.awaited, self.composed_at, self.talk, self.asked_at, self.catching = {}, {}, {}, {}, {}
        self.closed = True
