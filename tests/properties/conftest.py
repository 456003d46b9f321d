"""The fixture of the properties' tests: a history that a test writes by hand, judged under other numbers as well."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncproof.core.observations import Amended, Composed, Observation
from syncproof.core.values import Id, Timeline
from tests.helpers.histories import History

HIGHEST = 1_000_000
"""Ids are renamed to this less their number, which reverses their order."""


class Number(int):
    """A number that is equal to others and never the same object, as numbers of a real server's history are."""

    __slots__ = ()


def renamed(value: Any) -> Any:
    """Return a value of an observation with its ids renamed, and each text and number made anew."""
    if isinstance(value, Id):
        return type(value)(HIGHEST - value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, str):
        return "".join(list(value))
    if isinstance(value, tuple):
        return tuple([renamed(part) for part in value])
    assert isinstance(value, msgspec.Struct), value
    parts = {name: renamed(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Timeline):
        parts["owner"] = type(value.owner)(HIGHEST - value.owner)
    if isinstance(value, (Composed, Amended)) and value.what:
        parts["which"] = HIGHEST - value.which
    return type(value)(**parts)


class JudgedTwice(History):
    """A history about which a property must say as much when all ids in it have other numbers, in the opposite order."""

    def says(self, name: str) -> list[str]:
        """Return the property's complaints."""
        complaints = super().says(name)
        other = History()
        other.observations = [self.renamed(observation) for observation in self.observations]
        assert len(other.says(name)) == len(complaints), f"{name} depends on the numbers of ids"
        return complaints

    @staticmethod
    def renamed(observation: Observation) -> Observation:
        found: Observation = renamed(observation)
        return found


@pytest.fixture
def history() -> History:
    return JudgedTwice()
