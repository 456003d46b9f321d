"""An `Out` that completes storage operations when a test says so, and counts the bytes of each store."""

from __future__ import annotations

from collections import Counter
from typing import Any

from syncproof.core.actor import Actor, Out
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ConnectionId, Id


class Effects(Out):
    """What the handlers of one actor ask for. `open`: the operations that are not complete: (then, store, bytes)."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.bytes = Counter(actor.held() or {})
        self.rows: Counter[str] = Counter()
        self.open: list[tuple[Packet, str, int]] = []
        self.sent: list[tuple[Id, Packet]] = []
        self.timers: dict[Packet, tuple[float, float]] = {}
        self.polls = 0
        self.seen: list[Observation] = []
        self.closed: list[ConnectionId] = []

    def tell(self, source: Id, packet: Packet) -> None:
        self.actor.handle(source, packet, self)

    def fire(self, packet: Packet) -> None:
        del self.timers[packet]
        self.tell(self.actor.id, packet)

    def complete(self, kind: type[Packet] = Packet) -> None:
        """Complete the operations with such a continuation, and those that they begin."""
        while found := [each for each in self.open if isinstance(each[0], kind)]:
            self.open.remove(found[0])
            then, store, size = found[0]
            self.bytes[store] += size
            self.tell(self.actor.id, then)

    def crash(self) -> None:
        """Crash and restart the actor; no open write lands."""
        self.open.clear()
        self.timers.clear()
        self.actor.crash()
        self.actor.start(self)

    def imbalance(self) -> dict[str, tuple[int, int]]:
        """Return (bytes counted, bytes held) of each store in which they differ."""
        held = self.actor.held() or {}
        return {s: (self.bytes[s], held.get(s, 0)) for s in {*self.bytes, *held} if self.bytes[s] != held.get(s, 0)}

    def packets(self, kind: type[Packet]) -> list[Any]:
        return [packet for _, packet in self.sent if isinstance(packet, kind)]

    def send(self, destination: Id, packet: Packet) -> None:
        self.sent.append((destination, packet))

    def close(self, connection: ConnectionId) -> None:
        self.closed.append(connection)

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self.timers[packet] = (delay, jitter)

    def poll(self, delay: float, packet: Packet, idle: object) -> None:
        self.polls += 1

    def cancel(self, packet: Packet) -> None:
        self.timers.pop(packet, None)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        self._operate(store, rows, bytes - replaces, then)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self.rows["deleted"] += rows
        self._operate(store, 0, -bytes, then)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self._operate(store, 0, 0, then)

    def _operate(self, store: str, rows: int, size: int, then: Packet | None) -> None:
        self.rows["written"] += rows
        if then is None:
            self.bytes[store] += size
        else:
            self.open.append((then, store, size))

    def observe(self, observation: Observation) -> None:
        self.seen.append(observation)
