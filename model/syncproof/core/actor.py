"""Actors without I/O: the one idea of syncproof.

A server, a worker, a phone: each is an *actor*, a state machine that does no I/O, reads no clock and draws no random
number. It has fields and handlers. A handler receives one packet and an `Out`; it changes the actor's fields and puts
what should happen next into the `Out`. That is all an actor can do, and everything else is an *engine* that decides
which packet comes next: the simulator by drawn times, the explorer by trying every order, a replay by a recorded list.
The same objects run in all of them, so what is measured in one is what is proved in the other.

**Fields.** Every field is one of three kinds, and says so where it is declared:

- *constant*: given when the actor is built; a method that assigns it is an error of its class (identity, parameters);
- *durable*: survives a crash (a row on disk, a device's database);
- *volatile*: lost in a crash (memory, connections, timers, open operations).

`@actor` above the class derives `Actor.crash` from that: it resets the volatile fields and touches nothing else. No
design writes crash code.
A backup is a snapshot of the durable fields; an actor that needs to do more when it is put back to one overrides
`restored`.

**Effects.** `Out` is the list of what a handler may ask for; its methods are the whole interface between a model and
an engine. Storage takes time: `write`, `delete` and `read` return at once and deliver the packet `then` to the actor
itself when the operation completes. The handler of `then` *is* the commit: it changes the durable fields. Between the
call and its completion anything may come: another request, another completion (operations complete in any order), a
crash. A write that is open in a crash may or may not have become durable, so an engine that crashes an actor decides
for each of its open writes whether it landed. One that landed runs its handler with an `Out` that lets nothing but
durable observations through (a crashed process sends nothing), and only then the volatile fields are reset.

**Observations.** `observe` records what an outside observer could see. Properties, metrics and histories are made
of observations alone; they never look into an actor.

**Links.** A packet sent to a `ConnectionId` travels over that connection: in order and reliably while it lasts. A
packet sent to an actor's id travels over the link that its class names: `ORDERED`, `UNORDERED` or `DUPLICATING` (which
may deliver any number of times), each reliable or lossy.

**Guards.** `@on(Kind, when=...)` lets an actor decline packets of a class for now: `when(self, source, packet)` says
whether it receives one in its present state, and changes nothing. A packet that is declined stays where it is until the
guard holds; on a connection and on an ordered link the packets behind it wait too. Only packets that arrive over a link or
a connection are asked about: timers, completions, steps and what the environment tells always come.

**Snapshots.** `snapshot` turns an actor's state into nested tuples that can be hashed and compared, `restore` turns
them back (`core/images.py`). Values in fields are therefore immutable packets and ids, or lists, dicts, sets, deques and
`@state` classes of such. Iterate a dict or a set in sorted order wherever the order can be seen from outside.

**Typed ids.** Everything that could be exchanged for another of its kind (a device, a user) is named by a subclass of
`Id`, never by a bare integer, so that a symmetry reduction can rename it wherever it occurs.

**Example.** A store writes what it is asked to keep. A crash interrupts two writes, and one of them becomes durable:

>>> from syncproof.core.moves import Crash, Tell
>>> from syncproof.core.world import System, World
>>> class Put(Packet, frozen=True, gc=False):
...     key: str
>>> class Stored(Packet, frozen=True, gc=False):
...     key: str
>>> @actor
... class Store(Actor):
...     rows: list[str] = durable(list)
...     asked: int = volatile(int)
...
...     @on(Put)
...     def put(self, source: Id, packet: Put, out: Out) -> None:
...         self.asked += 1
...         out.write("disk", rows=1, bytes=10, then=Stored(packet.key))
...
...     @on(Stored)
...     def stored(self, source: Id, packet: Stored, out: Out) -> None:
...         self.rows.append(packet.key)
>>> store = Store(id=ActorId(1))
>>> world = World(System("one store", lambda: {store.id: store}))
>>> for key in ("a", "b"):
...     world.apply(Tell(store.id, Put(key)))
>>> world.apply(Crash(store.id, landed=(Stored("b"),)))
>>> store.rows, store.asked
(['b'], 0)
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, ClassVar, Literal, Self, TypeVar, dataclass_transform

import attrs

from syncproof.core.images import each_frozen, register_part, thaw_backwards
from syncproof.core.images import freeze as freeze  # engines/explore imports these two from here
from syncproof.core.images import thaw as thaw
from syncproof.core.observations import Observation
from syncproof.core.packets import Closed, Idle, Opened, Packet
from syncproof.core.values import ActorId, ConnectionId, Id

T = TypeVar("T")
P = TypeVar("P", bound="Packet")


class Out:
    """Receive the effects of a handler. This base ignores every effect; an engine overrides what it needs.

    `rows` and `bytes` say what storage is charged with; `delay` is in seconds, and engines without time ignore it.
    """

    __slots__ = ()

    def send(self, destination: Id, packet: Packet) -> None:
        """Send over the connection if `destination` is a `ConnectionId`, else over the link of the packet's class."""

    def forward(self, destination: Id, packet: Packet) -> None:
        """Send what another server process has sent: no reply is observed a second time (`Packet.carries`).

        A search refuses the forwarding of a reply that the packet being handled does not carry: nobody would observe it.
        """
        self.send(destination, packet)

    def close(self, connection: ConnectionId) -> None:
        """Close the server's end of a connection to this actor; harmless when it is closed."""

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        """Arm a timer: `packet` comes to this actor itself. Arming a pending timer again restarts it.

        `jitter`: the largest share of `delay` that engines with time draw and add, so that many clients spread out.
        """

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        """Arm the poll timer. Engines may count its firings instead of running them while there is nothing new to pull."""

    def cancel(self, packet: Packet) -> None:
        """Disarm a timer; harmless when it is not armed."""

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        """Store `rows` rows of `bytes` bytes. Durable when it completes: the handler of `then` makes the change.

        `replaces`: the bytes of older versions of these rows, which an update frees.
        """

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        """Delete `rows` rows that held `bytes` bytes."""

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        """Read `rows` rows, as they are at the call; `then` comes when the read completes."""

    def observe(self, observation: Observation) -> None:
        """Record an observation. `TypeError` for one that engines alone make (`MADE_BY_ENGINES`)."""


