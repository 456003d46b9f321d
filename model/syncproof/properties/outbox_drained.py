"""Everything that was composed is accepted or refused."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Accepted, Composed, Forgot, Refused, Retired, Unsure
from syncproof.core.values import DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen


@state
class OutboxDrained(Property):
    """At quiescence: Composed(m, d) => Accepted(m) or Refused(m), unless d is retired or abandoned or has lost m.

    `waiting`: the composing device of each message that is neither accepted nor refused. A device that another
    installation replaced (`Retired`) or that is gone for good (`Abandoned`) sends nothing any more, and a restored one does
    not send what its backup lacks (`Forgot.unsent`). Of a message whose sender does not know what became of it (`Unsure`)
    nothing is said. It does not say that the sender receives the reply, nor what becomes of
    the message then (`accepted-once`, `accepted-is-durable` and `no-loss` do).
    """

    name = "outbox-drained"
    kind = "liveness"
    keyed_by = "message"
    says = "everything composed is accepted or refused"
    wants = "a message composed on a device"
    evidence = seen(Composed)
    by_message = True
    needs = ("Unsure.message",)

    waiting: dict[MessageId, DeviceId] = attrs.field(factory=dict)

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        self.waiting[o.message] = o.device
        return None

    @observes(Accepted)
    def on_accepted(self, o: Accepted) -> str | None:
        self.waiting.pop(o.message, None)
        return None

    @observes(Refused)
    def on_refused(self, o: Refused) -> str | None:
        self.waiting.pop(o.message, None)
        return None

    @observes(Unsure)
    def on_unsure(self, o: Unsure) -> str | None:
        self.waiting.pop(o.message, None)
        return None

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        for message in o.unsent:
            self.waiting.pop(message, None)
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for message in [message for message, device in self.waiting.items() if device == o.device]:
            del self.waiting[message]
        return None

    def at_quiescence(self) -> Iterator[str]:
        for message, device in sorted(self.waiting.items()):
            yield f"message {message:d}, composed on device {device:d}, is neither accepted nor refused"
