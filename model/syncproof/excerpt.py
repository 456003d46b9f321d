"""A recorded run cut down to one of its violations: thousands of moves of a simulation become the few that it takes.

What people and faults did in a run is an environment (`taken_from`), and so is the part of it that took place in one
conversation, among its members alone (`among`). The first conversation in which the property is violated too is gone on
with, for everybody else's doings are many moves and no matter. The rest is `minimise`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from syncproof import designs, history
from syncproof.actor import ActorId, ConnectionId, Id
from syncproof.designs import Population
from syncproof.engines.explore.symmetry import renamed
from syncproof.environment import Environment, fault_of
from syncproof.errors import InputError
from syncproof.history import Header, Recording
from syncproof.minimise import follow, likeness, minimise, violates
from syncproof.packets import AddMember, Compose, RemoveMember
from syncproof.play import Play, Scribe
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.story import Story, tell
from syncproof.system import Move, Spawn, System, Tell, World, quiesce
from syncproof.vocabulary import SERVER, ConversationId, DeviceId, MessageId, UserId

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
        return f"{self.header.design}: {self.name} takes {len(self.moves)} of {self.before:,} moves"

    def story(self) -> Story:
        """The moves, step by step."""
        return tell(_system(self.header), (*self.moves, *self.ending), [PROPERTIES[self.name]])

    def write(self, path: Path) -> None:
        """Writes the moves where `syncproof replay` finds all that it needs."""
        recording = Recording(self.header)
        monitor = Monitor([n for n in PROPERTIES if n not in designs.get(self.header.design).not_applicable])
        world = World(_system(self.header), monitor.observe)
        for move in (*self.moves, *self.ending):
            world.apply(move)
            recording.move(move)
        recording.write_moves(path, dict(monitor.counts))


def excerpt(path: Path, name: str | None = None, progress: Callable[[int], None] = lambda left: None) -> Excerpt:
    """Cuts the moves file `path` down to what one violation takes.

    `name`: the property; without it the first one that the run violated, promised ones before others. `progress` is told
    how many moves are left. Raises `InputError` for a file that cannot be read, a property that there is none of or that
    the run did not violate, and for a livelock in a run of more than `LIVELOCK` moves.
    """
    header, _, numbered = history.recorded(path)
    moves = [move for _, move in numbered]
    name = _asked(path, header, name)
    if PROPERTIES[name].endless is not None and len(moves) > LIVELOCK:
        raise InputError(f"{path}: {len(moves):,} moves; allowed for {name}: at most {LIVELOCK:,}")
    found = cut(header, moves, name, progress)
    if found is None:
        raise InputError(f"{path}: done again, the moves do not violate {name}; `syncproof replay` says what they do")
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
    for conversation in _smallest_first(header, whole):
        smaller, some, way = among(header, whole, conversation)
        if (found := violates(_system(smaller), some, way, name)) is not None:
            header, environment, left = smaller, some, found
            break
    left = minimise(_system(header), environment, left, name, progress)
    return Excerpt(header, name, len(whole), left, _ending(_system(header), left, name))


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
    owners, members = header.population.owners, header.population.members
    mine = [move for move in moves if isinstance(move, Tell) and _where(move) in (None, conversation)]
    first = members[conversation] if conversation < len(members) else ()
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
        if isinstance(move, Tell) and _where(move) not in (None, conversation):
            return False
        actor = _actor(move)
        about = set(_messages(move))
        return (actor < 0 or actor in actors) and (not about or not about.isdisjoint(messages))

    def ours(move: Move) -> Move:
        """A table for each kind: ids of two kinds with the same number are equal."""
        for table in (users_of, actors, messages, {conversation: ConversationId(0)}):
            names = cast("dict[Id, Id]", table)
            move = renamed(move, names, frozenset(map(type, names)))
        return move

    some = [ours(move) if isinstance(move, Tell | Spawn) else move for move in moves if taken(move)]
    environment = taken_from(some)
    play = Play(_system(smaller), environment, lambda _: None)
    for move in some:
        if isinstance(move, Tell | Spawn):
            play.attempt(move)
        else:
            follow(play, likeness(move, actors))
    return smaller, environment, play.world.moves


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
    members = header.population.members
    said = dict.fromkeys(
        [m.packet.message.conversation for m in moves if isinstance(m, Tell) and isinstance(m.packet, Compose)]
    )
    return sorted(said, key=lambda c: (sum(devices[user] for user in members[c]) if c < len(members) else 0, c))


def _asked(path: Path, header: Header, name: str | None) -> str:
    """The property to cut down to."""
    violated = [n for n in PROPERTIES if n in header.violations]
    if not violated:
        raise InputError(f"{path}: the run violated nothing; allowed: a run with a violation in its header")
    if name is None:
        entry = designs.get(header.design)
        promises = entry.promised(header.parameters or entry.parameters)
        broken = [n for n in violated if n in promises and set(header.faults) <= set(promises[n])]
        return (broken or violated)[0]
    if name not in violated:
        raise InputError(f"{path}: {name}: the run did not violate it; allowed: {', '.join(violated)}")
    return name


def _system(header: Header) -> System:
    """A moves file that was read has what it takes to build it."""
    assert header.population is not None
    assert header.parameters is not None
    return designs.get(header.design).system(header.population, header.parameters)


def _ending(system: System, moves: Sequence[Move], name: str) -> tuple[Move, ...]:
    """Nothing for what has gone wrong already."""
    if PROPERTIES[name].kind == "safety":
        return ()
    world = Scribe(system, lambda _: None)
    for move in moves:
        world.apply(move)
    quiesce(world, REST + len(moves))
    return tuple(world.moves[len(moves) :])
