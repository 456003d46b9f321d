"""What a history's observations refer to: what it lacks, and what comes before its cause.

A history that was recorded elsewhere, or cut, may lack the lines that a property understands the others by: who owns a
device (`Joined`), who wrote a message (`Composed`), whom it concerns (`Placed`, `MemberAdded`), what a log holds
(`Appended`). Without them the property has nothing to complain of, and so its verdict is unknown.

One that was merged from the logs of several machines may have such a line too late: a message is shown before it was
composed. No server can do that; the clocks of the machines differ. What the properties say of such a history accuses
nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from syncproof.core.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Composed,
    Deleted,
    Expired,
    Gone,
    Joined,
    MemberAdded,
    Observation,
    Placed,
    Queued,
    Refused,
    Reverted,
    Shown,
    Stored,
    Subscribed,
    Unsure,
)
from syncproof.core.values import ConversationId, MessageId, Timeline
from syncproof.properties._base import Property
from syncproof.properties.compact import IntSet

NAMED: dict[type[Observation], str] = {
    Joined: "device",
    Composed: "message",
    Placed: "message",
    Appended: "log",
    MemberAdded: "conversation",
}
"""The classes that others refer to, and what they refer by."""
ORDERED = (Joined, Composed, Placed, Appended, Queued)
"""The classes that must come before what refers to them, in the order in which they follow one another."""


class Late(NamedTuple):
    """A cause that comes after its first effect: their classes and line numbers, and what they are about, in words."""

    cause: type[Observation]
    line: int
    effect: type[Observation]
    before: int
    about: str


class References:
    """What a history refers to and has not said, and what it said too late.

    `line`: the number of the line of the observation that is seen. `made`: what was said, by class; `asked`: what was
    referred to and not said so far, with the line and class of the first effect; `awaited`: the same of what need not be
    said at all, but before it. `homeless`: accepted without a place. `blank`: what an observation left out and nothing
    else tells, by `Property.needs`, in words. `unsure`: messages of which the sender does not know what became of them.
    `late`: causes after their effects, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.line = 0
        self.made: dict[type[Observation], Any] = {kind: set() for kind in NAMED}
        self.made[Composed], self.made[Placed] = IntSet(), IntSet()
        self.asked: dict[type[Observation], dict[Any, tuple[int, type[Observation]]]] = {kind: {} for kind in NAMED}
        self.awaited: dict[type[Observation], dict[Any, tuple[int, type[Observation]]]] = {Composed: {}, Queued: {}}
        self.tails: dict[Timeline, int] = {}
        self.beyond: dict[Timeline, dict[int, int]] = {}
        self.queued: set[tuple[Timeline, MessageId]] = set()
        self.homeless: dict[MessageId, None] = {}
        self.conversations: dict[MessageId, ConversationId] = {}
        self.blank: dict[str, str] = {}
        self.unsure: dict[MessageId, None] = {}
        self.late: list[Late] = []
        self.reactions: dict[type[Observation], Callable[[Any], None]] = {
            Joined: self._joined,
            MemberAdded: self._told_of_members,
            Subscribed: self._told_of_members,
            Composed: self._composed,
            Placed: self._placed,
            Stored: self._of_message,
            Expired: self._of_message,
            Accepted: self._accepted,
            Refused: self._refused,
            Unsure: self._unsure,
            Shown: self._shown,
            Appended: self._appended,
            Reverted: self._reverted,
            Checkpointed: self._checkpointed,
            Queued: self._queued,
            Deleted: self._deleted,
            Gone: self._gone,
        }

    def see(self, o: Observation) -> None:
        """Note what an observation says, and what it refers to."""
        react = self.reactions.get(type(o))
        if react is not None:
            react(o)

    def _ask(self, kind: type[Observation], key: Any, effect: type[Observation]) -> None:
        if key not in self.made[kind]:
            self.asked[kind].setdefault(key, (self.line, effect))

    def _make(self, kind: type[Observation], key: Any, about: str = "") -> None:
        self.made[kind].add(key)
        found = [asked.pop(key) for asked in (self.asked[kind], self.awaited.get(kind, {})) if key in asked]
        if found and about:
            self._found(kind, min(found, key=lambda first: first[0]), about)

    def _found(self, kind: type[Observation], first: tuple[int, type[Observation]], about: str) -> None:
        before, effect = first
        self.late.append(Late(kind, self.line, effect, before, about))

    def _joined(self, o: Joined) -> None:
        self._make(Joined, o.device, f"device {o.device:d}")

    def _told_of_members(self, o: MemberAdded | Subscribed) -> None:
        self._make(MemberAdded, o.conversation)

    def _composed(self, o: Composed) -> None:
        self.made[Composed].add(o.message)
        if o.message in self.asked[Composed] or o.message in self.awaited[Composed]:
            self._make(Composed, o.message, f"message {o.message:d}")
        if o.message not in self.made[Placed]:
            self.conversations[o.message] = o.conversation

    def _placed(self, o: Placed) -> None:
        message = o.message
        self._ask(Composed, message, Placed)
        self.made[Placed].add(message)
        if message in self.asked[Placed]:
            self._make(Placed, message, f"message {message:d}")
        if o.audience is not None and not self.made[Joined].issuperset(o.audience):
            for device in o.audience:
                self._ask(Joined, device, Placed)
        self.homeless.pop(message, None)
        self.conversations.pop(message, None)
        if o.place is None:
            self.blank.setdefault("Placed.place", f"nobody knows the place of message {message:d}")
        if o.members is None or o.audience is None:
            says = f"the history lacks MemberAdded or Subscribed of conversation {o.conversation:d}"
            if o.members is None:
                self.blank.setdefault("Placed.members", says)
            if o.audience is None:
                self.blank.setdefault("Placed.audience", says)

    def _of_message(self, o: Stored | Expired) -> None:
        self._before(Composed, o.message, type(o))

    def _before(self, kind: type[Observation], key: Any, effect: type[Observation]) -> None:
        """Note that something must come before, without saying that the history lacks it if it never comes."""
        if key not in self.made[kind]:
            self.awaited[kind].setdefault(key, (self.line, effect))

    def _accepted(self, o: Accepted) -> None:
        self._ask(Composed, o.message, Accepted)
        if self.unsure:
            self.unsure.pop(o.message, None)
        if o.message not in self.made[Placed]:
            self.homeless[o.message] = None

    def _refused(self, o: Refused) -> None:
        self._before(Composed, o.message, Refused)
        self.unsure.pop(o.message, None)
        self.conversations.pop(o.message, None)

    def _unsure(self, o: Unsure) -> None:
        self._before(Composed, o.message, Unsure)
        self.unsure[o.message] = None

    def _shown(self, o: Shown) -> None:
        message = o.message
        if o.device not in self.made[Joined]:
            self._ask(Joined, o.device, Shown)
        if message not in self.made[Placed]:
            self._ask(Placed, message, Shown)
            self._before(Composed, message, Shown)
        if o.place is None and "Shown.place" not in self.blank:
            self.blank["Shown.place"] = f"nobody knows the place at which device {o.device:d} shows message {message:d}"
        timeline = o.timeline
        if o.seq is None or timeline is None or timeline.kind == "inbox" or o.seq <= self.tails.get(timeline, 0):
            return
        self.beyond.setdefault(timeline, {}).setdefault(o.seq, self.line)

    def _appended(self, o: Appended) -> None:
        timeline = o.timeline
        tail = self.tails.get(timeline)
        if tail is None:
            self._make(Appended, (timeline.kind, timeline.owner))
            tail = 0
        if o.seq > tail:
            self.tails[timeline] = o.seq
        if self.beyond:
            before = self.beyond.get(timeline, {}).pop(o.seq, None)
            if before is not None:
                about = f"number {o.seq} of {timeline.kind} timeline {timeline.owner:d}"
                self._found(Appended, (before, Shown), about)
        if o.message is not None and o.message not in self.made[Placed]:
            self._ask(Placed, o.message, Appended)
            self._before(Composed, o.message, Appended)

    def _reverted(self, o: Reverted) -> None:
        self._make(Appended, (o.timeline.kind, o.timeline.owner))
        self.tails[o.timeline] = o.upto
        self.awaited[Queued].clear()

    def _checkpointed(self, o: Checkpointed) -> None:
        if o.device not in self.made[Joined]:
            self._ask(Joined, o.device, Checkpointed)
        if o.seq and not o.start and o.timeline not in self.tails:
            self._ask(Appended, (o.timeline.kind, o.timeline.owner), Checkpointed)

    def _queued(self, o: Queued) -> None:
        key = (o.box, o.message)
        self.queued.add(key)
        first = self.awaited[Queued].pop(key, None)
        if first is not None:
            self._found(Queued, first, f"the copy of message {o.message:d} in inbox {o.box.owner:d}")
        self._before(Composed, o.message, Queued)

    def _deleted(self, o: Deleted) -> None:
        key = (o.box, o.message)
        if key in self.queued:
            self.queued.discard(key)
        else:
            self.awaited[Queued].setdefault(key, (self.line, Deleted))
        if o.device is None and o.devices is None and o.cause != "expired":
            says = f"Queued of message {o.message:d} in inbox {o.box.owner:d}"
            self.blank.setdefault("Deleted.devices", f"the history lacks {says}")

    def _gone(self, o: Gone) -> None:
        if o.box is not None:
            self.queued.discard((o.box, o.message))

    def lacking(self, kind: type[Property]) -> str:
        """Return what a property would need of a history and the history lacks; empty if it lacks nothing of that."""
        for name in kind.needs:
            if name in self.blank:
                return self.blank[name]
            if name == "Unsure.message" and self.unsure:
                return f"nobody knows what became of message {next(iter(self.unsure)):d}"
        asked: dict[type[Observation], Any] = dict(self.asked)
        asked[MemberAdded] = {self.conversations[m]: None for m in self.homeless if m in self.conversations}
        for observation, name in NAMED.items():
            if observation in kind.reactions:
                for each in asked[observation]:
                    if each not in self.made[observation]:
                        which = f"{each[0]} {each[1]}" if isinstance(each, tuple) else f"{each:d}"
                        return f"the history lacks {observation.__name__} of {name} {which}"
        return ""

    def doubt(self, kind: type[Property]) -> str:
        """Return why the order of a history says nothing about a property; empty if nothing that it reacts to is late."""
        for late in self.late:
            if late.effect in kind.reactions and any(cause in kind.reactions for cause in _following(late.cause)):
                return told(late)
        return ""


class NothingMissing(References):
    """Refer to nothing: of a history that an engine makes, in which nothing is missing or late."""

    def __init__(self) -> None:
        super().__init__()
        self.reactions = dict.fromkeys(self.reactions, _ignore)


def _ignore(o: Any) -> None:
    """Note nothing."""


def _following(cause: type[Observation]) -> tuple[type[Observation], ...]:
    """Return the classes that an effect came before if it came before a cause: a message is placed after it is composed."""
    return (Composed, Placed) if cause is Composed else (cause,)


def told(late: Late) -> str:
    """Return a late cause in words."""
    return (
        f"line {late.before}: {late.effect.__name__} comes before {late.cause.__name__} of {late.about}, which is on line "
        f"{late.line}: clocks that differ?"
    )
