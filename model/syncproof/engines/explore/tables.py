"""A system compiled to small integers, as far as a search has visited it.

A state is a flat tuple of integers (`encoding.py`). So every move is made of four look-ups, each computed once, when its
key is first met:

| look-up | key | gives | module |
|---|---|---|---|
| offers | a slot's value | the moves that it makes possible | `offers.py`, `wire_offers.py` |
| reactions | (local state, event) | next local state, deltas, observations: handlers run here | `handlers.py` |
| absorbed | (slot's value, delta) | the slot's next value: packets are put into queues here | `queues.py` |
| judged | (automata, bundle) | the automata afterwards: properties run here | `judging.py` |

Faults of one actor depend on several slots at once and are offered by `actor_faults.py`. `expand.py` works on the
integers alone; `moves.values` and `encoding` translate them back. A test checks that the tables agree with `World.apply`
and `core/enabled` at every state of small worlds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncproof.core.environment import Environment
from syncproof.core.world import System, World
from syncproof.engines.explore.actor_faults import ActorFaults
from syncproof.engines.explore.budgets import Budgets
from syncproof.engines.explore.common import Common
from syncproof.engines.explore.encoding import NO_BACKUP, Encoding, Left, State
from syncproof.engines.explore.handlers import HandlerCalls
from syncproof.engines.explore.judging import Judging
from syncproof.engines.explore.moves import MoveTable
from syncproof.engines.explore.offers import Offers
from syncproof.engines.explore.queues import Queues
from syncproof.properties import Property


class Tables:
    """All look-ups for one system, one environment and one list of properties.

    `world` is the world at the beginning of the search, `monitor` the automata of those properties that are carried in
    the state, after what was observed until then. `complaints`: what some of them complained of by then, by their number.
    `common`: what searches before found out, and this one adds to. The tables keep the world's actor objects and change their
    state.
    """

    def __init__(
        self,
        system: System,
        environment: Environment,
        properties: Sequence[type[Property]],
        world: World,
        monitor: Sequence[Property],
        complaints: Mapping[int, str] | None = None,
        common: Common | None = None,
    ) -> None:
        common = common or Common()
        self.complaints = dict(complaints or {})
        self.environment = environment
        self.encoding = Encoding(system, environment, world, common)
        self.slots = self.encoding.slots
        self.judging = Judging(properties, self.slots[self.encoding.judge_slot], common)
        self.moves = MoveTable(environment)
        for name, thing in world.actors.items():
            for packet in world.timers.get(name, ()):
                self.moves.arm("after", name, thing, packet)
            if name in world.polls:
                self.moves.arm("poll", name, thing, world.polls[name])
        self.budgets = Budgets(environment, self.slots[self.encoding.environment_slot])
        self.queues = Queues(self.encoding)
        self.handlers = HandlerCalls(self.encoding, self.judging, self.moves, self.queues)
        self.offers = Offers(self.encoding, environment, self.judging, self.moves, self.budgets, self.queues)
        self.faults = ActorFaults(
            self.encoding, environment, self.judging, self.moves, self.budgets, self.queues, self.handlers
        )
        self.initial: State = self._encode(world, monitor)

    def _encode(self, world: World, monitor: Sequence[Property]) -> State:
        scripts = (0,) * len(self.environment.scripts)
        left = Left(scripts, 0, self.budgets.initial, (NO_BACKUP,) * len(self.faults.backups))
        actors = self.encoding.encode(world)
        automata = self.judging.encode([None if n in self.complaints else a for n, a in enumerate(monitor)])
        return (*actors, automata, self.slots[self.encoding.environment_slot].intern(left))
