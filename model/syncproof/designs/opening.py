"""Messages that a device cannot open yet: the key has not come, the bytes are damaged, or the application is too old.

Such a message takes its place all the same. The device keeps it as it came and shows a *placeholder* there, so order and
checkpoint go on, and nothing has to be fetched again. When the device can open it, the message itself replaces the
placeholder (`Amended`); it is not shown a second time. Only the bodies of messages are sealed: a change (a recall, an edit, a
read marker) is read without a key, and what was edited or recalled meanwhile is never shown as it was.
"""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.observations import Amended, Placeholder
from syncproof.core.packets import LoseKey, ReceiveKey
from syncproof.core.values import Id, Message, MessageId
from syncproof.designs.requesting import RequestingDevice


@actor
class OpeningDevice(RequestingDevice):
    """What every device does with messages that it cannot open yet.

    `lacks_key`: it can open nothing that others send now. `placeholders`: the messages of which it shows a placeholder.
    `versions`: the applied version of each changed thing, (recalled, version).
    """

    lacks_key: bool = durable(bool)
    placeholders: set[MessageId] = durable(set)
    versions: dict[tuple[str, int], tuple[bool, int]] = durable(dict)

    @on(LoseKey)
    def key_lost(self, source: Id, packet: LoseKey, out: Out) -> None:
        """Open nothing that others send from now on."""
        self.lacks_key = True

    @on(ReceiveKey)
    def key_received(self, source: Id, packet: ReceiveKey, out: Out) -> None:
        """Open what waited for the key."""
        if self.lacks_key:
            self.lacks_key = False
            self.replace_placeholders(out)

    def is_sealed(self, message: Message) -> bool:
        """Return whether the device cannot open a message now."""
        return self.lacks_key and message.kind == "message" and message.sender != self.id

    def seal(self, message: Message, out: Out) -> None:
        """Note that what the device shows of a message is a placeholder."""
        self.placeholders.add(message.id)
        out.observe(Placeholder(self.id, message.id))

    def replace_placeholders(self, out: Out) -> None:
        """Show the messages themselves at the places of their placeholders, unless a change took the place meanwhile."""
        for message in sorted(self.placeholders):
            if ("message", int(message)) not in self.versions:
                out.observe(Amended(self.id, "message", int(message), 0, message))
        self.placeholders.clear()