Handler = Callable[[Any, Id, Any, Out], None]
Guard = Callable[[Any, Id, Any], bool]
"""A function of the actor, the source and a packet that says whether the actor receives the packet now."""


def durable(factory: Callable[[], T], *, init: Literal[False] = False) -> T:
    """Declare a field that survives crashes, starting as `factory()`. `TypeError` for a value instead of a function."""
    value: T = attrs.field(factory=_function(factory), init=init, metadata={"survives": True})
    return value


def volatile(factory: Callable[[], T], *, init: Literal[False] = False) -> T:
    """Declare a field that a crash resets to `factory()`. `TypeError` for a value instead of a function."""
    value: T = attrs.field(factory=_function(factory), init=init, metadata={"survives": False})
    return value


def _function(factory: Callable[[], T]) -> Callable[[], T]:
    if not callable(factory):
        raise TypeError(
            f"{factory!r:.60} is no function that makes the first value; write int for 0, dict for {{}}, lambda: VALUE"
        )
    return factory


@dataclass_transform(kw_only_default=True, field_specifiers=(durable, volatile))
def actor(cls: type[T]) -> type[T]:
    """Turn the declared fields of an actor class into slots, so that assigning a misspelt field is an error.

    Every subclass of `Actor` needs it: `TypeError` when an actor of a class without it is made.
    """
    made = attrs.define(slots=True, kw_only=True, eq=False, repr=False)(cls)
    made._declare_fields()  # type: ignore[attr-defined]
    return made


@dataclass_transform(kw_only_default=False)
def state(cls: type[T]) -> type[T]:
    """Declare a class as a mutable part of an actor's state, such as a log; `freeze` freezes it field by field."""
    made = attrs.define(slots=True, eq=False)(cls)
    register_part(made, [field.name for field in attrs.fields(made)])  # type: ignore[arg-type]
    return made


