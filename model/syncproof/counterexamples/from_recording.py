"""A recorded run cut down to one of its violations: thousands of moves of a simulation become the few that it takes.

What people and faults did in a run is an environment (`taken_from`), and so is the part of it that took place in one
conversation, among its members alone (`among`). The first conversation in which the property is violated too is gone on
with, for everybody else's doings are many moves and no matter. The rest is `minimise`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from syncproof import designs
from syncproof.core.enabled import BoundedWorld, RecordingWorld
from syncproof.core.environment import Environment
from syncproof.core.fairness import quiesce
from syncproof.core.faults import fault_of
from syncproof.core.moves import Move, Spawn, Tell
from syncproof.core.packets import AddMember, Compose, RemoveMember
from syncproof.core.values import SERVER, ActorId, ConnectionId, ConversationId, DeviceId, Id, MessageId, UserId
from syncproof.core.world import System, World
from syncproof.counterexamples.minimise import follow, likeness, minimise, violates
from syncproof.counterexamples.narrate import Story, tell
from syncproof.designs import Population
from syncproof.engines import replay as replaying
from syncproof.engines.check import Judged, _without
from syncproof.engines.explore.symmetry import renamed
from syncproof.engines.replay import recorded
from syncproof.errors import InputError, nearest
from syncproof.formats.history import Header, Recording
from syncproof.inputs import lookup
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

CHANGES = ("recall", "edit")
"""Kinds of message that are about another one."""
LIVELOCK = 5_000
"""Moves of a run that is looked through for a livelock: of each the whole state is kept."""
REST = 1_000
"""Moves, besides as many as there are left, within which the excerpt's world must come to rest."""


@dataclass(frozen=True)
class Excerpt:
    """What is left of a run. `name`: the property that it violates; `before`: moves of the run up to where it did so;
    `moves`: those that are left; `ending`: what brings the world to rest after them, so that liveness is judged."""

    header: Header
    name: str
    before: int
    moves: tuple[Move, ...]
    ending: tuple[Move, ...]

    def __repr__(self) -> str:
        rest = f"; {len(self.ending)} more bring the world to rest, where it is judged" if self.ending else ""
        return f"{self.header.design}: {self.name} takes {len(self.moves)} of {self.before:,} moves{rest}"

    def story(self) -> Story:
        """The moves, step by step."""
        return tell(_system(self.header), (*self.moves, *self.ending), [PROPERTIES[self.name]])

    def write(self, path: Path) -> None:
        """Writes the moves where `syncproof replay` finds all that it needs."""
        recording = Recording(self.header)
        monitor = Monitor([n for n in PROPERTIES if n not in lookup.get(self.header.design).not_applicable])
        world = World(_system(self.header), monitor.observe)
        for move in (*self.moves, *self.ending):
            world.apply(move)
            recording.move(move)
        recording.write_moves(path, dict(monitor.counts))


def excerpt(path: Path, name: str | None = None, progress: Callable[[int], None] = lambda left: None) -> Excerpt:
    """Cuts the moves file `path` down to what one violation takes.

    `name`: the property; without it the first in the list that the run violated, promised ones before others. `progress` is told
    how many moves are left. Raises `InputError` for a file that cannot be replayed, a property that there is none of or
    that the run did not violate, and for a livelock in a run of more than `LIVELOCK` moves.
    """
    judged = replaying.replay(path)  # strictly, so that what cannot be replayed is told with its line
    header, _, numbered = replaying.recorded(path)
    moves = [move for _, move in numbered]
    name = _asked(path, judged, name)
    if PROPERTIES[name].endless is not None and len(moves) > LIVELOCK:
        raise InputError(f"{path}: {len(moves):,} moves; allowed for {name}: at most {LIVELOCK:,}")
    with designs.blaming(header.design):
        found = cut(header, moves, name, progress)
    if found is None:
        raise InputError(
            f"{path}: {name}: violated by the whole file, but not where the world comes to rest after its moves; allowed: a "
            "recording with `Stop` and `Rest` at its end only"
        )
    return found


