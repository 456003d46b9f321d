"""Each trigger causes finitely many pulls."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Checkpointed, Pulled, Shown, Triggered
from syncproof.core.values import DeviceId
from syncproof.properties._base import Property, observes, seen

FRUITLESS = 100
"""After so many pulls without a result, in a row since the last trigger, a run counts as pulling indefinitely."""


@state
class PullTerminates(Property):
    """Between two triggers of a device there are finitely many pulls; poll timers are triggers themselves.

    A run is finite, so in a run this means: never `FRUITLESS` pulls in a row since the last trigger that changed nothing
    on the device. A search of a finite state space decides it exactly, as a cycle of pulls without a trigger. It does
    not say that few pulls suffice (`pulls_per_delivery` does).
    """

    name = "pull-terminates"
    kind = "liveness"
    keyed_by = "device"
    says = "each trigger causes finitely many pulls"
    wants = "a pull"
    evidence = seen(Pulled)
    endless = (Pulled, Triggered)

    fruitless: dict[DeviceId, int] = attrs.field(factory=dict)

    @observes(Pulled)
    def on_pulled(self, o: Pulled) -> str | None:
        count = self.fruitless[o.device] = self.fruitless.get(o.device, 0) + 1
        if count == FRUITLESS:
            return f"device {o.device:d} has pulled {FRUITLESS} times since its last trigger, and nothing came of it"
        return None

    @observes(Triggered)
    def on_triggered(self, o: Triggered) -> str | None:
        self.fruitless[o.device] = 0
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if self.fruitless.get(o.device):
            self.fruitless[o.device] = 0
        return None

    @observes(Checkpointed)
    def on_checkpointed(self, o: Checkpointed) -> str | None:
        if self.fruitless.get(o.device):
            self.fruitless[o.device] = 0
        return None
