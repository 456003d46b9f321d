"""Every accepted message is shown on every device of its audience."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.actor import state
from syncproof.observations import Accepted, Placed, Shown
from syncproof.properties.base import Property, observes
from syncproof.vocabulary import DeviceId, MessageId


@state
class NoLoss(Property):
    """At quiescence: Accepted(m) => Shown(d, m) for every d of m's audience. Of a message placed twice the later counts.

    Kept per message only while a device is missing. `partial` are messages shown before they were placed.
    """

    name = "no-loss"
    kind = "liveness"
    keyed_by = "message x device"
    says = "every accepted message is shown on every device of its audience"
    anomaly = "lost-write"

    missing: dict[MessageId, set[DeviceId]] = attrs.field(factory=dict)
    shown: dict[MessageId, set[DeviceId]] = attrs.field(factory=dict)
    accepted: set[MessageId] = attrs.field(factory=set)

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        missing = set(o.audience)
        missing -= self.shown.get(o.message, set())
        self.missing[o.message] = missing
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        missing = self.missing.get(o.message)
        if missing is None:
            return None
        missing.discard(o.device)
        if o.message in self.accepted:
            if not missing:
                self._settle(o.message)
        else:
            self.shown.setdefault(o.message, set()).add(o.device)
        return None

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        self.shown.pop(o.message, None)
        missing = self.missing.get(o.message)
        if missing is not None and not missing:
            del self.missing[o.message]
        else:
            self.accepted.add(o.message)
        return None

    def _settle(self, message: MessageId) -> None:
        del self.missing[message]
        self.accepted.discard(message)

    def outstanding(self) -> list[tuple[MessageId, DeviceId]]:
        """The (message, device) pairs that are accepted and not shown, in order."""
        return [(m, d) for m in sorted(self.accepted) for d in sorted(self.missing.get(m, ()))]

    def at_quiescence(self) -> Iterator[str]:
        for message, device in self.outstanding():
            yield f"message {message:d} was accepted, but device {device:d} of its audience never shows it"
