"""The pass over messages: whose life stays plain, as `Settling` means it, in a stretch.

Lives of different messages have nothing in common within a stretch. So a message whose life may not be plain is *odd*: its
observations go to `Settling` one by one, in order, while those of all others are dealt with at once.
"""

from __future__ import annotations

from typing import Any

import numpy

from syncproof.core.observations import Accepted, Composed, Observation, Placed, Shown, Stored
from syncproof.engines.bulk.ranks import BITS, LIMIT, NEVER, located
from syncproof.engines.bulk.shelf import Shelf
from syncproof.engines.bulk.stretch import OF_MESSAGES, Stretch
from syncproof.engines.settling import Settling
from syncproof.formats.columnar import NONE
from syncproof.properties.references import References
from syncproof.properties.roster import Roster


class Known:
    """What a stretch says of its messages, by their numbers in the stretch.

    `counts`: how many observations of a class; `first`: the row of the first one. `placed_before`: it was placed before the
    stretch; `placed`: the row at which it was placed first, -1 for before the stretch, `NEVER` for not at all. `groups`: the
    members and the audience of what is placed, filled in as far as they are known.
    """

    def __init__(self, stretch: Stretch, references: References, roster: Roster) -> None:
        size = len(stretch.messages)
        self.counts: dict[type[Observation], Any] = {}
        self.first: dict[type[Observation], Any] = {}
        for kind in OF_MESSAGES:
            named = stretch.named[kind]
            self.counts[kind] = numpy.bincount(named, minlength=size)
            self.first[kind] = first = numpy.full(size, NEVER)
            first[named[::-1]] = stretch.parts[kind].rows[::-1]
        self.composed_at = self.first[Composed]
        self.placed_before = references.made[Placed].has(stretch.messages)
        self.placed = numpy.where(self.placed_before, -1, self.first[Placed])
        self.groups: list[tuple[Any, Any]] = stretch.parts[Placed].groups
        if any(members is None or audience is None for members, audience in self.groups):
            placed = stretch.objects(stretch.parts[Placed].rows)
            self.groups = [(o.members, o.audience) for o in map(roster.complete, placed)]  # type: ignore[attr-defined]


