"""A property of your own: replace what is marked MINE by what your system must keep.

    syncproof verify timeline-notify --bounds small --property {file}:TemplateProperty
    syncproof check HISTORY --property {file}:TemplateProperty
    python -m pytest {test}

A property is an automaton: it is told what happens, one observation after the other, and says when something is wrong. Searches,
simulations and recorded histories are judged by the same class. docs/own-design.md says more; `syncproof.core.observations` has
every observation.
"""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties import Property, observes

Where = tuple[DeviceId, ConversationId]


# `@state` declares the fields: a search tells the states of the automaton apart by them, so keep only what is needed.
@state
class TemplateProperty(Property):
    """A device shows the messages that were composed on it in the order in which they were composed."""

    # MINE: its name in reports, and the statement in one clause.
    name = "{name}"
    says = "a device shows its own messages in the order of composing"
    keyed_by = "device x conversation"
    # "safety": something bad never happens, and a reaction says so. "liveness": something good happens in the end; then
    # `at_quiescence` says what is still missing.
    kind = "safety"
    # MINE: what it must have seen before "holds" says something, and what that takes. Without it the verdict is unknown.
    wants = "two messages of one device, shown on it"
    least_messages = 2

    # MINE: what it must remember.
    composed: dict[MessageId, tuple[Where, int]] = attrs.field(factory=dict)
    counts: dict[Where, int] = attrs.field(factory=dict)
    last: dict[Where, int] = attrs.field(factory=dict)

    # MINE: a reaction for each class of observations that matters. It returns None, or one line that says what is wrong.
    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        """Number the messages of a device in a conversation."""
        where = (o.device, o.conversation)
        self.counts[where] = self.counts.get(where, 0) + 1
        self.composed[o.message] = (where, self.counts[where])
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        """Complain if the device has shown a later message of its own already."""
        where, number = self.composed.get(o.message, (None, 0))
        if where is None or where[0] != o.device:
            return None
        before = self.last.get(where, 0)
        self.last[where] = max(number, before)
        if number < before:
            return f"device {o.device:d} shows its message number {number} after number {before}"
        return None
