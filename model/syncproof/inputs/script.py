"""Read a script of one's own: who composes what in a small world, in which conversation and order.

The file is TOML. `world` names the population (see `small_worlds.POPULATIONS`). Each `[[script]]` has a list `compose`, whose
messages are composed in their order; several scripts run beside each other, in every order:

    world = "two-people"

    [[script]]
    compose = [{device = 0}, {device = 0, kind = "edit", about = 0}]

    [[script]]
    compose = [{device = 1, conversation = 0}]

Messages are numbered from 0 in the order of the file. `conversation` is 0 by default. `kind` is `message` (the default),
`recall` or `edit` of the message with the number `about`, or `read`: everything up to the place `about` has been read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args, get_type_hints

from syncproof.core.values import ConversationId, DeviceId, Message, MessageId
from syncproof.designs import Population
from syncproof.errors import InputError, nearest
from syncproof.inputs import toml_file

KINDS: tuple[str, ...] = get_args(get_type_hints(Message)["kind"])
MOST = 9
"""The most messages of a script: with more of them no search ends."""


class Script(NamedTuple):
    """A script: the name of a population, and the messages of each of its parts."""

    world: str
    parts: tuple[tuple[Message, ...], ...]


def read(file: str | Path, populations: dict[str, Population]) -> Script:
    """Read a script. Raises `InputError` in one line that names the file, the field and what is allowed."""
    shown = str(file)
    _, data = toml_file.read(Path(file), shown, "a script")
    return _Reader(shown, populations).script(data)


class _Reader:
    def __init__(self, shown: str, populations: dict[str, Population]) -> None:
        self.shown = shown
        self.populations = populations
        self.composed: list[Message] = []

    def script(self, data: dict[str, Any]) -> Script:
        self._check_keys(data, ("world", "script"), "")
        world = data.get("world", "two-people")
        if not isinstance(world, str) or world not in self.populations:
            self._refuse("world", world, nearest(str(world), list(self.populations)).removeprefix("; "))
        parts = data.get("script")
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
            self._refuse("script", parts, "allowed: one or more tables [[script]]")
        found = tuple([self._part(self.populations[world], n, part) for n, part in enumerate(parts, 1)])
        if len(self.composed) > MOST:
            self._refuse("script", f"{len(self.composed)} messages", f"allowed: at most {MOST}")
        for message in self.composed:
            if message.kind in ("recall", "edit"):
                self._check_about(message)
        return Script(world, found)

    def _part(self, people: Population, number: int, part: dict[str, Any]) -> tuple[Message, ...]:
        where = f"script {number}"
        self._check_keys(part, ("compose",), f"{where}: ")
        composed = part.get("compose")
        if not isinstance(composed, list) or not composed:
            self._refuse(f"{where}: compose", composed, "allowed: a list of one or more messages")
        return tuple([self._message(people, f"{where}, message {n}: ", each) for n, each in enumerate(composed, 1)])

    def _message(self, people: Population, where: str, data: object) -> Message:
        if not isinstance(data, dict):
            self._refuse(where.removesuffix(": "), data, "allowed: a table such as {device = 0}")
        self._check_keys(data, ("device", "conversation", "kind", "about"), where)
        device = self._number(data, "device", where, len(people.owners) - 1)
        conversation = self._number(data, "conversation", where, len(people.members) - 1, default=0)
        if people.owners[device] not in people.members[conversation]:
            self._refuse(f"{where}conversation", conversation, f"allowed: one that the user of device {device} is in")
        kind = data.get("kind", "message")
        if kind not in KINDS:
            self._refuse(f"{where}kind", kind, f"allowed: {', '.join(KINDS)}")
        if kind == "message" and "about" in data:
            self._refuse(f"{where}about", data["about"], "allowed: only beside kind = recall, edit or read")
        about = 0 if kind == "message" else self._number(data, "about", where, MOST, least=int(kind == "read"))
        number = MessageId(len(self.composed))
        message = Message(number, DeviceId(device), ConversationId(conversation), 0, kind, about)
        self.composed.append(message)
        return message

    def _check_about(self, message: Message) -> None:
        """Check that a change is about a message that the same device can have seen: one of the same conversation."""
        allowed = [
            int(other.id)
            for other in self.composed
            if other.kind == "message" and other.conversation == message.conversation
        ]
        if message.about not in allowed:
            numbers = ", ".join(map(str, allowed)) or "none, since that conversation has no message"
            self._refuse(f"about of message number {message.id:d}", message.about, f"allowed: {numbers}")

    def _number(
        self, data: dict[str, Any], key: str, where: str, most: int, default: int | None = None, least: int = 0
    ) -> int:
        value = data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._refuse(f"{where}{key}", value, f"allowed: a whole number from {least} to {most}")
        return int(value)

    def _check_keys(self, data: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
        for key in data:
            if key not in allowed:
                raise InputError(f"{self.shown}: {where}unknown key {key!r}{nearest(key, allowed)}")

    def _refuse(self, field: str, value: object, allowed: str) -> NoReturn:
        said = "is missing" if value is None else f"{value!r:.60}"
        raise InputError(f"{self.shown}: {field}: {said}; {allowed}")