def cut(
    header: Header, moves: Sequence[Move], name: str, progress: Callable[[int], None] = lambda left: None
) -> Excerpt | None:
    """Cuts moves down to what a violation of the property `name` takes; None if they do not violate it.

    `header`: says what they were made in.
    """
    environment = taken_from(moves)
    whole = violates(_system(header), environment, moves, name)
    if whole is None:
        return None
    left = whole
    # What a whole run did may be too much to be followed in one conversation, and what is left of it not.
    for _ in range(2):
        narrower = _narrowed(header, left, name)
        if narrower is not None:
            header, environment, left = narrower
        environment, left = _without_newcomers(header, environment, left, name)
        left = minimise(_system(header), environment, left, name, progress)
        if narrower is not None:
            break
    return Excerpt(header, name, len(whole), left, _ending(_system(header), left, name))


def _narrowed(header: Header, moves: Sequence[Move], name: str) -> tuple[Header, Environment, tuple[Move, ...]] | None:
    """The smallest conversation in which the property is violated too."""
    for conversation in _smallest_first(header, moves):
        smaller, environment, way = among(header, moves, conversation)
        left = violates(_system(smaller), environment, way, name)
        if left is not None:
            return smaller, environment, left
    return None


def _without_newcomers(
    header: Header, environment: Environment, moves: tuple[Move, ...], name: str
) -> tuple[Environment, tuple[Move, ...]]:
    """Whoever appears does so in order, so that one who is not needed would keep those after him out: tried one by one."""
    for spawn in environment.newcomers:
        some = [move for move in moves if move != spawn]
        left = violates(_system(header), taken_from(some), some, name)
        if left is not None:
            environment, moves = taken_from(some), left
    return environment, moves


def taken_from(moves: Sequence[Move]) -> Environment:
    """The environment of a run that made these moves: each thing that was told may be told once, at any time, and each
    fault happens at most as often as it did."""
    return Environment(
        scripts=tuple([(move,) for move in moves if isinstance(move, Tell)]),
        newcomers=tuple([move for move in moves if isinstance(move, Spawn)]),
        budgets=dict(Counter([fault for move in moves if (fault := fault_of(move)) is not None])),
        polls="any",
    )


def among(
    header: Header, moves: Sequence[Move], conversation: ConversationId
) -> tuple[Header, Environment, list[Move]]:
    """What a run did in one conversation: a header of its members' population, and the environment and moves there.

    The moves are those of the members and of the server that are possible there, each the first one of its likeness: what
    others did has changed numbers in packets.
    """
    assert header.population is not None
    owners = header.population.owners
    mine = [move for move in moves if isinstance(move, Tell) and _where(move) in (None, conversation)]
    first = _first(header, conversation)
    users = {*first, *[int(move.packet.user) for move in mine if isinstance(move.packet, AddMember)]}
    spawned = [move for move in moves if isinstance(move, Spawn) and int(move.user) in users]
    devices = [DeviceId(n) for n, owner in enumerate(owners) if owner in users] + [move.actor for move in spawned]
    said = [move.packet.message.id for move in mine if isinstance(move.packet, Compose)]
    users_of = {UserId(user): UserId(n) for n, user in enumerate(sorted(users))}
    actors: dict[ActorId, ActorId] = {device: DeviceId(n) for n, device in enumerate(devices)}
    messages = {message: MessageId(n) for n, message in enumerate(said)}
    population = Population(
        tuple([int(users_of[UserId(owner)]) for owner in owners if owner in users]),
        (tuple([int(users_of[UserId(user)]) for user in first]),),
    )
    smaller = msgspec.structs.replace(header, population=population)

    def taken(move: Move) -> bool:
        if isinstance(move, Tell) and (_where(move) not in (None, conversation) or not _known(move, users)):
            return False
        actor = _actor(move)
        about = set(_messages(move))
        return (actor < 0 or actor in actors) and (not about or not about.isdisjoint(messages))

    def ours(move: Move) -> Move:
        """A table for each kind: ids of two kinds with the same number are equal."""
        if isinstance(move, Tell) and isinstance(move.packet, Compose) and move.packet.message.kind in CHANGES:
            message = move.packet.message
            about = int(messages.get(MessageId(message.about), message.about))
            move = Tell(move.actor, Compose(msgspec.structs.replace(message, about=about)))
        for table in (users_of, actors, messages, {conversation: ConversationId(0)}):
            names = cast("dict[Id, Id]", table)
            move = renamed(move, names, frozenset(map(type, names)))
        return move

    some = [ours(move) if isinstance(move, Tell | Spawn) else move for move in moves if taken(move)]
    environment = taken_from(some)
    play = BoundedWorld(_system(smaller), environment, lambda _: None)
    for move in some:
        if isinstance(move, Tell | Spawn):
            play.attempt(move)
        else:
            follow(play, likeness(move, actors))
    return smaller, environment, play.world.moves


