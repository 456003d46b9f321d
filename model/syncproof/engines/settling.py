"""What a checker forgets: a message that went its way as it should is kept as a row in a file, and in no automaton.

A message is *plain* as long as all of this holds: it is no change; it was composed once, then placed once, at a known place, for
devices that had joined and whose users are members, its composer's among them; it was stored before it was accepted and before
it was shown; replies name its place or none; and it was shown only on devices of its audience, once on each, at its place. It is
*settled* when it was accepted and shown on its whole audience.

A property whose state is of single messages (`Property.by_message`) complains of nothing in such a life, so nothing of it is
passed on. When anything else is observed of the message, also after it is settled, its life is passed on first, so that the
property knows what it would know. `tests/engines/test_settling.py` checks that no verdict differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Amended,
    Audited,
    Composed,
    Deleted,
    Expired,
    Forgot,
    Gone,
    Joined,
    Observation,
    Placed,
    Placeholder,
    Queued,
    Quiesced,
    Refused,
    Retired,
    Reverted,
    Shown,
    Stored,
    Unread,
    Unsure,
)
from syncproof.properties.compact import IntSet, Rows
from syncproof.properties.convergence import Convergence
from syncproof.properties.monitor import Monitor
from syncproof.properties.references import References
from syncproof.properties.roster import Roster
from syncproof.properties.spill import Spill

Group = tuple[tuple[Any, ...], tuple[Any, ...]]
"""The members and the audience of a message."""


class Life:
    """A plain message that is not settled: what was observed of it. `missing`: where it is not shown yet; None: not placed.

    `index`: how many messages `convergence` knew when it was placed, which says what devices had joined by then.
    """

    __slots__ = ("accepted", "composed", "group", "index", "missing", "place", "stored")

    def __init__(self, composed: Composed) -> None:
        self.composed = composed
        self.place = 0
        self.group = -1
        self.index = 0
        self.missing: set[Any] | None = None
        self.stored = False
        self.accepted = False


class OtherLives(Protocol):
    """Plain lives that are kept elsewhere until one of their messages is observed singly."""

    def take(self, message: int) -> Life | None:
        """Remove the life of a message, and return it; None if it is not there."""

    def messages(self) -> list[int]:
        """Return the messages whose lives are there, in the order in which they were composed."""


class Settling:
    """Keeps plain messages from the properties that are `by_message`, until they are plain no more.

    `archive`: of each settled message the composer, the conversation, the place, the group and the index.
    """

    def __init__(self, monitor: Monitor, references: References, roster: Roster, spill: Spill) -> None:
        self.monitor, self.references, self.roster = monitor, references, roster
        self.lives: dict[int, Life] = {}
        self.shelf: OtherLives | None = None
        self.live = IntSet()
        self.archive = Rows(5, spill)
        self.groups: dict[Group, int] = {}
        self.listed: list[Group] = []
        self.users: dict[int, int] = {}
        self.abandoned: set[int] = set()
        self.placed_last: int | None = None
        self.unread: dict[int, None] = {}
        found = monitor.automata.get("convergence")
        self.convergence = found if isinstance(found, Convergence) and found.by_message else None
        self.lazy: dict[type[Observation], list[tuple[str, Callable[[Any], str | None]]]] = {}
        for name, automaton in monitor.automata.items():
            if automaton.by_message:
                for kind, reaction in monitor.reactions.items():
                    self.lazy.setdefault(kind, []).extend([each for each in reaction if each[0] == name])
        self.reactions: dict[type[Observation], Callable[[Any], None]] = {
            Composed: self._composed,
            Placed: self._placed,
            Stored: self._stored,
            Accepted: self._accepted,
            Shown: self._shown,
        }
        self.before: dict[type[Observation], Callable[[Any], None]] = {
            Amended: lambda o: self._expose(o.by),
            Joined: self._joined,
            Queued: self._of_message,
            Deleted: self._of_message,
            Gone: self._of_message,
            Refused: self._of_message,
            Expired: self._of_message,
            Unsure: self._of_message,
            Placeholder: self._of_message,
            Forgot: self._forgot,
            Reverted: self._reverted,
            Abandoned: self._abandoned,
            Retired: self._retired,
            Audited: self._of_all,
            Quiesced: self._quiesced,
            Unread: self._unread,
        }
        self.told_of = {kind: self._told(kind) for kind in self.reactions}

    def _told(self, kind: type[Observation]) -> tuple[Callable[[Any], Any], tuple[tuple[str, Any], ...]]:
        return self.references.reactions[kind], tuple(self.lazy.get(kind, ()))

    def finish(self) -> None:
        """Pass on what is not settled at the end of a history."""
        self._of_all(None)

    # ---- the life of a plain message

    def _composed(self, o: Composed) -> None:
        message = o.message
        if o.what or o.final or self._life(message) is not None or message in self.live or message in self.archive:
            self._expose(message)
            self._pass(o)
            return
        self.references.reactions[Composed](o)
        self.lives[message] = Life(o)

    def _placed(self, o: Placed) -> None:
        life = self._life(o.message)
        due = o.message in self.references.asked[Placed]  # an entry of it came first, which is to be told
        if (
            life is not None
            and not due
            and life.missing is None
            and o.place
            and o.conversation == life.composed.conversation
        ):
            group = (
                -1
                if o.members is None or o.audience is None
                else self.group_of(o.members, o.audience, life.composed.device)
            )
            if group >= 0:
                life.place, life.group, life.missing = o.place, group, set(self.listed[group][1])
                life.index = 0 if self.convergence is None else len(self.convergence.placed)
                self.placed_last = o.message
                references = self.references
                references.made[Placed].add(o.message)
                references.conversations.pop(o.message, None)
                return
        self._expose(o.message)
        self._pass(o)

    def _stored(self, o: Stored) -> None:
        life = self._life(o.message)
        if life is not None and life.missing is not None and not life.accepted:
            life.stored = True
        elif o.message not in self.archive:
            self._expose(o.message)
            self._pass(o)

    def _accepted(self, o: Accepted) -> None:
        life = self._life(o.message)
        if life is not None and life.stored and (o.place is None or o.place == life.place):
            life.accepted = True
            if not life.missing:
                self._settle(o.message, life)
            return
        self._expose(o.message)
        self._pass(o)

    def _shown(self, o: Shown) -> None:
        life = self._life(o.message)
        if life is not None and life.stored:
            missing = life.missing
            if o.device in missing and o.place == life.place and o.conversation == life.composed.conversation:  # type: ignore[operator]
                missing.discard(o.device)  # type: ignore[union-attr]
                if not missing and life.accepted:
                    self._settle(o.message, life)
                timeline = o.timeline
                if timeline is not None and o.seq is not None and o.seq > self.references.tails.get(timeline, 0):
                    self.references.reactions[Shown](o)
                return
        self._expose(o.message)
        self._pass(o)

    def _life(self, message: int) -> Life | None:
        """Return the plain life of a message that is not settled; None if it has none."""
        life = self.lives.get(message)
        if life is None and self.shelf is not None:
            life = self.shelf.take(message)
            if life is not None:
                self.lives[message] = life
        return life

    def _settle(self, message: int, life: Life) -> None:
        composed = life.composed
        self.archive[message] = (composed.device, composed.conversation, life.place, life.group, life.index)
        del self.lives[message]

    def group_of(self, members: tuple[Any, ...], audience: tuple[Any, ...], composer: int) -> int:
        """Return the number of a message's members and audience; -1 if its life is not plain with them."""
        key = (members, audience)
        group = self.groups.get(key)
        if group is None:
            users = set(map(self.roster.users.get, audience))
            if not users.issubset(members) or len(set(audience)) < len(audience):
                return -1
            group = self.groups[key] = len(self.listed)
            self.listed.append(key)
        if self.abandoned and not self.abandoned.isdisjoint(audience):
            return -1
        return group if self.roster.users.get(composer) in members else -1  # type: ignore[call-overload]

    # ---- what is plain no more

    def _pass(self, o: Observation) -> None:
        """Pass an observation on to the properties that it was kept from."""
        refer, reactions = self.told_of[type(o)]
        refer(o)
        for name, react in reactions:
            says = react(o)
            if says is not None:
                self.monitor.record(name, says)

    def _expose(self, message: int) -> None:
        """Pass on the life of a plain message, which is plain no more. None of it is a violation."""
        life = self._life(message)
        if life is not None:
            del self.lives[message]
        else:
            found = self.archive.pop(message, None)
            if found is None:
                self.live.add(message)
                return
            composer, conversation, place, number, index = found
            life = Life(Composed(message, composer, conversation))  # type: ignore[arg-type]
            life.place, life.group, life.missing, life.stored, life.accepted = place, number, set(), True, True
            life.index = index
        self.live.add(message)
        for o in self._observed(message, life):
            for _, react in self.lazy.get(type(o), ()):
                react(o)
        if self.convergence is not None and life.missing is not None:
            self.convergence.placed[message] = life.index  # type: ignore[index]

    def _observed(self, message: Any, life: Life) -> Iterable[Observation]:
        """Yield the life of a plain message."""
        yield life.composed
        if life.missing is None:
            return
        members, audience = self.listed[life.group]
        conversation = life.composed.conversation
        yield Placed(message, conversation, life.place, members, audience)
        if life.stored:
            yield Stored(message)
        if life.accepted:
            yield Accepted(message, life.place)
        for device in audience:
            if device not in life.missing:
                yield Shown(device, message, conversation, life.place)

    def _of_message(self, o: Any) -> None:
        self._expose(o.message)

    def _of_all(self, o: Any) -> None:
        for message in [*(() if self.shelf is None else self.shelf.messages()), *self.lives]:
            self._expose(message)

    def _unread(self, o: Unread) -> None:
        """Note the conversations whose messages, also settled ones, are to be compared with counts in the end."""
        self.unread[o.conversation] = None

    def _quiesced(self, o: Quiesced) -> None:
        self._of_all(o)
        if self.unread:
            for message in [each for each in self.archive if self.archive[each][1] in self.unread]:
                self._expose(message)

    def _joined(self, o: Joined) -> None:
        if self.placed_last is not None:  # so that the indices of messages before and after differ
            self._expose(self.placed_last)
            self.placed_last = None
        if self.users.setdefault(o.device, o.user) == o.user:
            return
        self._of_all(o)  # the device is another user's now, so that no group is what it was
        for message in list(self.archive):
            self._expose(message)
        self.users[o.device] = o.user
        self.groups.clear()

    def _forgot(self, o: Forgot) -> None:
        for message in (*o.messages, *o.unsent):
            self._expose(message)

    def _reverted(self, o: Reverted) -> None:
        self._of_all(o)
        if o.timeline.kind == "conversation":
            owner, upto = o.timeline.owner, o.upto
            for message in [m for m, (_, c, place, *_) in self.archive.items() if c == owner and place > upto]:
                self._expose(message)

    def _retired(self, o: Retired) -> None:
        self._of_all(o)
        self.groups.clear()  # an audience with this device is none of registered devices any more

    def _abandoned(self, o: Abandoned) -> None:
        self._of_all(o)
        self.abandoned.add(o.device)
