"""Declare what some run must reach: a new device that fetches earlier messages. A search says whether one does:

syncproof explore examples/sometimes.py:Roams --world two-devices --fault new-device
"""

from syncproof.core.observations import Roamed
from syncproof.designs import DESIGNS
from syncproof.properties.sometimes import sometimes

HISTORY = sometimes(
    "history-fetched",
    "a new device fetches earlier messages",
    {Roamed: lambda page: len(page.entries) > 0},
)

Roams = DESIGNS["timeline-notify"].variant(name="roams", sometimes={HISTORY: "new-device"})
