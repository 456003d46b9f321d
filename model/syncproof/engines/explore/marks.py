"""Marks on arcs: which observations of an endless property were made on each.

A property such as `pull-terminates` forbids that something is repeated indefinitely without an excuse (see
`Property.endless`). It is not carried in the state; it is decided on cycles. For that each arc has a mark, a bit set with
one bit for each (observation class, key) that was observed, such as (`Pulled`, device 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncproof.core.observations import Observation
from syncproof.engines.handler_errors import HandlerError
from syncproof.properties import Property

MOST = 63
"""The number of bits of a mark."""


class Marks:
    """The bits of the observations that endless properties name."""

    def __init__(self, endless: Sequence[type[Property]]) -> None:
        self.kinds: list[tuple[type[Observation], str]] = [
            (kind, automaton.endless_key) for automaton in endless for kind in automaton.endless or ()
        ]
        self._bits: dict[tuple[type[Observation], Any], int] = {}

    def mark(self, observations: Sequence[Observation]) -> int:
        """Return the bit set of these observations. `HandlerError` if there are more than `MOST` classes and keys."""
        mark = 0
        for observation in observations:
            for kind, key in self.kinds:
                if type(observation) is kind:
                    number = self._bits.setdefault((kind, getattr(observation, key)), len(self._bits))
                    if number >= MOST:
                        raise HandlerError(
                            f"{kind.__name__} of {key} {getattr(observation, key)!r}: an endless property can tell {MOST} "
                            "observations apart by class and key, and this is one more; search a smaller world"
                        )
                    mark |= 1 << number
        return mark

    def bit(self, kind: type[Observation], key: Any) -> int:
        """Return the bit of an observation class and key; 0 if it was never observed."""
        number = self._bits.get((kind, key))
        return 0 if number is None else 1 << number

    def keys(self, kind: type[Observation]) -> list[Any]:
        """Return the keys with which a class of observations was met."""
        return [key for k, key in self._bits if k is kind]
