"""Designs and a scenario in which nothing happens, for the tests of what must not be green."""

from __future__ import annotations

from typing import Any

from syncproof.core.actor import actor, on
from syncproof.core.observations import Shown
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Accept, Submit
from syncproof.designs.promises import PUSH_FAULTS
from syncproof.designs.timeline.server import TimelineServer
from syncproof.properties.sometimes import sometimes

NOTIFY = DESIGNS["timeline-notify"]


@actor
class Silent(TimelineServer):
    """Answer that a message is accepted, and store nothing."""

    @on(Submit)
    def submit(self, source: Any, packet: Submit, out: Any) -> None:
        out.send(source, Accept(packet.message.id, 1))


@actor
class Mute(TimelineServer):
    """Never answer what a device submits."""

    @on(Submit)
    def submit(self, source: Any, packet: Submit, out: Any) -> None:
        pass


SILENT = NOTIFY.variant(server=Silent)
MUTE = NOTIFY.variant(server=Mute, promises={"no-loss": PUSH_FAULTS, "no-duplicate": PUSH_FAULTS})
"""It promises nothing about what is composed, so it breaks no promise."""
SECOND = sometimes("second-shown", "a device shows a second message", {Shown: lambda o: o.place == 2})
NINTH = sometimes("ninth-shown", "a device shows a ninth message", {Shown: lambda o: o.place == 9})
REACHES = NOTIFY.variant(name="reaches", sometimes={SECOND: ()})
MISSES = NOTIFY.variant(name="misses", sometimes={NINTH: ("disconnect", "push")})
THIRD = sometimes("third-shown", "a device shows a third message", {Shown: lambda o: o.place == 3}, least_messages=2)
NEEDS_TWO = NOTIFY.variant(name="needs-two", sometimes={THIRD: "push"})
"""It never reaches what it declares, and is asked for it in worlds with two messages and pushes that fail."""
QUIET = """
title = "quiet"
shows = "nothing"
duration = "10s"
runs = 1
[population]
users = 2
[conversations]
pairs = 1
groups = 0
[traffic]
messages_per_user_per_day = 0.001
"""
"""A scenario in which nobody writes a message."""
