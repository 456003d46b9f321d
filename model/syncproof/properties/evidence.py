"""Evidence: what a property must have seen before "holds" says something, and whether a command could have shown it.

A property that never met its evidence is *unknown*. It is *not exercised* if the command had not what the evidence takes: its
fault was not configured, or there were too few messages or devices. Otherwise it could have been met and was not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from syncproof.core.observations import Amended, Composed, Expired, Joined, Observation, Placed, Unread
from syncproof.core.values import ConversationId, UserId
from syncproof.properties._base import Property
from syncproof.properties.compact import IntSet

NOTHING_ACCEPTED = "nothing was accepted"


class Watch:
    """The properties that met their evidence (`met`), and the predicates of the others (`pending`) by class of observation.

    A predicate is asked until its property has met its evidence, then never again.
    """

    def __init__(self, properties: Iterable[type[Property]]) -> None:
        self.met: dict[str, None] = {}
        self.pending: dict[type[Any], list[tuple[str, Callable[[Any], bool]]]] = {}
        for kind in properties:
            asked = kind.asked()
            if not asked:
                self.met[kind.name] = None
            for seen, predicate in asked.items():
                self.pending.setdefault(seen, []).append((kind.name, predicate))

    def see(self, observation: Any) -> None:
        """Note which properties meet their evidence by this observation."""
        for name, predicate in self.pending.get(type(observation), ()):
            if name not in self.met and predicate(observation):
                self.met[name] = None
                self._drop(name)

    def _drop(self, name: str) -> None:
        """Ask no more for the evidence of a property. The lists are replaced, since `see` may be reading one."""
        for kind, asked in list(self.pending.items()):
            left = [entry for entry in asked if entry[0] != name]
            if left:
                self.pending[kind] = left
            else:
                del self.pending[kind]


@dataclass(frozen=True, slots=True)
class Given:
    """What a command gave a run: the configured faults, the most messages of a conversation, the most devices of a user,
    whether any message is a change (a recall, an edit, a read marker), whether devices show unread counts, and whether any message
    expires."""

    faults: tuple[str, ...]
    messages: int
    devices: int
    changes: bool = False
    unread: bool = False
    expires: bool = False


class HistorySize:
    """Counts what a history gives: the messages of each conversation and the devices of each user."""

    def __init__(self) -> None:
        self.messages: Counter[ConversationId] = Counter()
        self.devices: Counter[UserId] = Counter()
        self.changes = False
        self.unread = False
        self.expires = False
        self._counted = IntSet()
        self.reactions: dict[type[Observation], Callable[[Any], None]] = {
            Amended: self._amended,
            Composed: self._composed,
            Placed: self._message,
            Joined: self._joined,
            Unread: self._unread,
            Expired: self._expired,
        }

    def see(self, observation: Observation) -> None:
        """Count a message when it is composed or first placed, and a device when it joins."""
        react = self.reactions.get(type(observation))
        if react is not None:
            react(observation)

    def _amended(self, o: Amended) -> None:
        if o.is_change:
            self.changes = True

    def _expired(self, o: Expired) -> None:
        self.expires = True

    def _unread(self, o: Unread) -> None:
        self.unread = True

    def _composed(self, o: Composed) -> None:
        if o.what:
            self.changes = True
        self._message(o)

    def _message(self, o: Composed | Placed) -> None:
        if o.message not in self._counted:
            self._counted.add(o.message)
            self.messages[o.conversation] += 1

    def _joined(self, o: Joined) -> None:
        self.devices[o.user] += 1

    def given(self, faults: tuple[str, ...]) -> Given:
        """Return what the history gave, under these faults."""
        messages, devices = max(self.messages.values(), default=0), max(self.devices.values(), default=0)
        return Given(faults, messages, devices, self.changes, self.unread, self.expires)


def lacking(kind: type[Property], given: Given) -> str:
    """Return what the evidence of a property needs and the command did not give; empty if it could have been met."""
    if not kind.is_about(given.faults):
        return f"needs the fault {' or '.join(kind.about)}"
    if given.messages < kind.least_messages:
        return f"needs {kind.least_messages} messages in a conversation"
    if kind.takes_changes and not given.changes:
        return "needs a recall, an edit or a read marker"
    if kind.takes_unread and not given.unread:
        return "needs devices that show how much is unread"
    if kind.takes_expiry and not given.expires:
        return "needs a message that expires"
    if given.devices < kind.least_devices:
        return f"needs {kind.least_devices} devices of a user"
    return ""


def meets(kind: type[Property], given: Given, seen: bool) -> bool:
    """Return whether a property met its evidence. `seen`: an observation that is evidence was made.

    One that does not say which observations are evidence takes every one that it reacts to; so it needs also what it asks of the
    command, such as two messages.
    """
    return seen and not (kind.evidence is None and lacking(kind, given))


def idle(kind: type[Property], given: Given) -> bool:
    """Return whether a property is about something that devices do not do at all here, so that no engine need carry it."""
    return (kind.takes_unread and not given.unread) or (kind.takes_expiry and not given.expires)


def unmet(kind: type[Property], lacks: str = "") -> str:
    """Return why a property is unknown that never met its evidence. `lacks`: what was not given, see `lacking`."""
    if kind.kind == "sometimes":
        return f"never reached: {kind.says}"
    return f"not exercised: {lacks}, to see {kind.wanted()}" if lacks else f"never met its evidence: {kind.wanted()}"
