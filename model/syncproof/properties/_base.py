"""The base of properties: a property is a small automaton over observations, written once and used by every engine.

It is a `@state` class, so its whole state can be frozen into a search's states. Methods marked `@observes(Kind)`
receive each observation of that kind and return None, or one line that says what is wrong. After a complaint the
automaton continues, and does not repeat the complaint. A liveness property complains only when asked `at_quiescence`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, Self, TypeVar

from syncproof.core.faults import FAULTS
from syncproof.core.images import is_part
from syncproof.core.observations import Abandoned, Observation, Retired
from syncproof.properties.spill import Spill

M = TypeVar("M", bound=Callable[..., str | None])
Reaction = Callable[[Any, Any], "str | None"]
"""A method `(automaton, observation)` that returns None, or one line that says what is wrong."""
Evidence = Mapping[type[Any], Callable[[Any], bool]]
"""Class of observation -> whether an observation of that class is what a property must have seen."""


NO_EVIDENCE: Evidence = {}
"""Of a property that may hold although it saw nothing, such as one that forbids an observation."""


def anything(observation: Any) -> bool:
    """Return True: every observation of the class is evidence."""
    return True


def seen(kind: type[Any], predicate: Callable[[Any], bool] = anything) -> Evidence:
    """Return the evidence of one observation of a class, for which the predicate is true."""
    return {kind: predicate}


def observes(kind: type[Observation]) -> Callable[[M], M]:
    """Mark a method as the reaction to a class of observations. `TypeError` for anything else."""
    if not (isinstance(kind, type) and issubclass(kind, Observation)):
        raise TypeError(f"@observes({getattr(kind, '__name__', kind)}): that is no class of observations")

    def mark(method: M) -> M:
        method._observes = kind  # type: ignore[attr-defined]
        return method

    return mark


class Property:
    """A statement about histories, which a system may promise.

    `keyed_by`: what its state is kept for. `says`: the statement in one clause. `anomaly`: the name of a violation in
    Jepsen's Kafka workload, if it has one. `reactions`: the reacting method by class of observation.
    """

    __slots__ = ()

    name: ClassVar[str] = ""
    kind: ClassVar[Literal["safety", "liveness", "sometimes"]] = "safety"
    """`sometimes`: one that some run must reach; it has evidence alone, and holds once that was met."""
    keyed_by: ClassVar[str] = ""
    says: ClassVar[str] = ""
    anomaly: ClassVar[str] = ""
    reactions: ClassVar[dict[type[Observation], Reaction]] = {}
    by_message: ClassVar[bool] = False
    """What it keeps of a message depends on no other message, and it complains of nothing in a plain life; see
    `engines/settling.py`."""
    needs: ClassVar[tuple[str, ...]] = ()
    """What an observation may leave out and it needs, by field, such as `Placed.place`; see `References`."""
    presumes: ClassVar[Mapping[str, tuple[type[Observation], ...]]] = {}
    """Words of a complaint that something was not observed -> the classes that the recorder should have observed: a recorded
    history that has none of them accuses nobody so."""
    about: ClassVar[tuple[str, ...]] = ()
    """The faults that it is about: where none of them is configured, a promise of it is not judged."""
    wants: ClassVar[str] = ""
    """What it must have seen before "holds" says something, in one clause."""
    evidence: ClassVar[Evidence | None] = None
    """The same as predicates, each on one observation alone; None: every observation that it reacts to is evidence,
    where the command gives what it takes (`least_messages` and what follows); `NO_EVIDENCE`: it needs none."""
    least_messages: ClassVar[int] = 1
    """How many messages in one conversation its evidence takes: with fewer it is not exercised."""
    least_devices: ClassVar[int] = 1
    """How many devices of one user its evidence takes."""
    takes_changes: ClassVar[bool] = False
    """Whether its evidence takes a message that is a change: a recall, an edit or a read marker."""
    takes_unread: ClassVar[bool] = False
    """Whether its evidence takes devices that show unread counts (`Unread`)."""
    takes_expiry: ClassVar[bool] = False
    """Whether its evidence takes a message that expires (`Expired`)."""
    family: ClassVar[str] = ""
    """Of which family of designs a property of one's own is asked, "inbox" or "timeline"; of all if empty."""
    endless: ClassVar[tuple[type[Observation], type[Observation]] | None] = None
    """For a property that forbids an endless repetition: what must not be repeated indefinitely, and what excuses it.
    A search decides this on cycles of its graph and does not need the automaton's counting."""
    endless_key: ClassVar[str] = "device"
    """The field of both observations that says which repetition they belong to."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Derive `reactions` from the marked methods."""
        super().__init_subclass__(**keywords)
        marked: dict[str, type[Observation]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                kind = getattr(value, "_observes", None)
                if kind is not None:
                    marked[name] = kind
        cls.reactions = {kind: getattr(cls, name) for name, kind in marked.items()}
        if Retired in cls.reactions:  # nothing is owed to an abandoned device either; both name it by `device`
            cls.reactions.setdefault(Abandoned, cls.reactions[Retired])

    @classmethod
    def is_about(cls, faults: Iterable[str]) -> bool:
        """Return whether it is about one of these faults; true for a property that is about none."""
        return not cls.about or any({fault, FAULTS[fault].like} & set(cls.about) for fault in faults)

    @classmethod
    def asked(cls) -> Evidence:
        """Return the predicates of its evidence by class of observation; empty if it needs none."""
        return dict.fromkeys(cls.reactions, anything) if cls.evidence is None else cls.evidence

    @classmethod
    def wanted(cls) -> str:
        """Return what it must have seen, in one clause."""
        return cls.wants or " or ".join(f"an observation {kind.__name__}" for kind in cls.asked())

    def react(self, observation: Observation) -> str | None:
        """React to an observation. Return the complaint, if any; None also for a class that the property ignores."""
        reaction = self.reactions.get(type(observation))
        return None if reaction is None else reaction(self, observation)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Raise `TypeError` if the class lacks `@state`: a search could not tell its states apart."""
        if not is_part(cls):
            raise TypeError(f"property {cls.__name__} has no @state, so its state is not kept; write @state above it")
        return super().__new__(cls)

    def compact(self, spill: Spill) -> None:
        """Be told, before the first observation, that a long history follows: what is kept of every message must be small.

        `spill`: a file for what is seldom read.
        """

    def recorded(self) -> None:
        """Be told, before the first observation, that the history was recorded outside: it may not say everything."""

    def at_end(self) -> Iterator[str]:
        """Yield a line for each thing that is wrong at the end of a history, of which `recorded` was told."""
        yield from ()

    def at_quiescence(self) -> Iterator[str]:
        """Yield a line for each thing that is wrong now that nothing more will happen."""
        yield from ()
