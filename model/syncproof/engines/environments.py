"""What an environment asks for is checked where a search begins: a misspelt fault would never happen, and nobody would know."""

from __future__ import annotations

import math

from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS
from syncproof.core.packets import Packet
from syncproof.core.world import System
from syncproof.errors import InputError, nearest

POLLS = ("any", "at-rest")


def check_environment(environment: Environment, system: System) -> None:
    """Raise `InputError` for an unknown fault or timer, a budget or bound that is no whole number, or unknown `polls`."""
    named = [fault for _, fault in environment.interventions if fault not in FAULTS]
    allowed = (*FAULTS, *dict.fromkeys(named))
    for fault, budget in environment.budgets.items():
        if fault not in allowed:
            raise InputError(f"budgets: unknown fault {fault!r}{nearest(str(fault), allowed)}")
        if budget != math.inf and (type(budget) is not int or budget < 0):
            raise InputError(
                f"budgets: {fault}: {budget!r}; allowed: a whole number, 0 or more, or math.inf for no limit"
            )
    if environment.polls not in POLLS:
        raise InputError(f"polls: {environment.polls!r}{nearest(str(environment.polls), POLLS)}")
    if environment.early:
        _check_early(environment, retransmissions(system, environment))


def retransmissions(system: System, environment: Environment) -> list[type[Packet]]:
    """Return the classes of the retransmission timers that the system's actors handle."""
    actors = list(system.cast().values())
    if system.spawn is not None:
        actors += [system.spawn(s.actor, s.user, s.replaces) for s in environment.newcomers]
    return list(dict.fromkeys(kind for actor in actors for kind in actor.handlers if kind.retransmits))


def _check_early(environment: Environment, known: list[type[Packet]]) -> None:
    names = [kind.__name__ for kind in known]
    for kind, bound in environment.early.items():
        name = kind.__name__ if isinstance(kind, type) else repr(kind)
        if kind not in known:
            allowed = (
                nearest(name, names) if names else "; no actor handles a timer whose class says retransmits = True"
            )
            raise InputError(f"early: unknown retransmission timer {name!r}{allowed}")
        if type(bound) is not int or bound < 0:
            raise InputError(f"early: {name}: {bound!r}; allowed: a whole number, 0 or more")
