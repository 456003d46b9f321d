"""Actors without I/O: the one idea of syncproof.

A server, a worker, a phone: each is an *actor*, a state machine that does no I/O, reads no clock and draws no random
number. It has fields and handlers. A handler receives one packet and an `Out`; it changes the actor's fields and puts
what should happen next into the `Out`. That is all an actor can do, and everything else is an *engine* that decides
which packet comes next: the simulator by drawn times, the explorer by trying every order, a replay by a recorded list.
The same objects run in all of them, so what is measured in one is what is proved in the other.

**Fields.** Every field is one of three kinds, and says so where it is declared:

- *constant*: given when the actor is built and never assigned again (identity, parameters);
- *durable*: survives a crash (a row on disk, a device's database);
- *volatile*: lost in a crash (memory, connections, timers, operations under way).

`Actor.crash` is derived from that: it resets the volatile fields and touches nothing else. No design writes crash code.
A backup is a snapshot of the durable fields; an actor that is put back to one may say in `restored` what that means.

**Effects.** `Out` is the list of what a handler may ask for; its methods are the whole interface between a model and
an engine. Storage takes time: `write`, `delete` and `read` return at once and deliver the packet `then` to the actor
itself when the operation completes. The handler of `then` *is* the commit: it changes the durable fields. Between the
call and its completion anything may come: another request, another completion (operations complete in any order), a
crash. A crash leaves an operation that was under way either way, so an engine that crashes an actor decides for each
of its open operations whether it landed. One that landed runs its handler with an `Out` that lets nothing but
durable observations through (a dead process sends nothing), and only then the volatile fields are reset.

**Observations.** `observe` says what an outside witness could have recorded. Properties, metrics and histories are made
of observations alone; they never look into an actor.

**Links.** A packet sent to a `ConnectionId` travels over that connection: in order and reliably while it lasts. A
packet sent to an actor's id travels over the link that its class names: `ORDERED`, `UNORDERED` or `DUPLICATING` (which
may deliver any number of times), each reliable or lossy.

**Snapshots.** `snapshot` turns an actor's state into nested tuples that can be hashed and compared, `restore` turns
them back. Values in fields are therefore immutable packets and ids, or lists, dicts, sets, deques and `@state` classes
of such. Iterate a dict or a set in sorted order wherever the order can be seen from outside.

**Typed ids.** Everything with an identity that could be exchanged for another of its kind (a device, a user) is named
by a subclass of `Id`, never by a bare integer, so that a symmetry reduction can rename it wherever it occurs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar, dataclass_transform

import attrs

from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id

T = TypeVar("T")
P = TypeVar("P", bound="Packet")


class Out(Protocol):
    """Where a handler puts its effects. Every engine brings its own; none of the methods returns anything.

    `rows` and `bytes` say what storage is charged with; `delay` is in seconds, and engines without time ignore it.
    """

    def send(self, destination: Id, packet: Packet) -> None:
        """Over the connection if `destination` is a `ConnectionId`, else over the link of the packet's class."""

    def after(self, delay: float, packet: Packet) -> None:
        """A timer: `packet` comes to this actor itself. Arming a pending timer again restarts it."""

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        """A poll timer. Engines may count its firings instead of running them while nothing new concerns the actor."""

    def cancel(self, packet: Packet) -> None:
        """Disarm a timer; harmless when it is not armed."""

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        """Store `rows` rows. Durable when it completes: the handler of `then` makes the change."""

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        """Delete `rows` rows that held `bytes` bytes."""

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        """Return `rows` rows, decided at the call; `then` comes when they are there."""

    def observe(self, observation: Observation) -> None:
        """Tell the witnesses."""


Handler = Callable[[Any, Id, Any, Out], None]


def durable(factory: Callable[[], T], *, init: Literal[False] = False) -> T:
    """A field that survives crashes, starting as `factory()`."""
    value: T = attrs.field(factory=factory, init=init, metadata={"survives": True})
    return value


def volatile(factory: Callable[[], T], *, init: Literal[False] = False) -> T:
    """A field that a crash resets to `factory()`."""
    value: T = attrs.field(factory=factory, init=init, metadata={"survives": False})
    return value


@dataclass_transform(kw_only_default=True, field_specifiers=(durable, volatile))
def actor(cls: type[T]) -> type[T]:
    """Class decorator: slots for the declared fields (a misspelt field is an error, not a hole in a proof)."""
    made = attrs.define(slots=True, kw_only=True, eq=False, repr=False)(cls)
    made._prepare()  # type: ignore[attr-defined]
    return made


@dataclass_transform(kw_only_default=False)
def state(cls: type[T]) -> type[T]:
    """Class decorator for a mutable part of an actor's state, such as a log; it is frozen field by field."""
    made = attrs.define(slots=True, eq=False)(cls)
    _PART_FIELDS[made] = tuple(field.name for field in attrs.fields(made))  # type: ignore[arg-type]
    return made