def _first(header: Header, conversation: ConversationId) -> tuple[int, ...]:
    """A conversation's members when the run began; nobody in one that began later."""
    assert header.population is not None
    members = header.population.members
    return members[conversation] if conversation < len(members) else ()


def _known(move: Tell, users: Container[int]) -> bool:
    """Whether a change of members is about one of these users; whatever else is told is."""
    return not isinstance(move.packet, AddMember | RemoveMember) or int(move.packet.user) in users


def _where(move: Tell) -> ConversationId | None:
    """The conversation that is told of; None where it is something else."""
    packet = move.packet
    if isinstance(packet, Compose):
        return packet.message.conversation
    return packet.conversation if isinstance(packet, AddMember | RemoveMember) else None


def _actor(move: Move) -> ActorId:
    """Who makes a move."""
    for name in ("actor", "receiver", "client"):
        actor = getattr(move, name, None)
        if isinstance(actor, ActorId):
            return actor
    connection = getattr(move, "connection", None)
    return DeviceId(connection.client) if isinstance(connection, ConnectionId) else SERVER


def _messages(value: Any) -> Iterator[MessageId]:
    """The messages that packets are about."""
    if isinstance(value, MessageId):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _messages(each)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _messages(getattr(value, field))


def _smallest_first(header: Header, moves: Sequence[Move]) -> list[ConversationId]:
    """The conversations in which something was said, by how many devices their first members have."""
    assert header.population is not None
    devices = Counter(header.population.owners)
    told = [move.packet for move in moves if isinstance(move, Tell)]
    said = dict.fromkeys([packet.message.conversation for packet in told if isinstance(packet, Compose)])
    return sorted(said, key=lambda c: (sum(devices[user] for user in _first(header, c)), c))


def _asked(path: Path, judged: Judged, name: str | None) -> str:
    """The property to cut down to."""
    violated = [n for n in PROPERTIES if judged.monitor.counts.get(n)]
    if not violated:
        raise InputError(f"{path}: the run violated nothing; allowed: a run that violates a property")
    if name is None:
        promised = {n for n, result in judged.verdicts().items() if result.promised}
        return min(violated, key=lambda n: n not in promised)
    if name not in violated:
        if name in PROPERTIES:
            raise InputError(f"{path}: {name}: the run did not violate it; allowed: {', '.join(violated)}")
        raise InputError(f"{path}: {name}: there is no such property{nearest(name, violated)}")
    return name


def _system(header: Header) -> System:
    """A moves file that was read has what it takes to build it."""
    assert header.population is not None
    assert header.parameters is not None
    return lookup.get(header.design).system(header.population, header.parameters)


def _ending(system: System, moves: Sequence[Move], name: str) -> tuple[Move, ...]:
    """Nothing for what has gone wrong already."""
    if PROPERTIES[name].kind == "safety":
        return ()
    world = RecordingWorld(system, lambda _: None)
    for move in moves:
        world.apply(move)
    quiesce(world, REST + len(moves))
    return tuple(world.moves[len(moves) :])


def retell(path: Path) -> Story:
    """What a run's recorded moves do, step by step."""
    header, system, moves = recorded(path)
    properties = _without(lookup.get(header.design).not_applicable)
    return tell(system, [move for _, move in moves], [PROPERTIES[name] for name in properties])
