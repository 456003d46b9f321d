"""An independent judge: a breadth-first search of worlds, with no tables, no memory of handler calls and no symmetry.

It makes every move of `BoundedWorld.every` in a copy of the world, and decides fair cycles on a networkx graph. It shares
with the explorer only what defines a system: `World`, `BoundedWorld` and the automata.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.forks import fork_actor
from syncproof.core.images import freeze, thaw
from syncproof.core.moves import Abandon, Arrive, Deliver, Fire, Keep, Move, Spawn, Tell
from syncproof.core.observations import Observation
from syncproof.core.values import DeviceId
from syncproof.core.world import System
from syncproof.properties import Property
from tests.helpers.moves import only_answers_a_closed_connection

Key = tuple[Any, ...]
"""What distinguishes two states."""
Arc = tuple[int, int, tuple[Observation, ...]]
"""The number of a move, the number of the state that it leads to, and what is observed."""


@dataclass
class Node:
    """A world, the frozen automata of its safety and liveness properties (None: has complained), replaced devices' states."""

    bounded: BoundedWorld
    automata: tuple[Any, ...]
    replaced: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Judge:
    """A search of everything that can happen; `violated` are the names of the properties that do not hold, `met` of those
    that met their evidence.

    `unknown`: those that only the bound on early firings decides. States and moves are numbered in the order in which they
    are met; an early firing is another move than one at rest. `arcs`, `unsettled`, `held_back` (the early firings that the
    bound holds back): by the number of a state.
    """

    system: System
    environment: Environment
    properties: Sequence[type[Property]]
    states: dict[Key, int] = field(default_factory=dict)
    moves: dict[tuple[Move, bool], int] = field(default_factory=dict)
    arcs: list[list[Arc]] = field(default_factory=list)
    unsettled: list[set[str]] = field(default_factory=list)
    violated: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    held_back: list[list[Move]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)

    def run(self) -> Judge:
        """Search, and judge every property."""
        self.carried = [p for p in self.properties if p.endless is None]
        self.polls: set[Any] = set()
        self.guards: dict[Any, Any] = {}
        opening: list[Observation] = []
        bounded = BoundedWorld(self.system, self.environment, opening.append)
        first = Node(bounded, self._judge(tuple([freeze(p()) for p in self.carried]), opening))
        queue = deque([self._entered(self._key(first), first)])
        while queue:
            here, key, node = queue.popleft()
            self.guards.update({name: actor.guards for name, actor in node.bounded.world.actors.items()})
            self.polls.update(node.bounded.world.polls.values())
            for move in dict.fromkeys(node.bounded.every()):
                there, seen = self._made(node, move)
                target = self._key(there)
                early = there.bounded.early != node.bounded.early
                if (early or self._is_fault(move)) and target[:-1] == key[:-1]:
                    continue  # whatever follows it follows without it too
                if target not in self.states:
                    queue.append(self._entered(target, there))
                number = self.moves.setdefault((move, early), len(self.moves))
                self.arcs[here].append((number, self.states[target], tuple(seen)))
        self._judge_cycles()
        return self

    def _entered(self, key: Key, node: Node) -> tuple[int, Key, Node]:
        number = self.states[key] = len(self.states)
        self.arcs.append([])
        automata = [None if image is None else thaw(image) for image in node.automata]
        self.unsettled.append({a.name for a in automata if a is not None and any(a.at_quiescence())})
        spent = [kind for kind, left in node.bounded.early.items() if not left]
        timers = [Fire(name, p) for name, armed in node.bounded.world.timers.items() for p in armed if type(p) in spent]
        self.held_back.append([fire for fire in timers if fire not in node.bounded.possible()["fire"]])
        return number, key, node

    def _made(self, node: Node, move: Move) -> tuple[Node, list[Observation]]:
        seen: list[Observation] = []
        replaced = dict(node.replaced)
        leaves = move.replaces if isinstance(move, Spawn) else move.client if isinstance(move, Abandon) else None
        if leaves is not None:
            gone = fork_actor(node.bounded.world.actors[leaves])
            gone.crash()
            replaced[leaves] = gone.snapshot()
        bounded = node.bounded.fork(seen.append)
        bounded.make(move)
        return Node(bounded, self._judge(node.automata, seen), replaced), seen

    def _judge(self, images: tuple[Any, ...], seen: Sequence[Observation]) -> tuple[Any, ...]:
        if not seen:
            return images
        for kind in self.properties:
            evidence = kind.asked()
            if any(type(o) in evidence and evidence[type(o)](o) for o in seen):
                self.met.add(kind.name)
        after = []
        for kind, image in zip(self.carried, images, strict=True):
            automaton: Property | None = None if image is None else thaw(image)
            for observation in seen:
                if automaton is not None and automaton.react(observation) is not None:
                    self.violated.add(kind.name)
                    automaton = None
            after.append(None if automaton is None else freeze(automaton))
        return tuple(after)

    # ---- what distinguishes two states

    def _key(self, node: Node) -> Key:
        world, left = node.bounded.world, node.bounded.left
        hosts = []
        for name, host in sorted(world.hosts.items()):
            mail: list[Any] = [(m.source, m.packet) for m in host.mail]
            links = [world.system.link(packet).order for _, packet in mail]
            loose = [m for m, order in zip(mail, links, strict=True) if order == "unordered"]
            loose += {m for m, order in zip(mail, links, strict=True) if order == "duplicating"}
            queued = [m for m, order in zip(mail, links, strict=True) if order == "ordered"]
            operations = [
                (o.packet, o.write) for o in host.operations if not only_answers_a_closed_connection(world, o.packet)
            ]
            hosts.append(
                (
                    name,
                    host.actor.snapshot() if name in world.actors else node.replaced.get(name),
                    name in world.down,
                    host.connects,
                    tuple(sorted(loose, key=repr)),
                    tuple(sorted(queued, key=lambda m: int(m[0]))),
                    tuple(sorted(operations, key=repr)),
                    tuple(sorted(host.timers, key=repr)),
                    None if host.poll_timer is None else host.poll_timer.packet,
                    self._backup(node, name),
                )
            )
        ends = [(c.id, c.client_open, c.server_open, tuple(c.up), tuple(c.down)) for c in world.connections.values()]
        told = (tuple(node.bounded.told), len(node.bounded.newcomers))
        gone = tuple(sorted(node.replaced.items()))
        budgets = (*left.items(), *node.bounded.early.items())
        return tuple(hosts), tuple(sorted(ends, key=lambda end: end[0])), gone, told, node.automata, budgets

    def _backup(self, node: Node, name: Any) -> Any:
        """Return what a restore or a failover would bring back, if one may still happen."""
        backup = node.bounded.world.backups.get(name)
        faults = ("server-restore", "failover") if name == self.system.server else ("device-restore",)
        if backup is None or not any(node.bounded.left.get(fault) for fault in faults):
            return None
        kept = fork_actor(node.bounded.world.actors[name])
        kept.restore(backup)
        kept.crash()
        return kept.snapshot()

    # ---- fair cycles

    def _is_fault(self, move: Move) -> bool:
        return fault_of(move) is not None or any(move == tell for tell, _ in self.environment.interventions)

    def _owed(self, move: Move, early: bool) -> str:
        """Return the fairness of a move: none, weak or strong."""
        if isinstance(move, Tell | Keep) or fault_of(move) is not None:
            return ""
        if self._may_be_declined(move):
            return "strong"
        if isinstance(move, Fire) and type(move.packet) in self.environment.early:
            return "weak" if early else "strong"
        at_rest = self.environment.polls == "at-rest" and isinstance(move, Fire) and move.packet in self.polls
        return "strong" if at_rest else "weak"

    def _may_be_declined(self, move: Move) -> bool:
        """Return whether a guard of the receiver decides whether a move is possible."""
        if isinstance(move, Arrive):
            return type(move.packet) in self.guards[move.receiver]
        if isinstance(move, Deliver):
            receiver = self.system.server if move.end == "server" else DeviceId(move.connection.client)
            return bool(self.guards[receiver])
        return False

    def _judge_cycles(self) -> None:
        beyond = len(self.arcs)
        held_back = [
            [(self.moves.setdefault((m, True), len(self.moves)), beyond, ()) for m in s] for s in self.held_back
        ]
        self.fairness = [self._owed(move, early) for move, early in self.moves]
        owed = [
            [arc for arc in arcs if arc[1] != state and self.fairness[arc[0]]] for state, arcs in enumerate(self.arcs)
        ]
        bounded = self._unfair(owed)
        certain = self._unfair([arcs + more for arcs, more in zip(owed, held_back, strict=True)] + [[]])
        self.unknown = bounded - certain - self.violated
        self.violated |= certain

    def _unfair(self, owed: list[list[Arc]]) -> set[str]:
        """Return the names of the liveness properties that a fair run violates."""
        found: set[str] = set()
        for component in self._fair(owed, set(range(len(owed)))):
            for state in component:
                found |= self.unsettled[state] if state < len(self.unsettled) else set()
        return found | {p.name for p in self.properties if p.endless is not None and any(self._repeats(p, owed))}

    def _repeats(self, kind: type[Property], owed: list[list[Arc]]) -> Iterator[bool]:
        """Yield for each key and fair component whether it repeats the forbidden observation without its excuse."""
        assert kind.endless is not None
        repeated, excuse = kind.endless

        def makes(arc: Arc, wanted: type[Observation], key: Any) -> bool:
            return any(type(o) is wanted and getattr(o, kind.endless_key) == key for o in arc[2])

        observed = [o for arcs in owed for _, _, seen in arcs for o in seen]
        for key in {getattr(o, kind.endless_key) for o in observed if type(o) is repeated}:
            part = [[arc for arc in arcs if not makes(arc, excuse, key)] for arcs in owed]
            for component in self._fair(part, set(range(len(part)))):
                yield any(makes(arc, repeated, key) for s in component for arc in part[s] if arc[1] in component)

    def _fair(self, owed: list[list[Arc]], states: set[int]) -> Iterator[set[int]]:
        """Yield the largest sets of states that a fair run can pass indefinitely."""
        graph: networkx.DiGraph[int] = networkx.DiGraph()
        graph.add_nodes_from(states)
        graph.add_edges_from((s, target) for s in states for _, target, _ in owed[s] if target in states)
        for component in networkx.strongly_connected_components(graph):
            taken = {move for s in component for move, target, _ in owed[s] if target in component}
            possible: dict[int, set[int]] = {}
            for state in component:
                for move, _, _ in owed[state]:
                    if move not in taken:
                        possible.setdefault(move, set()).add(state)
            if any(self.fairness[move] == "weak" and where == component for move, where in possible.items()):
                continue
            ruled_out = {s for move, where in possible.items() if self.fairness[move] == "strong" for s in where}
            if not ruled_out:
                yield component
            elif component - ruled_out:
                yield from self._fair(owed, component - ruled_out)
