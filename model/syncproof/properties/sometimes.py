"""Situations that some run must reach, as properties: without them "holds" would say nothing.

Such a property has evidence alone, and holds once that was met. A design lists those that a search of it must reach
(`designs/witnesses.py`), and a design of one's own may name properties made by `sometimes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from syncproof.core.actor import state
from syncproof.core.faults import FAULTS
from syncproof.core.observations import Accepted, Amended, Noted
from syncproof.errors import InputError
from syncproof.properties import PROPERTIES, Property
from syncproof.properties._base import anything


class Reached(msgspec.Struct, frozen=True):
    """Says what an engine notices itself, beside what actors observe: a fault happened, a device caught up."""

    what: str


def sometimes(
    name: str, says: str, evidence: Mapping[type[Any], Callable[[Any], bool]], *, least_messages: int = 1
) -> type[Property]:
    """Return a property that some run must reach.

    `says`: the situation in one clause. `evidence`: class of observation -> a function that returns whether an observation of
    that class is the situation. `least_messages`: how many messages it takes; a world with fewer is not asked for it.
    `InputError` for a name that is empty or taken, and for evidence or a number of another form.
    """
    for what, given in (("name", name), ("says", says)):
        if not isinstance(given, str) or not given:
            raise InputError(f"{what}: {given!r:.60}; allowed: a text that is not empty")
    if name in PROPERTIES or name in SOMETIMES:
        raise InputError(f"name: {name!r} is a property already; allowed: another name")
    if not isinstance(evidence, Mapping) or not evidence:
        raise InputError(f"evidence of {name}: {evidence!r:.60}; allowed: {{OBSERVATION CLASS: FUNCTION}}")
    for kind, predicate in evidence.items():
        if not isinstance(kind, type) or not callable(predicate):
            raise InputError(f"evidence of {name}: {kind!r:.60}; allowed: {{OBSERVATION CLASS: FUNCTION}}")
    if not isinstance(least_messages, int) or isinstance(least_messages, bool) or least_messages < 1:
        raise InputError(f"least_messages of {name}: {least_messages!r:.60}; allowed: a whole number from 1")
    made = _made(name, says, evidence)
    made.least_messages = least_messages
    return made


def _made(name: str, says: str, evidence: Mapping[type[Any], Callable[[Any], bool]]) -> type[Property]:
    made = type("".join(word.capitalize() for word in name.split("-")), (Property,), {"__doc__": f"Sometimes: {says}."})
    found: type[Property] = state(made)
    found.name, found.kind, found.keyed_by, found.says, found.wants = name, "sometimes", "run", says, says
    found.evidence = dict(evidence)
    return found


def _noted(situation: str, says: str) -> type[Property]:
    return _made(situation, says, {Noted: lambda o: o.situation == situation})


def _reached(what: str, says: str) -> type[Property]:
    return _made(what, says, {Reached: lambda o: o.what == what})


def _registered(found: Iterable[type[Property]]) -> dict[str, type[Property]]:
    return {each.name: each for each in found}


MESSAGE_ACCEPTED, SHOWN_EVERYWHERE, CAUGHT_UP = "message-accepted", "shown-everywhere", "caught-up"

SOMETIMES: dict[str, type[Property]] = _registered(
    (
        _made(MESSAGE_ACCEPTED, "a message was accepted", {Accepted: anything}),
        _reached(SHOWN_EVERYWHERE, "every message was shown everywhere"),
        _reached(CAUGHT_UP, "a device reconnected and caught up"),
        _noted("duplicate-submit", "a message came to the server twice"),
        _noted("redriven", "a crash came between the two stores, and the intent was repeated"),
        _noted("gap", "a device saw a gap"),
        _noted("void", "a void filled a burnt number"),
        _noted("number-taken", "a writer found its number taken by another"),
        _noted("ack-timeout", "an acknowledgement did not arrive in time"),
        _noted("expired", "a device came with an expired checkpoint"),
        _noted("new-epoch", "a device learnt that a log has a new epoch"),
        _noted("redelivered", "an entry that was not acknowledged was sent again"),
        _noted("told-to-wait", "a request was refused for now"),
        _noted("read-from-the-beginning", "a device whose cursors were refused read from the beginning"),
        _noted("earlier-epoch", "a device was given a page of an epoch that it had left"),
        _made(
            "placeholder-replaced", "a message took the place of its placeholder", {Amended: lambda o: not o.is_change}
        ),
        *[_reached(f"{fault}-happened", f"{fault} happened") for fault in FAULTS],
    )
)
"""The properties of this kind by name. Those of faults are required of each search whose world has the fault."""
