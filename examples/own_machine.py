"""An abstract machine of your own: a server that accepts a message only when the message has its place.

    syncproof explore timeline-notify --messages 2 --refines examples/own_machine.py:PlaceThenAccept
    syncproof explore F21 --world two-people --fault server-crash --refines examples/own_machine.py:PlaceThenAccept

The fields are the machine's state. An action takes a step and returns None, or returns why the step is not possible. Which
observations stand for which action, with which arguments, is in `syncproof.properties.refinement.OBSERVED`; an observation that
stands for no action of the machine is a stutter.
"""

from __future__ import annotations

from typing import Any

import attrs

from syncproof.core.actor import state
from syncproof.core.values import MessageId
from syncproof.properties.refinement import Refinement, action


@state
class PlaceThenAccept(Refinement):
    """A message takes its place once, and is accepted after that, as often as its sender asks."""

    name = "place-then-accept"
    says = "a message is accepted only when it has its place"

    placed: set[MessageId] = attrs.field(factory=set)

    @action
    def place(self, message: MessageId, *where: Any) -> str | None:
        """Give the message its place."""
        if message in self.placed:
            return f"message {message:d} has its place"
        self.placed.add(message)
        return None

    @action
    def accept(self, message: MessageId) -> str | None:
        """Tell the sender that the server has the message."""
        return None if message in self.placed else f"message {message:d} has no place yet"