def on(packet_type: type[P]) -> Callable[[Callable[[Any, Any, P, Out], None]], Any]:
    """Marks a method `(self, source, packet, out)` as the handler of a packet class. Overriding keeps the mark."""

    def mark(method: Callable[[Any, Any, P, Out], None]) -> Any:
        method._handles = packet_type  # type: ignore[attr-defined]
        return method

    return mark


@actor
class Actor:
    """A state machine without I/O. Subclass it with `@actor`, declare fields, mark handlers with `@on`."""

    id: ActorId

    handlers: ClassVar[dict[type[Packet], Handler]] = {}
    offers_steps: ClassVar[bool] = False
    _durable: ClassVar[tuple[str, ...]] = ()
    _volatile: ClassVar[tuple[tuple[str, Callable[[], Any]], ...]] = ()
    _state: ClassVar[tuple[str, ...]] = ()
    _prepared: ClassVar[type] = object
    """The class that `@actor` was last written above: a subclass without it would keep its base's handlers."""

    @classmethod
    def _prepare(cls) -> None:
        """Derives the handler table and the field kinds from the declarations. The base of no class runs twice."""
        fields = [f for f in attrs.fields(cls) if "survives" in f.metadata]  # type: ignore[arg-type]
        cls._durable = tuple(f.name for f in fields if f.metadata["survives"])
        cls._volatile = tuple((f.name, f.default.factory) for f in fields if not f.metadata["survives"])
        cls._state = (*cls._durable, *(name for name, _ in cls._volatile))
        marked: dict[str, type[Packet]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                packet_type = getattr(value, "_handles", None)
                if packet_type is not None:
                    marked[name] = packet_type
        cls.handlers = {packet_type: getattr(cls, name) for name, packet_type in marked.items()}
        cls.offers_steps = cls.steps is not Actor.steps if "Actor" in globals() else False
        cls._prepared = cls

    def start(self, out: Out) -> None:
        """Runs when the actor comes up, for the first time and after every crash: re-drives durable intents."""

    def steps(self) -> Iterable[Packet]:
        """Steps that the actor may take on its own now; an engine takes one by delivering it from the actor itself."""
        return ()

    def handle(self, source: Id, packet: Packet, out: Out) -> None:
        """Handles one packet. Raises `TypeError` for a packet class that the actor has no handler for."""
        handler = self.handlers.get(type(packet))
        if handler is None:
            raise unhandled(self, type(packet))
        handler(self, source, packet, out)

    def crash(self) -> None:
        """Resets the volatile fields."""
        for name, factory in self._volatile:
            setattr(self, name, factory())

    def restored(self, before: Self, out: Out) -> None:
        """Runs when the actor was put back to a backup, before it comes up again.

        `before` is what it was. What a restore does that no backup can contain belongs here (a new epoch); of the
        effects only durable observations count. By default nothing.
        """

    def durable_state(self) -> tuple[Any, ...]:
        """The part of the snapshot that a crash leaves alone."""
        return tuple([freeze(getattr(self, name)) for name in self._durable])

    def snapshot(self) -> tuple[Any, ...]:
        """The state as nested tuples: hashable, comparable, equal exactly when the states are."""
        return tuple([freeze(getattr(self, name)) for name in self._state])

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Puts the actor back into a state that `snapshot` returned."""
        for name, value in zip(self._state, snapshot, strict=True):
            setattr(self, name, thaw(value))


def unhandled(actor: Actor, kind: type[Packet]) -> TypeError:
    """The error for a packet class without a handler, naming what the actor does handle."""
    known = ", ".join(sorted(t.__name__ for t in actor.handlers)) or "nothing"
    return TypeError(
        f"{type(actor).__name__} has no handler for {kind.__name__}; it handles {known}. "
        f"Write a method marked @on({kind.__name__})."
    )


_PART_FIELDS: dict[type, tuple[str, ...]] = {}


def freeze(value: Any) -> Any:
    """An immutable image of `value`, tagged with its type so that no two different values share an image."""
    kind = type(value)
    if kind is dict:
        return (dict, *sorted([(key, freeze(item)) for key, item in value.items()]))
    if kind is set:
        return (set, *sorted(value))
    if kind is list or kind is deque:
        return (kind, *[freeze(item) for item in value])
    fields = _PART_FIELDS.get(kind)
    if fields is not None:
        return (kind, *[freeze(getattr(value, name)) for name in fields])
    return value


def thaw(image: Any) -> Any:
    """The inverse of `freeze`."""
    if type(image) is tuple and image and isinstance(image[0], type):
        kind, *items = image
        if kind is dict:
            return {key: thaw(item) for key, item in items}
        if kind is set:
            return set(items)
        if kind is list or kind is deque:
            return kind(map(thaw, items))
        return kind(*map(thaw, items))
    return image
