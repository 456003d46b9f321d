"""A world of one design, whose moves a test chooses one by one."""

from __future__ import annotations

from typing import Any

from syncproof.core.moves import Connect, Deliver, Fire, Move, Tell
from syncproof.core.observations import Observation, Shown
from syncproof.core.packets import Compose
from syncproof.core.values import ConversationId, DeviceId, Message, MessageId
from syncproof.core.world import World
from syncproof.designs import Design, Parameters, Population
from syncproof.inputs.lookup import get
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

PHONE, LAPTOP, TABLET = DeviceId(0), DeviceId(1), DeviceId(2)  # the phone is user 0's, the others user 1's
PAIR = Population((0, 1, 1), ((0, 1),))


class Stage:
    """A world of one design whose observations are kept (`seen`) and judged (`violated`)."""

    def __init__(self, design: str | Design, population: Population = PAIR, **parameters: Any) -> None:
        self.seen: list[Observation] = []
        self.monitor = Monitor([p for p in PROPERTIES if p not in get(design).not_applicable])
        self.world = World(get(design).system(population, Parameters(**parameters)), self.observe)
        self.composed = 0

    def observe(self, observation: Observation) -> None:
        self.seen.append(observation)
        self.monitor.observe(observation)

    def do(self, *moves: Move) -> None:
        for move in moves:
            self.world.apply(move)

    def connect(self, *devices: DeviceId) -> None:
        for device in devices:
            self.do(Connect(device))
        self.settle()

    def settle(self) -> None:
        """Make every pending move but timers, so that nothing times out."""
        while moves := [m for m in self.world.pending() if not isinstance(m, Fire)]:
            self.do(moves[0])

    def compose(self, device: DeviceId, conversation: int = 0, kind: Any = "message", about: int = 0) -> MessageId:
        message = Message(MessageId(self.composed), device, ConversationId(conversation), 10, kind, about)
        self.composed += 1
        self.do(Tell(device, Compose(message)))
        return message.id

    def submit(self) -> None:
        """Deliver to the server what the phone has sent."""
        for connection in list(self.world.connections.values()):
            while connection.client == PHONE and connection.up:
                self.do(Deliver(connection.id, "server"))

    def of(self, kind: type[Observation]) -> list[Any]:
        return [o for o in self.seen if isinstance(o, kind)]

    def shown(self, device: DeviceId) -> list[int]:
        return [int(o.message) for o in self.of(Shown) if o.device == device]

    def violated(self) -> dict[str, str]:
        """Return the first complaint of each violated property."""
        return {name: found[0].says for name, found in self.monitor.violations.items()}