def on(
    packet_type: type[P], *, when: Callable[[Any, Any, P], bool] | None = None
) -> Callable[[Callable[[Any, Any, P, Out], None]], Any]:
    """Mark a method `(self, source, packet, out)` as the handler of a packet class. Overriding keeps the mark.

    The handler of `Packet` itself receives every class that has no handler of its own.

    `when(self, source, packet)`: a guard; while it is false, the packet stays on its link or connection. `TypeError` for
    the class of a packet that comes in no other way than at once: the opening and the closing of a connection.
    """
    if when is not None and packet_type in (Opened, Closed):
        raise TypeError(f"{packet_type.__name__} cannot be declined; write @on({packet_type.__name__}) without when=")

    def mark(method: Callable[[Any, Any, P, Out], None]) -> Any:
        method._handles = packet_type  # type: ignore[attr-defined]
        method._when = when  # type: ignore[attr-defined]
        return method

    return mark


def _assigned_by(method: FunctionType) -> Iterator[str]:
    """Yield the names of the attributes that a method assigns on its first parameter, or updates in place on anything."""
    code = method.__code__
    self_name = code.co_varnames[:1]
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR" and before is not None:
            loaded = before.argval[-1:] if isinstance(before.argval, tuple) else (before.argval,)
            if loaded == self_name or before.opname == "SWAP":  # `self.field = value`, `self.field += value`
                yield instruction.argval
        before = instruction


