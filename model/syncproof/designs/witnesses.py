"""Witnesses: the "sometimes" properties that a search must reach before its "holds" says something, per design.

A design that never sees a gap keeps every promise about gaps. So each design lists what a search of a world with a kind
of fault must reach (`properties/sometimes.py`); a search that does not is *vacuous*, which counts as unknown. Only what is
reachable in every world of that kind is listed, so a missing one means that the model, the environment or the bounds have
changed. A variant with another device or server has no witnesses but those that it declares itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncproof.core.faults import FAULT_KINDS
from syncproof.errors import InputError, nearest
from syncproof.properties import Property
from syncproof.properties.sometimes import SOMETIMES

ALWAYS = ""
"""The kind that stands for every world."""


class Meets(msgspec.Struct, frozen=True):
    """What is reached in worlds with this kind of fault and at least so many messages: names of `SOMETIMES`, or properties.

    `every`: each such world must reach it; otherwise one of them is enough.
    """

    kind: str
    situations: tuple[str | type[Property], ...]
    messages: int = 1
    every: bool = True

    def __post_init__(self) -> None:
        """Raise `InputError` for a name that is not registered."""
        for situation in self.situations:
            if isinstance(situation, str) and situation not in SOMETIMES:
                raise InputError(
                    f"meets: unknown situation {situation!r}{nearest(str(situation), SOMETIMES)}; "
                    "a new one is added to SOMETIMES of properties/sometimes.py"
                )

    def needs(self) -> str:
        """Return what a world that asks for it has."""
        fault = [f"the fault {self.kind}"] if self.kind != ALWAYS else []
        return " and ".join([*fault, *([f"{self.messages} messages"] if self.messages > 1 else [])]) or "any world"


RECONNECTING = ("caught-up", "duplicate-submit")

REFUSED = (
    Meets("rate-limit", ("told-to-wait",)),
    Meets("cursor-refused", ("read-from-the-beginning",), every=False),
    Meets("key-late", ("placeholder-replaced",)),
)
"""A device of an inbox has a cursor only while it drains more than a page."""

INBOX = (
    *REFUSED,
    Meets("sender-retry", ("duplicate-submit",)),
    Meets("device-crash", RECONNECTING),
    Meets("server-crash", RECONNECTING),
    Meets("disconnect", RECONNECTING),
    Meets("half-open", RECONNECTING),
    Meets("device-restore", RECONNECTING),
    Meets("server-restore", RECONNECTING),
)

PUSHED_AGAIN = Meets(ALWAYS, ("redelivered",))

INBOX_PUSHED_AGAIN = (*INBOX, PUSHED_AGAIN)

SYNC_FIRST = (
    *REFUSED,
    Meets(ALWAYS, ("ack-timeout",)),
    Meets("sender-retry", ("duplicate-submit",)),
    Meets("device-crash", RECONNECTING),
    # The server recognises duplicates from memory, which a crash clears.
    Meets("server-crash", ("caught-up",)),
    Meets("disconnect", RECONNECTING),
    Meets("half-open", RECONNECTING),
)

READ_FANOUT = (
    *INBOX,
    Meets("server-restore", ("new-epoch",)),
    Meets("stale-reply", ("earlier-epoch",), every=False),
)
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
)

RESERVED_NUMBERS = (*DENSE_PUSH, Meets("server-crash", ("void", "gap")))
"""A crash burns reserved numbers."""


DEVICE_ACKS = (*INBOX, PUSHED_AGAIN)


def required(meets: tuple[Meets, ...], kinds: tuple[str, ...], messages: int) -> dict[type[Property], bool]:
    """Return what worlds with these kinds of fault and so many messages must reach, and whether each of them must."""
    found: dict[type[Property], bool] = {}
    for each in meets:
        if each.kind in (ALWAYS, *kinds) and messages >= each.messages:
            for situation in each.situations:
                reached = SOMETIMES[situation] if isinstance(situation, str) else situation
                found[reached] = found.get(reached, False) or each.every
    return found


def declared(sometimes: Mapping[type[Property], str | Sequence[str]]) -> tuple[Meets, ...]:
    """Return what a design of one's own must reach: property -> the kinds of fault, in whose worlds; none: in any world.

    Worlds with fewer messages than the property's `least_messages` are not asked. `InputError` for what is no such property, and
    for an unknown kind of fault.
    """
    if not isinstance(sometimes, Mapping):
        raise InputError(f"sometimes: {sometimes!r:.60}; allowed: {{PROPERTY: (KIND OF FAULT, ...)}}")
    found: list[Meets] = []
    for reached, given in sometimes.items():
        if not (isinstance(reached, type) and issubclass(reached, Property) and reached.kind == "sometimes"):
            raise InputError(
                f"sometimes: {reached!r:.60}; allowed: what syncproof.properties.sometimes.sometimes() returns"
            )
        kinds = (given,) if isinstance(given, str) else tuple(given)
        for kind in kinds:
            if kind not in FAULT_KINDS:
                raise InputError(
                    f"sometimes[{reached.name!r}]: unknown kind of fault {kind!r}{nearest(str(kind), FAULT_KINDS)}"
                )
        least = reached.least_messages
        found += [Meets(kind, (reached,), messages=least, every=False) for kind in kinds or (ALWAYS,)]
    return tuple(found)
