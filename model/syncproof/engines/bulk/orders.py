"""The pass over conversations: in which order messages are composed, placed and shown there.

It clears `sender-order` and `conversation-order`, and keeps what `roaming-complete`, the properties of logs and `HistorySize`
know of each message and its place.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any, cast

import numpy

from syncproof.core.observations import Composed, Placed, Shown
from syncproof.engines.bulk.messages import Known
from syncproof.engines.bulk.ranks import NotClear, demand, firsts, lasts, ranked
from syncproof.engines.bulk.stretch import Stretch
from syncproof.formats.columnar import NONE
from syncproof.properties._logs import Logs
from syncproof.properties.conversation_order import ConversationOrder
from syncproof.properties.evidence import HistorySize
from syncproof.properties.roaming_complete import RoamingComplete
from syncproof.properties.sender_order import SenderOrder


class OrderPass:
    """Clears the orders of conversations in a stretch; `commit` brings the automata's states up to date."""

    def __init__(self, automata: dict[str, Any], size: HistorySize) -> None:
        self.senders = cast("SenderOrder | None", automata.get("sender-order"))
        self.shows = cast("ConversationOrder | None", automata.get("conversation-order"))
        self.roaming = cast("RoamingComplete | None", automata.get("roaming-complete"))
        self.keeper = cast(Logs, automata["prefix-order"])
        self.size = size

    def check(self, stretch: Stretch, known: Known) -> None:
        """Raise `NotClear` if an automaton may complain."""
        composed, placed = stretch.parts[Composed], stretch.parts[Placed]
        named = stretch.named
        demand(known.counts[Composed][named[Composed]] == 1, composed.rows)
        demand(known.counts[Placed][named[Placed]] == 1, placed.rows)
        demand(~known.placed_before[named[Placed]], placed.rows)
        both = known.counts[Composed][named[Placed]] == 1
        demand(~both | (known.composed_at[named[Placed]] < placed.rows), placed.rows)
        if self.senders is not None:
            self._check_senders(stretch, self.senders)
        if self.roaming is not None:
            self._check_roaming(stretch, self.roaming)
        if self.shows is not None:
            self._check_shown(stretch, self.shows)

    def _check_senders(self, stretch: Stretch, automaton: SenderOrder) -> None:
        composed, placed = stretch.parts[Composed], stretch.parts[Placed]
        counts: dict[Any, int] = {}
        self.numbered: dict[Any, tuple[Any, int]] = {}
        before = cast("dict[Any, int]", automaton.counts)
        senders = zip(*(composed.cells[name].tolist() for name in ("message", "device", "conversation")), strict=True)
        for message, device, conversation in senders:
            key = (device, conversation)
            number = counts.get(key)
            counts[key] = number = (before.get(key, 0) if number is None else number) + 1
            self.numbered[message] = key, number
        self.sent = counts
        taken: dict[Any, list[int]] = {}
        earlier = cast("dict[Any, list[int]]", automaton.taken)
        places = zip(placed.cells["message"].tolist(), placed.cells["place"].tolist(), strict=True)
        for at, (message, place) in enumerate(places):
            if place == NONE:
                continue
            found = self.numbered.get(message)
            if found is None:
                origin = automaton.numbers.get(message)
                if origin is None:
                    continue
                key, number = origin[:2], origin[2]
            else:
                key, number = found
            last = taken.get(key) or earlier.get(key)
            if last and (number <= last[-2] or place <= last[-1]):
                raise NotClear(int(placed.rows[at]))
            taken.setdefault(key, []).extend((number, place))
        self.taken = taken

    def _check_roaming(self, stretch: Stretch, automaton: RoamingComplete) -> None:
        placed = stretch.parts[Placed]
        messages = placed.cells["message"].tolist()
        if automaton.gone and not automaton.gone.isdisjoint(messages):
            raise NotClear(stretch.low)
        orders = cast("dict[Any, Any]", automaton.orders)
        last: dict[int, int] = {}
        for at, (conversation, place) in enumerate(
            zip(placed.cells["conversation"].tolist(), placed.cells["place"].tolist(), strict=True)
        ):
            if place == NONE:
                continue
            before = last.get(conversation)
            if before is None:
                order = orders.get(conversation)
                before = order.places.tail[-1] if order is not None and order.places.tail else NONE
            if place <= before:
                raise NotClear(int(placed.rows[at]))
            last[conversation] = place

    def _check_shown(self, stretch: Stretch, automaton: ConversationOrder) -> None:
        shown = stretch.parts[Shown]
        judged = shown.cells["place"] != NONE
        rows, places = shown.rows[judged], shown.cells["place"][judged]
        devices, device = ranked(shown.cells["device"][judged])
        conversations, conversation = ranked(shown.cells["conversation"][judged])
        keys = device * len(conversations) + conversation
        order = numpy.argsort(keys, kind="stable")
        keys, places = keys[order], places[order]
        first, last = firsts(keys), lasts(keys)
        own = keys[first]
        width = max(1, len(conversations))
        pairs = list(zip(devices[own // width].tolist(), conversations[own % width].tolist(), strict=True))
        known: Any = automaton.last
        before = numpy.empty(len(places), dtype=numpy.int64)
        before[1:] = places[:-1]
        before[first] = numpy.fromiter(map(known.get, pairs, repeat(0)), numpy.int64, len(pairs))
        demand(places > before, rows[order])
        self.shown = pairs, places[last].tolist()

    def commit(self, stretch: Stretch, known: Known) -> None:
        """Write into the automata what they would know after the stretch."""
        composed, placed = stretch.parts[Composed], stretch.parts[Placed]
        messages, conversations = placed.cells["message"], placed.cells["conversation"]
        places = placed.cells["place"]
        if self.senders is not None:
            cast(Any, self.senders.counts).update(self.sent)
            for key, taken in self.taken.items():
                self.senders.taken_by(key).extend(taken)
            numbers = numpy.fromiter((n for _, n in self.numbered.values()), numpy.int64, len(self.numbered))
            own: Any = self.senders.numbers
            own.fill(composed.cells["message"], composed.cells["device"], composed.cells["conversation"], numbers)
        keeper: Any = self.keeper
        keeper.places.fill(messages, conversations, places)
        keeper.members.fill(messages, [members or () for members, _ in known.groups])
        if self.roaming is not None:
            self._commit_roaming(stretch, self.roaming)
        if self.shows is not None:
            cast(Any, self.shows.last).update(zip(*self.shown, strict=True))
        self._commit_size(stretch, known)

    def _commit_roaming(self, stretch: Stretch, automaton: RoamingComplete) -> None:
        placed = stretch.parts[Placed]
        orders: Any = automaton.orders
        rows = zip(*(placed.cells[name].tolist() for name in ("message", "conversation", "place")), strict=True)
        for message, conversation, place in rows:
            if place == NONE:
                automaton.unplaced.add(message)
                continue
            order = orders.get(conversation)
            if order is None:
                order = orders[conversation] = automaton._empty()
            places, owners = order.places, order.messages
            places.tail.append(place)
            owners.tail.append(message)
            if len(places.tail) >= places.most:
                places.move()
                owners.move()
        if automaton.fetched:
            new = {device for device, _ in automaton.fetched}
            shown = stretch.parts[Shown]
            of_new = numpy.array([device in new for device in shown.cells["device"].tolist()], dtype=bool)
            for observation in stretch.objects(shown.rows[of_new]):
                automaton.on_shown(observation)  # type: ignore[arg-type]

    def _commit_size(self, stretch: Stretch, known: Known) -> None:
        composed, placed = stretch.parts[Composed], stretch.parts[Placed]
        if composed.changes.any():
            changes: Any = stretch.objects(composed.rows[composed.changes])
            self.size.changes = self.size.changes or any(o.what for o in changes)
        named = numpy.concatenate([stretch.named[Composed], stretch.named[Placed]])
        conversations = numpy.concatenate([composed.cells["conversation"], placed.cells["conversation"]])
        once, at = numpy.unique(named, return_index=True)  # of a message that is composed and placed, the first
        messages = stretch.messages[once]
        new = ~self.size._counted.has(messages)
        self.size._counted.fill(messages[new])
        found, inverse = ranked(conversations[at][new])
        counts: list[int] = numpy.bincount(inverse, minlength=len(found)).tolist()
        for conversation, count in zip(found.tolist(), counts, strict=True):
            self.size.messages[conversation] += count
