"""What must be met before "holds" says something: per design and kind of fault, the situations that its handlers note.

A design that never sees a gap keeps every promise about gaps. So beside each design stands what a search of a world with
a kind of fault must have reached (`Noted`, `caught-up`); where it did not, the search is *vacuous* and counts as failed.
Only what is reachable in every world of that kind is asked for, so a missing one means that the model, the environment or
the bounds lost something. A design of one's own with another device or server begins without any.
"""

from __future__ import annotations

import msgspec

SAYS: dict[str, str] = {
    "caught-up": "a device reconnected and caught up",
    "duplicate-submit": "a message came to the server twice",
    "redriven": "a crash hit between the two stores, and the intent was driven again",
    "gap": "a device saw a gap",
    "void": "a void filled a number that was burnt",
    "ack-timeout": "an acknowledgement was not there in time",
    "expired": "a device came with an expired checkpoint",
    "new-life": "a device learnt that a log began a new life",
}
"""Each situation in words."""

ALWAYS = ""
"""The kind that stands for every world."""


class Meets(msgspec.Struct, frozen=True):
    """In worlds with this kind of fault and at least so many messages, these situations are met."""

    kind: str
    situations: tuple[str, ...]
    messages: int = 1


RECONNECTING = ("caught-up", "duplicate-submit")

INBOX = (
    Meets("sender-retry", ("duplicate-submit",)),
    Meets("device-crash", RECONNECTING),
    Meets("server-crash", RECONNECTING),
    Meets("disconnect", RECONNECTING),
    Meets("half-open", RECONNECTING),
    Meets("device-restore", RECONNECTING),
    Meets("server-restore", RECONNECTING),
)

SYNC_FIRST = (
    Meets(ALWAYS, ("ack-timeout",)),
    Meets("sender-retry", ("duplicate-submit",)),
    Meets("device-crash", RECONNECTING),
    # A crash forgets what it had, so what comes again is no duplicate to it.
    Meets("server-crash", ("caught-up",)),
    Meets("disconnect", RECONNECTING),
    Meets("half-open", RECONNECTING),
)

READ_FANOUT = (*INBOX, Meets("server-restore", ("new-life",)))
"""There is no second store, so there is no between the two, and none whose log is trimmed."""

TIMELINE = (
    *READ_FANOUT,
    Meets("server-crash", ("redriven",)),
    Meets("server-restore", ("redriven",)),
    Meets("trim", ("expired",)),
)

DENSE_PUSH = (
    *TIMELINE,
    Meets("push", ("gap",), messages=2),
    Meets("half-open", ("gap",), messages=2),
    Meets("server-crash", ("void", "gap")),
)


def required(meets: tuple[Meets, ...], kinds: tuple[str, ...], messages: int) -> list[str]:
    """The situations that a world with these kinds of fault and so many messages must reach, each once."""
    asked = [s for m in meets if m.kind in (ALWAYS, *kinds) and messages >= m.messages for s in m.situations]
    return list(dict.fromkeys(asked))
