"""Witnesses: the situations that a search must reach before its "holds" says something, per design and kind of fault.

A design that never sees a gap keeps every promise about gaps. So each design lists what a search of a world with a kind
of fault must reach (`Noted`, `caught-up`); a search that does not is *vacuous* and counts as failed. Only situations that
are reachable in every world of that kind are listed, so a missing one means that the model, the environment or the bounds
have changed. A variant with another device or server has no witnesses of its own.
"""

from __future__ import annotations

import msgspec

from syncproof.errors import InputError

SAYS: dict[str, str] = {
    "caught-up": "a device reconnected and caught up",
    "duplicate-submit": "a message came to the server twice",
    "redriven": "a crash came between the two stores, and the intent was repeated",
    "gap": "a device saw a gap",
    "void": "a void filled a burnt number",
    "ack-timeout": "an acknowledgement did not arrive in time",
    "expired": "a device came with an expired checkpoint",
    "new-epoch": "a device learnt that a log has a new epoch",
    "redelivered": "an entry that was not acknowledged was sent again",
}
"""Each situation as a clause."""

ALWAYS = ""
"""The kind that stands for every world."""


class Meets(msgspec.Struct, frozen=True):
    """The situations that are met in worlds with this kind of fault and at least so many messages."""

    kind: str
    situations: tuple[str, ...]
    messages: int = 1

    def __post_init__(self) -> None:
        """Raise `InputError` for a situation that has no clause."""
        for situation in self.situations:
            if situation not in SAYS:
                raise InputError(
                    f"meets: unknown situation {situation!r}; allowed: {', '.join(SAYS)}; "
                    "a new one needs its clause in SAYS of designs/witnesses.py"
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


DEVICE_ACKS = (*INBOX, Meets(ALWAYS, ("redelivered",)))


def required(meets: tuple[Meets, ...], kinds: tuple[str, ...], messages: int) -> list[str]:
    """Return the situations that a world with these kinds of fault and so many messages must reach, each once."""
    asked = [s for m in meets if m.kind in (ALWAYS, *kinds) and messages >= m.messages for s in m.situations]
    return list(dict.fromkeys(asked))
