"""A property is a small automaton over observations, written once and used under every engine.

It is a `@state` class, so its whole state can be frozen into a search's states. Methods marked `@observes(Kind)`
receive each observation of that kind and return None, or one line saying what is wrong. After a complaint the automaton
goes on, and does not complain of the same thing again. A liveness property complains only when asked `at_quiescence`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal, TypeVar

from syncproof.core.observations import Observation

M = TypeVar("M", bound=Callable[..., str | None])


def observes(kind: type[Observation]) -> Callable[[M], M]:
    """Marks a method as the reaction to a class of observations."""

    def mark(method: M) -> M:
        method._observes = kind  # type: ignore[attr-defined]
        return method

    return mark


class Property:
    """What a system promises or does not. `anomaly` is the name in Jepsen's Kafka workload, where there is one."""

    __slots__ = ()

    name: ClassVar[str] = ""
    kind: ClassVar[Literal["safety", "liveness"]] = "safety"
    keyed_by: ClassVar[str] = ""
    says: ClassVar[str] = ""
    anomaly: ClassVar[str] = ""
    reactions: ClassVar[dict[type[Observation], str]] = {}
    about: ClassVar[tuple[str, ...]] = ()
    """Faults without any of which it has nothing to say: then a promise of it is not judged."""
    endless: ClassVar[tuple[type[Observation], type[Observation]] | None] = None
    """For a property that forbids an endless repetition: what must not go on for ever, and what excuses it. Both are
    told apart by `endless_key`. A search decides it on cycles and has no need of the automaton's counting."""
    endless_key: ClassVar[str] = "device"

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        found: dict[type[Observation], str] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                kind = getattr(value, "_observes", None)
                if kind is not None:
                    found[kind] = name
        cls.reactions = found

    def at_quiescence(self) -> Iterator[str]:
        """What is wrong now that nothing more will happen, a line each."""
        yield from ()
