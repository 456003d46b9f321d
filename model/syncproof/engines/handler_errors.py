"""The errors of a user's handlers that engines detect: one line that names the actor and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncproof.core.actor import Actor
from syncproof.core.images import freeze
from syncproof.core.same import unfit
from syncproof.errors import DesignError, declared


class HandlerError(DesignError):
    """A handler raised, or asked for what cannot be. The message names file and line, the actor and the packet.

    If the handler raised, the cause is its own exception.
    """


class UnfitValue(HandlerError):
    """A value that cannot be part of a state: it can be changed, is compared by identity, or is not equal to itself."""


class ImpureHandler(DesignError):
    """A handler gave another result when it was called again in the same state with the same packet.

    Also when the dicts and sets of its actor were in another order, which is no part of the state.
    """


def called(actor: Actor) -> str:
    """Return the id and the class of an actor, for messages."""
    return f"{actor.id!r} ({type(actor).__name__})"


def impure(actor: Actor, what: str) -> str:
    """Return the message for an actor whose result differs from call to call; `what` it did."""
    return (
        f"{sited(actor)} did something else when it was called again, {what}: "
        "it may depend on the actor's fields and the packet alone"
    )


def order_dependent(actor: Actor, what: str, fields: Sequence[str]) -> str:
    """Return the message for an actor whose result depends on the order of dicts or sets; `fields`: which, if known."""
    return (
        f"{sited(actor)}: what it does, {what}, depends on the order of {' and '.join(fields) or 'a dict or a set'}; "
        "iterate a dict or a set in sorted order"
    )


def sited(actor: Actor) -> str:
    """Return the place of the actor's class, if a user wrote it, then its id and its class."""
    where = declared(type(actor))
    return f"{where}{': ' * bool(where)}{called(actor)}"


def frozen(actor: Actor) -> tuple[Any, ...]:
    """Return the snapshot of an actor. `UnfitValue` names a field whose dict or set cannot be sorted."""
    try:
        return actor.snapshot()
    except TypeError as error:
        for name in actor._state:
            try:
                freeze(getattr(actor, name))
            except TypeError:
                raise UnfitValue(
                    f"{called(actor)}: {name} has keys or items that cannot be sorted ({error}); use ids, numbers or texts, "
                    "all of one type, or tuples of them"
                ) from error
        raise


def unfit_field(actor: Actor, snapshot: tuple[Any, ...]) -> str:
    """Return what in a snapshot cannot be part of a state, with the names of actor and field; empty if all of it can."""
    found = next(filter(None, map(unfit, snapshot, actor._state)), "")
    return found and f"{called(actor)}: {found}"
