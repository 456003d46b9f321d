"""Refinement: each step of a system is a step of an abstract machine, or none of its steps (a stutter).

An abstract machine is a small class: its fields are its state, its *actions* say when they are possible and what they change.
A *mapping* says which action an observation stands for. Every design that makes the usual observations has it already, so a
design inherits it. A step of the system that makes several observations (it shows a page of messages) is as many abstract
steps, one after the other.

A machine is a property like the others: a search carries its state in its own, and a simulation or a check of a history feeds
it. It is violated by the first step that it cannot take, and judges nothing of what follows. It is about safety alone: a system
that does nothing refines every machine. So a machine that has not taken a step of its evidence is unknown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from syncproof.core.actor import state
from syncproof.core.observations import (
    Accepted,
    Composed,
    Expired,
    Forgot,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Retired,
    Shown,
)
from syncproof.errors import InputError
from syncproof.properties._base import Evidence, Property, Reaction

M = TypeVar("M", bound=Callable[..., str | None])
Arguments = Callable[[Any], "tuple[Any, ...] | None"]
"""A function from an observation to the arguments of an action; None: the observation is a stutter."""
Mapped = Mapping[type[Observation], tuple[str, Arguments]]
"""Class of observation -> the action that it stands for, and the function that returns its arguments."""

OBSERVED: Mapped = {
    Joined: ("join", lambda o: (o.device, o.user)),
    Retired: ("leave", lambda o: (o.device,)),
    MemberAdded: ("add_member", lambda o: (o.conversation, o.user)),
    MemberRemoved: ("remove_member", lambda o: (o.conversation, o.user)),
    Composed: ("compose", lambda o: (o.device, o.message)),
    Placed: ("place", lambda o: (o.message, o.conversation, o.place, o.members or (), o.audience or ())),
    Accepted: ("accept", lambda o: (o.message,)),
    Shown: ("show", lambda o: (o.device, o.message, o.conversation)),
    Expired: ("expire", lambda o: (o.message, o.device)),
    Forgot: ("rewind", lambda o: (o.device, o.messages, o.reached)),
}
"""The mapping that every design inherits. What stands for an action that a machine does not have is a stutter."""


def action(method: M) -> M:
    """Mark a method as an action: it takes the step and returns None, or returns why the step is not possible."""
    method._action = True  # type: ignore[attr-defined]
    return method


@state
class Refinement(Property):
    """An abstract machine that a system refines. A base: subclasses have fields, and methods marked `@action`.

    `mapping`: which action an observation stands for. `left`: a step was not possible; what follows is not judged.
    """

    mapping: ClassVar[Mapped] = OBSERVED
    keyed_by = "system"
    wants = "a step of the abstract machine"

    left: bool = False

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Derive `reactions` from the mapping, for the actions that the class has. `TypeError` for one that nothing maps to."""
        super().__init_subclass__(**keywords)
        actions, mapped = cls.actions(), cls.mapped()
        for name in actions:
            if name not in [each for each, _ in mapped.values()]:
                known = ", ".join([each for each, _ in cls.mapping.values()])
                raise TypeError(f"{cls.__name__}: no observation is mapped to the action {name!r}; mapped are: {known}")
        cls.reactions = {**cls.reactions, **{kind: _reaction(*each) for kind, each in mapped.items()}}

    @classmethod
    def actions(cls) -> tuple[str, ...]:
        """Return the names of the actions, those of base classes included."""
        marked = {name for base in cls.__mro__ for name, each in vars(base).items() if hasattr(each, "_action")}
        return tuple(sorted(marked))

    @classmethod
    def mapped(cls) -> Mapped:
        """Return the part of the mapping whose actions the machine has."""
        actions = cls.actions()
        return {kind: each for kind, each in cls.mapping.items() if each[0] in actions}

    @classmethod
    def asked(cls) -> Evidence:
        """Return what it declares as its evidence, else every observation that stands for a step."""
        if cls.evidence is not None:
            return cls.evidence
        return {kind: _is_step(arguments) for kind, (_, arguments) in cls.mapped().items()}

    @classmethod
    def said(cls, observation: Observation) -> str:
        """Return the name of the action that an observation stands for; empty if it is a stutter."""
        name, arguments = cls.mapped().get(type(observation), ("", None))
        return "" if arguments is None or arguments(observation) is None else name


def _is_step(arguments: Arguments) -> Callable[[Any], bool]:
    return lambda o: arguments(o) is not None


def _check_arguments(step: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """Raise `InputError` if an action does not take the arguments that its observation has."""
    try:
        inspect.signature(step).bind(*given)
    except TypeError as error:
        many = f"{len(given)} argument{'s' * (len(given) != 1)}"
        raise InputError(f"{step.__qualname__} is called with {many} ({given!r:.200}): {error}") from None


def _reaction(name: str, arguments: Arguments) -> Reaction:
    """Return the reaction that takes the step which an observation stands for."""

    def react(machine: Any, o: Any) -> str | None:
        given = None if machine.left else arguments(o)
        if given is None:
            return None
        step = getattr(machine, name)
        try:
            why: str | None = step(*given)
        except TypeError:
            _check_arguments(step, given)
            raise
        machine.left = why is not None
        return None if why is None else f"the abstract machine has no step `{name}` here: {why}"

    return react
