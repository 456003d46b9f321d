"""The device of every design that keeps history: a new one fetches what is older than itself, page by page."""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.observations import Roamed
from syncproof.core.values import ConversationId, Id
from syncproof.designs.base import Device
from syncproof.designs.packets import Registered, Roam, RoamReply


@actor
class RoamingDevice(Device):
    """A device that fetches history.

    `history`: for each conversation with earlier history, the places (fetched up to, to be fetched up to).
    """

    history: dict[ConversationId, tuple[int, int]] = durable(dict)

    def start_from(self, packet: Registered, out: Out) -> None:
        self.history = {conversation: (0, upto) for conversation, upto in packet.history}

    def on_connected(self, out: Out) -> None:
        super().on_connected(out)
        self.roam(out)

    def fetched_history(self) -> tuple[tuple[ConversationId, int], ...]:
        return tuple([(conversation, after) for conversation, (after, _) in sorted(self.history.items())])

    def roam(self, out: Out) -> None:
        """Ask for the next page of history, if some is missing."""
        for conversation, (after, upto) in sorted(self.history.items()):
            if after < upto and self.connection is not None:
                out.send(self.connection, Roam(conversation, after, upto))
                return

    @on(RoamReply)
    def roamed(self, source: Id, packet: RoamReply, out: Out) -> None:
        """Keep a page of history, and ask for the next."""
        after, upto = self.history.get(packet.conversation, (0, 0))
        if packet.page.after <= after < packet.page.upto and upto:
            self.history[packet.conversation] = (packet.page.upto, upto)
            entries = tuple([(e.place, e.message.id) for e in packet.page.entries if e.message is not None])
            out.observe(Roamed(self.id, packet.conversation, packet.page.after, packet.page.upto, entries))
            self.roam(out)
