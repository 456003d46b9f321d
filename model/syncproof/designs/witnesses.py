"""Witnesses: the "sometimes" properties that a search must reach before its "holds" says something, per design.

A design that never sees a gap keeps every promise about gaps. So each design lists what a search of a world with a kind
of fault must reach (`properties/sometimes.py`); a search that does not is *vacuous*, which counts as unknown. Only what is
reachable in every world of that kind is listed, so a missing one means that the model, the environment or the bounds have
changed. A variant with another device or server has no witnesses but those that it declares itself.
"""

from __future__ import annotations

import msgspec

from syncproof.errors import InputError
from syncproof.properties import Property
from syncproof.properties.sometimes import SOMETIMES

ALWAYS = ""
"""The kind that stands for every world."""


class Meets(msgspec.Struct, frozen=True):
    """What is reached in worlds with this kind of fault and at least so many messages: names of `SOMETIMES`, or properties."""

    kind: str
    situations: tuple[str | type[Property], ...]
    messages: int = 1

    def __post_init__(self) -> None:
        """Raise `InputError` for a name that is not registered."""
        for situation in self.situations:
            if isinstance(situation, str) and situation not in SOMETIMES:
                raise InputError(
                    f"meets: unknown situation {situation!r}; allowed: {', '.join(SOMETIMES)}; "
                    "a new one is added to SOMETIMES of properties/sometimes.py"
                )


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
    # The server recognises duplicates from memory, which a crash clears.
    Meets("server-crash", ("caught-up",)),
    Meets("disconnect", RECONNECTING),
    Meets("half-open", RECONNECTING),
)

READ_FANOUT = (*INBOX, Meets("server-restore", ("new-epoch",)))
"""There is no sync store, so no crash comes between two stores, and retention trims nothing."""

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


def required(meets: tuple[Meets, ...], kinds: tuple[str, ...], messages: int) -> list[type[Property]]:
    """Return the properties that a world with these kinds of fault and so many messages must reach, each once."""
    asked = [s for m in meets if m.kind in (ALWAYS, *kinds) and messages >= m.messages for s in m.situations]
    return list(dict.fromkeys([SOMETIMES[each] if isinstance(each, str) else each for each in asked]))