class MessagePass:
    """Finds the plain lives of a stretch; `commit` brings what `Settling` keeps up to date. It never refuses a stretch.

    `odd`: which messages are not plain, or may not be.
    """

    def __init__(self, settling: Settling, references: References) -> None:
        self.settling, self.references = settling, references
        self.shelf = settling.shelf = Shelf()
        self._audiences: dict[int, Any] = {}
        self._placed_last = (-1, 0)

    def check(self, stretch: Stretch, known: Known, named: set[int]) -> None:
        """Find which messages are plain. `named`: messages of which something else is observed in the stretch."""
        settling, counts, size = self.settling, known.counts, len(stretch.messages)
        if settling.lives:
            lives = [(m, settling.lives.pop(m)) for m in stretch.messages.tolist() if m in settling.lives]
            self.shelf.put(lives)
        rows = self.shelf.find(stretch.messages)
        self.carried = carried = rows >= 0
        composed = stretch.parts[Composed]
        fresh = numpy.zeros(size, dtype=bool)
        fresh[stretch.named[Composed]] = ~composed.changes
        fresh &= (counts[Composed] == 1) & ~carried & ~settling.live.has(stretch.messages)
        fresh &= ~settling.archive.has(stretch.messages)
        odd = ~(fresh | (carried & (counts[Composed] == 0)))
        for kind in (Placed, Stored, Accepted):
            odd |= counts[kind] > 1
        if named:
            odd |= numpy.isin(stretch.messages, numpy.array(list(named), dtype=numpy.int64))
        if self.references.asked[Composed] or self.references.awaited[Composed]:
            asked = self.references.asked[Composed].keys() | self.references.awaited[Composed].keys()
            odd |= numpy.array([message in asked for message in stretch.messages.tolist()], dtype=bool)
        self.rows = numpy.where(carried, rows, len(self.shelf) + numpy.maximum(numpy.cumsum(fresh) - 1, 0))
        self.fresh = fresh
        self._origins(stretch)
        self._check_placed(stretch, known, odd)
        self._check_replies(stretch, known, odd)
        self._check_audience(stretch, odd)
        self.odd = odd

    def _origins(self, stretch: Stretch) -> None:
        """Collect what is known of the messages before they are placed in the stretch."""
        carried, columns = self.carried, self.shelf.columns
        rows = self.rows[carried]

        def of(name: str) -> Any:
            column = numpy.zeros(len(carried), dtype=numpy.int64)
            column[carried] = columns[name][rows]
            return column

        self.conversation, self.composer = of("conversation"), of("composer")
        self.place, self.group, self.index = of("place"), of("group"), of("index")
        self.was_placed, self.was_stored = of("placed") > 0, of("stored") > 0
        self.was_accepted = of("accepted") > 0
        named = stretch.named[Composed][~carried[stretch.named[Composed]]]
        composed = stretch.parts[Composed]
        own = ~carried[stretch.named[Composed]]
        self.conversation[named] = composed.cells["conversation"][own]
        self.composer[named] = composed.cells["device"][own]

    def _check_placed(self, stretch: Stretch, known: Known, odd: Any) -> None:
        placed, named = stretch.parts[Placed], stretch.named[Placed]
        odd |= self.was_placed & (known.counts[Placed] > 0)
        places = placed.cells["place"]
        bad = (places == NONE) | (places == 0) | (placed.cells["conversation"] != self.conversation[named])
        bad |= (known.counts[Composed][named] > 0) & (known.composed_at[named] > placed.rows)
        odd[named[bad]] = True
        composers = self.composer[named].tolist()
        asked = self.references.asked[Placed]
        group_of = self.settling.group_of
        groups = [
            -1 if members is None or audience is None else group_of(members, audience, composer)
            for (members, audience), composer in zip(known.groups, composers, strict=True)
        ]
        group = numpy.array(groups, dtype=numpy.int64)
        for number in set(groups):
            if number >= 0 and number not in self._audiences:
                self._audiences[number] = self._column(number)
            if number >= 0 and self._audiences[number] is None:
                group[group == number] = -1
        odd[named[group < 0]] = True
        if asked:
            odd[named[[message in asked for message in placed.cells["message"].tolist()]]] = True
        good = ~odd[named]
        self.group[named[good]] = group[good]
        self.place[named[good]] = places[good]

    def _column(self, number: int) -> Any:
        """Return an audience as a sorted column; None if a device has a number that has no place in a key."""
        audience = self.settling.listed[number][1]
        if not all(0 <= device < LIMIT for device in audience):
            return None
        return numpy.sort(numpy.array(audience, dtype=numpy.int64))

    def _check_replies(self, stretch: Stretch, known: Known, odd: Any) -> None:
        counts, first = known.counts, known.first
        placed_at = numpy.where(self.was_placed, -1, first[Placed])
        stored_at = numpy.where(self.was_stored, -1, first[Stored])
        self.stored_at = stored_at
        stored = counts[Stored] > 0
        odd |= stored & (self.was_stored | self.was_accepted | (first[Stored] < placed_at))
        accepted = counts[Accepted] > 0
        odd |= accepted & (self.was_accepted | (first[Accepted] < stored_at))
        named, places = stretch.named[Accepted], stretch.parts[Accepted].cells["place"]
        odd[named[(places != NONE) & (places != self.place[named])]] = True
        odd |= (counts[Shown] > 0) & (first[Shown] < stored_at)
        shown, named = stretch.parts[Shown], stretch.named[Shown]
        elsewhere = shown.cells["place"] != self.place[named]
        elsewhere |= shown.cells["conversation"] != self.conversation[named]
        odd[named[elsewhere]] = True

    def _check_audience(self, stretch: Stretch, odd: Any) -> None:
        """Compare where messages are shown with where they are owed."""
        shown, named = stretch.parts[Shown], stretch.named[Shown]
        devices = shown.cells["device"]
        odd[named[(devices < 0) | (devices >= LIMIT)]] = True
        placed = stretch.named[Placed]
        placed = placed[~odd[placed]]
        audiences = [self._audiences[group] for group in self.group[placed].tolist()]
        sizes = numpy.array([len(each) for each in audiences], dtype=numpy.int64)
        nothing = numpy.zeros(0, dtype=numpy.int64)
        new = (numpy.repeat(self.rows[placed], sizes) << BITS) | numpy.concatenate([nothing, *audiences])
        self.pairs = numpy.concatenate([self.shelf.pairs, new])
        self.pairs.sort(kind="stable")
        plain = ~odd[named]
        asked = (self.rows[named[plain]] << BITS) | devices[plain]
        places, there = located(self.pairs, asked)
        uses = numpy.bincount(places[there], minlength=len(self.pairs))
        odd[named[plain][~there]] = True
        odd[named[plain][there][uses[places[there]] > 1]] = True
        still = ~odd[named[plain]] & there
        self.shown = numpy.zeros(len(self.pairs), dtype=bool)
        self.shown[places[still]] = True

    def odd_rows(self, stretch: Stretch) -> Any:
        """Return the rows of odd messages, in growing order."""
        found = [stretch.parts[kind].rows[self.odd[stretch.named[kind]]] for kind in OF_MESSAGES]
        return numpy.sort(numpy.concatenate(found))

    def remember_last(self, stretch: Stretch) -> None:
        """Say which message was placed last, after odd ones were observed singly."""
        row, message = self._placed_last
        singly = stretch.parts[Placed].rows[self.odd[stretch.named[Placed]]]
        if len(singly) and singly[-1] < row:
            self.settling.placed_last = message

    def commit(self, stretch: Stretch, known: Known) -> None:
        """Write what is known of the plain messages after the stretch."""
        settling, references = self.settling, self.references
        self._placed_last = (-1, 0)
        plain, rows, size = ~self.odd, self.rows, len(stretch.messages)
        composed, placed = plain & (known.counts[Composed] > 0), plain & (known.counts[Placed] > 0)
        references.made[Composed].fill(stretch.messages[composed])
        references.made[Placed].fill(stretch.messages[placed])
        for message in stretch.messages[placed & ~composed].tolist():
            references.conversations.pop(message, None)
        for at in numpy.flatnonzero(composed & ~placed).tolist():
            references.conversations[int(stretch.messages[at])] = int(self.conversation[at])  # type: ignore[index,assignment]
        if placed.any():
            last = numpy.where(placed, known.first[Placed], -1).argmax()
            self._placed_last = int(known.first[Placed][last]), int(stretch.messages[last])
            settling.placed_last = self._placed_last[1]
        if settling.convergence is not None:
            self.index[placed] = len(settling.convergence.placed)
        left = numpy.bincount(self.pairs[~self.shown] >> BITS, minlength=len(self.shelf) + size)
        now = {
            "message": stretch.messages,
            "composer": self.composer,
            "conversation": self.conversation,
            "place": self.place,
            "group": self.group,
            "index": self.index,
            "placed": self.was_placed | placed,
            "stored": self.was_stored | (known.counts[Stored] > 0),
            "accepted": self.was_accepted | (known.counts[Accepted] > 0),
        }
        settled = plain & now["placed"] & now["accepted"] & (left[rows] == 0)
        names = ("message", "composer", "conversation", "place", "group", "index")
        settling.archive.fill(*[now[name][settled] for name in names])
        whole = {}
        changed = plain & self.carried
        for name, column in self.shelf.columns.items():
            whole[name] = numpy.concatenate([column, now[name][self.fresh]])
            whole[name][rows[changed]] = now[name][changed]
        kept = numpy.concatenate([self.shelf.kept(), plain[self.fresh]])
        kept[rows[settled]] = False
        self.shelf.replace(whole, self.pairs[~self.shown], kept)
