"""A misspelt fault, a budget that is no number, or unknown polls are errors where a search begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from examples.two_phase_commit import Refuse, Resource, two_phase
from syncproof.core.environment import Environment
from syncproof.core.moves import Tell
from syncproof.engines.explore import explore
from syncproof.engines.hypothesis_machine import machine
from syncproof.errors import InputError

ENGINES: list[Callable[[Environment], object]] = [
    lambda environment: explore(two_phase(1), environment),
    lambda environment: machine(two_phase(1), environment, []),
]


@pytest.mark.parametrize("search", ENGINES)
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"budgets": {"disconect": 1}},
            r"^budgets: unknown fault 'disconect'; allowed: .*; did you mean 'disconnect'\?$",
        ),
        (
            {"budgets": {"disconnect": -1}},
            r"^budgets: disconnect: -1; allowed: a whole number, 0 or more, or math.inf for no limit$",
        ),
        ({"budgets": {"disconnect": 1.5}}, r"^budgets: disconnect: 1.5; allowed: a whole number"),
        ({"budgets": {"disconnect": True}}, r"^budgets: disconnect: True; allowed: a whole number"),
        ({"polls": "at_rest"}, r"^polls: 'at_rest'; allowed: any, at-rest; did you mean 'at-rest'\?$"),
    ],
)
def test_what_could_never_happen_is_an_error(
    search: Callable[[Environment], object], fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        search(Environment(**fields))


@pytest.mark.parametrize("search", ENGINES)
def test_an_intervention_may_have_a_name_of_its_own(search: Callable[[Environment], object]) -> None:
    search(Environment(interventions=((Tell(Resource(0), Refuse()), "nudge"),), budgets={"nudge": 1, "push-lost": 0}))