@actor
class Actor:
    """A state machine without I/O. Subclass it with `@actor`, declare fields, mark handlers with `@on`."""

    id: ActorId

    handlers: ClassVar[dict[type[Packet], Handler]] = {}
    guards: ClassVar[dict[type[Packet], Guard]] = {}
    offers_steps: ClassVar[bool] = False
    _durable: ClassVar[tuple[str, ...]] = ()
    _volatile: ClassVar[tuple[tuple[str, Callable[[], Any]], ...]] = ()
    _state: ClassVar[tuple[str, ...]] = ()
    _declared: ClassVar[type] = object
    """The class that `@actor` was last written above."""

    def __init_subclass__(cls) -> None:
        """Derive the tables of handlers and guards from the marked methods, with or without `@actor`."""
        super().__init_subclass__()
        marked: dict[str, type[Packet]] = {}
        guards: dict[str, Guard | None] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                packet_type = getattr(value, "_handles", None)
                if packet_type is not None:
                    marked[name] = packet_type
                    guards[name] = value._when
        cls.handlers = {packet_type: getattr(cls, name) for name, packet_type in marked.items()}
        cls.guards = {marked[name]: guard for name, guard in guards.items() if guard is not None}
        cls.offers_steps = cls.steps is not Actor.steps

    @classmethod
    def _declare_fields(cls) -> None:
        """Sort the fields by kind (constant, durable, volatile) as they are declared."""
        fields = attrs.fields(cls)  # type: ignore[arg-type]
        changing = [f for f in fields if "survives" in f.metadata]
        cls._durable = tuple(f.name for f in changing if f.metadata["survives"])
        cls._volatile = tuple((f.name, f.default.factory) for f in changing if not f.metadata["survives"])
        cls._state = (*cls._durable, *(name for name, _ in cls._volatile))
        cls._declared = cls
        cls._forbid_assigning(frozenset([f.name for f in fields if "survives" not in f.metadata]))

    @classmethod
    def _forbid_assigning(cls, constants: frozenset[str]) -> None:
        """Raise `TypeError` if a method of this very class assigns a constant field of its actor.

        The code is looked at once, when the class is made: a check at every assignment took 3 % of a simulated run.
        """
        for name, method in vars(cls).items():
            if isinstance(method, FunctionType) and not name.startswith("__"):
                for field in _assigned_by(method):
                    if field in constants:
                        raise TypeError(
                            f"{cls.__name__}.{name} assigns {field}, which is constant; "
                            f"declare it with durable(...) or volatile(...) if it changes"
                        )

    @classmethod
    def is_declared(cls) -> bool:
        """Return whether `@actor` stands above this class itself, not only above a base of it."""
        return cls._declared is cls

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Raise `TypeError` if the class lacks `@actor`."""
        if cls._declared is not cls:
            raise TypeError(
                f"class {cls.__name__} has no @actor, so its fields are not declared; write @actor above it"
            )
        return super().__new__(cls)

    def start(self, out: Out) -> None:
        """Start, for the first time and after every crash: continue what durable intents ask for. By default do nothing."""

    def steps(self) -> Iterable[Packet]:
        """Return the steps that the actor may take on its own now; an engine delivers one to it from itself."""
        return ()

    def handle(self, source: Id, packet: Packet, out: Out) -> None:
        """Handle one packet. Raises `TypeError` for a packet class that the actor has no handler for."""
        handler = self.handlers.get(type(packet)) or self.handlers.get(Packet)
        if handler is None:
            raise unhandled(self, type(packet))
        handler(self, source, packet, out)

    def crash(self) -> None:
        """Reset the volatile fields."""
        for name, factory in self._volatile:
            setattr(self, name, factory())

    def restored(self, before: Self, out: Out) -> None:
        """Change what no backup can contain (begin a new epoch) after the actor was put back to a backup.

        Called before the actor starts again. `before` is the actor as it was before the restore. Of the effects only
        durable observations count. By default do nothing.
        """

    def held(self) -> Mapping[str, int] | None:
        """Return the bytes that the durable fields take in each store; None: the design does not say.

        What was written, less what was replaced, deleted and taken back by a restore, must equal it at the end of a run.
        """
        return None

    def durable_state(self) -> tuple[Any, ...]:
        """Return the part of the snapshot that a crash does not change."""
        return tuple(each_frozen([getattr(self, name) for name in self._durable]))

    def durable_fields(self) -> dict[str, Any]:
        """Return the durable fields by name, each as an immutable image: what an engine writes to a disk."""
        return dict(zip(self._durable, self.durable_state(), strict=True))

    def recover(self, images: Mapping[str, Any]) -> None:
        """Put durable fields back to images that `durable_fields` returned; what is not named keeps its value.

        `ValueError` for a name that is no durable field: it was written by another class.
        """
        for name, image in images.items():
            if name not in self._durable:
                raise ValueError(
                    f"{type(self).__name__} has no durable field {name!r}; it has {', '.join(self._durable)}"
                )
            setattr(self, name, thaw(image) if type(image) is tuple else image)

    def snapshot(self) -> tuple[Any, ...]:
        """Return the state as nested tuples: hashable, comparable, equal exactly when the states are."""
        return tuple(each_frozen([getattr(self, name) for name in self._state]))

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Put the actor back into a state that `snapshot` returned."""
        for name, value in zip(self._state, snapshot, strict=True):
            setattr(self, name, thaw(value) if type(value) is tuple else value)

    def restore_backwards(self, snapshot: tuple[Any, ...], fields: Sequence[str] | None = None) -> None:
        """Put the actor back into a state, with the dicts and sets of these fields (default: all) in the other order.

        What an actor does must not depend on that order.
        """
        if fields is not None:
            self.restore(snapshot)
        for name, value in zip(self._state, snapshot, strict=True):
            if fields is None or name in fields:
                setattr(self, name, thaw_backwards(value) if type(value) is tuple else value)


def unhandled(actor: Actor, kind: type[Packet]) -> TypeError:
    """Return the error for a packet class without a handler, naming what the actor does handle."""
    known = ", ".join(sorted(t.__name__ for t in actor.handlers)) or "nothing"
    return TypeError(
        f"{type(actor).__name__} has no handler for {kind.__name__}; write a method marked @on({kind.__name__}). "
        f"It handles {known}"
    )


def to_nobody(packet: Packet, destination: object) -> str:
    """Return what a handler did wrong that sent a packet to an id that no actor has, and what to do where it is None."""
    hint = "; send over a connection only while there is one" if destination is None else ""
    return f"sends {type(packet).__name__} to {destination!r}, which does not exist{hint}"


def made_by_engines(actor: Actor, kind: type[Observation]) -> TypeError:
    """Return the error for an observation that engines alone make (`MADE_BY_ENGINES`), naming the actor."""
    how = {"Accepted": "; send a packet whose class has accepts", "Refused": "; send a packet whose class has refuses"}
    return TypeError(
        f"{actor.id!r} ({type(actor).__name__}) observes {kind.__name__}, which engines alone make"
        f"{how.get(kind.__name__, '')}"
    )
