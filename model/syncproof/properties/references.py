"""The observations that a history's other observations refer to, and that it lacks.

A history that was recorded elsewhere, or cut, may lack the lines that a property understands the others by: who owns a device
(`Joined`), who wrote a message (`Composed`), whom it concerns (`Placed`, `MemberAdded`), what a log holds (`Appended`). Without
them the property has nothing to complain of, and so its verdict is unknown.
"""

from __future__ import annotations

from typing import Any

from syncproof.core.observations import (
    Accepted,
    Appended,
    Checkpointed,
    Composed,
    Deleted,
    Joined,
    MemberAdded,
    Observation,
    Placed,
    Refused,
    Reverted,
    Shown,
    Subscribed,
    Unsure,
)
from syncproof.core.values import ConversationId, MessageId
from syncproof.properties._base import Property

NAMED: dict[type[Observation], str] = {
    Joined: "device",
    Composed: "message",
    Placed: "message",
    Appended: "log",
    MemberAdded: "conversation",
}
"""The classes that others refer to, and what they refer by."""


class References:
    """What a history refers to, by class (`asked`), and what it says of it (`made`). `homeless`: accepted without a place.

    `blank`: what an observation left out and nothing else tells, by `Property.needs`, in words. `unsure`: messages of which the
    sender does not know what became of them.
    """

    def __init__(self) -> None:
        self.asked: dict[type[Observation], dict[Any, None]] = {kind: {} for kind in NAMED}
        self.made: dict[type[Observation], set[Any]] = {kind: set() for kind in NAMED}
        self.homeless: dict[MessageId, None] = {}
        self.conversations: dict[MessageId, ConversationId] = {}
        self.blank: dict[str, str] = {}
        self.unsure: dict[MessageId, None] = {}

    def see(self, o: Observation) -> None:
        """Note what an observation says, and what it refers to."""
        kind = type(o)
        if isinstance(o, Joined):
            self.made[kind].add(o.device)
        elif isinstance(o, (MemberAdded, Subscribed)):
            self.made[MemberAdded].add(o.conversation)
        elif isinstance(o, Composed):
            self.made[kind].add(o.message)
            self.conversations[o.message] = o.conversation
        elif isinstance(o, Placed):
            self.made[kind].add(o.message)
            self.asked[Composed][o.message] = None
            self.asked[Joined].update(dict.fromkeys(o.audience or ()))
            self._lacks_of_placed(o)
            self.homeless.pop(o.message, None)
            self.conversations.pop(o.message, None)
        elif isinstance(o, Accepted):
            self.asked[Composed][o.message] = None
            self.unsure.pop(o.message, None)
            if o.message not in self.made[Placed]:
                self.homeless[o.message] = None
        elif isinstance(o, Refused):
            self.unsure.pop(o.message, None)
        elif isinstance(o, Unsure):
            self.unsure[o.message] = None
        elif isinstance(o, Deleted):
            if o.device is None and o.devices is None and o.cause != "expired":
                says = f"Queued of message {o.message:d} in inbox {o.box.owner:d}"
                self.blank.setdefault("Deleted.devices", f"the history lacks {says}")
        elif isinstance(o, Shown):
            self.asked[Joined][o.device] = self.asked[Placed][o.message] = None
            if o.place is None:
                says = f"nobody knows the place at which device {o.device:d} shows message {o.message:d}"
                self.blank.setdefault("Shown.place", says)
        elif isinstance(o, Appended):
            self.made[kind].add((o.timeline.kind, o.timeline.owner))
            if o.message is not None:
                self.asked[Placed][o.message] = None
        elif isinstance(o, Reverted):
            self.made[Appended].add((o.timeline.kind, o.timeline.owner))
        elif isinstance(o, Checkpointed):
            self.asked[Joined][o.device] = None
            if o.seq and not o.start:
                self.asked[Appended][o.timeline.kind, o.timeline.owner] = None

    def _lacks_of_placed(self, o: Placed) -> None:
        if o.place is None:
            self.blank.setdefault("Placed.place", f"nobody knows the place of message {o.message:d}")
        if o.members is None or o.audience is None:
            says = f"the history lacks MemberAdded or Subscribed of conversation {o.conversation:d}"
            if o.members is None:
                self.blank.setdefault("Placed.members", says)
            if o.audience is None:
                self.blank.setdefault("Placed.audience", says)

    def lacking(self, kind: type[Property]) -> str:
        """Return what a property would need of a history and the history lacks; empty if it lacks nothing of that."""
        for name in kind.needs:
            if name in self.blank:
                return self.blank[name]
            if name == "Unsure.message" and self.unsure:
                return f"nobody knows what became of message {next(iter(self.unsure)):d}"
        asked = dict(self.asked)
        asked[MemberAdded] = {self.conversations[m]: None for m in self.homeless if m in self.conversations}
        for observation, name in NAMED.items():
            if observation in kind.reactions:
                for each in asked[observation]:
                    if each not in self.made[observation]:
                        which = f"{each[0]} {each[1]}" if isinstance(each, tuple) else f"{each:d}"
                        return f"the history lacks {observation.__name__} of {name} {which}"
        return ""
