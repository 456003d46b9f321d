"""The check that handlers depend on their actor's fields and the packet alone: a sample of their calls is made twice more.

The two calls are made on copies of the actor before the call that counts; in the second one dicts and sets are in the other
order. A design whose handlers are pure behaves as if nothing were checked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, cast

from syncproof.core.actor import Actor, Out
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.same import count, fits, same
from syncproof.core.values import ConnectionId, Id
from syncproof.engines.handler_errors import ImpureHandler, UnfitValue, frozen, impure, order_dependent, unfit_field
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.unrepeatable import of_a_user, watched

if TYPE_CHECKING:
    from syncproof.engines.simulate.hosts import TimedHost

SPREAD = 4
"""Of what is no handler, the calls number 1, 4, 16, 64 and so on are due to be checked."""
EVENT, CHECK, ITEM = 0.1, 60.0, 0.6
"""What checks may cost, in microseconds of about one machine: an event, which takes about 10, earns `EVENT`; a check spends
`CHECK`, and `ITEM` for each value in the actor's fields, at whatever depth. A check waits until those before it are earned, so
that all of them take about 1 % of a run. No clock is read."""
FIRST = 200_000.0
"""Microseconds that a run has beside that for the first call of each kind: enough, unless actors are very large."""
WATCHED = 64
"""Of how many hosts a call is waited for."""

Act = Callable[[Any, Out], None]
Checks = Literal["none", "sample", "every"]
"""Which calls are checked."""
Kind = tuple[type[Actor], type[Packet]]


class Calls(Out):
    """What a handler asks for, in groups: engines do not distinguish the order of two groups, only that within one."""

    __slots__ = ("groups",)

    def __init__(self) -> None:
        self.groups: dict[str, list[tuple[Any, ...]]] = {}

    def _add(self, group: object, *call: Any) -> None:
        self.groups.setdefault(repr(group), []).append(call)

    def send(self, destination: Id, packet: Packet) -> None:
        self._add(destination, packet)

    def close(self, connection: ConnectionId) -> None:
        self._add(connection, "close")

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self._add(("timer", packet), "after", delay, jitter)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self._add("poll", packet, delay, idle)

    def cancel(self, packet: Packet) -> None:
        self._add(("timer", packet), "cancel")
        self._add("poll", packet)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        self._add(("write", store, rows, bytes, then, replaces))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self._add(("delete", store, rows, bytes, then))

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._add(("read", store, rows, bytes, then))

    def observe(self, observation: Observation) -> None:
        self._add("observe", observation)


class Purity:
    """Checks no handler calls, a sample of them, or every one.

    A check stands in front of a handler only while a call of it is waited for: first of every kind (class of actor and
    packet), then of one kind after the other, at up to `WATCHED` hosts of the class. It waits while nothing is left to spend.
    """

    def __init__(self, clock: Clock, checks: Checks) -> None:
        self.clock = clock
        self.none, self.every = checks == "none", checks == "every"
        self._paid = 0
        self._credit, self._first = 0.0, FIRST
        self._hosts: dict[type[Actor], list[TimedHost]] = {}
        self._kinds: list[Kind] = []
        self._turn = 0
        self._awaited: set[Kind] = set()
        self._made: dict[tuple[type[Actor], str], int] = {}
        self._due: dict[tuple[type[Actor], str], int] = {}
        self._met: set[Kind] = set()

    def watch(self, host: TimedHost) -> None:
        """Take a new host into the sample."""
        if self.none:
            return
        actor = type(host.actor)
        kinds = [(actor, packet) for packet in host.unchecked]
        if actor not in self._hosts:
            self._hosts[actor] = []
            self._kinds += kinds
            self._awaited.update(kinds)
        self._hosts[actor].append(host)
        if self.every or len(self._hosts[actor]) <= WATCHED:
            for kind in kinds:
                self._install(host, kind)

    def composed(self) -> None:
        """Earn what the events since the last message allow; if something is left, wait for a call of the next kind."""
        self._credit += EVENT * (self.clock.events - self._paid)
        self._paid = self.clock.events
        if self._credit > 0 and self._kinds and not self.every:
            kind = self._kinds[self._turn % len(self._kinds)]
            hosts = self._hosts[kind[0]]
            start = self._turn // len(self._kinds) * WATCHED % len(hosts)
            self._turn += 1
            self._awaited.add(kind)
            for host in hosts[start : start + WATCHED]:
                self._install(host, kind)

    def check(self, actor: Actor, what: str, act: Act) -> None:
        """Check something else that an actor does (`what`: start, restored, steps)."""
        key = (type(actor), what)
        made = self._made[key] = self._made.get(key, 0) + 1
        if made >= self._due.get(key, 1) and self._may(made == 1) and not self.none:
            self._due[key] = made + 1 if self.every else made * SPREAD
            self._spend(actor, what, act, made == 1)

    def _may(self, first: bool) -> bool:
        """Return whether a check may be made now; `first`: of its kind."""
        return self.every or self._credit > 0 or (first and self._first > 0)

    def _install(self, host: TimedHost, kind: Kind) -> None:
        handler, then = kind[0].handlers[kind[1]], host.unchecked[kind[1]]

        def checked(actor: Any, source: Id, packet: Any, out: Out) -> None:
            if kind in self._awaited:
                first = kind not in self._met
                if not self._may(first):  # `composed` waits for a call of this kind again
                    host.handlers[kind[1]] = then
                    then(actor, source, packet, out)
                    return
                self._awaited.discard(kind)
                self._met.add(kind)
                self._spend(actor, f"handling {packet!r}", lambda twin, out: handler(twin, source, packet, out), first)
            if self.every:
                self._awaited.add(kind)
            else:
                host.handlers[kind[1]] = then
            then(actor, source, packet, out)

        host.handlers[kind[1]] = checked

    def _spend(self, actor: Actor, what: str, act: Act, first: bool) -> None:
        takes = CHECK + ITEM * compare(actor, what, act)
        if first and self._first > 0:
            self._first -= takes
        else:
            self._credit -= takes


def compare(actor: Actor, what: str, act: Act) -> int:
    """Let copies of an actor act, with dicts and sets in either order. `ImpureHandler` if the results differ.

    So it is if a user's actor reads a clock or draws a random number.

    Return how many values the fields have. `UnfitValue` for a field that a copy would share with the actor.
    """
    snapshot = frozen(actor)
    _check_values(actor, snapshot)
    with watched() if of_a_user((type(actor),)) else nullcontext():
        first = _result(actor, snapshot, act)
    _check_values(actor, first[0], snapshot)
    if same(first, _result(actor, snapshot, act, backwards=True)):
        return count(snapshot)
    # A result that changes from call to call may by chance be the first one again.
    if all(same(first, _result(actor, snapshot, act)) for _ in range(3)):
        raise ImpureHandler(order_dependent(actor, what, ()))
    raise ImpureHandler(impure(actor, what))


def _check_values(actor: Actor, snapshot: tuple[Any, ...], before: tuple[Any, ...] | None = None) -> None:
    """Raise `UnfitValue` for a field that does not fit. A field that is what it was `before`, when it did, fits still."""
    if not all(
        (before is not None and same(before[number], image)) or fits(image) for number, image in enumerate(snapshot)
    ):
        raise UnfitValue(unfit_field(actor, snapshot))


def _result(actor: Actor, snapshot: tuple[Any, ...], act: Act, *, backwards: bool = False) -> tuple[Any, ...]:
    """Return the state of a copy after it acted, and what it asked for."""
    twin = cast(Any, copy(actor))
    if backwards:
        twin.restore_backwards(snapshot)
    else:
        twin.restore(snapshot)
    out = Calls()
    act(twin, out)
    return frozen(twin), tuple(sorted((group, tuple(calls)) for group, calls in out.groups.items()))
