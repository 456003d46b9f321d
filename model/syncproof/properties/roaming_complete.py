"""A new device can reach all history of its conversations."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, cast

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import (
    Abandoned,
    Expired,
    Forgot,
    Gone,
    Joined,
    Placed,
    Retired,
    Reverted,
    Roamed,
    Shown,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen
from syncproof.properties.long_column import LongColumn
from syncproof.properties.spill import Spill


@state
class Order:
    """What was placed in a conversation: `places` in growing order, and the message at each."""

    places: list[int]
    messages: list[MessageId]


@state
class OwedHistory:
    """The history that a new device must hold, all places up to `owed`, and holds, all places up to `held`.

    `wrong`: a place at which it holds a message that was never there; 0 for none. `shown`: messages of that history that
    it has shown as any other message.
    """

    owed: int
    held: int
    wrong: int
    shown: set[MessageId]


@state
class RoamingComplete(Property):
    """At quiescence: a device that joined when a conversation of its user had n places holds its history up to n.

    It holds what the pages that it fetched contained (`Roamed`). A page counts only if it continues where the device was
    and contains every message placed in its range, in order. What a restore took from the conversation (`Reverted`,
    `Gone`) need not be held; a page that was in flight at the restore may contain it (`taken`). A device also holds what
    it has shown: one that registers again, after the server was restored, may pull what is history to the server. A
    message whose place nobody knows may be held at any place (`unplaced`). It does not say that messages placed after the
    join arrive (`no-loss` does).
    """

    name = "roaming-complete"
    kind = "liveness"
    keyed_by = "new device x conversation"
    about = ("new-device", "reinstall")
    says = "a new device can reach all history of its conversations"
    wants = "a new device with a history to fetch"
    evidence = seen(Joined, lambda o: any(last > 0 for _, last in o.history or ()))
    needs = ("Placed.place",)

    orders: dict[ConversationId, Order] = attrs.field(factory=dict)
    taken: dict[tuple[ConversationId, int], set[MessageId]] = attrs.field(factory=dict)
    gone: set[MessageId] = attrs.field(factory=set)
    unplaced: set[MessageId] = attrs.field(factory=set)
    fetched: dict[tuple[DeviceId, ConversationId], OwedHistory] = attrs.field(factory=dict)
    abandoned: set[DeviceId] = attrs.field(factory=set)
    spill: Spill | None = None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.place is None:
            self.unplaced.add(o.message)
            return None
        order = self.orders.get(o.conversation)
        if order is None:
            order = self.orders[o.conversation] = self._empty()
        if self.gone:
            self.gone.discard(o.message)
        places = order.places
        if not places or o.place > places[-1]:
            places.append(o.place)
            order.messages.append(o.message)
            return None
        position = bisect_left(places, o.place)
        if places[position] == o.place:
            self.taken.setdefault((o.conversation, o.place), set()).add(order.messages[position])
            order.messages[position] = o.message
        else:
            places.insert(position, o.place)
            order.messages.insert(position, o.message)
        return None

    @observes(Joined)
    def on_joined(self, o: Joined) -> str | None:
        if o.device in self.abandoned:  # its registration was still on the way
            return None
        for conversation, last in o.history or ():
            if last > 0:
                self.fetched[o.device, conversation] = OwedHistory(last, 0, 0, set())
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        record = self.fetched.get((o.device, o.conversation))
        if record is not None and (o.place is None or o.place <= record.owed):
            record.shown.add(o.message)
        return None

    @observes(Roamed)
    def on_roamed(self, o: Roamed) -> str | None:
        record = self.fetched.get((o.device, o.conversation))
        if record is None:
            return None
        order = self.orders.get(o.conversation) or Order([], [])
        first = bisect_right(order.places, o.after)
        last = bisect_right(order.places, min(o.upto, record.owed))
        before = o.after
        due = first
        for place, message in o.entries:
            due = self._due(order, due, last)
            if due < last and order.places[due] == place and order.messages[due] == message:
                due += 1
            elif not before < place <= o.upto or not self._was_there(order, o.conversation, place, message):
                record.wrong = record.wrong or place
            before = place
        if self._due(order, due, last) == last and o.after <= record.held < o.upto:
            record.held = min(o.upto, record.owed)
        return None

    def compact(self, spill: Spill) -> None:
        self.spill = spill

    def _empty(self) -> Order:
        if self.spill is None:
            return Order([], [])
        return Order(cast(Any, LongColumn(self.spill)), cast(Any, LongColumn(self.spill)))

    def _due(self, order: Order, position: int, last: int) -> int:
        """Return the position of the next entry that a page must contain: it may leave out `gone` ones."""
        while position < last and order.messages[position] in self.gone:
            position += 1
        return position

    def _was_there(self, order: Order, conversation: ConversationId, place: int, message: MessageId) -> bool:
        """Return whether the message is at that place, or was there before a restore."""
        position = bisect_left(order.places, place)
        here = position < len(order.places) and order.places[position] == place and order.messages[position] == message
        return here or message in self.unplaced or message in self.taken.get((conversation, place), ())

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        """Expect the device to fetch again what its older database lacks."""
        roamed = dict(o.roamed)
        for (device, conversation), record in self.fetched.items():
            if device == o.device:
                record.held = min(record.held, roamed.get(conversation, 0))
                record.shown.difference_update(o.messages)
        return None

    @observes(Gone)
    def on_gone(self, o: Gone) -> str | None:
        if o.box is None and o.cause != "crash":
            self.gone.add(o.message)
        return None

    @observes(Expired)
    def on_expired(self, o: Expired) -> str | None:
        """Let pages leave out what expired."""
        self.gone.add(o.message)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key in [key for key in self.fetched if key[0] == o.device]:
            del self.fetched[key]
        return None

    @observes(Abandoned)
    def on_abandoned(self, o: Abandoned) -> str | None:
        self.abandoned.add(o.device)
        return self.on_retired(Retired(o.device))

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Remove what a restore took from the conversation: no device can fetch it."""
        if o.timeline.kind != "conversation":
            return None
        taken = ConversationId(o.timeline.owner)
        order = self.orders.get(taken)
        if order is not None:
            first = bisect_right(order.places, o.upto)
            if any(conversation == taken for _, conversation in self.fetched):  # otherwise no page can be in flight
                for place, message in zip(order.places[first:], order.messages[first:], strict=True):
                    self.taken.setdefault((taken, place), set()).add(message)
            del order.places[first:], order.messages[first:]
        for (_, conversation), record in self.fetched.items():
            if conversation == taken:
                record.owed = min(record.owed, o.upto)
        return None

    def _shown(self, conversation: ConversationId, record: OwedHistory) -> bool:
        """Return whether the device has shown all messages that it should hold as history and does not."""
        order = self.orders.get(conversation) or Order([], [])
        missing = order.messages[bisect_right(order.places, record.held) : bisect_right(order.places, record.owed)]
        return record.shown.issuperset(missing)

    def at_quiescence(self) -> Iterator[str]:
        for (device, conversation), record in sorted(self.fetched.items(), key=lambda item: item[0]):
            where = f"conversation {conversation:d}"
            if record.wrong:
                yield f"new device {device:d} holds at place {record.wrong} of {where} what was never placed there"
            if not self._shown(conversation, record):
                yield f"new device {device:d} cannot reach the {record.owed} earlier places of {where}"
