"""What an environment asks for is checked where a search begins: a misspelt fault would never happen, and nobody would know."""

from __future__ import annotations

import math

from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS
from syncproof.errors import InputError, nearest

POLLS = ("any", "at-rest")


def check_environment(environment: Environment) -> None:
    """Raise `InputError` for an unknown fault among the budgets, a budget that is no whole number, or unknown `polls`."""
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
