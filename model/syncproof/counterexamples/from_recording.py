"""Minimisation of a recorded run to one of its violations: of thousands of simulated moves, the few that cause it.

What people and faults did in a run is an environment (`recorded_environment`), and so is the part of it that took place in
one conversation, among its members (`restrict_to_conversation`). If the property is violated in one conversation alone, the
smallest such conversation replaces the run, because most moves of a run have nothing to do with the violation. The rest
is delta debugging (`minimise`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from syncproof.core.enabled import BoundedWorld, RecordingWorld
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce
from syncproof.core.faults import fault_of
from syncproof.core.moves import Move, Spawn, Tell
from syncproof.core.packets import AddMember, Compose, RemoveMember
from syncproof.core.values import SERVER, ActorId, ConnectionId, ConversationId, DeviceId, MessageId, UserId
from syncproof.core.world import System, World
from syncproof.counterexamples.minimise import make_similar, minimise, signature, violates
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Population
from syncproof.engines.explore.renaming import renamed, renaming
from syncproof.formats.header import Header, system_of
from syncproof.formats.history import Recording
from syncproof.inputs import lookup
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

CHANGES = ("recall", "edit")
"""The kinds of message that are about another message."""
ENDLESS_MOVES = 5_000
"""The longest run, in moves, that is searched for an endless repetition: the search keeps a copy of each of its states."""
REST_MOVES = 1_000
"""The world of the minimised run must come to rest within so many moves, and as many again as the run has left."""


@dataclass(frozen=True)
class MinimisedRun:
    """A minimised run.

    `name`: the property that it violates; `before`: how many moves the run made up to its violation; `moves`: those that
    are left; `ending`: the moves that bring the world to rest after them, where liveness is judged.
    """

    header: Header
    name: str
    before: int
    moves: tuple[Move, ...]
    ending: tuple[Move, ...]

    def __repr__(self) -> str:
        rest = f"; {len(self.ending)} more bring the world to rest, where it is judged" if self.ending else ""
        return f"{self.header.design}: {self.name} takes {len(self.moves)} of {self.before:,} moves{rest}"

    def narration(self) -> Narration:
        """Narrate the moves, step by step."""
        return narrate(_system(self.header), (*self.moves, *self.ending), [PROPERTIES[self.name]])

    def write(self, path: str | PathLike[str]) -> None:
        """Write a moves file, for `syncproof replay`."""
        recording = Recording(self.header)
        monitor = Monitor([n for n in PROPERTIES if n not in lookup.get(self.header.design).inapplicable])
        world = World(_system(self.header), monitor.observe)
        for move in (*self.moves, *self.ending):
            world.apply(move)
            recording.move(move)
        recording.write_moves(Path(path), dict(monitor.counts))


def minimise_run(
    header: Header, moves: Sequence[Move], name: str, progress: Callable[[int], None] = lambda left: None
) -> MinimisedRun | None:
    """Return the moves of a run that a violation of the property `name` needs; None if the run does not violate it.

    `header`: the run's design, population and parameters. `progress` is called with the number of moves left.
    """
    environment = recorded_environment(moves)
    whole = violates(_system(header), environment, moves, name)
    if whole is None:
        return None
    left = whole
    # Of a run with many moves a conversation may not violate the property alone, and do so once the run is minimised.
    for _ in range(2):
        restricted = _restrict(header, left, name)
        if restricted is not None:
            header, environment, left = restricted
        environment, left = _drop_new_devices(header, environment, left, name)
        left = minimise(_system(header), environment, left, name, progress)
        if restricted is not None:
            break
    return MinimisedRun(header, name, len(whole), left, _ending(_system(header), left, name))


def _restrict(header: Header, moves: Sequence[Move], name: str) -> tuple[Header, Environment, tuple[Move, ...]] | None:
    """Restrict the run to the smallest conversation in which the property is violated too."""
    for conversation in _smallest_first(header, moves):
        smaller, environment, made = restrict_to_conversation(header, moves, conversation)
        left = violates(_system(smaller), environment, made, name)
        if left is not None:
            return smaller, environment, left
    return None


def _drop_new_devices(
    header: Header, environment: Environment, moves: tuple[Move, ...], name: str
) -> tuple[Environment, tuple[Move, ...]]:
    """Remove the new devices that the violation does not need, one by one.

    Devices appear in the environment's order, so a device that is not needed would keep later ones from appearing.
    """
    for spawn in environment.newcomers:
        some = [move for move in moves if move != spawn]
        left = violates(_system(header), recorded_environment(some), some, name)
        if left is not None:
            environment, moves = recorded_environment(some), left
    return environment, moves


def recorded_environment(moves: Sequence[Move]) -> Environment:
    """Return the environment of a run that made these moves.

    Each packet from the environment may be sent once, at any time; each fault may happen as often as it did.
    """
    return Environment(
        scripts=tuple([(move,) for move in moves if isinstance(move, Tell)]),
        newcomers=tuple([move for move in moves if isinstance(move, Spawn)]),
        budgets=dict(Counter([fault for move in moves if (fault := fault_of(move)) is not None])),
        polls="any",
    )


def restrict_to_conversation(
    header: Header, moves: Sequence[Move], conversation: ConversationId
) -> tuple[Header, Environment, list[Move]]:
    """Restrict a run to one conversation. Return a header with its members as population, the environment and the moves.

    The moves are those of the members and of the server that are possible without the other conversations. Numbers in
    packets differ then, so each move is the first possible one with the same signature.
    """
    assert header.population is not None
    owners = header.population.owners
    here = [move for move in moves if isinstance(move, Tell) and _conversation(move) in (None, conversation)]
    first = _first_members(header, conversation)
    users = {*first, *[int(move.packet.user) for move in here if isinstance(move.packet, AddMember)]}
    spawned = [move for move in moves if isinstance(move, Spawn) and int(move.user) in users]
    devices = [DeviceId(n) for n, owner in enumerate(owners) if owner in users] + [move.actor for move in spawned]
    composed = [move.packet.message.id for move in here if isinstance(move.packet, Compose)]
    new_users = {UserId(user): UserId(n) for n, user in enumerate(sorted(users))}
    new_actors: dict[ActorId, ActorId] = {device: DeviceId(n) for n, device in enumerate(devices)}
    new_messages = {message: MessageId(n) for n, message in enumerate(composed)}
    population = Population(
        tuple([int(new_users[UserId(owner)]) for owner in owners if owner in users]),
        (tuple([int(new_users[UserId(user)]) for user in first]),),
    )
    smaller = msgspec.structs.replace(header, population=population)

    def kept(move: Move) -> bool:
        if isinstance(move, Tell) and (_conversation(move) not in (None, conversation) or not _concerns(move, users)):
            return False
        actor = _actor(move)
        about = set(_messages(move))
        return (actor < 0 or actor in new_actors) and (not about or not about.isdisjoint(new_messages))

    def renumbered(move: Move) -> Move:
        if isinstance(move, Tell) and isinstance(move.packet, Compose) and move.packet.message.kind in CHANGES:
            message = move.packet.message
            about = int(new_messages.get(MessageId(message.about), message.about))
            move = Tell(move.actor, Compose(msgspec.structs.replace(message, about=about)))
        renumbered: Move = renamed(move, names, frozenset(names))
        return renumbered

    names = renaming(
        [*new_users.items(), *new_actors.items(), *new_messages.items(), (conversation, ConversationId(0))]
    )
    some = [renumbered(move) if isinstance(move, Tell | Spawn) else move for move in moves if kept(move)]
    environment = recorded_environment(some)
    bounded = BoundedWorld(_system(smaller), environment, lambda _: None)
    for move in some:
        if isinstance(move, Tell | Spawn):
            bounded.attempt(move)
        else:
            make_similar(bounded, signature(move, new_actors))
    return smaller, environment, bounded.world.moves


def _first_members(header: Header, conversation: ConversationId) -> tuple[int, ...]:
    """Return a conversation's members when the run began; none for a conversation that began later."""
    assert header.population is not None
    members = header.population.members
    return members[conversation] if conversation < len(members) else ()


def _concerns(move: Tell, users: Container[int]) -> bool:
    """Return whether a packet from the environment concerns these users; only a change of members may not."""
    return not isinstance(move.packet, AddMember | RemoveMember) or int(move.packet.user) in users


def _conversation(move: Tell) -> ConversationId | None:
    """Return the conversation that a packet from the environment belongs to; None if it belongs to none."""
    packet = move.packet
    if isinstance(packet, Compose):
        return packet.message.conversation
    return packet.conversation if isinstance(packet, AddMember | RemoveMember) else None


def _actor(move: Move) -> ActorId:
    """Return the actor at which a move happens."""
    for name in ("actor", "receiver", "client"):
        actor = getattr(move, name, None)
        if isinstance(actor, ActorId):
            return actor
    connection = getattr(move, "connection", None)
    return DeviceId(connection.client) if isinstance(connection, ConnectionId) else SERVER


def _messages(value: Any) -> Iterator[MessageId]:
    """Yield the ids of the messages in a move, packet or tuple of them."""
    if isinstance(value, MessageId):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _messages(each)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _messages(getattr(value, field))


def _smallest_first(header: Header, moves: Sequence[Move]) -> list[ConversationId]:
    """Return the conversations in which something was composed, sorted by the number of their first members' devices."""
    assert header.population is not None
    devices = Counter(header.population.owners)
    packets = [move.packet for move in moves if isinstance(move, Tell)]
    used = dict.fromkeys([packet.message.conversation for packet in packets if isinstance(packet, Compose)])
    return sorted(used, key=lambda c: (sum(devices[user] for user in _first_members(header, c)), c))


def _system(header: Header) -> System:
    """Return the run's system; the header of a moves file has a population and parameters."""
    return system_of(header, lookup.get(header.design)).recorded()


def _ending(system: System, moves: Sequence[Move], name: str) -> tuple[Move, ...]:
    """Return the moves that bring the world to rest; none for a safety property, which is violated already."""
    if PROPERTIES[name].kind == "safety":
        return ()
    world = RecordingWorld(system, lambda _: None)
    for move in moves:
        world.apply(move)
    quiesce(world, REST_MOVES + len(moves))
    return tuple(world.moves[len(moves) :])
